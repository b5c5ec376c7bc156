"""Backends that do what they are told to, for tests of what the engine makes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from spec_lang.backends.base import Capabilities, Run, Session
from spec_lang.obligations.model import Obligation
from spec_lang.obligations.outcome import Attestation, GaveUp, GaveUpReason, Proved, Work

Behaviour = Callable[[Obligation, Session], Run]
PROVED = Run(Proved(Attestation("fake", "1", "by fiat")), Work(0.0, (("boxes", 3),)))
FOR_ALL = Capabilities(attacks=True)


@dataclass(frozen=True)
class Fake:
    """A backend that does what it is told to."""

    behaviour: Behaviour
    name: str = "fake"
    capabilities: Capabilities = FOR_ALL
    version: str = "1"
    summary: str = "a fake"

    def availability(self) -> str | None:
        return None

    def supports(self, obligation: Obligation) -> str | None:
        return None if obligation.region.boxes else "no box"

    def run(self, obligation: Obligation, session: Session) -> Run:
        return self.behaviour(obligation, session)


def giving_up(reason: GaveUpReason, detail: str = "", bound: float | None = None) -> Behaviour:
    """What gives up at once."""
    return lambda _obligation, _session: Run(GaveUp(reason, detail, bound), Work())


def threshold(obligation: Obligation) -> Fraction:
    """What tells the claims of `tests.engine.specs.FAMILY` apart: 100 + i."""
    violation = obligation.violation
    assert not hasattr(violation, "parts")
    return violation.constant
