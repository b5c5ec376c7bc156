"""An obligation that begins with what settled another one of the same form, about other weights.

In: an obligation, and a stored outcome that nobody believes.  Out: an outcome that the kernel has accepted
for this very obligation, or None: then it is decided as if nothing were stored.  A counterexample is tried,
and what is near it; a proof is held to the new weights, and a search goes on from the leaves that stay open.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Final

from spec_lang._values import dataclass
from spec_lang.backends.base import Backend, Budget, Earlier, Run
from spec_lang.engine.checking import OUT_OF_TIME
from spec_lang.engine.portfolio import Portfolio
from spec_lang.kernel.proof import OutOfTime
from spec_lang.obligations.certificate import Proof
from spec_lang.obligations.outcome import GaveUp, GaveUpReason, Outcome, Proved, Refuted, Work

BY_PROOF: Final = "earlier proof"
BY_POINT: Final = "earlier counterexample"
# Of the time of an obligation, for the check and for the search each; seconds where there is no limit.
SHARE: Final = 0.1
WITHOUT_LIMIT: Final = 30.0
# Nodes of a proof whose check takes longer than a first look for counterexamples.
MANY_NODES: Final = 500


@dataclass(frozen=True, slots=True)
class _Tried:
    """What came of it, by what units of work, and what a reader is told."""

    outcome: Outcome
    why: str
    units: tuple[tuple[str, int], ...] = ()


def begin(portfolio: Portfolio, earlier: Outcome, deadline: float | None) -> Outcome | None:
    """The outcome, if a share of the time until `deadline` is enough."""
    started = time.monotonic()
    seconds = WITHOUT_LIMIT if deadline is None else SHARE * max(0.0, deadline - started)
    if isinstance(earlier, Refuted) and portfolio.terms.using is None:
        tried = _by_point(portfolio, earlier, seconds)
    elif isinstance(earlier, Proved) and portfolio.terms.using in (None, earlier.attestation.backend):
        tried = _by_proof(portfolio, earlier, seconds)
    else:
        return None
    name = BY_POINT if isinstance(earlier, Refuted) else BY_PROOF
    log = portfolio.terms.log
    decider = log.decider
    seconds = time.monotonic() - started
    log.add(name, tried.why, tried.outcome, Run(tried.outcome, Work(seconds, tried.units)), seconds)
    if isinstance(tried.outcome, GaveUp):
        log.decider = decider
        return None
    if isinstance(tried.outcome, Proved):
        log.decider = _told(portfolio, tried.outcome.attestation.backend) or name
    return tried.outcome


def _told(portfolio: Portfolio, backend: str) -> str | None:
    """A name that a record has, if somebody has it."""
    return next((known.name for known in portfolio.terms.backends if known.name == backend), None)


def _by_point(portfolio: Portfolio, earlier: Refuted, seconds: float) -> _Tried:
    if portfolio.confirm(earlier.point):
        point = portfolio.obligation.completed(earlier.point)
        return _Tried(Refuted(point), "the counterexample of an earlier network is one here")
    why = "the counterexample of an earlier network is none here"
    return _on(portfolio, Earlier(earlier), seconds, f"{why}: an attack begins with it")


def _by_proof(portfolio: Portfolio, earlier: Proved, seconds: float) -> _Tried:
    proof = earlier.proof
    if not isinstance(proof, Proof) or proof.nodes < MANY_NODES:
        return _by_check(portfolio, earlier, seconds)
    looked = _on(
        portfolio, Earlier(earlier), seconds, "a counterexample was sooner found than a proof checked"
    )
    if isinstance(looked.outcome, Refuted):
        return looked
    checked = _by_check(portfolio, earlier, seconds)
    return replace(checked, units=(*looked.units, *checked.units))


def _by_check(portfolio: Portfolio, earlier: Proved, seconds: float) -> _Tried:
    proof = earlier.proof
    if proof is None:
        return _Tried(GaveUp(GaveUpReason.UNSUPPORTED, "there is no earlier proof"), "there is none")
    try:
        examined = portfolio.terms.checks.within(seconds, portfolio.obligation, proof)
    except OutOfTime:
        return _Tried(GaveUp(GaveUpReason.TIMEOUT, OUT_OF_TIME), "the proof of an earlier network")
    if examined.flaw is None:
        why = f"the proof of an earlier network holds here, all {proof.nodes:,} nodes"
        return _Tried(portfolio.accepted(earlier), why)
    unclosed = examined.flaw.unclosed
    if not isinstance(proof, Proof) or not unclosed:
        why = "the proof of an earlier network is none here"
        return _Tried(GaveUp(GaveUpReason.UNSUPPORTED, examined.flaw.problem), why)
    leaves = _leaves(proof)
    why = (
        f"of the proof of an earlier network {leaves - len(unclosed):,} of {leaves:,} leaves are closed here"
    )
    return _on(portfolio, Earlier(earlier, unclosed), seconds, why)


def _on(portfolio: Portfolio, earlier: Earlier, seconds: float, why: str) -> _Tried:
    """What the backend says that can go on from there."""
    backend = _resuming(portfolio)
    if backend is None:
        return _Tried(GaveUp(GaveUpReason.UNSUPPORTED, "no backend goes on from there"), why)
    budget = Budget(time.monotonic() + seconds, memory=portfolio.terms.memory)
    run, outcome = portfolio.ask(backend, budget, earlier)
    return _Tried(outcome, why, run.work.units)


def _resuming(portfolio: Portfolio) -> Backend | None:
    for backend in portfolio.terms.backends:
        wanted = portfolio.terms.using in (None, backend.name) and backend.capabilities.resumes
        if wanted and backend.availability() is None and backend.supports(portfolio.seen) is None:
            return backend
    return None


def _leaves(proof: Proof) -> int:
    """Of cuts, and of trees of phases."""
    cuts = sum(int((part.axis == -1).sum()) for part in proof.parts)
    trees = (tree for part in proof.parts for phases in part.phases for tree in phases.trees)
    squares = sum(len(phases.squares) for part in proof.parts for phases in part.phases)
    return cuts + squares + sum(len(tree.multipliers) for tree in trees)
