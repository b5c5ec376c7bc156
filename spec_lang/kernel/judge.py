"""The one place that makes verdicts.

In: a goal and what backends said of its obligations, in order; outcomes may be missing at the end.  Out: a
`Verdict`.  A backend's word is a hint: a counterexample counts once the kernel has evaluated it in exact
rationals, a proof is labelled by the weakest thing that vouches for it, and all else is `unknown`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from spec_lang.diagnostics import InternalError
from spec_lang.kernel.farkas import flaw_in_emptiness
from spec_lang.kernel.proof import Examined, examine
from spec_lang.kernel.verdict import Evidence, EvidenceKind, Status, Verdict, Witness
from spec_lang.kernel.witness import check_witness
from spec_lang.obligations.model import All, Condition, EmptyRegion, Goal, LinearAtom, Obligation
from spec_lang.obligations.outcome import GaveUp, GaveUpReason, Outcome, Proved, Refuted

_CHECKED = Evidence(EvidenceKind.CHECKED)
_WEAKNESS = tuple(EvidenceKind)  # declared weakest last


def judge(
    goal: Goal,
    outcomes: Sequence[Outcome],
    *,
    examined: Sequence[Examined] = (),
    accept: EvidenceKind = EvidenceKind.TRUSTED,
) -> Verdict:
    """The verdict on `goal`.

    Of a goal that says `exists` the point is the proof, and that there is none refutes it.  Proofs that were
    examined before are not examined again.  A proof whose evidence is weaker than `accept` leaves the goal
    unknown.

    Raises `InternalError` for a goal that states nothing, and for more outcomes than obligations: neither
    may pass for a proof.
    """
    verdict = _judge_universal(goal, outcomes, examined)
    evidence = verdict.evidence
    if evidence is not None and _WEAKNESS.index(evidence.kind) > _WEAKNESS.index(accept):
        reason = f"unsupported: the proof is {evidence}, and {accept.value} evidence was asked for"
        return Verdict(Status.UNKNOWN, reason=reason, gave_up=GaveUpReason.UNSUPPORTED)
    return _existential(verdict) if goal.exists else verdict


def _existential(verdict: Verdict) -> Verdict:
    """What it means for `exists` that there is no such point, or that there is one."""
    match verdict.status:
        case Status.REFUTED:
            return replace(verdict, status=Status.PROVED)
        case Status.PROVED:
            return replace(verdict, status=Status.REFUTED, reason="there is no such point")
        case Status.VACUOUS:
            return replace(verdict, status=Status.REFUTED)
        case _:
            return verdict


def _judge_universal(goal: Goal, outcomes: Sequence[Outcome], examined: Sequence[Examined]) -> Verdict:
    if goal.conflict is not None:
        return _judge_empty(goal, goal.conflict)
    if not goal.obligations or len(outcomes) > len(goal.obligations):
        raise InternalError(f"{goal.claim}: {len(goal.obligations)} obligations, {len(outcomes)} outcomes")
    padded: list[Outcome | None] = [*outcomes, *([None] * (len(goal.obligations) - len(outcomes)))]
    results = tuple(
        _judge_one(goal, obligation, outcome, examined)
        for obligation, outcome in zip(goal.obligations, padded, strict=True)
    )
    for place, result in enumerate(results):
        if isinstance(result, Witness):
            return Verdict(Status.REFUTED, evidence=_CHECKED, witness=result, broken=place)
    open_ends = tuple(result for result in results if isinstance(result, GaveUp))
    if open_ends:
        return _unknown(open_ends, len(results))
    evidence = tuple(result for result in results if isinstance(result, Evidence))
    if len(evidence) != len(goal.obligations):
        raise InternalError(f"{goal.claim}: an obligation was left without a judgement")
    return Verdict(Status.PROVED, evidence=max(evidence, key=lambda e: _WEAKNESS.index(e.kind)))


def is_impossible(condition: Condition) -> bool:
    """Whether the form of `condition` alone makes it false for all values; sufficient, not necessary."""
    if isinstance(condition, LinearAtom):
        if condition.inputs or condition.outputs:
            return False
        return condition.constant > 0 or (condition.strict and condition.constant == 0)
    if isinstance(condition, All):
        return any(is_impossible(part) for part in condition.parts)
    return all(is_impossible(part) for part in condition.parts)


def _judge_one(
    goal: Goal, obligation: Obligation, outcome: Outcome | None, examined: Sequence[Examined]
) -> Evidence | Witness | GaveUp:
    if is_impossible(obligation.violation):
        return _CHECKED
    if outcome is None:
        return GaveUp(GaveUpReason.INTERRUPTED, "not tried")
    if isinstance(outcome, Proved):
        return _judge_proof(obligation, outcome, examined)
    if isinstance(outcome, Refuted):
        # Of a claim that says `exists` the point is the proof: one execution of several is none.
        witness = check_witness(obligation, outcome.point, every=goal.exists)
        if witness is not None:
            return witness
        detail = "the point that was found does not break the claim when it is evaluated exactly"
        return GaveUp(GaveUpReason.NUMERICAL, detail)
    return outcome


def _judge_proof(obligation: Obligation, outcome: Proved, examined: Sequence[Examined]) -> Evidence | GaveUp:
    """By the proof, where there is one: a backend's word does not mend a proof that is none."""
    stamp, proof = outcome.attestation, outcome.proof
    if proof is None:
        return Evidence(EvidenceKind.TRUSTED, f"{stamp.backend} {stamp.version}, {stamp.method}")
    known = (e for e in examined if e.obligation is obligation and e.proof is proof)
    result = next(known, None) or examine(obligation, proof)
    if result.evidence is not None:
        return result.evidence
    problem = result.flaw.problem if result.flaw is not None else "it is none"
    return GaveUp(GaveUpReason.NUMERICAL, f"the proof by {stamp.backend} was rejected: {problem}")


def _unknown(open_ends: tuple[GaveUp, ...], total: int) -> Verdict:
    first = open_ends[0]
    reason = f"{first.reason.value}: {first.detail}" if first.detail else first.reason.value
    if total > 1:
        reason += f" ({len(open_ends)} of {total} obligations open)"
    bounds = tuple(end.bound for end in open_ends if end.bound is not None)
    bound = min(bounds) if len(bounds) == len(open_ends) else None
    return Verdict(Status.UNKNOWN, reason=reason, gave_up=first.reason, bound=bound)


def _judge_empty(goal: Goal, conflict: EmptyRegion) -> Verdict:
    """Vacuous when every obligation's region comes with a proof that it is empty, in the same order."""
    evidence = (conflict, *conflict.others)
    flaw: str | None = "there is not one proof of it for every obligation"
    if len(evidence) == len(goal.obligations):
        flaws = (
            flaw_in_emptiness(one, obligation.region)
            for one, obligation in zip(evidence, goal.obligations, strict=True)
        )
        flaw = next((flaw for flaw in flaws if flaw is not None), None)
    if flaw is not None:
        reason = f"numerical: the region was said to be empty, but {flaw}"
        return Verdict(Status.UNKNOWN, reason=reason, gave_up=GaveUpReason.NUMERICAL)
    used = zip(conflict.rows, conflict.multipliers, strict=True)
    clauses = dict.fromkeys(row.source for row, multiplier in used if multiplier > 0 and row.source)
    clash = f": {' clashes with '.join(f'`{c}`' for c in clauses)}" if clauses else ""
    return Verdict(Status.VACUOUS, evidence=_CHECKED, reason=f"the region is empty{clash}")
