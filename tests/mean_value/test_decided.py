"""What the backend says of claims about two points, against the oracle; and that it says something."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from random import Random

import pytest
from hypothesis import strategies as st

from spec_lang.kernel.proof import examine
from spec_lang.kernel.witness import check_witness
from spec_lang.network.primitives import RELU
from spec_lang.obligations.outcome import Outcome, Proved, Refuted
from tests.gradients import two_points
from tests.gradients.cases import Case, case
from tests.gradients.faces import Pieces, Region
from tests.gradients.oracle import Answer, Norm
from tests.laws import law
from tests.mean_value.asking import asked, decided
from tests.tiny_networks import chain, dense, relu_network

ONE = Fraction(1)
SHARES = [Fraction(1, 2), Fraction(99, 100), ONE, Fraction(101, 100), Fraction(2)]
cases = st.integers(0, 10**6).map(case)


def agreed(claim: str, drawn: Case, answer: Answer, folder: Path) -> Outcome:
    """The outcome, which is right; a proof is one for the kernel, too."""
    (obligation,) = asked(drawn, [claim], folder)
    outcome = decided(obligation)
    match outcome:
        case Proved(proof=proof):
            assert answer is Answer.PROVED
            assert proof is not None
            assert examine(obligation, proof).evidence is not None
        case Refuted(point):
            assert answer is Answer.REFUTED
            assert check_witness(obligation, point) is not None
    return outcome


@law(8, 1000, drawn=cases, seed=st.integers(0, 99))
def test_monotone_is_never_wrong(drawn: Case, seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    rng, folder = Random(seed), tmp_path_factory.mktemp("claims")  # noqa: S311 - to be repeated
    inputs = range(drawn.graph.input_size)
    moved, increasing = sorted(rng.sample(inputs, rng.randint(1, len(inputs)))), rng.random() < 0.5
    finding = two_points.monotone(Pieces(drawn.graph, drawn.region), 0, moved, increasing=increasing)
    way = "increasing" if increasing else "decreasing"
    agreed(f"monotone(f[0], in: {moved}, {way}, on: on)", drawn, finding.answer, folder)


@law(8, 1000, drawn=cases, norm=st.sampled_from([Norm.L1, Norm.LINF]), share=st.sampled_from(SHARES))
def test_lipschitz_is_never_wrong(
    drawn: Case, norm: Norm, share: Fraction, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """At the constant itself, too."""
    pieces, folder = Pieces(drawn.graph, drawn.region), tmp_path_factory.mktemp("claims")
    at_most = share * two_points.lipschitz_constant(pieces, norm)
    finding = two_points.lipschitz(pieces, at_most, norm)
    claim = f"lipschitz(f, on: on, at_most: {at_most}, norm: {norm.value})"
    agreed(claim, drawn, finding.answer, folder)


@law(6, 500, drawn=cases, at_most=st.sampled_from([Fraction(k, 4) for k in range(1, 9)]))
def test_lipschitz_is_never_wrong_in_the_euclidean_norm(
    drawn: Case, at_most: Fraction, tmp_path_factory: pytest.TempPathFactory
) -> None:
    finding = two_points.lipschitz(Pieces(drawn.graph, drawn.region), at_most, Norm.L2)
    claim = f"lipschitz(f, on: on, at_most: {at_most}, norm: l2)"
    agreed(claim, drawn, finding.answer, tmp_path_factory.mktemp("claims"))


@pytest.mark.parametrize("norm", list(Norm))
def test_most_constants_are_decided_next_to_the_true_one(norm: Norm, tmp_path: Path) -> None:
    """One hundredth above the constant it is proved, one below it refuted; kinks leave few open."""
    open_cases = 0
    for number in range(6):
        drawn = case(number, (2, 4, 1))
        constant = two_points.lipschitz_constant(Pieces(drawn.graph, drawn.region), norm)
        if norm is Norm.L2:
            constant = Fraction(float(constant) ** 0.5).limit_denominator(1000)
        for share in (Fraction(101, 100), Fraction(99, 100)):
            claim = f"lipschitz(f, on: on, at_most: {share * (constant or ONE)}, norm: {norm.value})"
            answer = Answer.REFUTED if constant and share < 1 else Answer.PROVED
            open_cases += not isinstance(agreed(claim, drawn, answer, tmp_path), Proved | Refuted)
    assert open_cases <= 2


def whole_square(*steps: object) -> Case:
    graph = chain(2, *steps)  # type: ignore[arg-type]
    return Case(graph, Region((Fraction(-1),) * 2, (ONE,) * 2), (Fraction(0),) * 2)


def test_ties_between_inputs_are_respected(tmp_path: Path) -> None:
    """x − y + 1/4 falls in y, and rises where y is half of x."""
    region = Region(
        (Fraction(0),) * 2, (ONE, ONE), ((Fraction(0), ONE, Fraction(-2)), (Fraction(0), -ONE, Fraction(2)))
    )
    tied = Case(relu_network(), region, (Fraction(0),) * 2)
    agreed("monotone(f[0], in: [0, 1], increasing, on: on)", tied, Answer.PROVED, tmp_path)
    free = Case(relu_network(), Region(region.lower, region.upper), (Fraction(0),) * 2)
    for drawn, kind in ((tied, Proved), (free, Refuted)):
        answer = Answer.PROVED if kind is Proved else Answer.REFUTED
        claim = "monotone(f[0], in: [0, 1], increasing, on: on)"
        assert isinstance(agreed(claim, drawn, answer, tmp_path), kind)


def test_a_kink_all_along_the_region_hides_nothing(tmp_path: Path) -> None:
    """relu(x) − relu(−x) = x, where the region is the line on which both are 0."""
    through = whole_square(dense([[1, 0], [-1, 0], [0, 1]]), RELU, dense([[1, -1, 1]]))
    line = Region((Fraction(0), Fraction(-1)), (Fraction(0), ONE))
    on_kink = Case(through.graph, line, (Fraction(0),) * 2)
    claim = "monotone(f[0], in: 1, increasing, on: on)"
    assert isinstance(agreed(claim, on_kink, Answer.PROVED, tmp_path), Proved)
    steep = "lipschitz(f, on: on, at_most: 1.01)"
    assert isinstance(agreed(steep, on_kink, Answer.PROVED, tmp_path), Proved)
