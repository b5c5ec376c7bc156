"""Verdicts, and the one place that makes them.

In: a goal and what backends said of its obligations.  Out: a `Verdict`.  A backend's word is a hint: a
counterexample counts once the kernel has evaluated it in exact rationals, and a proof is labelled by
what vouches for it.
"""

from __future__ import annotations

from enum import Enum
from fractions import Fraction
from typing import TYPE_CHECKING

from spec_lang._values import dataclass

if TYPE_CHECKING:
    from spec_lang.obligations.model import LinearAtom
    from spec_lang.obligations.outcome import GaveUpReason


class Status(Enum):
    PROVED = "proved"
    REFUTED = "refuted"
    UNKNOWN = "unknown"
    VACUOUS = "vacuous"
    ERROR = "error"


class EvidenceKind(Enum):
    """What vouches for a proof, weakest last."""

    CHECKED = "checked"  # the kernel, in exact arithmetic
    CHECKED_ROUNDED = "checked-rounded"  # the kernel, in outward-rounded floats
    TRUSTED = "trusted"  # a backend's own word


@dataclass(frozen=True, slots=True)
class Evidence:
    kind: EvidenceKind
    by: str | None = None  # who is trusted, and for what: "bounds 0.1.0, outward-rounded float64"

    def __str__(self) -> str:
        return self.kind.value if self.by is None else f"{self.kind.value}({self.by})"


def read_evidence(text: str) -> Evidence:
    """Evidence as `str` has written it, of a verdict that was made before.  Raises `ValueError`."""
    kind, bracket, by = text.partition("(")
    if bool(bracket) is not text.endswith(")"):
        raise ValueError(f"{text!r} is no evidence")
    return Evidence(EvidenceKind(kind), by[:-1] if bracket else None)


@dataclass(frozen=True, slots=True)
class Witness:
    """A counterexample that the kernel has replayed: exact input and output, network space, and the
    atoms of the violation that hold there (each the negation of a clause of the claim).

    Outputs of smooth networks are irrational: each is within `error` of what is said, and the atoms hold for
    all that may be.  Where weights may be off, `changes` says by how much each of them is, in the order of
    `Graph.weights`; without any they are as they are stored.
    """

    point: tuple[Fraction, ...]
    outputs: tuple[Fraction, ...]
    violated: tuple[LinearAtom, ...]
    error: Fraction = Fraction(0)
    changes: tuple[Fraction, ...] = ()

    @property
    def whole(self) -> tuple[Fraction, ...]:
        """What the kernel confirms as the witness: the point, and the changes of weights after it."""
        return (*self.point, *self.changes)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason` says why for `unknown` and `vacuous`; `bound` is the tightest proved bound on the
    violation that was reached; `broken` is the place of the obligation that `witness` breaks."""

    status: Status
    evidence: Evidence | None = None
    witness: Witness | None = None
    reason: str | None = None
    gave_up: GaveUpReason | None = None
    bound: float | None = None
    broken: int | None = None
