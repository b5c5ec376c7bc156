"""The backend's face: what it takes, and its answers.

In: an obligation and a session.  Out: a proof case by case of the few phases that are open, each case closed
by an exact linear program's multipliers; or the point that such a program has found.  It takes what the
others find hard: regions without ends, and patterns that leave few neurons open, whose margin may be 0.
"""

from __future__ import annotations

import time
from typing import Final

from spec_lang._values import dataclass
from spec_lang.backends.base import Capabilities, Run, Session
from spec_lang.kernel.verdict import EvidenceKind
from spec_lang.obligations.model import LinearAtom, Obligation, Semantics, conjuncts
from spec_lang.obligations.outcome import Attestation, GaveUp, GaveUpReason, Outcome, Work

# Exact arithmetic: a program over more inputs, or forms of more elements, takes longer than other ways.
_MOST_INPUTS: Final = 100
_MOST_ELEMENTS: Final = 4_000
_MOST_BOXES: Final = 16
# Neurons whose phases are open, where boxes have ends, and where somewhere there is none.
_FEW_OPEN: Final = 6
_OPEN: Final = 16
# Conditions that hold at once where the obligation is broken: a pattern is of some, or a polytope of inputs.
_SEVERAL: Final = 2
# Of one condition in boxes nothing is known to be 0 at its border; it takes those that cost next to nothing.
_TINY_INPUTS: Final = 8
_TINY_OPEN: Final = 4


@dataclass(frozen=True, slots=True)
class CasesBackend:
    name: str = "cases"
    version: str = "0.1.0"
    summary: str = "an exact linear program for each case of the few phases that are open"
    capabilities: Capabilities = Capabilities(
        attacks=True,
        exact=True,
        unbounded=True,
        specialist=True,
        evidence=EvidenceKind.CHECKED,
        neurons=_MOST_ELEMENTS,  # those that know the claim's form come first
    )

    def availability(self) -> str | None:
        return None

    def supports(self, obligation: Obligation) -> str | None:
        graph, boxes = obligation.graph, obligation.region.boxes
        if obligation.semantics is not Semantics.REAL or graph.drifts or graph.smooth or graph.binary:
            return "the network is not one of affine maps and ReLUs"
        elements = sum(node.size for node in graph.nodes)
        if graph.input_size > _MOST_INPUTS or elements > _MOST_ELEMENTS or len(boxes) > _MOST_BOXES:
            return "there is too much for exact arithmetic"
        bounded = all(end is not None for box in boxes for side in (box.lower, box.upper) for end in side)
        together = (*obligation.region.constraints, *conjuncts(obligation.violation))
        alone = bounded and sum(isinstance(part, LinearAtom) for part in together) < _SEVERAL
        if alone and graph.input_size > _TINY_INPUTS:
            return "there is no pattern that leaves few phases open"
        # Whoever only asks what this takes does not wait for exact arithmetic.
        from spec_lang.backends.cases.phases import open_phases  # noqa: PLC0415

        found = open_phases(obligation)
        if found is None:
            return "the network is not one of affine maps and ReLUs"
        most = _TINY_OPEN if alone else _FEW_OPEN if bounded else _OPEN
        return None if found <= most else f"{found:,} phases are open, and it splits no more than {most}"

    def run(self, obligation: Obligation, session: Session) -> Run:
        from spec_lang.backends.cases.search import Search  # noqa: PLC0415 - as above
        from spec_lang.kernel.network import Unchecked  # noqa: PLC0415

        started = time.monotonic()
        stamp = Attestation(self.name, self.version, "linear programs, exact rationals")
        outcome: Outcome
        try:
            search = Search.of(obligation, session)
            outcome = search.decide(stamp)
        except Unchecked as problem:
            outcome = GaveUp(GaveUpReason.UNSUPPORTED, str(problem))
            return Run(outcome, Work(time.monotonic() - started))
        units = (("programs", search.programs),)
        return Run(outcome, Work(time.monotonic() - started, units))
