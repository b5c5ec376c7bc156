"""From network space back to the user's words.

In: a task, what was decided of it, and its goal.  Out: a `ClaimReport`; a counterexample has
its readings in both spaces.  Makes no verdict: the status is the kernel's, or `error` or `unknown` for a
claim that never reached it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from spec_lang._values import dataclass
from spec_lang.diagnostics import InternalError
from spec_lang.engine.changed_weights import changed_networks
from spec_lang.engine.planes import planes, readings_of
from spec_lang.engine.task import QUERY, Task
from spec_lang.kernel.verdict import Evidence, EvidenceKind, Status, Verdict, Witness
from spec_lang.obligations.model import Axis, Goal, Group
from spec_lang.reporters.model import (
    Bracket,
    ClaimReport,
    Counterexample,
    End,
    Known,
    Measurement,
    Reading,
    Readings,
    Replay,
    Step,
)
from spec_lang.semantics.model import Counted, Measured
from spec_lang.store.files import Kept, NotKept
from spec_lang.store.lock import Line


@dataclass(frozen=True, slots=True)
class Course:
    """How a claim was decided: what was tried, by whom it was decided, wall time, deterministic units by
    name, and what became of its proof in the store."""

    steps: tuple[Step, ...] = ()
    backend: str | None = None
    seconds: float = 0.0
    units: tuple[tuple[str, int], ...] = ()
    kept: Kept | NotKept | None = None


def undecided(task: Task, status: Status, reason: str, seconds: float = 0.0) -> ClaimReport:
    """The report of a claim on which the kernel was not asked.

    Raises `InternalError` for a status that only the kernel can give.
    """
    if status not in (Status.ERROR, Status.UNKNOWN):
        raise InternalError(f"{task.id}: {status.value} without a verdict")
    return _report(task, status, reason, seconds)


def locked(task: Task, line: Line) -> ClaimReport:
    """The report of a claim of which `nnspec.lock` says that it is proved, or that nothing comes of it.

    Raises `InternalError` for what can be shown: that is judged again.
    """
    if line.verdict not in (Status.PROVED, Status.UNKNOWN):
        raise InternalError(f"{task.id}: {line.verdict.value} by the word of a file")
    return replace(
        _report(task, line.verdict, line.reason, 0.0),
        evidence=line.evidence,
        work=line.work,
        certificate=line.proof,
        proof_bytes=line.size,
        known=Known.LOCK,
        key=line.key,
    )


def _report(task: Task, status: Status, reason: str | None, seconds: float) -> ClaimReport:
    return ClaimReport(
        id=task.id,
        name=task.name,
        title=task.title,
        file=task.file,
        span=task.span,
        kind=task.kind,
        status=status,
        reason=reason,
        region=task.region,
        semantics=task.semantics.value,
        evidence=None,
        backend=None,
        plan=(),
        seconds=seconds,
        work=(),
        bound=None,
        counterexample=None,
        expected=task.expected,
        as_expected=status is task.expected,
    )


def decided(
    task: Task, verdict: Verdict, course: Course, counterexample: Counterexample | None = None
) -> ClaimReport:
    """The report of a judged claim.

    A vacuous claim holds, so it is as expected where `proved` was; that it is vacuous is said apart.
    """
    holds = verdict.status is Status.VACUOUS and task.expected is Status.PROVED
    return replace(
        _report(task, verdict.status, verdict.reason, course.seconds),
        evidence=verdict.evidence,
        backend=course.backend,
        plan=course.steps,
        work=course.units,
        bound=verdict.bound,
        counterexample=counterexample,
        certificate=course.kept.digest if isinstance(course.kept, Kept) else None,
        proof_bytes=course.kept.size if isinstance(course.kept, Kept) else None,
        note=course.kept.reason if isinstance(course.kept, NotKept) else None,
        as_expected=holds or verdict.status is task.expected,
    )


def measurement(measured: Measured, brackets: tuple[Bracket, ...], *, reached: bool) -> Measurement:
    """What was asked for, with the brackets that were found."""
    precision = measured.precision
    return Measurement(
        measured.asked.value,
        measured.words,
        measured.unit,
        precision.width,
        precision.relative,
        precision.said,
        reached,
        brackets,
    )


def counted(
    task: Task, what: Counted, ends: tuple[int, int], evidence: Evidence, course: Course
) -> ClaimReport:
    """The report of a count, both of whose ends the kernel has proved."""
    lower, upper = (End(Fraction(end), evidence) for end in ends)
    brackets = (Bracket("regions", lower, upper),)
    measurement = Measurement(
        "regions", what.words, None, None, relative=False, said=False, reached=True, brackets=brackets
    )
    return measured(task, measurement, course)


def measured(
    task: Task, measurement: Measurement, course: Course, open_reason: str | None = None
) -> ClaimReport:
    """The report of a measure, whose ends are verdicts of the kernel.

    It is `proved` where the ends are as near to each other as they are to be, else `unknown` for a reason.
    """
    if measurement.reached is (open_reason is not None):
        raise InternalError(f"{task.id}: a bracket without a reason why it is wide, or with one")
    status = Status.PROVED if measurement.reached else Status.UNKNOWN
    kinds, all_evidence = tuple(EvidenceKind), [end.evidence for end in measurement.ends]
    evidence = max(all_evidence, key=lambda e: kinds.index(e.kind), default=None)
    sizes = [end.proof_bytes for end in measurement.ends if end.proof_bytes is not None]
    return replace(
        _report(task, status, open_reason, course.seconds),
        evidence=evidence,
        backend=course.backend,
        plan=course.steps,
        work=course.units,
        proof_bytes=sum(sizes) if sizes else None,
        note=course.kept.reason if isinstance(course.kept, NotKept) else None,
        measurement=measurement,
    )


def counterexample(task: Task, goal: Goal, witness: Witness, replay: Replay) -> Counterexample:
    """`witness` in the user's names and units; exact.

    All its violated atoms hold together.  Those of a claim are each the negation of a clause, so that the
    alternative of the clauses fails; a query writes the atoms themselves.
    """
    frame = goal.frame
    clauses = dict.fromkeys(atom.source for atom in witness.violated if atom.source)
    word = " and " if task.kind == QUERY or task.exists else " or "
    return Counterexample(
        points=_parts(frame.variables, frame.inputs, witness.point),
        results=_parts(frame.results, frame.outputs, witness.outputs),
        violates=word.join(clauses) or f"the {task.kind}",
        replay=replay,
        error=witness.error,
        planes=planes(task.runs or (), goal, witness),
        networks=changed_networks(goal, witness),
    )


def _parts(groups: Sequence[Group], axes: Sequence[Axis], values: Sequence[Fraction]) -> tuple[Readings, ...]:
    """The readings of every group; results of one network are one part."""
    found: dict[str, tuple[Reading, ...]] = {}
    for group in groups:
        end = group.start + group.size
        readings = readings_of(axes[group.start : end], values[group.start : end])
        found[group.name] = (*found.get(group.name, ()), *readings)
    return tuple(Readings(name, readings) for name, readings in found.items())
