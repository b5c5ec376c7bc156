"""Which threshold a measure tries next, by what was proved and refuted so far.

In: what was made of the thresholds before, and how near the ends are to come.  Out: the next one, or None
where more would not help.  All is exact and deterministic.  Numbers are turned so that a claim of a threshold
holds from the number that is looked for on: what is refuted lies below it, what is proved is not below it.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from spec_lang._values import dataclass
from spec_lang.semantics.model import Precision

_ZERO: Final = Fraction(0)
# The part of the precision that the last step uses: ends are rounded to few digits within the rest.
_WANTED: Final = Fraction(9, 10)
_APART: Final = 16  # ends of one sign whose ratio is greater are halved in the number of their digits
_MOST_TRIES: Final = 200
_GROWTH: Final = 8
_RETRIES: Final = 2
_MUCH: Final = 4  # one part of so many of what is left is much
_NOTHING: Final = Fraction(1, 2**40)  # of the first gap: what is nearer to 0 is not told from it


@dataclass(frozen=True, slots=True)
class Try:
    """A threshold.  `probe`: a first look is enough, for what it says of bounds.  `patience`: how often the
    search was stuck before, and so what an attempt is worth."""

    threshold: Fraction
    probe: bool = False
    patience: int = 0


@dataclass(slots=True)
class Thresholds:
    """The state of the search for one number.

    `reached` is the greatest threshold that was refuted, or the value of the point that did; `proved` the
    least that was proved; `stuck` one between them that nobody decided.  `interval` is where they may lie.
    """

    precision: Precision
    interval: tuple[Fraction, Fraction] | None = None
    reached: Fraction | None = None
    proved: Fraction | None = None
    stuck: Fraction | None = None
    hint: Fraction | None = None  # what bounds say at once, in floats
    hopeless: bool = False  # what is stuck is so for another reason than time or work
    _probed: bool = False
    _last: Fraction | None = None  # threshold
    _aimed: bool = False  # whether that was as near to the best point as is wanted
    _gain: Fraction = _ZERO  # by how much the last point was better than its threshold
    _misses: int = 0  # when it was not, and the point no better than that
    _since: int = 0  # how many thresholds ago
    _grown: int = 0
    _retries: int = 0
    _tries: int = 0
    _widest: Fraction | None = None

    @property
    def done(self) -> bool:
        """Whether the ends are as near to each other as they are to be."""
        if self.proved is None or self.reached is None:
            return False
        return self.proved - self.reached <= self.tolerance()

    @property
    def settled(self) -> bool:
        """Whether nothing is left to be tried, or the interval ends where the number would be."""
        if self.interval is not None:
            at_once = self.proved is not None and self.proved <= self.interval[0]
            if at_once or (self.reached is not None and self.reached >= self.interval[1]):
                return True
        return self.done

    def tolerance(self) -> Fraction:
        """How far apart the ends may be, by what they are now."""
        ends = (abs(end) for end in (self.reached, self.proved) if end is not None)
        return self.precision.width * (max(ends, default=_ZERO) if self.precision.relative else 1)

    # -- what came of a threshold ----------------------------------------------------------------------

    def prove(self, threshold: Fraction) -> None:
        self.proved = threshold if self.proved is None else min(self.proved, threshold)
        self._forget_stuck()

    def reach(self, value: Fraction) -> None:
        self.reached = value if self.reached is None else max(self.reached, value)
        self._learn(value)
        self._probed = False
        self.hint = None
        self._forget_stuck()

    def leave_open(self, tried: Try, bound: float | None, *, hopeless: bool) -> None:
        """`bound` is how much higher the threshold would have to be, less than 0, as far as is known."""
        if bound is not None and bound < 0:
            self.hint = tried.threshold - Fraction(bound)
        if not tried.probe:
            self.hopeless = self.hopeless or hopeless
            self.stuck = tried.threshold if self.stuck is None else max(self.stuck, tried.threshold)

    def _learn(self, value: Fraction) -> None:
        """A point much better than the threshold may be the best there is; one that is not, seldom is."""
        far = self.interval[1] if self.proved is None and self.interval is not None else self.proved
        gain = _ZERO if self._last is None else value - self._last
        self._gain = gain
        if far is None or _MUCH * gain >= far - value:
            self._misses = 0
        elif self._aimed:
            self._misses = 1 if gain > self._wanted(value) else self._misses + 1

    def _wanted(self, reached: Fraction) -> Fraction:
        """How far above the best point a threshold is to be."""
        return _WANTED * self.precision.width * (abs(reached) if self.precision.relative else 1)

    def _forget_stuck(self) -> None:
        """What lies between the ends no more is decided."""
        if self.stuck is not None:
            below = self.reached is not None and self.reached >= self.stuck
            above = self.proved is not None and self.proved <= self.stuck
            self.stuck = None if below or above else self.stuck

    # -- what to try -----------------------------------------------------------------------------------

    def next(self) -> Try | None:
        """The next threshold."""
        self._tries += 1
        self._aimed = False
        if self.settled or self._tries > _MOST_TRIES:
            return None
        attempt = self._following()
        self._last = None if attempt is None else attempt.threshold
        self._since = 0 if self._aimed else self._since + 1
        return attempt

    def _following(self) -> Try | None:
        if self.interval is not None:
            return self._within(self.interval)
        if self.reached is None or self.proved is None:
            return self._outward()
        return self._between(self.reached, self.proved)

    def _within(self, interval: tuple[Fraction, Fraction]) -> Try | None:
        """First the end where the claim asks the most: there all may be over, and the point that refutes it
        may be the best there is.  Then next to that point; the other end only where this does not prove."""
        low, high = interval
        if self.reached is None and self.stuck is None:
            return Try(low)
        if self.proved is None:
            if self.reached is not None and self.stuck is None and self._misses == 0:
                beside = self._between(self.reached, high)
                if beside is not None:
                    return beside
            if self.stuck is None or self.stuck < high:
                return Try(high)
        reached = low if self.reached is None else self.reached
        return None if self.proved is None else self._between(reached, self.proved)

    def _outward(self) -> Try | None:
        """Until there is an end on either side."""
        if self.reached is None and self.proved is None:
            if self.stuck is None:
                return Try(_ZERO)
            self._grown += 1
            return None if self._grown > 1 else Try(-(Fraction(_GROWTH) ** 8))
        if self.proved is None and self.reached is not None:
            if self.hint is not None and (self.stuck is None or self.hint > self.stuck):
                # What bounding shows at once, and a little more, since the proof is rounded.
                above = self.hint + max(abs(self.hint), self.hint - self.reached) / 2**20
                return Try(short_between(above, above + (above - self.reached) / 50))
            if not self._probed:
                self._probed = True
                return Try(self.reached + (abs(self.reached) or 1), probe=True)
        known = self.reached if self.reached is not None else self.proved
        if known is None or self.hopeless or self._grown >= 2 * _GROWTH:
            return None
        step = max(abs(known), Fraction(1)) * _GROWTH**self._grown
        self._grown += 1
        return Try(known + step if self.proved is None else known - step)

    def _between(self, reached: Fraction, proved: Fraction) -> Try | None:
        gap = proved - reached
        self._widest = self._widest or gap
        if reached == 0 and gap <= self._widest * _NOTHING:
            return None
        goal = reached + self._wanted(reached)
        base = reached if self.stuck is None else self.stuck
        if self.stuck is None and goal == reached:
            return Try(reached)  # of 0 no share is anything: only the number itself will do
        if self.stuck is not None and proved - base <= gap / 4:
            return self._again(reached, proved)
        middle = (base + proved) / 2
        if base > 0 and proved > _APART * base:
            middle = _geometric(base, proved)
        if self.stuck is None and (goal >= middle or self._since >= self._misses):
            middle, self._aimed = goal, True  # what is wanted, at once
        elif self.stuck is None and self._gain > goal - reached:
            middle = min(middle, reached + _MUCH * self._gain)  # as the last point was better
        if middle >= proved:
            return None
        room = proved - middle
        if self._aimed:
            room = min(room, goal - reached)  # and not past what is wanted
        return Try(short_between(middle, middle + room / 20), patience=self._retries)

    def _again(self, reached: Fraction, proved: Fraction) -> Try | None:
        """Once more where it was stuck, with more to spend."""
        if self.hopeless or self._retries >= _RETRIES:
            return None
        self._retries += 1
        self.stuck = None
        middle = (reached + proved) / 2
        return Try(short_between(middle, middle + (proved - middle) / 20), patience=self._retries)


def short_between(low: Fraction, high: Fraction) -> Fraction:
    """The decimal of the fewest digits from `low` to `high`, which is not less."""
    unit = Fraction(1)
    while unit < max(abs(low), abs(high)):
        unit *= 10
    while high > low:
        found = -(-low // unit) * unit
        if found <= high:
            return found
        unit /= 10
    return low


def _geometric(low: Fraction, high: Fraction) -> Fraction:
    """About the geometric mean of two positive numbers, between them."""
    found = low
    while found * found * 4 <= low * high:
        found *= 2
    return found
