"""The threshold that a point reaches is computed as the kernel sees it, in few steps, for every norm."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spec_lang.engine import CheckOptions
from spec_lang.engine.crossings import Crossings
from spec_lang.engine.measure_ends import Reacher, directions
from spec_lang.engine.prepare import prepare
from spec_lang.engine.settle import Settled
from spec_lang.engine.task import Measure
from spec_lang.kernel.judge import judge
from spec_lang.kernel.verdict import Status, Witness
from spec_lang.obligations.outcome import Refuted
from spec_lang.syntax.ast import Comparison
from tests.engine.specs import write

CENTRE = (Fraction(1, 2), Fraction(1, 2))
BALL = "largest r in [0, 1] with forall x in ball([0.5, 0.5], r, {0}): f(x).p <= -100"
MEASURES = {
    "linf": BALL.format("linf"),
    "l1": BALL.format("l1"),
    "l2": BALL.format("l2"),
    "box": "largest r in [0, 1] with forall x in { x | x.a <= r or x.b >= 1 - r / 2 }: f(x).p <= -100",
    "limit": "smallest r in [0, 50] with forall x in f.domain: f(x).p <= r",
    "strict": "smallest r in [0, 50] with forall x in f.domain: f(x).p < r",
    "norm": "smallest r in [0, 50] with forall x in f.domain: norm(f(x), l2) <= r",
    "pair": "largest r in [0, 1] with forall x in ball([0.5, 0.5], r, l1), y in ball([0, 0.25], r, linf): "
    "norm(f(x) - f(y), linf) <= -1",
}


@cache
def measures() -> dict[str, Measure]:
    with TemporaryDirectory() as folder:
        texts = (f"measure {name} = {text}, to 0.000001\n" for name, text in MEASURES.items())
        tasks = prepare([write(Path(folder), *texts)], CheckOptions())[0].tasks
    return {task.name: task.measure for task in tasks if task.measure is not None}


def refutation(measure: Measure, threshold: Fraction, point: tuple[Fraction, ...]) -> Settled | None:
    """The kernel's word on the point, a pair where the measure is of two."""
    goal = measure.goal(Comparison.LE, threshold)
    verdict = judge(goal, tuple(Refuted(point[: o.graph.input_size]) for o in goal.obligations))
    return Settled(goal, (), verdict) if verdict.status is Status.REFUTED else None


parts = st.fractions(0, 1, max_denominator=12)


@pytest.mark.parametrize("name", MEASURES)
@settings(max_examples=15, deadline=None)
@given(point=st.tuples(parts, parts, parts, parts))
def test_a_point_refutes_up_to_there_and_no_further(name: str, point: tuple[Fraction, ...]) -> None:
    measure = measures()[name]
    direction = directions(measure.measured.asked)[0]
    interval = direction.interval(measure.measured.interval)
    assert interval is not None
    low, high = interval
    refuted = refutation(measure, direction.turned(low), point)
    if refuted is None:
        return  # further away than all that is asked
    witness = refuted.verdict.witness
    assert witness is not None
    crossings = Crossings(measure)
    value = crossings.at(witness.point, witness.outputs, direction.sign)
    assert value is not None
    reacher = Reacher(measure, direction, crossings)
    small = Fraction(1, 10**9)
    assert reacher.reaches(witness, max(low, value - small)) is not None
    assert value == high or reacher.reaches(witness, value + small) is None
    best, settled = reacher.best(refuted, low, None)
    assert settled.verdict.status is Status.REFUTED
    assert best <= value <= best + Fraction(1, 10**7)


def test_the_radius_that_a_point_reaches_is_its_distance_in_few_digits() -> None:
    point = (Fraction("0.5") + Fraction("0.1234567891"), Fraction("0.4"))
    for name, distance in (("linf", "0.123456789"), ("l1", "0.223456789"), ("l2", "0.158875")):
        measure = measures()[name]
        direction = directions(measure.measured.asked)[0]
        refuted = refutation(measure, Fraction(1), point)
        assert refuted is not None
        best, _ = Reacher(measure, direction, Crossings(measure)).best(refuted, Fraction(-1), None)
        assert 0 <= -best - Fraction(distance) <= Fraction(2, 10**6)
        assert (10**9 * best).denominator == 1


def test_a_point_is_held_against_few_claims(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Fraction] = []
    real = Reacher.reaches

    def reaches(self: Reacher, witness: Witness, threshold: Fraction) -> Settled | None:
        asked.append(threshold)
        return real(self, witness, threshold)

    monkeypatch.setattr(Reacher, "reaches", reaches)
    for measure in measures().values():
        direction = directions(measure.measured.asked)[0]
        interval = direction.interval(measure.measured.interval)
        assert interval is not None
        refuted = refutation(measure, direction.turned(interval[0]), (*CENTRE, Fraction(0), Fraction(1, 4)))
        assert refuted is not None
        asked.clear()
        Reacher(measure, direction, Crossings(measure)).best(refuted, interval[0], None)
        assert 1 <= len(asked) <= 2
