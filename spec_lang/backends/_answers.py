"""Who answers a question that a backend puts in place of its own.

In: an obligation.  Out: the backend that reaches furthest of those with proofs that the kernel checks, or why
there is none.  Nobody is named: what backends are good for is read from what they declare.
"""

from __future__ import annotations

from spec_lang import _registry, backends
from spec_lang.backends.base import Backend
from spec_lang.kernel.verdict import EvidenceKind
from spec_lang.obligations.model import Obligation


def who_answers(obligation: Obligation) -> tuple[Backend | None, str | None]:
    """The backend, or the reason."""
    known: tuple[Backend, ...] = _registry.discover(backends, "BACKEND", Backend)  # type: ignore[type-abstract]
    able: list[Backend] = []
    reason = "no backend decides questions that another asks"
    for backend in known:
        can = backend.capabilities
        if not can.proves or can.specialist or can.evidence is EvidenceKind.TRUSTED:
            continue
        obstacle = backend.availability() or backend.supports(obligation)
        if obstacle is None:
            able.append(backend)
        else:
            reason = obstacle
    if not able:
        return None, reason
    return max(able, key=lambda one: (one.capabilities.neurons is None, one.capabilities.neurons or 0)), None
