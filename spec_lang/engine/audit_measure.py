"""A measure audited: both of its ends, each by what is stored of it alone.

In: a measure, the folder of proofs, and how one goal is held against its record.  Out: the report.  Where the
ends are is read from the folder and believed by nobody: the goals of these thresholds are made anew, and the
kernel says which of them holds and which is refuted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Final

from spec_lang._values import dataclass
from spec_lang.engine import lift
from spec_lang.engine.measure_ends import Direction, Held, bracket_of, directions, key_of
from spec_lang.engine.task import Measure, Task
from spec_lang.engine.thresholds import Thresholds
from spec_lang.kernel.verdict import Status, Verdict
from spec_lang.obligations.model import Goal
from spec_lang.obligations.outcome import Outcome
from spec_lang.reporters.model import Bracket, ClaimReport
from spec_lang.store.files import Damaged, Kept, Store

NOTHING_STORED: Final = "no proof is stored; run `nnspec check`"
_WIDE: Final = "the stored ends are further apart than the measure asks for; run `nnspec check`"

Problem = tuple[Status, str]


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """What the kernel says of a goal by its record; why that is nothing; who found the proof."""

    goal: Goal
    verdict: Verdict
    kept: Kept | None
    problem: Problem | None
    finder: str | None
    outcomes: Sequence[Outcome] = ()


def audit_measure(task: Task, asked: Measure, store: Store, look: Callable[[Goal], Looked]) -> ClaimReport:
    """The report on a measure."""
    started = time.monotonic()
    goal = task.goal()
    if goal.conflict is not None:
        return lift.decided(task, look(goal).verdict, lift.Course(seconds=time.monotonic() - started))
    stored = store.look_up_ends(key_of(asked, store.keys))
    ways = directions(asked.measured.asked)
    if isinstance(stored, Damaged):
        reason = f"the stored ends are lost: {stored.problem} (`{stored.path}`); run `nnspec check`"
        return lift.undecided(task, Status.UNKNOWN, reason, time.monotonic() - started)
    if stored is None or len(stored) != 2 * len(ways):
        return lift.undecided(task, Status.UNKNOWN, NOTHING_STORED, time.monotonic() - started)
    audit = _Audit(task, asked, look)
    found = [audit.bracket(way, stored[2 * n : 2 * n + 2]) for n, way in enumerate(ways)]
    return audit.report(found, time.monotonic() - started)


@dataclass(frozen=True, slots=True)
class _Found:
    """One bracket, whether its ends are near enough, and why one of them is missing."""

    bracket: Bracket
    done: bool
    problem: Problem | None


@dataclass(frozen=True, slots=True, eq=False)
class _Audit:
    task: Task
    asked: Measure
    look: Callable[[Goal], Looked]

    def bracket(self, way: Direction, numbers: Sequence[Fraction | None]) -> _Found:
        """The bracket that a proof and a point make."""
        measured, held, problems = self.asked.measured, [], []
        wanted = (way.proves, Status.PROVED), (way.breaks, Status.REFUTED)
        for number, (relation, status) in zip(numbers, wanted, strict=True):
            end = None
            if number is not None:
                looked = self.look(self.asked.goal(relation, number))
                problems.append(looked.problem)
                if looked.problem is None and looked.verdict.status is status:
                    end = Held(looked.goal, looked.verdict, number, looked.kept)
                elif looked.problem is None:
                    reason = f"the stored end {number} is {looked.verdict.status.value}, not {status.value}"
                    problems.append((Status.ERROR, reason))
            held.append(end)
        proved, reached = held
        known = Thresholds(
            measured.precision,
            way.interval(measured.interval),
            None if reached is None else way.turned(reached.value),
            None if proved is None else way.turned(proved.value),
        )
        bracket = bracket_of(self.task, self.asked, way, (proved, reached), known.tolerance())
        return _Found(bracket, known.settled, next((p for p in problems if p is not None), None))

    def report(self, found: Sequence[_Found], seconds: float) -> ClaimReport:
        problem = next((one.problem for one in found if one.problem is not None), None)
        done = problem is None and all(one.done for one in found)
        brackets = tuple(one.bracket for one in found)
        measurement = lift.measurement(self.asked.measured, brackets, reached=done)
        status, reason = problem or (Status.UNKNOWN, None if done else _WIDE)
        report = lift.measured(self.task, measurement, lift.Course(seconds=seconds), reason)
        if status is Status.ERROR:
            return replace(report, status=status, as_expected=False)
        return report
