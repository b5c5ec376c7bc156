"""The backend's face: what it takes, and which of its searches an obligation gets."""

from __future__ import annotations

import time
from dataclasses import replace

from spec_lang._values import dataclass
from spec_lang.backends.base import Capabilities, Run, Session
from spec_lang.bounding.program import unsupported
from spec_lang.kernel.verdict import EvidenceKind
from spec_lang.obligations.expansion import Expansion, about_two_points
from spec_lang.obligations.model import Obligation
from spec_lang.obligations.outcome import Attestation, GaveUp, GaveUpReason, Work


@dataclass(frozen=True, slots=True)
class PairsBackend:
    name: str = "pairs"
    version: str = "0.1.0"
    summary: str = "folds, degrees and pairs of cells, for a function at two points"
    capabilities: Capabilities = Capabilities(attacks=True, specialist=True, evidence=EvidenceKind.CHECKED)

    def availability(self) -> str | None:
        return None

    def supports(self, obligation: Obligation) -> str | None:
        asked = about_two_points(obligation)
        if asked is None:
            return "the claim is not about two points of one function: that they differ, or lie apart"
        found = asked.pair if isinstance(asked, Expansion) else asked
        if not found.free:
            return "no input may differ between the two points"
        if found.graph.smooth:
            return f"{found.graph.smooth[0].tensor.name}: a smooth function has no pieces"
        return unsupported(found.graph)

    def run(self, obligation: Obligation, session: Session) -> Run:
        # Whoever only asks what this takes does not wait for the searches.
        from spec_lang.backends.pairs.by_cells import by_cells, walked  # noqa: PLC0415
        from spec_lang.backends.pairs.decide import Planar, is_planar  # noqa: PLC0415
        from spec_lang.backends.pairs.nearing import spreading  # noqa: PLC0415
        from spec_lang.kernel.rounding import fault as rounding_fault  # noqa: PLC0415

        found = about_two_points(obligation)
        if found is None:
            return Run(GaveUp(GaveUpReason.UNSUPPORTED, "it is not about two points"), Work())
        if (fault := rounding_fault()) is not None:
            return Run(GaveUp(GaveUpReason.NUMERICAL, fault), Work())
        if isinstance(found, Expansion):
            return walked(spreading(found, obligation, session), session, self._stamp("pairs of cells"))
        started, done = time.monotonic(), 0
        if is_planar(found):
            stamp = self._stamp("folds and degrees")
            planar = Planar(found, obligation, session, stamp)
            outcome = planar.decide()
            done = planar.done
            if outcome is not None:
                return Run(outcome, Work(time.monotonic() - started, (("cells", done),)))
        work = session.budget.work
        budget = replace(session.budget, work=None if work is None else max(work - done, 0))
        later = replace(session, budget=budget)
        rest = by_cells(found, obligation, later, self._stamp("pairs of cells"))
        units = dict(rest.work.units)
        if done:
            units["cells"] = units.get("cells", 0) + done
        return Run(rest.outcome, Work(time.monotonic() - started, tuple(units.items())))

    def _stamp(self, method: str) -> Attestation:
        return Attestation(self.name, self.version, f"{method}, float64")
