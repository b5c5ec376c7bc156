"""Invariants at data: how many of the points one speaks of, and at how many of these it holds.

In: a task whose invariant is over data, or one that measures a share.  Out: counts for its report, and the
point of the data that breaks the invariant, if one does: the kernel is asked whether it is a counterexample.
Floats with bounds of their errors count where they can, integers elsewhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.engine import lift
from spec_lang.engine.options import CheckOptions
from spec_lang.engine.settle import Settled, in_order
from spec_lang.engine.task import Task
from spec_lang.kernel.float_values import FloatsAt
from spec_lang.kernel.holding import Holding, Known, evidence_of, holding
from spec_lang.kernel.judge import judge
from spec_lang.kernel.proof import OutOfTime
from spec_lang.kernel.verdict import Evidence, EvidenceKind, Status
from spec_lang.obligations.model import Condition, Goal
from spec_lang.obligations.outcome import Refuted
from spec_lang.reporters._counts import DataCount, ShareCount
from spec_lang.reporters.model import Bracket, ClaimReport, End, Measurement
from spec_lang.semantics.model import Rows, Shared, Support
from spec_lang.syntax.ast import Sharing

_REMEMBERED: Final = 2  # sets of points
OUT_OF_TIME = "timeout: the data were not all looked at"

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class AtData:
    """What was counted, and the first point within the region that breaks the invariant."""

    count: DataCount
    breaking: tuple[Fraction, ...] | None


@dataclass(frozen=True, slots=True, eq=False)
class _Counter:
    """The points of one invariant."""

    support: Support
    exact: bool
    expired: Callable[[], bool]

    def __call__(self, condition: Condition, chosen: Sequence[int] | NDArray[np.intp]) -> Holding:
        """At the points with the numbers `chosen`."""
        support, rows = self.support, np.asarray(chosen, dtype=np.intp)
        points = [support.completed(support.points[int(row)]) for row in rows]
        alone = support.ties or self.exact
        asked = points if alone else Known(points, _floats_at(support.rows), rows)
        return holding(support.graph, asked, condition, exact=self.exact, expired=self.expired)


@lru_cache(_REMEMBERED)
def _floats_at(rows: Rows) -> FloatsAt:
    """What all invariants that this process counts over the same points have in common."""
    return FloatsAt(rows.points)


def at_data(support: Support, options: CheckOptions, expired: Callable[[], bool]) -> AtData:
    """Counts for an invariant.  Raises `OutOfTime`."""
    count = _Counter(support, options.evidence is EvidenceKind.CHECKED, expired)
    premise = count(support.premise, range(len(support.points)))
    meant = np.flatnonzero(premise.true)
    inside, broken = count(support.region, meant), count(support.broken, meant)
    first = next(iter(meant[inside.true & broken.true]), None)
    return AtData(
        DataCount(
            data=support.words,
            points=len(support.points),
            support=len(meant),
            inside=int(inside.true.sum()),
            holding=len(meant) - int((broken.true | broken.open).sum()),
            broken_inside=int((broken.true & inside.true).sum()),
            broken_outside=int((broken.true & ~inside.true & ~inside.open).sum()),
            undecided=int(premise.open.sum()) + int((broken.open | inside.open).sum()),
        ),
        None if first is None else support.completed(support.points[int(first)]),
    )


def refuted_by_data(goal: Goal, found: AtData | None) -> Settled | None:
    """The kernel's word that a point of the data breaks the claim, or None."""
    if found is None or found.breaking is None or goal.conflict is not None:
        return None
    verdict = judge(goal, (Refuted(found.breaking),) * len(goal.obligations))
    if verdict.status is not Status.REFUTED or verdict.broken is None:
        return None
    alone = {verdict.broken: Refuted(found.breaking)}
    return Settled(goal, in_order(alone, len(goal.obligations)), verdict)


# -- shares ----------------------------------------------------------------------------------------------


def share(task: Task, asked: Shared, options: CheckOptions) -> ClaimReport:
    """The report on a share; that of a coverage is to be completed by the verdicts [`with_verdicts`]."""
    started = time.monotonic()
    end = float("inf") if task.timeout is None else started + task.timeout
    exact = options.evidence is EvidenceKind.CHECKED
    counters = [_Counter(support, exact, lambda: time.monotonic() > end) for support in asked.supports]
    try:
        masks = [_meant(counter, asked.asked) for counter in counters]
    except OutOfTime:
        return lift.undecided(task, Status.UNKNOWN, OUT_OF_TIME, time.monotonic() - started)
    in_integers = sum(mask.in_integers for mask in masks)
    evidence = evidence_of(masks)
    rows = np.array([mask.true for mask in masks]).T
    found, counts = np.unique(rows, axis=0, return_counts=True)
    groups = tuple(
        (tuple(int(i) for i in np.flatnonzero(row)), int(n)) for row, n in zip(found, counts, strict=True)
    )
    undecided = int(np.logical_or.reduce([mask.open for mask in masks]).sum())
    names = tuple(support.name for support in asked.supports)
    count = ShareCount(len(rows), names, groups, undecided)
    course = lift.Course(
        seconds=time.monotonic() - started,
        units=(("points", len(rows) * len(masks)), ("points in integers", in_integers)),
    )
    return _measured(task, asked, count, evidence, course)


def _meant(count: _Counter, asked: Sharing) -> Holding:
    """The points at which the left side holds; for a coverage, within the region."""
    support = count.support
    premise = count(support.premise, range(len(support.points)))
    if asked is Sharing.SUPPORT:
        return premise
    chosen = np.flatnonzero(premise.true)
    inside = count(support.region, chosen)
    true, open_ = np.zeros_like(premise.true), premise.open.copy()
    true[chosen] = inside.true
    open_[chosen] |= inside.open
    in_integers = premise.in_integers
    if inside.in_integers < len(chosen):  # a float took part
        in_integers = min(in_integers, len(true) - 1)
    return Holding(true, open_, in_integers)


def _measured(
    task: Task,
    asked: Shared,
    count: ShareCount,
    evidence: Evidence,
    course: lift.Course,
) -> ClaimReport:
    points = (count.covered, count.covered + count.undecided)
    lower, upper = (End(Fraction(n, count.points), evidence) for n in points)
    brackets = (Bracket(asked.asked.value, lower, upper),)
    measurement = Measurement(
        asked.asked.value,
        asked.words,
        None,
        None,
        relative=False,
        said=False,
        reached=points[0] == points[1],
        brackets=brackets,
        share=count,
    )
    reason = None if measurement.reached else f"numerical: {count.undecided} points are not decided"
    return lift.measured(task, measurement, course, reason)


def with_verdicts(reports: Sequence[ClaimReport]) -> tuple[ClaimReport, ...]:
    """The reports, coverages between what proved invariants cover and what those that are not refuted do.

    Sound because a proved invariant holds at every point that it speaks of, a refuted one decides nothing,
    and of the others it is not known.
    """
    statuses = {(report.file, report.name): report for report in reports if report.kind == "invariant"}
    return tuple(_with_verdicts(report, statuses) for report in reports)


def _with_verdicts(report: ClaimReport, known: dict[tuple[str, str], ClaimReport]) -> ClaimReport:
    found = report.measurement
    if found is None or found.share is None or found.asked != Sharing.COVERAGE.value:
        return report
    claims = [known.get((report.file, name)) for name in found.share.names]
    status = [Status.UNKNOWN if claim is None else claim.status for claim in claims]
    proved = {i for i, one in enumerate(status) if one in (Status.PROVED, Status.VACUOUS)}
    possible = {i for i, one in enumerate(status) if one is not Status.REFUTED}
    share = replace(found.share, verdicts=tuple(one.value for one in status))
    lower, upper = share.of(proved), share.of(possible) + share.undecided
    kinds = tuple(EvidenceKind)
    vouchers = [claims[i] for i in sorted(proved)]
    used = [claim.evidence for claim in vouchers if claim is not None and claim.evidence is not None]
    used += [end.evidence for end in found.ends]
    weakest = max(used, key=lambda one: kinds.index(one.kind))
    ends = (End(Fraction(n, share.points), weakest) for n in (lower, upper))
    reached = lower == upper
    brackets = (Bracket(found.asked, *ends),)
    measurement = replace(found, brackets=brackets, reached=reached, share=share)
    left = [name for name, one in zip(share.names, status, strict=True) if one not in _SETTLED]
    reason = f"not decided here: {', '.join(left)}" if left else report.reason
    status_now = Status.PROVED if reached else Status.UNKNOWN
    return replace(
        report,
        status=status_now,
        reason=None if reached else reason,
        evidence=weakest,
        measurement=measurement,
        as_expected=status_now is report.expected,
    )


_SETTLED = (Status.PROVED, Status.VACUOUS, Status.REFUTED)
