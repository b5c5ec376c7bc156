"""What the thresholds of a measure may spend: little each at first, more where the search is stuck.

In: the limits of a task, and what its attempts have cost.  Out: the limits of the next one.  Where a budget
is given all is counted in units of work, and no choice looks at a clock.
"""

from __future__ import annotations

import time
from typing import Final

from spec_lang._values import dataclass
from spec_lang.engine.settle import Limits, Settler
from spec_lang.engine.thresholds import Try
from spec_lang.obligations.outcome import GaveUpReason

# The part of what is left that an attempt may cost at most, by its patience, and its seconds where there is
# no limit.
PARTS: Final = (4, 2, 1)
_SECONDS: Final = (10.0, 60.0, None)
# The first attempts get no more than this part of all, or so many times what the dearest of those that have
# decided something has cost, or a second.
_FIRST: Final = 20
_DEARER: Final = 8
_LEAST: Final = 1.0


@dataclass(slots=True)
class Purse:
    """`exhausted` says why there was nothing left."""

    settler: Settler
    started: float
    exhausted: str | None = None
    _end: float | None = None  # moment, but for the checks of proofs
    _units: int | None = None  # that may have been spent in the end
    _whole: float = 0.0
    _dearest: float = 0.0
    _before: float = 0.0

    def share(self, sharers: int) -> None:
        """For the next of so many numbers."""
        timeout, budget = self.settler.task.timeout, self.settler.options.budget
        now, self._end, self._units = self._now(), None, None
        if timeout is not None:
            self._end = self.started + timeout
        if budget is not None:  # the clock is a safety then, and shares nothing out
            self._units = int(now) + max(0, budget - int(now)) // sharers
            self._whole = self._units - now
        elif self._end is not None:
            self._whole = max(0.0, self._end - now) / sharers
            self._end = now + self._whole
        self._dearest = 0.0

    def limits(self, attempt: Try) -> Limits | None:
        """Of the next attempt; None where nothing is left."""
        now, self._before = time.monotonic(), self._now()
        moment = None if self._end is None else self._end + self.settler.checks.seconds
        if moment is not None and moment <= now:
            self.exhausted = f"{GaveUpReason.TIMEOUT.value}: the time has run out"
            return None
        if self._units is not None:
            left = self._units - self.settler.log.spent
            if left <= 0:
                self.exhausted = f"{GaveUpReason.BUDGET.value}: the units of work are spent"
                return None
            return Limits(moment, 1 if attempt.probe else max(1, int(self._worth(left, attempt))))
        if attempt.probe:
            return Limits(moment, 1)
        if moment is None:
            seconds = _SECONDS[attempt.patience]
            return Limits(None if seconds is None else now + seconds)
        return Limits(now + self._worth(moment - now, attempt))

    def decided(self) -> None:
        """The last attempt has decided something."""
        self._dearest = max(self._dearest, self._now() - self._before)

    def _now(self) -> float:
        """What counts as spent: units of work, or seconds without those of checks."""
        if self.settler.options.budget is not None:
            return self.settler.log.spent
        return time.monotonic() - self.settler.checks.seconds

    def _worth(self, left: float, attempt: Try) -> float:
        most = left / PARTS[attempt.patience]
        if attempt.patience:
            return most
        return min(most, max(self._whole / _FIRST, _DEARER * self._dearest, _LEAST))
