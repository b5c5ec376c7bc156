"""What is known of tasks that are at work, for whoever has to say so when they are ended.

In: the events of tasks.  Out: the same events for the observer, and in the end reports in which no proved end
of a measure is lost.
"""

from __future__ import annotations

from dataclasses import field, replace
from threading import Event
from typing import Final

from spec_lang._values import dataclass
from spec_lang.backends.base import Progress
from spec_lang.engine import lift
from spec_lang.engine.options import Narrowed, Observer
from spec_lang.engine.task import Task
from spec_lang.kernel.verdict import Status
from spec_lang.reporters.model import ClaimReport

_LOOK_EVERY: Final = 0.2  # seconds


@dataclass(slots=True)
class SoFar:
    """Passes on what is heard of tasks at work, and keeps what is known already of those that measure.
    `cancel` is set by whoever does not want the rest."""

    observer: Observer
    cancel: Event | None = None
    _known: dict[str, ClaimReport] = field(default_factory=dict)

    def look(self) -> None:
        """Raises `KeyboardInterrupt` once somebody has cancelled the run."""
        if self.cancel is not None and self.cancel.is_set():
            raise KeyboardInterrupt

    def patience(self, seconds: float | None) -> float | None:
        """For how long to wait for something that takes so many seconds at most, until the next `look`."""
        if self.cancel is None:
            return seconds
        return _LOOK_EVERY if seconds is None else min(seconds, _LOOK_EVERY)

    def hear(self, task: Task, event: Progress | Narrowed) -> None:
        self.look()
        if isinstance(event, Narrowed):
            self._known[task.id] = event.report
            self.observer.narrowed(event.report)
        else:
            self.observer.progress(task.id, event)

    def completed(self, task: Task, report: ClaimReport) -> ClaimReport:
        """The report of a task that has come to its end, with what was known before of one that failed."""
        known = self._known.get(task.id)
        if known is None or report.measurement is not None or report.status is not Status.ERROR:
            return report
        return replace(report, measurement=known.measurement)

    def ended(self, task: Task, status: Status, reason: str, seconds: float = 0.0) -> ClaimReport:
        """The report of a task that was ended: what is known of it, if anything, else nothing."""
        known = self._known.get(task.id)
        if known is None or status is not Status.UNKNOWN:
            return self.completed(task, lift.undecided(task, status, reason, seconds))
        if known.status is not Status.UNKNOWN:
            return known  # it was done, and about to say so
        return replace(known, reason=reason, seconds=max(known.seconds, seconds))
