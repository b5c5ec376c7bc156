"""The kernel's checks of proofs during one claim: each good proof once, and within a time of their own.

In: obligations and the proofs that backends hand over.  Out: the kernel's `Examined` objects; the good ones
are remembered for the verdict.  Checking comes on top of the claim's time limit, at most as long again.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from spec_lang._companions import Cores, together
from spec_lang.kernel.mended import Closed
from spec_lang.kernel.proof import Examined, OutOfTime, Walked, examine, examine_mended, examined_by_parts
from spec_lang.kernel.shares import Share
from spec_lang.obligations.certificate import Flaw, Proof
from spec_lang.obligations.model import Obligation
from spec_lang.obligations.outcome import Certificate

# A check costs no more than the search did; a search of a second is given this much nevertheless.
_LEAST = 30.0
OUT_OF_TIME = "the time for checking the proof has run out"


def allowance(timeout: float | None) -> float:
    """The seconds that the checks of a claim may take together."""
    return float("inf") if timeout is None else max(_LEAST, timeout)


class Checks:
    """`announce` hears that a check begins.  `seconds` is what they have taken so far."""

    def __init__(
        self,
        timeout: float | None,
        announce: Callable[[], None],
        *,
        exact: bool,
        cores: Cores | None = None,
    ) -> None:
        self.seconds = 0.0
        self._spread = shared_by(cores)
        self._allowed = allowance(timeout)
        self._announce = announce
        self._exact = exact
        self._accepted: list[Examined] = []  # a proof with a flaw is not kept: it may be large
        self._closed: Closed | None = None  # what is sound of the last one with a flaw, which may be mended

    def __call__(self, obligation: Obligation, proof: Certificate) -> Examined:
        """What the kernel says of `proof`; of one that it has accepted it is not asked again.

        Raises `OutOfTime`.
        """
        for known in self._accepted:
            if known.obligation is obligation and known.proof is proof:
                return known
        by_parts = examined_by_parts(obligation, proof, self._accepted)
        found = self._examine(obligation, proof) if by_parts is None else by_parts
        if found.evidence is not None:
            self._accepted.append(found)
        self._closed = found.closed
        return found

    def within(self, seconds: float, obligation: Obligation, proof: Certificate) -> Examined:
        """The same in so many seconds at most.  Raises `OutOfTime`."""
        allowed = self._allowed
        self._allowed = min(allowed, self.seconds + seconds)
        try:
            return self(obligation, proof)
        finally:
            self._allowed = allowed

    def know(self, examined: Examined) -> None:
        """That the kernel has accepted a proof, somewhere else in this run."""
        self._accepted.append(examined)

    def flaws(self, obligation: Obligation) -> Callable[[Certificate], Flaw | None]:
        """The check as a backend is handed it: never raises."""

        def check(proof: Certificate) -> Flaw | None:
            try:
                return self(obligation, proof).flaw
            except OutOfTime:
                return Flaw(OUT_OF_TIME)

        return check

    def forget(self) -> None:
        """The proofs, which may be large; the seconds stay counted."""
        self._accepted.clear()
        self._closed = None

    @property
    def examined(self) -> tuple[Examined, ...]:
        """The proofs that the kernel has accepted."""
        return tuple(self._accepted)

    def _examine(self, obligation: Obligation, proof: Certificate) -> Examined:
        self._announce()
        started = time.monotonic()
        end = started + self._allowed - self.seconds
        try:
            found = self._by_kernel(obligation, proof, end, exact=self._exact)
            if self._exact and found.evidence is None:
                # A proof that is weaker than was asked for is told from one that is none.
                found = self._by_kernel(obligation, proof, end, exact=False)
            return found
        finally:
            self.seconds += time.monotonic() - started

    def _by_kernel(self, obligation: Obligation, proof: Certificate, end: float, *, exact: bool) -> Examined:
        def expired() -> bool:
            return time.monotonic() > end

        closed = self._closed
        if closed is not None and closed.obligation is obligation and isinstance(proof, Proof):
            return examine_mended(closed, proof, exact=exact, expired=expired, spread=self._spread)
        return examine(obligation, proof, exact=exact, expired=expired, spread=self._spread)


def shared_by(cores: Cores | None) -> Callable[[Callable[[Share], Walked]], list[Walked]]:
    """Does every share of a check, in as many processes as there are cores to spare."""

    def spread(walk: Callable[[Share], Walked]) -> list[Walked]:
        return together(cores, walk, lambda count: [Share(number, count) for number in range(count)])

    return spread
