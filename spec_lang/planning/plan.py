"""Which backends to try on an obligation, in which order, for how long, and why.

In: an obligation, the backends that there are, and what the caller wants.  Out: a `Plan` whose every choice
and refusal carries a reason in words.  Pure: no backend is run and nothing is remembered; what backends are
good for is read from what they declare (see docs/decisions/0011-planner-and-portfolio.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from spec_lang._values import dataclass
from spec_lang.backends.base import Backend, Capabilities
from spec_lang.kernel.verdict import EvidenceKind
from spec_lang.obligations.model import Obligation
from spec_lang.obligations.outcome import GaveUp, GaveUpReason
from spec_lang.planning.features import Features, features

# What random points find, they find at once: the share of an attack before a proof, and its seconds at most.
_ATTACK_SHARE: Final = 0.1
_ATTACK_SECONDS: Final = 1.0
# The share of an attack that is made for the obligation; it ends by itself when it has tried enough.
_MADE_ATTACK_SHARE: Final = 0.3
# The share of the backend that reaches furthest, where somebody comes after it, and the same where an
# equation makes it likely that rounding stops it.
_MAIN_SHARE: Final = 0.7
_TIED_SHARE: Final = 0.3
# The share of who is made for the obligation, where others come after it.
_SPECIALIST_SHARE: Final = 0.8
# Who is exact is kept for what rounding stops, but on networks so much smaller than the largest that it is
# worth the time for: there it may be quicker as well.
_WELL_WITHIN: Final = 10
# Whose relaxations know nothing of what networks side by side have in common is kept for so few neurons.
_FEW_SIDE_BY_SIDE: Final = 200
# What counts as the whole of the time where there is no limit, before the main one goes on without.
_PATIENCE: Final = 600.0
_STRENGTH: Final = tuple(EvidenceKind)  # strongest first


@dataclass(frozen=True, slots=True)
class Wishes:
    """`using`: this backend or none.  `accept`: the weakest evidence that counts as a proof.  `seconds`: all
    that may be spent; None for no limit.  `units`: the same of work, which is shared out instead of
    time where it is given."""

    using: str | None = None
    accept: EvidenceKind = EvidenceKind.TRUSTED
    seconds: float | None = None
    units: int | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """A backend, by name, why it is tried, and the seconds or the units of work that it gets; None without a
    limit, 0 for what the others leave.  `exact` as it declares it."""

    backend: str
    reason: str
    seconds: float | None = None
    exact: bool = False
    units: int | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A backend, by name, and why it is not tried."""

    backend: str
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """`attempts` in order; without any, the obligation stays open for the reasons in `refusals`.  `about` is
    what the choice was made by."""

    about: Features
    attempts: tuple[Attempt, ...]
    refusals: tuple[Refusal, ...] = ()

    def after(self, tried: Attempt, outcome: GaveUp) -> Plan:
        """What is left to try once `tried` has given up so.

        What rounding has stopped, who computes exactly may decide, and goes first.  Who gave up for another
        reason than the time would do so again.  What hangs on a choice at a kink nobody decides.
        """
        if outcome.reason is GaveUpReason.KINK:
            return replace(self, attempts=())
        rest = [attempt for attempt in self.attempts if attempt is not tried]
        if outcome.reason is not GaveUpReason.TIMEOUT:
            rest = [attempt for attempt in rest if attempt.backend != tried.backend]
        if outcome.reason is GaveUpReason.NUMERICAL:
            rest.sort(key=lambda attempt: not attempt.exact)
        return replace(self, attempts=tuple(rest))


def units_for(attempts: Sequence[Attempt], left: int) -> int:
    """What the first of `attempts` gets of the units of work that are `left`; in integers, so that it is the
    same everywhere."""
    mine, *later = (attempt.units or 0 for attempt in attempts)
    return left * mine // (mine + sum(later)) if any(later) else left


def seconds_for(attempts: Sequence[Attempt], left: float) -> float:
    """What the first of `attempts` gets of the seconds that are `left`: its share, or all of it where
    nobody after it has one."""
    first, *others = attempts
    if left == float("inf"):
        return first.seconds or left
    later = sum(attempt.seconds or 0.0 for attempt in others)
    mine = first.seconds or 0.0
    return left * mine / (mine + later) if later else left


@dataclass(frozen=True, slots=True)
class _Candidate:
    backend: Backend
    can: Capabilities


def plan(obligation: Obligation, backends: Sequence[Backend], wishes: Wishes | None = None) -> Plan:
    """The plan for `obligation`; with `using`, that backend or none."""
    wishes = Wishes() if wishes is None else wishes
    able, refusals = _able(obligation, backends, wishes)
    about = features(obligation)
    if wishes.using is not None:
        if all(backend.name != wishes.using for backend in backends):
            refusals.append(Refusal(wishes.using, "there is no backend of this name"))
        why = "it was asked for: "
        asked = (_attempt(c, why + c.backend.summary, wishes.seconds, wishes.units) for c in able)
        return Plan(about, tuple(asked), tuple(refusals))
    provers, unfit = _fit([c for c in able if c.can.proves], about)
    provers.sort(key=lambda one: (one.can.specialist, _reach(one)), reverse=True)
    attackers, idle = _attackers([c for c in able if not c.can.proves], provers)
    refusals += [*unfit, *idle]
    attempts = _attempts(attackers, provers, about, wishes)
    return Plan(about, attempts, tuple(refusals))


def _able(
    obligation: Obligation, backends: Sequence[Backend], wishes: Wishes
) -> tuple[list[_Candidate], list[Refusal]]:
    """Those that run here, take the obligation, and whose answer would count."""
    able: list[_Candidate] = []
    refusals: list[Refusal] = []
    for backend in backends:
        can = backend.capabilities
        if wishes.using is not None and backend.name != wishes.using:
            obstacle: str | None = f"`{wishes.using}` was asked for"
        elif obligation.semantics not in can.semantics:
            known = " or ".join(semantics.value for semantics in can.semantics)
            obstacle = f"it decides in {known} arithmetic, the claim is about {obligation.semantics.value}"
        elif wishes.using is None and can.proves and _weaker(can.evidence, wishes.accept):
            obstacle = f"its proofs are {can.evidence.value}, and `{wishes.accept.value}` was asked for"
        else:
            obstacle = backend.availability() or backend.supports(obligation)
        if obstacle is None:
            able.append(_Candidate(backend, can))
        else:
            refusals.append(Refusal(backend.name, obstacle))
    return able, refusals


def _weaker(evidence: EvidenceKind, accepted: EvidenceKind) -> bool:
    return _STRENGTH.index(evidence) > _STRENGTH.index(accepted)


def _fit(provers: list[_Candidate], about: Features) -> tuple[list[_Candidate], list[Refusal]]:
    """Those that are worth the time on a network of this size; all of them where none is."""
    unfit = [c for c in provers if c.can.neurons is not None and c.can.neurons < about.neurons]
    if len(unfit) == len(provers):
        return provers, []
    why = "{:,} neurons are too many for it: it is worth the time up to {:,}"
    reasons = [Refusal(c.backend.name, why.format(about.neurons, c.can.neurons)) for c in unfit]
    return [c for c in provers if c not in unfit], reasons


def _reach(candidate: _Candidate) -> float:
    """How large a network it is good for."""
    return float("inf") if candidate.can.neurons is None else candidate.can.neurons


def _attackers(
    attackers: list[_Candidate], provers: list[_Candidate]
) -> tuple[list[_Candidate], list[Refusal]]:
    """Those alone that are made for this where the first that proves starts with an attack of its own."""
    if not provers or not provers[0].can.attacks:
        return attackers, []
    reason = f"`{provers[0].backend.name}` looks for counterexamples first by itself"
    made_for_it = [one for one in attackers if one.can.specialist]
    return made_for_it, [Refusal(c.backend.name, reason) for c in attackers if c not in made_for_it]


def _attempt(one: _Candidate, why: str, seconds: float | None, units: int | None) -> Attempt:
    return Attempt(one.backend.name, why, seconds, one.can.exact, units)


@dataclass(frozen=True, slots=True)
class _Share:
    """A candidate, its part of the time (0 for what the others leave), and why it is tried."""

    candidate: _Candidate
    part: float
    why: str


def _attempts(
    attackers: list[_Candidate], provers: list[_Candidate], about: Features, wishes: Wishes
) -> tuple[Attempt, ...]:
    """Attacks, then who is made for this, who reaches furthest, and others for what that leaves open."""
    whole = _PATIENCE if wishes.seconds is None else wishes.seconds
    brief = _ATTACK_SHARE
    if wishes.units is None and whole:
        brief = min(_ATTACK_SHARE, _ATTACK_SECONDS / whole)
    parts = [_MADE_ATTACK_SHARE if one.can.specialist else brief for one in attackers]
    parts = parts if provers else [1.0 / max(1, len(attackers))] * len(attackers)
    why = "a counterexample may be cheap to find"
    shares = [_Share(one, part, why) for one, part in zip(attackers, parts, strict=True)]
    left = 1.0 - sum(parts)
    made_for_it = [one for one in provers if one.can.specialist]
    general = provers[len(made_for_it) :]
    if made_for_it:
        part = left * _SPECIALIST_SHARE if general else left
        shares += [_Share(one, part / len(made_for_it), "it is made for this") for one in made_for_it]
        left -= part
    shares += _provers(general, about, left, made_for_it)
    again = [one for one in attackers if one.can.specialist and provers]
    shares += [_Share(one, 0.0, "once more, for as long as the others leave") for one in again]
    attempts = []
    for share in shares:
        why = f"{share.why}: {share.candidate.backend.summary}"
        if wishes.units is None:
            attempts.append(_attempt(share.candidate, why, whole * share.part, None))
        else:
            attempts.append(_attempt(share.candidate, why, wishes.seconds, int(wishes.units * share.part)))
    if wishes.seconds is None and wishes.units is None and attempts:
        for main in (*made_for_it, *general[:1]):
            attempts = _without_limit(attempts, main.backend.name)
        if not provers:
            attempts = _without_limit(attempts, attempts[0].backend)
    return tuple(attempts)


def _provers(
    provers: list[_Candidate], about: Features, whole: float, before: list[_Candidate]
) -> list[_Share]:
    """How the provers share `whole`, after those `before`; those that are hardly fit for this get what the
    others leave."""
    if not provers:
        return []
    main, *others = provers
    sharers = [one for one in others if _only_if_time_is_left(one, main, about) is None]
    tied = about.ties > 0 and any(one.can.exact for one in sharers)
    part = 1.0 if not sharers else _TIED_SHARE if tied else _MAIN_SHARE
    later = sorted(others, key=lambda one: one not in sharers)
    why = "it reaches furthest" if others else "it takes this"
    if before:
        why = f"for what `{before[0].backend.name}` leaves open, {why}"
    return [
        _Share(main, whole * part, why),
        *(
            _Share(one, whole * (1 - part) / len(sharers) if one in sharers else 0.0, _why(one, main, about))
            for one in later
        ),
    ]


def _only_if_time_is_left(one: _Candidate, main: _Candidate, about: Features) -> str | None:
    """Why `one` gets no share of its own, or None."""
    if about.inputs < one.can.inputs:
        return f"it pays from {one.can.inputs:,} inputs on"
    if about.networks > 1 and about.neurons > _FEW_SIDE_BY_SIDE:
        return f"{about.neurons:,} neurons of {about.networks} networks make it slow"
    if not one.can.exact or main.can.exact or about.ties or one.can.neurons is None:
        return None
    # A gate has no phase of its own, but what an exact solver computes in fractions grows with it.
    size = about.neurons + about.gates
    what = "neurons and gates" if about.gates else "neurons"
    return None if size * _WELL_WITHIN <= one.can.neurons else f"{size:,} {what} make it slow"


def _why(one: _Candidate, main: _Candidate, about: Features) -> str:
    """When it comes to `one`, and what it has that the main one lacks."""
    why = f"for what `{main.backend.name}` leaves open"
    if one.can.exact and not main.can.exact:
        why += ", exactly where rounding decides nothing"
    doubt = _only_if_time_is_left(one, main, about)
    return why if doubt is None else f"{why}, if there is time ({doubt})"


def _without_limit(attempts: list[Attempt], main: str) -> list[Attempt]:
    """The main one goes on without a limit: at once, or when the others have had their shares."""
    if not any(attempt.seconds for attempt in attempts if attempt.backend != main):
        return [replace(a, seconds=None) if a.backend == main else a for a in attempts]
    first = next(attempt for attempt in attempts if attempt.backend == main)
    again = first.reason.replace(first.reason.split(":")[0], "once more, without a limit", 1)
    return [*attempts, replace(first, seconds=None, reason=again)]
