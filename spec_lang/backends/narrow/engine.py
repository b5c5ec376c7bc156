"""The backend's face: where it finds a waist, and the rounds that decide the obligation there.

In: an obligation and a session.  Out: a proof of what the network does from its waist on, together with how
far the region reaches there; or a point of the region that is led to a counterexample there.
"""

from __future__ import annotations

import time

from spec_lang._values import dataclass
from spec_lang.backends.base import Capabilities, Run, Session
from spec_lang.kernel.verdict import EvidenceKind
from spec_lang.obligations.model import Obligation
from spec_lang.obligations.narrow_layers import narrowest
from spec_lang.obligations.outcome import Attestation, GaveUp, GaveUpReason, Work


@dataclass(frozen=True, slots=True)
class NarrowBackend:
    name: str = "narrow"
    version: str = "0.1.0"
    summary: str = "the few numbers that a narrow layer makes of many inputs, and what follows of them"
    capabilities: Capabilities = Capabilities(attacks=True, specialist=True, evidence=EvidenceKind.CHECKED)

    def availability(self) -> str | None:
        return None

    def supports(self, obligation: Obligation) -> str | None:
        found = narrowest(obligation)
        return (
            "no layer makes a few numbers of all inputs, on which all else depends" if found is None else None
        )

    def run(self, obligation: Obligation, session: Session) -> Run:
        # Whoever only asks what this takes does not wait for the searches.
        from spec_lang.backends._lp.model import Unfit  # noqa: PLC0415
        from spec_lang.backends.narrow.rounds import Rounds  # noqa: PLC0415
        from spec_lang.kernel.network import Unchecked  # noqa: PLC0415

        started = time.monotonic()
        waist = narrowest(obligation)
        if waist is None:
            return Run(GaveUp(GaveUpReason.UNSUPPORTED, "no layer is narrow"), Work())
        stamp = Attestation(self.name, self.version, "bounds behind a narrow layer, outward-rounded float64")
        try:
            rounds = Rounds(obligation, waist.value, session)
            outcome = rounds.decide(stamp)
        except (Unchecked, Unfit) as problem:
            return Run(GaveUp(GaveUpReason.UNSUPPORTED, str(problem)), Work(time.monotonic() - started))
        return Run(outcome, Work(time.monotonic() - started, tuple(sorted(rounds.units.items()))))
