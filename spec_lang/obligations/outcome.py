"""What a backend may say of an obligation.  A hint, until the kernel has judged it."""

from __future__ import annotations

from fractions import Fraction

from spec_lang._values import dataclass
from spec_lang.obligations.cut_certificate import Certificate
from spec_lang.obligations.denotation import GaveUpReason

__all__ = [
    "Attestation",
    "Certificate",
    "GaveUp",
    "GaveUpReason",
    "Outcome",
    "Proved",
    "Refuted",
    "Work",
]


@dataclass(frozen=True, slots=True)
class Attestation:
    """A backend's own word that it has closed every part of an obligation.

    Without a proof beside it the kernel labels it `trusted(backend version)`.  `method` says how the result
    was rounded, so that a reader knows what exactly is trusted.
    """

    backend: str
    version: str
    method: str


@dataclass(frozen=True, slots=True)
class Proved:
    """Nothing violates the obligation: by `proof`, which the kernel checks, or by the backend's mere word."""

    attestation: Attestation
    proof: Certificate | None = None


@dataclass(frozen=True, slots=True)
class Refuted:
    """A point of the region, network space, exact, that is said to make the violation true."""

    point: tuple[Fraction, ...]


@dataclass(frozen=True, slots=True)
class GaveUp:
    """No answer.  `detail` is for the user; `bound` the tightest proved lower bound on the violation
    (the claim holds once it is positive), where there is one."""

    reason: GaveUpReason
    detail: str
    bound: float | None = None


Outcome = Proved | Refuted | GaveUp


@dataclass(frozen=True, slots=True)
class Work:
    """What an attempt cost: seconds of wall time, and deterministic units by name (`boxes`, `nodes`)."""

    seconds: float = 0.0
    units: tuple[tuple[str, int], ...] = ()

    @property
    def spent(self) -> int:
        """All units together: what counts against a budget."""
        return sum(count for _, count in self.units)
