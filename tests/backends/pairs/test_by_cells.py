"""The search by pairs of cells: proofs in the order of their contract, exact pairs, and limits."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spec_lang.backends.base import Budget, Run, Session
from spec_lang.backends.pairs import by_cells as searching
from spec_lang.backends.pairs.by_cells import by_cells
from spec_lang.backends.pairs.domains import Domain
from spec_lang.bounding.boxes import Boxes
from spec_lang.kernel.proof import examine
from spec_lang.kernel.witness import check_witness
from spec_lang.obligations.certificate import Flaw, Unclosed
from spec_lang.obligations.model import All, Any, LinearAtom, Obligation
from spec_lang.obligations.outcome import Attestation, Certificate, GaveUp, GaveUpReason, Proved, Refuted
from spec_lang.obligations.pair_certificate import (
    APART,
    JOINED,
    OUTSIDE,
    SPARED,
    SPLIT,
    PairProof,
)
from spec_lang.obligations.rounds import Quadratic
from spec_lang.obligations.two_points import Twofold
from spec_lang.obligations.twofold import twofold
from tests.backends.pairs.walk import contradicted, walked
from tests.invertibility.networks import (
    FOLD,
    few_bits,
    gaussian,
    layers_of,
    near_identity,
    shears,
)
from tests.invertibility.oracle import injectivity_broken, preimages
from tests.invertibility.pieces import Layers
from tests.invertibility.polygons import box
from tests.kernel.two_points import difference, two_points

ONE, HALF = Fraction(1), Fraction(1, 2)
Check = Callable[[Certificate], Flaw | None]
STAMP = Attestation("pairs", "0", "by pairs")
KINDS = {"few bits": few_bits, "gaussian": gaussian, "near the identity": near_identity, "shears": shears}
THROUGH = [[1, 0], [-1, 0], [0, 1], [0, -1]]
SAME = layers_of(([[1, 0], [0, 1]], [4, 4]), ([[1, 0], [0, 1]], [-4, -4]))
FOLDED = layers_of(([[1, 0], [-1, 0], [0, 1]], [0, 0, 4]), ([[1, 1, 0], [0, 0, 1]], [0, -4]))  # (|x|, y)


def bent(seed: int, inputs: int, share: float, *, neurons: int = 8, outputs: int = 0) -> Layers:
    """The inputs themselves and random bends; further outputs have bends alone."""
    rng = np.random.default_rng(seed)
    more = max(outputs - inputs, 0)
    first = np.vstack([np.eye(inputs), rng.normal(size=(neurons, inputs))])
    last = np.hstack([np.eye(inputs + more, inputs), share * rng.normal(size=(inputs + more, neurons))])
    kinks = rng.normal(0, 0.3, neurons).tolist()
    return layers_of((first, [4] * inputs + kinks), (last, [-4] * inputs + [0] * more))


# Proved by some hundred pairs.
TRIED = two_points(bent(2, 2, 0.3), [-ONE, -ONE], [ONE, ONE])


def found_of(obligation: Obligation) -> Twofold:
    found = twofold(obligation)
    assert found is not None
    return found


def run(
    obligation: Obligation,
    *,
    found: Twofold | None = None,
    work: int | None = 4000,
    deadline: float | None = None,
    check: Check | None = None,
) -> Run:
    """With the kernel's check of the proof, unless `found` is not what the obligation says."""

    def confirm(point: tuple[Fraction, ...]) -> bool:
        return check_witness(obligation, point) is not None

    checked = check if check is not None or found is not None else lambda p: examine(obligation, p).flaw
    session = Session(Budget(deadline, work), confirm, lambda _: None, checked)
    return by_cells(found or found_of(obligation), obligation, session, STAMP)


def proof_of(ran: Run) -> PairProof:
    assert isinstance(ran.outcome, Proved), ran.outcome
    assert isinstance(ran.outcome.proof, PairProof)
    return ran.outcome.proof


def holds(found: Twofold, proof: PairProof) -> set[int]:
    """The codes of a proof, which points do not contradict."""
    rng = np.random.default_rng(0)
    leaves = walked(found, proof)
    wrong = [leaf for leaf in leaves if contradicted(found, leaf, rng)]
    assert not wrong
    return {leaf.code for leaf in leaves}


def square(radius: Fraction | int, *centre: Fraction) -> tuple[list[Fraction], list[Fraction]]:
    return [c - radius for c in centre], [c + radius for c in centre]


# -- against the oracle ------------------------------------------------------------------------------------


@st.composite
def networks(draw: st.DrawFn) -> Layers:
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    kind = draw(st.sampled_from(sorted(KINDS)))
    sizes = (
        (2, 8, 8, 2) if kind == "shears" else (2, 4, 4, 2 + draw(st.integers(0, 1)) * (kind == "gaussian"))
    )
    return KINDS[kind](rng, sizes)


@settings(max_examples=40, deadline=None)
@given(networks(), st.sampled_from([1, 2, 4, 16]))
def test_what_it_says_is_so(layers: Layers, part: int) -> None:
    lower, upper = square(Fraction(1, part), HALF, Fraction(1, 4))
    asked = two_points(layers, lower, upper)
    outcome = run(asked, work=1000).outcome
    if not isinstance(outcome, GaveUp):
        assert isinstance(outcome, Proved) == (injectivity_broken(layers, box(lower, upper)) is None)
    if isinstance(outcome, Proved):
        holds(found_of(asked), proof_of(run(asked)))


@settings(max_examples=15, deadline=None)
@given(networks(), st.sampled_from([1, 4]))
def test_what_it_says_is_so_where_an_input_is_shared(layers: Layers, part: int) -> None:
    lower, upper = square(Fraction(1, part), HALF, Fraction(1, 4))
    asked = two_points(layers, lower, upper, given=[1])
    outcome = run(asked, work=1000).outcome
    if not isinstance(outcome, GaveUp):
        assert isinstance(outcome, Proved) == (injectivity_broken(layers, box(lower, upper), [1]) is None)


@settings(max_examples=15, deadline=None)
@given(networks(), st.sampled_from([1, 4]))
def test_what_it_says_of_a_point_is_so(layers: Layers, part: int) -> None:
    lower, upper = square(Fraction(1, part), HALF, Fraction(1, 4))
    point = HALF, Fraction(1, 3)
    outcome = run(two_points(layers, lower, upper, point=point), work=1000).outcome
    if not isinstance(outcome, GaveUp):
        assert isinstance(outcome, Proved) == (preimages(layers, point, box(lower, upper)) <= {point})


@pytest.mark.parametrize(("inputs", "outputs"), [(2, 2), (3, 3), (3, 4)])
def test_most_random_questions_are_decided(inputs: int, outputs: int) -> None:
    decided = []
    for seed in range(6):
        layers = gaussian(np.random.default_rng(seed), (inputs, 6, 6, outputs))
        asked = two_points(layers, *square(HALF, *[Fraction(1, 3)] * inputs))
        decided.append(not isinstance(run(asked, work=1000).outcome, GaveUp))
    assert sum(decided) >= 5


# -- the order of cells and pairs --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "asked",
    [
        TRIED,
        two_points(bent(2, 2, 0.4, outputs=3), [-ONE, -ONE], [ONE, ONE]),
        two_points(bent(4, 3, 0.1, neurons=12), [-ONE] * 3, [ONE] * 3),
        two_points(bent(1, 2, 0.2, neurons=16), [-ONE, -ONE], [ONE, ONE], given=[1]),
    ],
    ids=["plane", "more rows", "space", "family"],
)
def test_a_proof_is_in_the_order_of_its_contract(asked: Obligation) -> None:
    proof = proof_of(run(asked))
    assert holds(found_of(asked), proof) == {SPLIT, APART, JOINED}
    assert examine(asked, proof).evidence is not None


def test_with_more_rows_a_combination_of_minors_will_do() -> None:
    # With the pseudo-inverse of a mean of matrices instead, a million pairs are not enough.
    asked = two_points(bent(1, 3, 0.4), [-ONE] * 3, [ONE] * 3, given=[2])
    proof = proof_of(run(asked))
    assert JOINED in holds(found_of(asked), proof)
    assert examine(asked, proof).evidence is not None


def test_one_of_a_single_point_is_in_the_order_of_its_contract() -> None:
    asked = two_points(bent(2, 2, 0.4), [-ONE, -ONE], [ONE, ONE], point=(-HALF, Fraction(1, 4)))
    found = found_of(asked)
    assert found.fixed
    assert holds(found, proof_of(run(asked))) == {SPLIT, APART, JOINED}
    assert isinstance(run(two_points(FOLDED, *square(2, ONE, ONE), point=(HALF, ONE))).outcome, Refuted)


def test_cells_outside_of_rows_are_passed_over() -> None:
    rows = [LinearAtom(((i, -ONE),), (), Fraction(1, 8), strict=False) for i in (0, 2)]  # x >= 1/8 at both
    asked = two_points(FOLDED, *square(1, Fraction(0), Fraction(0)), rows=rows)
    assert OUTSIDE in holds(found_of(asked), proof_of(run(asked)))


def test_cells_outside_of_a_disc_are_passed_over() -> None:
    # The disc of radius 9/10 about (1, 0) keeps to one side of the fold, its box does not.
    asked = two_points(FOLDED, *square(ONE + Fraction(1, 8), ONE, Fraction(0)))
    squares = (ONE, (((0, ONE),), -ONE)), (ONE, (((1, ONE),), Fraction(0)))
    disc = Quadratic(squares, ((), Fraction(-81, 100)))
    found = found_of(asked)
    found = replace(found, x=replace(found.x, rounds=(disc,)), y=replace(found.y, rounds=(disc,)))
    proof = proof_of(run(asked, found=found))
    assert OUTSIDE in holds(found, proof)
    assert len(proof.tangents) >= 16


def test_a_flat_ellipse_is_passed_over_by_tangents_where_cells_are() -> None:
    forms = ((0, ONE), (1, ONE)), ((0, Fraction(8)), (1, Fraction(-8)))  # long along (1, 1), thin across
    asked = two_points(SAME, *square(2, Fraction(0), Fraction(0)))
    ellipse = Quadratic(tuple((ONE, (form, Fraction(0))) for form in forms), ((), Fraction(-1)))
    found = found_of(asked)
    domain = Domain(
        replace(found, x=replace(found.x, rounds=(ellipse,)), y=replace(found.y, rounds=(ellipse,)))
    )
    rng = np.random.default_rng(0)
    lower = rng.uniform(-2, 2, (200, 2))
    cells = Boxes(lower, lower + rng.uniform(0, 0.5, (200, 2)))
    outside = domain.outside(cells)
    points = cells.lower[:, None] + rng.random((200, 300, 2)) * (cells.upper - cells.lower)[:, None]
    met = ((points.sum(axis=2) ** 2 + 64 * (points[..., 0] - points[..., 1]) ** 2) <= 1).any(axis=1)
    assert not (outside & met).any()
    assert outside[~met].mean() > 0.9


# -- what is said besides ----------------------------------------------------------------------------------


def stays_near(layers: Layers, bound: Fraction, lower: list[Fraction], upper: list[Fraction]) -> Obligation:
    """That the last output differs by no more than `bound` where the others agree."""
    asked = two_points(layers, lower, upper)
    outputs = len(layers[-1].bias)
    same = [
        difference(*ends, outputs=True, strict=False)
        for j in range(outputs - 1)
        for ends in ((j, outputs + j), (outputs + j, j))
    ]
    last = outputs - 1
    apart = [
        difference(*ends, outputs=True, constant=bound, strict=True)
        for ends in ((last, outputs + last), (outputs + last, last))
    ]
    return replace(asked, violation=All((*same, Any(tuple(apart)))))


def test_pairs_at_which_nothing_is_broken_are_spared() -> None:
    # (|x|, y) agree at x and −x; x / 4 differs there by at most 1/2.
    last = [[1, 1, 0], [0, 0, 1], [0.25, -0.25, 0]]
    layers = layers_of(([[1, 0], [-1, 0], [0, 1]], [0, 0, 4]), (last, [0, -4, 0]))
    ends = square(1, Fraction(0), Fraction(0))
    asked = stays_near(layers, Fraction(5, 8), *ends)
    found = found_of(asked)
    assert SPARED in holds(found, proof_of(run(asked)))
    broken = stays_near(layers, Fraction(3, 8), *ends)
    outcome = run(broken).outcome
    assert isinstance(outcome, Refuted)
    assert check_witness(broken, outcome.point) is not None


# -- counterexamples ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("inputs", [1, 3, 4])
def test_a_fold_in_any_number_of_inputs_is_refuted(inputs: int) -> None:
    first = np.kron(np.eye(inputs), [[1], [-1]])
    last = np.kron(np.eye(inputs), [[1, -1]])
    last[0] = abs(last[0])
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(inputs, inputs)))[0]
    layers = layers_of((first @ turn, [0] * 2 * inputs), (turn @ last, [0] * inputs))
    asked = two_points(layers, *square(1, *[Fraction(1, 8)] * inputs))
    outcome = run(asked).outcome
    assert isinstance(outcome, Refuted)
    assert check_witness(asked, outcome.point) is not None


def test_with_more_rows_than_inputs_a_fold_of_all_is_refuted() -> None:
    last = [[1, 1, 0, 0], [0, 0, 1, -1], [1, 1, 1, -1], [2, 2, -1, 1], [3, 3, 0, 0]]
    asked = two_points(
        layers_of((THROUGH, [0] * 4), (last, [0] * 5)), *square(1, Fraction(1, 8), Fraction(0))
    )
    assert isinstance(run(asked).outcome, Refuted)


def test_with_fewer_rows_than_inputs_there_is_always_a_pair() -> None:
    layers = layers_of((THROUGH, [0] * 4), ([[1, -1, 1, -1]], [0]))
    assert isinstance(run(two_points(layers, *square(1, ONE, ONE)), work=2000).outcome, Refuted)


def test_flat_pieces_are_refuted_by_points_of_one_piece() -> None:
    asked = two_points(layers_of(([[1]], [0]), ([[1]], [0])), *square(1, Fraction(0)))
    outcome = run(asked).outcome
    assert isinstance(outcome, Refuted)
    assert max(outcome.point) <= 0


# -- limits ------------------------------------------------------------------------------------------------


def test_the_work_is_a_limit() -> None:
    asked = TRIED
    ran = run(asked, work=5)
    assert isinstance(ran.outcome, GaveUp)
    assert ran.outcome.reason is GaveUpReason.BUDGET
    assert dict(ran.work.units)["pairs"] >= 5


def test_the_deadline_is_a_limit() -> None:
    ran = run(two_points(SAME, *square(1, ONE, ONE)), deadline=time.monotonic() - 1)
    assert isinstance(ran.outcome, GaveUp)
    assert ran.outcome.reason is GaveUpReason.TIMEOUT


def test_the_memory_is_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "MOST_PAIRS", 2)
    ran = run(TRIED)
    assert isinstance(ran.outcome, GaveUp)
    assert ran.outcome.reason is GaveUpReason.MEMORY
    assert "pairs" in ran.outcome.detail


def test_cells_as_narrow_as_rounding_are_not_cut() -> None:
    # |x| has the value of 1/3 at −1/3, too; but nobody confirms it.
    asked = two_points(FOLD, [-ONE], [Fraction(0)], point=(Fraction(1, 3),))
    session = Session(Budget(), lambda _: False, lambda _: None, None)
    outcome = by_cells(found_of(asked), asked, session, STAMP).outcome
    assert isinstance(outcome, GaveUp)
    assert outcome.reason is GaveUpReason.NUMERICAL
    assert isinstance(run(asked).outcome, Refuted)


def test_it_does_the_same_twice() -> None:
    asked = TRIED
    one, other = proof_of(run(asked)), proof_of(run(asked))
    assert np.array_equal(one.codes, other.codes)
    assert np.array_equal(one.axes, other.axes)


def test_pairs_that_the_kernel_leaves_open_are_cut_once_more() -> None:
    asked = TRIED
    seen: list[PairProof] = []

    def strict(proof: Certificate) -> Flaw | None:
        assert isinstance(proof, PairProof)
        seen.append(proof)
        closed = np.flatnonzero(proof.codes == JOINED)[:2].tolist()
        return Flaw("not yet", tuple(Unclosed(0, node) for node in closed)) if len(seen) == 1 else None

    last = proof_of(run(asked, check=strict))
    assert len(seen) == 2
    holds(found_of(asked), last)
    assert examine(asked, last).evidence is not None
    before = {(leaf.level, leaf.x, leaf.y) for leaf in walked(found_of(asked), seen[0]) if leaf.code == SPLIT}
    after = {(leaf.level, leaf.x, leaf.y) for leaf in walked(found_of(asked), last) if leaf.code == SPLIT}
    assert before < after
    assert len(after) >= len(before) + 2


def test_a_kernel_that_never_accepts_is_given_up_on() -> None:
    asked = two_points(SAME, *square(1, ONE, ONE))

    def never(proof: Certificate) -> Flaw | None:
        assert isinstance(proof, PairProof)
        return Flaw("no", (Unclosed(0, len(proof.codes) - 1),))

    outcome = run(asked, check=never).outcome
    assert isinstance(outcome, GaveUp)
    assert outcome.reason is GaveUpReason.NUMERICAL
    assert isinstance(run(asked, check=lambda _: Flaw("no form")).outcome, GaveUp)


def test_an_input_that_is_one_number_is_never_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """No float is 21/10: its box of floats has a width all the same, which cuts of others leave as it is."""
    monkeypatch.setattr(searching, "NARROW", 2)
    fixed = Fraction(21, 10)
    point = Fraction(1, 3), Fraction(1, 7), fixed
    asked = two_points(bent(3, 3, 0.5, outputs=3), [-ONE, -ONE, fixed], [ONE, ONE, fixed], point=point)
    proof = proof_of(run(asked))
    assert set(proof.axes.tolist()) == {0, 1}
