"""`nnspec audit`: every claim again, from its spec, its network and the stored proof alone.

In: what `check` is given, and the folder of proofs.  Out: a report like that of `check`, and what the proofs
came to.  Nothing is searched for and no backend takes part: the goal is made anew, the record looked up by
what the goal means, and the kernel judges.  A record that it rejects is an `error`: nobody keeps such.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from spec_lang import __version__
from spec_lang._companions import Cores
from spec_lang._values import dataclass
from spec_lang.diagnostics import InternalError
from spec_lang.engine import lift
from spec_lang.engine.audit_measure import NOTHING_STORED
from spec_lang.engine.count import count
from spec_lang.engine.data_counts import share, with_verdicts
from spec_lang.engine.known import KEYS, meaning_of
from spec_lang.engine.locks import Locks, locks_of
from spec_lang.engine.options import CheckOptions, Locking, Observer, Silent
from spec_lang.engine.prepare import Spec, prepare, texts_of
from spec_lang.engine.stored import Shelf
from spec_lang.engine.sweep import Crew, sweep
from spec_lang.engine.task import Task
from spec_lang.kernel.proof import OutOfTime
from spec_lang.kernel.verdict import Status
from spec_lang.obligations.lower import TooManyCases
from spec_lang.reporters.model import ClaimReport, Report
from spec_lang.store.files import Store

if TYPE_CHECKING:
    from spec_lang.engine.workers import Decide


_LOCKED_ALONE: Final = (
    "no proof is stored here, `nnspec.lock` alone has the verdict; run `nnspec check --no-lock`"
)


@dataclass(frozen=True, slots=True)
class Audit:
    """The report, and the stored proofs and witnesses that the kernel has accepted: how many, their bytes,
    and the seconds that it took, of all processes together."""

    report: Report
    accepted: int
    size: int
    seconds: float


def audit(
    paths: Sequence[str | Path | Spec],
    options: CheckOptions,
    observer: Observer | None = None,
    locking: Locking | None = None,
) -> Audit:
    """Audit every claim that `options` select, with the proofs in `options.store`.

    With `options.evidence` of `checked` every proof is held to exact arithmetic, whatever it costs.
    `options.timeout` limits the check of one claim's proofs; what a spec says of its search does not.
    With `locking`, `nnspec.lock` has to say what the proofs do.
    """
    if options.store is None:
        raise InternalError("an audit needs a folder of proofs")
    started = time.monotonic()
    preparation, specs = prepare(paths, options)
    locks = Locks({}) if locking is None else locks_of(paths, specs, locking.file)
    tasks = [replace(task, timeout=options.timeout) for task in preparation.tasks]
    store = Store(options.store, keys=KEYS)
    one: Decide = partial(_one, options=replace(options, known=locks.lines()), store=store)
    reports, interrupted = sweep(tasks, one, Crew(options.jobs), observer or Silent())
    KEYS.forget()
    reports = with_verdicts(reports)
    diagnostics = (*preparation.problems, *locks.problems, *locks.contradictions(reports))
    named = {d.span.file for d in diagnostics if d.span is not None}
    report = Report(
        version=__version__,
        claims=reports,
        diagnostics=diagnostics,
        sources=tuple((file, text) for file, text in texts_of(preparation, specs).items() if file in named),
        interrupted=interrupted,
        seconds=time.monotonic() - started,
    )
    accepted = [r for r in reports if r.evidence is not None and _records(r)]
    return Audit(
        report,
        sum(map(_records, accepted)),
        sum(r.proof_bytes or 0 for r in accepted),
        sum(r.seconds for r in accepted),
    )


def _records(report: ClaimReport) -> int:
    """How many stored proofs and witnesses the report is made of."""
    ends = report.measurement.ends if report.measurement is not None else ()
    return sum(digest is not None for digest in (report.certificate, *(end.certificate for end in ends)))


def _one(
    task: Task, _listen: object, cores: Cores | None, options: CheckOptions, store: Store
) -> ClaimReport:
    """The report on `task`: whatever goes wrong on the way is never a proof."""
    started = time.monotonic()
    status, reason = Status.ERROR, ""
    if task.beyond is not None:
        return lift.undecided(task, Status.UNKNOWN, task.beyond)
    try:
        if task.counted is not None:
            return count(task, task.counted, options)
        if task.shared is not None:
            return share(task, task.shared, options)
        end = float("inf") if options.timeout is None else started + options.timeout
        key = meaning_of(task)
        report = replace(Shelf(store, options.evidence, end, cores).report(task)[0], key=key)
        lost = report.reason == NOTHING_STORED and key in options.known
        return replace(report, reason=_LOCKED_ALONE) if lost else report
    except TooManyCases as error:
        reason = str(error)
    except OutOfTime:
        status, reason = Status.UNKNOWN, "timeout: the check of the stored proof did not end in time"
    except MemoryError:
        status, reason = Status.UNKNOWN, "memory: the check of the stored proof takes more than there is"
    except Exception as error:  # noqa: BLE001 - one claim's crash must neither stop the others nor be lost
        reason = f"internal error, please report: {type(error).__name__}: {error}"
        if options.debug:
            reason += "\n" + traceback.format_exc()
    return lift.undecided(task, status, reason, time.monotonic() - started)
