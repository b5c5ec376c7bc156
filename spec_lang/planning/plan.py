"""Which backends to try on an obligation, in which order, and why.

In: an obligation, the backends that there are, and the one that was asked for, if any.  Out: a `Plan` whose
every choice and refusal carries a reason in words.  Pure: no backend is run and nothing is remembered.
"""

from __future__ import annotations

from collections.abc import Sequence

from spec_lang._values import dataclass
from spec_lang.backends.base import Backend
from spec_lang.obligations.model import Obligation
from spec_lang.planning.features import features


@dataclass(frozen=True, slots=True)
class Attempt:
    """A backend, by name, and why it is tried."""

    backend: str
    reason: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A backend, by name, and why it is not tried."""

    backend: str
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """`attempts` in order; without any, the obligation stays open for the reasons in `refusals`."""

    attempts: tuple[Attempt, ...]
    refusals: tuple[Refusal, ...] = ()


def plan(obligation: Obligation, backends: Sequence[Backend], using: str | None = None) -> Plan:
    """The plan for `obligation`; with `using`, that backend or none."""
    attempts: list[Attempt] = []
    refusals: list[Refusal] = []
    summary = features(obligation).describe()
    for backend in backends:
        if using is not None and backend.name != using:
            refusals.append(Refusal(backend.name, f"`{using}` was asked for"))
            continue
        obstacle = backend.availability() or backend.supports(obligation)
        if obstacle is not None:
            refusals.append(Refusal(backend.name, obstacle))
            continue
        why = "it was asked for" if using is not None else backend.summary
        attempts.append(Attempt(backend.name, f"{why}; {summary}"))
    if using is not None and all(backend.name != using for backend in backends):
        refusals.append(Refusal(using, "there is no backend of this name"))
    return Plan(tuple(attempts), tuple(refusals))
