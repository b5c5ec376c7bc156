"""The backend's face: what it takes, and how it looks for weights that break a claim.

In: an obligation about networks whose weights may be off, and a session.  Out: a point together with what
every weight is off by, which the kernel has confirmed, or that none was found, which proves nothing.
"""

from __future__ import annotations

import time
from typing import Final

from spec_lang._values import dataclass
from spec_lang.backends.base import Capabilities, Run, Session
from spec_lang.bounding.program import unsupported
from spec_lang.obligations.model import Obligation
from spec_lang.obligations.outcome import GaveUp, GaveUpReason, Work

_MOST_WEIGHTS: Final = 2**20  # each of them is a rational in a counterexample


@dataclass(frozen=True, slots=True)
class DriftBackend:
    name: str = "drift"
    version: str = "0.1.0"
    summary: str = "projected gradients over points and weights, for networks that break the claim"
    capabilities: Capabilities = Capabilities(proves=False, attacks=True, specialist=True)

    def availability(self) -> str | None:
        return None

    def supports(self, obligation: Obligation) -> str | None:
        if not obligation.graph.drifts:
            return "the claim is not about networks whose weights may change"
        weights = obligation.graph.weights
        count = sum(one.numbers.size for one in weights or ())
        if not count or count > _MOST_WEIGHTS:
            few = "no stored matrix or kernel has numbers that it could change"
            return few if not count else f"{count:,} weights are more than it changes: {_MOST_WEIGHTS:,}"
        if any(None in side for box in obligation.region.boxes for side in (box.lower, box.upper)):
            return "the region is unbounded"
        return unsupported(obligation.graph, obligation.semantics)

    def run(self, obligation: Obligation, session: Session) -> Run:
        # Whoever only asks what this takes does not wait for the search.
        from spec_lang.backends.drift.search import Search  # noqa: PLC0415
        from spec_lang.bounding.rows import MAX_CONJUNCTIONS, TooManyDisjuncts  # noqa: PLC0415

        started = time.monotonic()
        try:
            search = Search.of(obligation, session)
        except TooManyDisjuncts:
            detail = f"the negated claim has more than {MAX_CONJUNCTIONS} alternatives"
            return Run(GaveUp(GaveUpReason.UNSUPPORTED, detail), Work())
        outcome = search.run()
        return Run(outcome, Work(time.monotonic() - started, (("networks", search.units),)))
