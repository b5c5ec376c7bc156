"""Remembers the course of a search, for a report that draws it.

In: the events of a claim.  Out: the same events for whoever listens, and a `Course` of few moments.  However
many events there are, at most twice as many are kept as are shown: every second one is dropped when they are
too many, and the latest always counts.
"""

from __future__ import annotations

import math
import time
from dataclasses import field
from typing import Final, TypeVar

from spec_lang._values import dataclass
from spec_lang.backends.base import Progress
from spec_lang.engine.options import Checking, CheckOptions, Listener, Narrowed
from spec_lang.reporters._numbers import as_float
from spec_lang.reporters._pictures import Course, Ends, Moment
from spec_lang.reporters.model import ClaimReport, End

_SHOWN: Final = 64
_Item = TypeVar("_Item")


@dataclass(slots=True)
class Recorder:
    """Listens for `listen`.  Places are seconds, or with a budget sub-problems, which are the same on every
    machine; a search begins anew where fewer are done than before."""

    listen: Listener
    options: CheckOptions
    started: float = field(default_factory=time.monotonic)
    _moments: list[Moment] = field(default_factory=list)
    _ends: list[Ends] = field(default_factory=list)
    _search: int = 0
    _before: int = 0  # sub-problems of the searches before this one
    _latest: Progress | None = None
    _seen: int = 0
    _stride: int = 1

    def __call__(self, event: Progress | Checking | Narrowed) -> None:
        """One event."""
        if isinstance(event, Narrowed):
            self._narrowed(event.report)
        elif not isinstance(event, Checking):
            self._moved(event)
        self.listen(event)

    def course(self) -> Course | None:
        """What was heard; None where that is nothing."""
        self._append(last=True)
        if not self._moments and not self._ends:
            return None
        unit = "s" if self.options.budget is None else "sub-problems"
        return Course(unit, _thinned(self._moments), _thinned(self._ends))

    def _at(self) -> float:
        if self.options.budget is None:
            return round(time.monotonic() - self.started, 3)
        return float(self._before + (0 if self._latest is None else self._latest.done))

    def _moved(self, event: Progress) -> None:
        if self._latest is not None and event.done < self._latest.done:
            self._append(last=True)
            self._before += self._latest.done
            self._search += 1
        self._latest = event
        self._append()

    def _append(self, *, last: bool = False) -> None:
        """The latest event, if it is its turn."""
        latest = self._latest
        if latest is None or (not last and self._seen % self._stride):
            self._seen += 1
            return
        self._seen += 1
        bound = None if latest.bound is None or not math.isfinite(latest.bound) else float(latest.bound)
        moment = Moment(self._at(), self._search, latest.done, latest.open, bound)
        if self._moments and (self._moments[-1].search, self._moments[-1].done) == (
            moment.search,
            moment.done,
        ):
            return
        self._moments.append(moment)
        if len(self._moments) >= 2 * _SHOWN:
            self._moments = self._moments[::2]
            self._stride *= 2

    def _narrowed(self, report: ClaimReport) -> None:
        if report.measurement is None:
            return
        at = self._at()
        self._ends += [
            Ends(at, number, _value(bracket.lower), _value(bracket.upper))
            for number, bracket in enumerate(report.measurement.brackets)
        ]
        if len(self._ends) >= 8 * _SHOWN:
            del self._ends[1 : 4 * _SHOWN]


def _value(end: End | None) -> float | None:
    return None if end is None else as_float(end.value)


def _thinned(items: list[_Item]) -> tuple[_Item, ...]:
    """At most so many, the first and the last among them."""
    if len(items) <= _SHOWN:
        return tuple(items)
    return tuple(items[round(k * (len(items) - 1) / (_SHOWN - 1))] for k in range(_SHOWN))
