"""What the kernel accepts of two points is so: against the exact oracle, and against forged proofs."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spec_lang.kernel.degree import combined
from spec_lang.kernel.network import compiled
from spec_lang.kernel.proof import examine
from spec_lang.kernel.tracing import Tracer
from spec_lang.kernel.verdict import EvidenceKind
from spec_lang.obligations.model import All, LinearAtom
from spec_lang.obligations.pair_certificate import APART, JOINED, LEAF, OUTSIDE, SPARED, SPLIT, DegreeProof
from spec_lang.obligations.twofold import twofold
from tests.invertibility.networks import few_bits, gaussian, layers_of, near_identity
from tests.invertibility.oracle import injectivity_broken, preimages
from tests.invertibility.pieces import Layers
from tests.invertibility.polygons import box
from tests.kernel.two_points import by_degree, by_pairs, proof_of, tree, two_points

ONE = Fraction(1)
NO_TANGENTS = np.zeros((0, 2))
KINDS = {"few bits": few_bits, "gaussian": gaussian, "near the identity": near_identity}
FOLD = layers_of(([[1, 0], [-1, 0], [0, 1], [0, -1]], [0, 0, 0, 0]), ([[1, 1, 0, 0], [0, 0, 1, -1]], [0, 0]))
SAME = layers_of(([[1, 0], [-1, 0], [0, 1], [0, -1]], [0, 0, 0, 0]), ([[1, -1, 0, 0], [0, 0, 1, -1]], [0, 0]))


def square(
    radius: Fraction, centre: tuple[Fraction, ...] = (Fraction(0), Fraction(0))
) -> tuple[tuple[Fraction, ...], ...]:
    return tuple(c - radius for c in centre), tuple(c + radius for c in centre)


@st.composite
def networks(draw: st.DrawFn, inputs: int = 2) -> tuple[Layers, int]:
    """Two hidden layers of four, and as many outputs as inputs, or one more; and how many."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    kind = draw(st.sampled_from(sorted(KINDS)))
    outputs = inputs + draw(st.integers(0, 1)) * (kind != "near the identity")
    return KINDS[kind](rng, (inputs, 4, 4, outputs)), outputs


@settings(max_examples=12, deadline=None)
@given(networks(), st.sampled_from([1, 2, 4]), st.booleans())
def test_degree_proofs_are_of_injective_functions_alone(
    network: tuple[Layers, int], part: int, exact: bool
) -> None:
    layers, outputs = network
    lower, upper = square(Fraction(1, part), (Fraction(1, 2), Fraction(1, 4)))
    if by_degree(two_points(layers, lower, upper), 2, outputs, exact=exact, depth=4) is not None:
        assert injectivity_broken(layers, box(lower, upper)) is None


@settings(max_examples=12, deadline=None)
@given(networks(inputs=1), st.sampled_from([1, 4]), st.booleans())
def test_so_it_is_on_the_line(network: tuple[Layers, int], part: int, exact: bool) -> None:
    layers, outputs = network
    lower, upper = (Fraction(0),), (Fraction(1, part),)
    if by_degree(two_points(layers, lower, upper), 1, outputs, exact=exact) is not None:
        assert injectivity_broken(layers, box(lower, upper)) is None


@settings(max_examples=10, deadline=None)
@given(networks(), st.sampled_from([2, 4, 16]), st.booleans())
def test_so_it_is_with_pairs(network: tuple[Layers, int], part: int, exact: bool) -> None:
    layers, _ = network
    lower, upper = square(Fraction(1, part), (Fraction(1, 2), Fraction(1, 4)))
    if by_pairs(two_points(layers, lower, upper), 2, exact=exact, levels=3 if exact else 5) is not None:
        assert injectivity_broken(layers, box(lower, upper)) is None


@settings(max_examples=10, deadline=None)
@given(networks(), st.sampled_from([1, 4]))
def test_so_it_is_with_a_point(network: tuple[Layers, int], part: int) -> None:
    layers, _ = network
    lower, upper = square(Fraction(1, part), (Fraction(1, 2), Fraction(1, 4)))
    point = Fraction(1, 2), Fraction(1, 3)
    if by_pairs(two_points(layers, lower, upper, point=point), 2) is not None:
        assert preimages(layers, point, box(lower, upper)) <= {point}


@settings(max_examples=8, deadline=None)
@given(networks(), st.sampled_from([2, 8]))
def test_so_it_is_with_an_input_that_both_points_share(network: tuple[Layers, int], part: int) -> None:
    layers, _ = network
    lower, upper = square(Fraction(1, part), (Fraction(1, 2), Fraction(1, 4)))
    if by_pairs(two_points(layers, lower, upper, given=[1]), 2, [1]) is not None:
        assert injectivity_broken(layers, box(lower, upper), [1]) is None


@pytest.mark.parametrize("exact", [False, True])
def test_the_identity_is_proved_in_every_way(exact: bool) -> None:
    asked = two_points(SAME, *square(ONE))
    assert by_degree(asked, 2, 2, exact=exact) is not None
    half = square(ONE, (ONE, ONE))
    assert by_pairs(two_points(SAME, *half), 2, exact=exact) is not None
    assert by_pairs(two_points(SAME, *half, point=(ONE, ONE)), 2, exact=exact) is not None


def test_what_it_is_worth_depends_on_the_arithmetic() -> None:
    asked = two_points(SAME, *square(ONE))
    proof = by_degree(asked, 2, 2, exact=True)
    assert proof is not None
    evidence = examine(asked, proof, exact=True).evidence
    assert evidence is not None
    assert evidence.kind is EvidenceKind.CHECKED


def test_a_fold_is_never_proved_and_its_halves_are() -> None:
    whole, half = two_points(FOLD, *square(ONE)), two_points(FOLD, *square(ONE, (ONE, ONE)))
    for exact in (False, True):
        assert by_degree(whole, 2, 2, exact=exact) is None
        assert by_pairs(whole, 2, exact=exact, levels=4) is None
        assert by_degree(half, 2, 2, exact=exact) is not None
        assert by_pairs(half, 2, exact=exact) is not None


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from([SPLIT, APART, JOINED, OUTSIDE, SPARED]), max_size=12),
    st.lists(st.integers(0, 1), max_size=3),
)
def test_no_codes_prove_a_fold(codes: list[int], axes: list[int]) -> None:
    assert examine(two_points(FOLD, *square(ONE)), proof_of(axes, codes, 2)).evidence is None


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([-1, 1, 0, 2]),
    st.lists(st.floats(-2, 2), min_size=4, max_size=4),
    st.integers(0, 4),
    st.lists(st.floats(-9, 9), max_size=4),
)
def test_no_numbers_prove_a_fold(sign: int, weights: list[float], depth: int, tangents: list[float]) -> None:
    points = np.array(tangents[: len(tangents) // 2 * 2]).reshape(-1, 2)
    proof = DegreeProof(np.array(weights).reshape(2, 2), sign, tree(depth, 2), points)
    assert examine(two_points(FOLD, *square(ONE)), proof).evidence is None


def forms() -> dict[str, DegreeProof]:
    good = DegreeProof(np.eye(2), 1, tree(2, 2), NO_TANGENTS)
    return {
        "sign": replace(good, sign=-1),
        "no sign": replace(good, sign=0),
        "weights of another shape": replace(good, weights=np.eye(3)),
        "singular weights": replace(good, weights=np.ones((2, 2))),
        "weights that are no numbers": replace(good, weights=np.full((2, 2), np.nan)),
        "no tree": replace(good, axis=np.array([0, LEAF], dtype=np.int8)),
        "an empty tree": replace(good, axis=np.zeros(0, dtype=np.int8)),
        "another input": replace(good, axis=np.array([5, LEAF, LEAF], dtype=np.int8)),
        "another leaf": replace(good, axis=np.array([-2], dtype=np.int8)),
        "tangents of another shape": replace(good, tangents=np.zeros((1, 3))),
        "tangents that are no numbers": replace(good, tangents=np.array([[np.inf, 0.0]])),
    }


@pytest.mark.parametrize("what", sorted(forms()))
def test_degree_proofs_of_another_form_are_none(what: str) -> None:
    asked = two_points(SAME, *square(ONE))
    assert examine(asked, DegreeProof(np.eye(2), 1, tree(2, 2), NO_TANGENTS)).evidence is not None
    assert examine(asked, forms()[what]).flaw is not None


@pytest.mark.parametrize(
    ("axes", "codes"),
    [
        ([], []),
        ([], [JOINED, JOINED]),
        ([], [SPLIT]),
        ([0], [SPLIT, JOINED, APART]),
        ([9], [JOINED]),
        ([], [77]),
    ],
)
def test_pair_proofs_of_another_form_are_none(axes: list[int], codes: list[int]) -> None:
    asked = two_points(SAME, *square(ONE, (ONE, ONE)))
    assert examine(asked, proof_of([], [JOINED], 2)).evidence is not None
    assert examine(asked, proof_of(axes, codes, 2)).flaw is not None


def test_a_code_of_a_proof_changed_is_a_flaw_that_names_its_pair() -> None:
    asked = two_points(FOLD, *square(ONE, (ONE, ONE)), point=(Fraction(-3), ONE))
    proof = proof_of([0], [SPLIT, APART, APART], 2)
    assert examine(asked, proof).evidence is not None
    for code in (OUTSIDE, SPARED, SPLIT):
        flaw = examine(asked, replace(proof, codes=np.array([SPLIT, APART, code], dtype=np.uint8))).flaw
        assert flaw is not None
        assert [one.node for one in flaw.unclosed] == [2]


def test_cells_outside_of_the_domain_need_no_reason() -> None:
    rows = [LinearAtom(((first, ONE), (first + 1, ONE)), (), Fraction(1), False) for first in (0, 2)]
    asked = two_points(FOLD, *square(Fraction(2)), rows=rows)  # x + y <= −1 at both points
    assert examine(asked, proof_of([1], [SPLIT, SPLIT, SPLIT, OUTSIDE], 2)).flaw is not None
    found = twofold(asked)
    assert found is not None
    assert len(found.x.rows) == 1
    one_side = two_points(FOLD, *square(Fraction(2)), rows=rows[:1])
    seen = twofold(one_side)
    assert seen is not None
    assert not seen.x.rows  # what is said of one point alone is left out


def test_determinants_and_the_boundary_are_of_the_same_rows() -> None:
    """Rows are made whole, each by a factor of its own, before weights add them up."""
    layers = layers_of(([[1, 0], [0, 1], [1, 1]], [0, 0, 0]))
    layers = (replace(layers[0], relu=False),)
    asked = two_points(layers, *square(ONE))
    assert isinstance(asked.violation, All)
    first, second, *rest = asked.violation.parts
    tenths = [
        replace(part, outputs=tuple((j, c / 10) for j, c in part.outputs))
        for part in (first, second)
        if isinstance(part, LinearAtom)
    ]
    found = twofold(replace(asked, violation=All((*tenths, *rest))))
    assert found is not None
    proof = DegreeProof(np.array([[1.0, 0.5, 0.0], [0.0, 1.0, 0.25]]), 1, tree(0, 2), NO_TANGENTS)
    rows = [dict(row) for row in found.equal]
    tracer = Tracer(compiled(found.graph), (None, None), rows, proof.weights, exact=True)
    weights, whole = tracer.last
    product = weights @ whole
    for mine, row in zip(combined(found, proof), product, strict=True):
        assert [mine.get(j, 0) * product[0, 0] for j in range(3)] == [
            v * combined(found, proof)[0].get(0, 0) for v in row
        ]


def test_an_obligation_of_another_form_has_no_such_proof() -> None:
    asked = two_points(SAME, *square(ONE))
    assert isinstance(asked.violation, All)
    other = replace(asked, violation=asked.violation.parts[0])
    assert twofold(other) is None
    assert examine(other, proof_of([], [JOINED], 2)).flaw is not None
    assert examine(other, DegreeProof(np.eye(2), 1, tree(0, 2), NO_TANGENTS)).flaw is not None
