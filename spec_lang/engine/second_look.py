"""Whether what a worker on another machine has decided is taken over, and what becomes of its records.

In: a task, and the report and records that came back.  Out: the report, if the kernel of this process does
not contradict it, and the records in the caller's store.  A report that is of another claim, that says of a
record what it is not, or that our kernel does not come to by the same record, is an `error`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from spec_lang.engine import lift
from spec_lang.engine.jobs import Decided, Record
from spec_lang.engine.known import KEYS, meaning_of
from spec_lang.engine.options import CheckOptions
from spec_lang.engine.stored import Shelf
from spec_lang.engine.task import Task
from spec_lang.kernel.verdict import EvidenceKind, Status
from spec_lang.obligations.lower import TooManyCases
from spec_lang.reporters.model import ClaimReport, End
from spec_lang.store.codec import digest_of
from spec_lang.store.files import Store

# Our kernel checks records of so many bytes again: counterexamples, and proofs of a few hundred leaves, which
# take it milliseconds.  Checking all of them would make one process do what many are there to do.
SHORT: Final = 2048
_VERDICTS: Final = (Status.PROVED, Status.REFUTED, Status.VACUOUS)


def taken_over(task: Task, decided: Decided, options: CheckOptions) -> ClaimReport:
    """The report on `task`; what was stored for it elsewhere is stored here."""
    report = decided.report
    problem = _problem(task, decided, options)
    if problem is not None:
        reason = f"the answer of a worker is not accepted: {problem}"
        return lift.undecided(task, Status.ERROR, reason, report.seconds)
    if report.key is not None:
        report = replace(report, key=meaning_of(task))  # by which a lock would have it
    if task.leaves is not None:
        report = _stored(report, decided.left, task.leaves)
    if options.store is None:
        return _unstored(report)
    return _stored(report, decided.records, options.store)


def _stored(report: ClaimReport, records: Iterable[Record], folder: Path) -> ClaimReport:
    store = Store(folder)
    for key, record in records:
        if (failure := store.take_in(key, record)) is not None:
            return replace(_unstored(report), note=report.note or failure.reason)
    return report


def _unstored(report: ClaimReport) -> ClaimReport:
    """Without the hashes of what is not stored here."""
    found = replace(report, certificate=None, proof_bytes=None)
    if report.measurement is None:
        return found
    brackets = tuple(
        replace(bracket, lower=_end(bracket.lower), upper=_end(bracket.upper))
        for bracket in report.measurement.brackets
    )
    return replace(found, measurement=replace(report.measurement, brackets=brackets))


def _end(end: End | None) -> End | None:
    return None if end is None else replace(end, certificate=None, proof_bytes=None)


def _problem(task: Task, decided: Decided, options: CheckOptions) -> str | None:
    """What is wrong with the report; None where nothing is."""
    report = decided.report
    if (report.id, report.kind, report.expected) != (task.id, task.kind, task.expected):
        return "it is about another claim"
    if report.status not in _VERDICTS or task.by_kernel or task.measure is not None:
        return None
    if report.evidence is None:
        return "its verdict has no evidence"
    records = dict(decided.records)
    if report.certificate is None:
        by_word = report.evidence.kind is EvidenceKind.TRUSTED  # and the report says so
        return None if by_word or report.note is not None else _judged(task, report, {}, options)
    digests = {digest_of(record): len(record) for record in records.values()}
    if digests.get(report.certificate) != report.proof_bytes:
        return "its record did not come with it"
    if (report.proof_bytes or 0) > SHORT:
        return None
    return _judged(task, report, records, options)


def _judged(task: Task, report: ClaimReport, records: dict[str, bytes], options: CheckOptions) -> str | None:
    """Why our kernel does not come to the same verdict by these records."""
    try:
        goal = task.goal()
    except TooManyCases as error:
        return str(error)
    with TemporaryDirectory(prefix="nnspec-") as folder:
        store = Store(Path(folder), keys=KEYS)
        for key, record in records.items():
            store.take_in(key, record)
        looked = Shelf(store, options.evidence, float("inf")).look(goal)
    if records and looked.kept is None:
        return "its record is of no use"
    verdict = looked.verdict
    if verdict.status is report.status:
        return None
    return f"it is {report.status.value} there and {verdict.status.value} here: {verdict.reason}"
