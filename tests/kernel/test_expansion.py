"""What the kernel accepts of an inverse-Lipschitz constant is so: against exact pieces, and forged proofs."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spec_lang.kernel.proof import examine
from spec_lang.obligations.model import All, Any, LinearAtom, Obligation
from spec_lang.obligations.pair_certificate import APART, JOINED, OUTSIDE, SPARED, SPLIT, DegreeProof
from tests.invertibility.networks import few_bits, gaussian, layers_of, near_identity
from tests.invertibility.pieces import Layers, value
from tests.kernel.spreading import grid, size, spread_of_pieces, spread_out
from tests.kernel.two_points import by_pairs, proof_of, tree

ONE = Fraction(1)
LOWER, UPPER = (Fraction(0), Fraction(0)), (Fraction(1, 2), Fraction(1, 2))
KINDS = {"few bits": few_bits, "gaussian": gaussian, "near the identity": near_identity}
# (2x + y, y) to the left of 0, and (x + y, y) to the right.
BENT = layers_of(([[1, 0], [-1, 0], [0, 1]], [2, 0, 2]), ([[1, -1, 1], [0, 0, 1]], [-4, -2]))
BOX = (Fraction(-1), Fraction(-1)), (ONE, ONE)


@st.composite
def networks(draw: st.DrawFn, outputs: int = 2) -> Layers:
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    kind = draw(st.sampled_from(sorted(KINDS) if outputs == 2 else ["few bits", "gaussian"]))
    return KINDS[kind](rng, (2, 4, 4, outputs))


@settings(max_examples=20, deadline=None)
@given(networks(), st.sampled_from(["linf", "l1"]), st.sampled_from(["0.9", "0.999999", "1"]), st.booleans())
def test_a_constant_is_proved_of_functions_that_have_it_alone(
    layers: Layers, norm: str, share: str, exact: bool
) -> None:
    """Next to the constant of the pieces, which is the greatest there may be, and above it."""
    most = spread_of_pieces(layers, LOWER, UPPER, norm)
    least = most * Fraction(share) or Fraction(1, 1000)
    asked = spread_out(layers, LOWER, UPPER, least, norm=norm)
    if by_pairs(asked, 2, exact=exact, levels=2 if exact else 4) is not None:
        assert least <= most
        for x, y in combinations(grid(LOWER, UPPER), 2):
            image = [a - b for a, b in zip(value(layers, x), value(layers, y), strict=True)]
            assert size(image, norm) >= least * size([a - b for a, b in zip(x, y, strict=True)], norm)
    above = spread_out(layers, LOWER, UPPER, least * Fraction(10**9 + 1, 10**9), norm=norm)
    if least == most:
        assert by_pairs(above, 2, exact=exact, levels=2) is None


@settings(max_examples=15, deadline=None)
@given(networks(outputs=3), st.sampled_from(["linf", "l1"]), st.booleans())
def test_so_it_is_with_more_outputs_than_inputs(layers: Layers, norm: str, exact: bool) -> None:
    for least in (Fraction(1, 2), Fraction(1, 8)):
        asked = spread_out(layers, LOWER, UPPER, least, norm=norm)
        if by_pairs(asked, 2, exact=exact, levels=2) is not None:
            for x, y in combinations(grid(LOWER, UPPER), 2):
                image = [a - b for a, b in zip(value(layers, x), value(layers, y), strict=True)]
                assert size(image, norm) >= least * size([a - b for a, b in zip(x, y, strict=True)], norm)


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize(("norm", "least"), [("linf", Fraction(1, 2)), ("l1", Fraction(1, 2))])
def test_the_constant_itself_is_proved_exactly_and_none_above_it(
    norm: str, least: Fraction, exact: bool
) -> None:
    assert spread_of_pieces(BENT, *BOX, norm) == least
    here = spread_out(BENT, *BOX, least, norm=norm)
    assert by_pairs(here, 2, exact=True, levels=2) is not None
    below = spread_out(BENT, *BOX, least * Fraction(999_999, 10**6), norm=norm)
    above = spread_out(BENT, *BOX, least * Fraction(10**12 + 1, 10**12), norm=norm)
    assert by_pairs(below, 2, exact=exact, levels=2) is not None
    assert by_pairs(above, 2, exact=exact, levels=4) is None


@pytest.mark.parametrize("exact", [False, True])
def test_cells_that_touch_are_closed_by_matrices_and_others_by_their_images(exact: bool) -> None:
    asked = spread_out(BENT, *BOX, Fraction(2, 5))
    joined = examine(asked, proof_of([0, 0], [SPLIT] * 4 + [JOINED] * 10, 2), exact=exact)
    assert joined.evidence is not None
    far = examine(asked, proof_of([0, 0], [SPLIT] * 4 + _far(JOINED, APART), 2), exact=exact)
    assert far.flaw is None
    near = examine(asked, proof_of([0, 0], [SPLIT] * 4 + [APART] * 10, 2), exact=exact)
    assert near.flaw is not None
    assert len(near.flaw.unclosed) == 7  # four cells with themselves, and three that touch


def _far(near: int, far: int, beyond: int = 1) -> list[int]:
    """The pairs of four strips that are the parts of (0, 0), (0, 1) and (1, 1)."""
    pairs = [(0, 0), (0, 1), (1, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 2), (2, 3), (3, 3)]
    return [far if j - i > beyond else near for i, j in pairs]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from([SPLIT, APART, JOINED, OUTSIDE, SPARED]), max_size=12),
    st.lists(st.integers(0, 1), max_size=3),
)
def test_no_codes_prove_a_constant_that_is_too_great(codes: list[int], axes: list[int]) -> None:
    for exact in (False, True):
        asked = spread_out(BENT, *BOX, Fraction(51, 100))
        assert examine(asked, proof_of(axes, codes, 2), exact=exact).evidence is None


@pytest.mark.parametrize("code", [SPLIT, OUTSIDE, SPARED])
def test_a_code_changed_is_a_flaw(code: int) -> None:
    asked = spread_out(BENT, *BOX, Fraction(1, 3))
    assert examine(asked, proof_of([], [JOINED], 2)).evidence is not None
    flaw = examine(asked, proof_of([], [code], 2)).flaw
    assert flaw is not None
    assert [one.node for one in flaw.unclosed] == [0]


def test_a_degree_says_nothing_of_a_constant() -> None:
    asked = spread_out(BENT, *BOX, Fraction(1, 3))
    for depth in (0, 2):
        proof = DegreeProof(np.eye(2), 1, tree(depth, 2), np.zeros((0, 2)))
        assert examine(asked, proof).evidence is None


@pytest.mark.parametrize("exact", [False, True])
def test_points_that_agree_in_an_input_are_compared_by_the_others(exact: bool) -> None:
    """x ↦ (x + 8 y, 0) spreads x for every y, and nothing spreads y."""
    steep = layers_of(([[1, 8], [0, 0]], [0, 0]))
    assert by_pairs(spread_out(steep, *BOX, ONE), 2, exact=exact, levels=2) is None
    asked = spread_out(steep, *BOX, Fraction(99, 100), given=[1])
    assert by_pairs(asked, 2, [1], exact=exact, levels=2) is not None
    beyond = spread_out(steep, *BOX, Fraction(101, 100), given=[1])
    assert by_pairs(beyond, 2, [1], exact=exact, levels=3) is None


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("factor", [Fraction(1, 3), Fraction(3), Fraction(10**9 + 7)])
def test_the_scale_of_rows_counts(factor: Fraction, exact: bool) -> None:
    """With all rows and limits so many times as great nothing changes."""

    def scaled(least: Fraction) -> Obligation:
        asked = spread_out(BENT, *BOX, least * factor)
        assert isinstance(asked.violation, Any)
        cases = []
        for case in asked.violation.parts:
            assert isinstance(case, All)
            atoms = [a for a in case.parts if isinstance(a, LinearAtom)]
            rows = [tuple((i, c * factor) for i, c in atom.outputs) for atom in atoms]
            cases.append(All(tuple(replace(a, outputs=row) for a, row in zip(atoms, rows, strict=True))))
        return replace(asked, violation=Any(tuple(cases)))

    good, bad = scaled(Fraction(49, 100)), scaled(Fraction(51, 100))
    for codes in ([JOINED], [SPLIT, JOINED, JOINED, JOINED], [SPLIT, APART, APART, APART]):
        assert examine(bad, proof_of([0][: len(codes) - 1], codes, 2), exact=exact).evidence is None
    assert examine(good, proof_of([], [JOINED], 2), exact=exact).evidence is not None
    far = proof_of([0, 0], [SPLIT, SPLIT, SPLIT, SPLIT, *_far(JOINED, APART, 2)], 2)
    assert examine(good, far, exact=exact).evidence is not None
