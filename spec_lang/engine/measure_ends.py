"""The ends of a measure: what the claims of thresholds say of it, and the value of a point.

In: a measure, and goals that were settled at thresholds.  Out: ends for the report, and the best threshold
that a point refutes.  A point's value is computed here and believed by nobody: the kernel replays the point
as a counterexample to the claim that all values lie on the other side.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from spec_lang._values import dataclass
from spec_lang.diagnostics import InternalError
from spec_lang.engine import lift
from spec_lang.engine.crossings import Crossings
from spec_lang.engine.replay import replay_witness
from spec_lang.engine.settle import Settled, in_order
from spec_lang.engine.task import Measure, Task
from spec_lang.engine.thresholds import short_between
from spec_lang.engine.values_at import value_at
from spec_lang.kernel.judge import judge
from spec_lang.kernel.verdict import Status, Verdict, Witness
from spec_lang.obligations.model import Goal
from spec_lang.obligations.outcome import Refuted
from spec_lang.reporters.model import Bracket, Counterexample, End, Replay
from spec_lang.store.files import Kept
from spec_lang.store.keys import Keys
from spec_lang.syntax.ast import Comparison, Extreme, Threshold

# By how much less than it is computed to be a value is tried, in parts of itself: outputs of smooth networks
# are enclosed, and not known exactly.
_LESS: Final = (Fraction(0), Fraction(1, 2**60), Fraction(1, 2**40), Fraction(1, 2**25))
_NEAR: Final = 64  # by this part of the precision at most is a threshold given up for one of few digits
_HALVINGS: Final = 60  # at most, of a threshold that a point is known to refute


@dataclass(frozen=True, slots=True)
class Direction:
    """One number: `name` is what a reader is told of it.  The claim `proves` of a threshold holds from the
    number on, upwards or, with `sign` −1, downwards; a point that reaches a value refutes `breaks` of it."""

    name: str
    sign: int
    proves: Comparison
    breaks: Comparison

    @property
    def proved_below(self) -> bool:
        """Whether the lower end is the one that is proved."""
        return self.sign < 0

    def turned(self, number: Fraction) -> Fraction:
        """A number as thresholds are counted, or one of those as it is."""
        return self.sign * number

    def interval(self, ends: tuple[Fraction, Fraction] | None) -> tuple[Fraction, Fraction] | None:
        if ends is None:
            return None
        low, high = sorted(map(self.turned, ends))
        return low, high


_GREATEST: Final = Direction("greatest", 1, Comparison.LE, Comparison.LT)
_LEAST: Final = Direction("least", -1, Comparison.GE, Comparison.GT)


def directions(asked: Extreme | Threshold) -> tuple[Direction, ...]:
    """The numbers that a measure asks for, the lower one first."""
    match asked:
        case Extreme.MAX:
            return (_GREATEST,)
        case Extreme.MIN:
            return (_LEAST,)
        case Extreme.RANGE:
            return (_LEAST, _GREATEST)
        case Threshold.LARGEST:
            return (Direction("largest", -1, Comparison.LE, Comparison.LE),)
        case Threshold.SMALLEST:
            return (Direction("smallest", 1, Comparison.LE, Comparison.LE),)


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """What holds an end: the goal, the kernel's verdict on it, the end, and the stored record."""

    goal: Goal
    verdict: Verdict
    value: Fraction
    kept: Kept | None


def key_of(asked: Measure, keys: Keys) -> str:
    """The name by which the ends of a measure are stored."""
    interval = asked.measured.interval
    threshold = Fraction(1) if interval is None else interval[1]
    return keys.measure(asked.measured.asked.value, asked.goal(Comparison.LE, threshold))


@dataclass(frozen=True, slots=True, eq=False)
class Reacher:
    """Finds what a point reaches."""

    asked: Measure
    direction: Direction
    crossings: Crossings | None = None

    def best(self, settled: Settled, refuted: Fraction, proved: Fraction | None) -> tuple[Fraction, Settled]:
        """The threshold that the point which refutes the one of `settled` reaches, and the verdict on it."""
        witness = settled.verdict.witness
        if witness is None:
            raise InternalError("a refutation without its point")
        for value in self._values(witness, refuted):
            found = self.reaches(witness, value)
            if found is not None:
                return value, found
        return self._raised(witness, settled, refuted, proved)

    def reaches(self, witness: Witness, threshold: Fraction) -> Settled | None:
        """The kernel's word that the point refutes the claim of `threshold`, or None."""
        goal = self.asked.goal(self.direction.breaks, self.direction.turned(threshold))
        outcomes = (Refuted(witness.whole),) * len(goal.obligations)
        verdict = judge(goal, () if goal.conflict is not None else outcomes)
        if verdict.status is not Status.REFUTED or verdict.broken is None:
            return None
        alone = {verdict.broken: Refuted(witness.whole)}
        return Settled(goal, in_order(alone, len(goal.obligations)), verdict)

    def _values(self, witness: Witness, refuted: Fraction) -> Iterator[Fraction]:
        """The value at the point, where it can be computed, and a little less; none below `refuted`."""
        element = self.asked.measured.value
        value = None if element is None else value_at(element, witness.point, witness.outputs)
        if value is not None:
            value = self.direction.turned(value)
            for part in _LESS:
                yield max(refuted, value - abs(value) * part)
        elif self.crossings is not None:
            value = self.crossings.at(witness.point, witness.outputs, self.direction.sign)
            if value is not None and value >= refuted:
                near = self._near(value)
                yield max(refuted, short_between(value - near, value))
                yield max(refuted, short_between(value - 2 * near, value - near))

    def _near(self, value: Fraction) -> Fraction:
        """How far from each other two thresholds are that make no difference."""
        precision = self.asked.measured.precision
        return precision.width * (abs(value) if precision.relative else 1) / _NEAR

    def _raised(
        self, witness: Witness, settled: Settled, refuted: Fraction, proved: Fraction | None
    ) -> tuple[Fraction, Settled]:
        """By steps that grow, and then by halving, between a threshold that the point refutes and one that it
        does not, or of which nothing is known."""
        ends = self.direction.interval(self.asked.measured.interval)
        high = ends[1] if proved is None and ends is not None else proved
        best, found, step = refuted, self.reaches(witness, refuted) or settled, max(abs(refuted), Fraction(1))
        while high is None:
            other = self.reaches(witness, best + step)
            if other is None:
                high = best + step
            else:
                best, found, step = best + step, other, 2 * step
        for _ in range(_HALVINGS):
            if high - best <= self._near(best):
                break
            middle = short_between((best + high) / 2, (best + 2 * high) / 3)
            other = self.reaches(witness, middle)
            best, found, high = (middle, other, high) if other is not None else (best, found, middle)
        return best, found


def bracket_of(
    task: Task,
    asked: Measure,
    direction: Direction,
    held: tuple[Held | None, Held | None],
    tolerance: Fraction | None,
) -> Bracket:
    """The bracket that `held`, a proof and a point, make; with a `tolerance` onnxruntime is asked whether it
    comes as near to the point's value, without it it is not asked."""
    proved, reached = held
    first = None if proved is None else _end(proved, None)
    second: End | None = None
    if reached is not None:
        second = _end(reached, _shown(task, asked, direction, reached, tolerance))
    elif first is not None and _is_all(asked, direction, first.value):
        second = End(first.value, first.evidence)
    lower, upper = (first, second) if direction.proved_below else (second, first)
    return Bracket(direction.name, lower, upper)


def _is_all(asked: Measure, direction: Direction, proved: Fraction) -> bool:
    """Whether the claim holds in all of the interval, whose end is the number then."""
    interval = direction.interval(asked.measured.interval)
    return interval is not None and direction.turned(proved) <= interval[0]


def _end(held: Held, point: Counterexample | None) -> End:
    evidence = held.verdict.evidence
    if evidence is None:
        raise InternalError("an end without evidence")
    if held.kept is None:
        return End(held.value, evidence, point)
    return End(held.value, evidence, point, held.kept.digest, held.kept.size)


def _shown(
    task: Task, asked: Measure, direction: Direction, reached: Held, tolerance: Fraction | None
) -> Counterexample:
    witness = reached.verdict.witness
    if witness is None:
        raise InternalError("a point that is reached, and none there")
    replayed = Replay(exact=True, onnxruntime=None)
    if tolerance is not None:
        replayed = _replayed(task, asked, direction, reached, tolerance)
    return lift.counterexample(task, reached.goal, witness, replayed)


def _replayed(task: Task, asked: Measure, direction: Direction, reached: Held, tolerance: Fraction) -> Replay:
    """What onnxruntime says of the point; its own rounding is not held against it."""
    verdict, goal = reached.verdict, reached.goal
    if verdict.witness is None or verdict.broken is None:
        raise InternalError("a point that is reached, and none there")
    near = Reacher(asked, direction).reaches(verdict.witness, direction.turned(reached.value) - tolerance)
    if near is not None and near.verdict.broken is not None:
        return replay_witness(task, near.goal.obligations[near.verdict.broken], verdict.witness)
    return replay_witness(task, goal.obligations[verdict.broken], verdict.witness)
