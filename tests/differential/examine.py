"""What every backend, and then the kernel, says of an obligation whose truth is known.

In: an obligation, a counterexample or None, a backend and limits.  Out: an `Answer`, with every way in which
it is wrong: a false proof or refutation, an exception, a false verdict, a proof that fits a false claim.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final
from unittest.mock import patch

from spec_lang.backends.base import Backend, Budget, Point, Session
from spec_lang.kernel import proof as proofs
from spec_lang.kernel.judge import judge
from spec_lang.kernel.verdict import Status
from spec_lang.kernel.witness import WitnessChecker
from spec_lang.obligations.certificate import Flaw
from spec_lang.obligations.differential import differential
from spec_lang.obligations.model import (
    All,
    Any,
    Axis,
    Condition,
    Frame,
    Goal,
    LinearAtom,
    Obligation,
    Semantics,
)
from spec_lang.obligations.outcome import Certificate, GaveUp, Outcome, Proved, Refuted
from tests.backends.enumeration import Enumeration
from tests.backends.oracle import violates

CLOSER = [Fraction(0), *(Fraction(1, 2**k) for k in (80, 60, 50, 40, 30, 24, 16, 10, 5, 1)), Fraction(4)]


_SLOW: Final = "it takes too long to check"


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one run: seconds, units of work, bytes."""

    seconds: float = 2.0
    work: int | None = 3000
    memory: int = 1 << 30


@dataclass(frozen=True, slots=True)
class Answer:
    """`word` is `proved`, `refuted`, `not taken`, `raised`, or why it gave up; `evidence` is the verdict's.
    `wrong` lists what must not be; `rejected` is why the kernel refuses a proof of what is true."""

    backend: str
    word: str
    seconds: float
    evidence: str | None = None
    wrong: tuple[str, ...] = ()
    rejected: str | None = None

    @property
    def decided(self) -> bool:
        """Whether `check` says `proved` or `refuted` by it."""
        return self.evidence is not None


def answer(backend: Backend, obligation: Obligation, witness: Point | None, limits: Limits) -> Answer:
    """The answer of `backend` on `obligation`, which `witness` breaks; nothing does where it is None."""
    started = time.perf_counter()
    obstacle = backend.supports(differential(obligation))
    if obstacle is not None:
        return Answer(backend.name, "not taken", 0.0)
    try:
        run = backend.run(differential(obligation), session(obligation, limits))
    except Exception as error:  # noqa: BLE001 - whatever it raises is what we look for
        seconds = time.perf_counter() - started
        return Answer(backend.name, "raised", seconds, wrong=(f"raised {type(error).__name__}: {error}",))
    seconds = time.perf_counter() - started
    outcome: object = getattr(run, "outcome", None)
    if not isinstance(outcome, Outcome):
        return Answer(backend.name, "raised", seconds, wrong=(f"answered with {run!r}",))
    return _held_against(outcome, backend.name, obligation, witness, seconds)


def session(obligation: Obligation, limits: Limits) -> Session:
    """What the engine hands a backend: the kernel's replay and its check of proofs."""
    checker = WitnessChecker(obligation)
    deadline = time.monotonic() + limits.seconds
    return Session(
        Budget(deadline, limits.work, limits.memory),
        lambda point: checker(obligation.completed(point)) is not None,
        lambda _progress: None,
        lambda proof: _flaw(obligation, proof),
    )


def accepted(obligation: Obligation, proof: Certificate) -> list[str]:
    """Which of the kernel's two checks take the proof."""
    found = [] if _flaw(obligation, proof, exact=True) else ["exact"]
    with patch.object(proofs, "EXACT_PRODUCTS", -1):
        return found if _flaw(obligation, proof) else [*found, "rounded"]


def _flaw(obligation: Obligation, proof: Certificate, exact: bool = False) -> Flaw | None:
    """What is wrong with the proof; also that it cannot be checked within a second."""
    end = time.monotonic() + 1.0
    try:
        return proofs.examine(obligation, proof, exact=exact, expired=lambda: time.monotonic() > end).flaw
    except proofs.OutOfTime:
        return Flaw(_SLOW)


def goal_of(obligation: Obligation) -> Goal:
    inputs = tuple(Axis(f"x{i}") for i in range(obligation.graph.input_size))
    outputs = tuple(Axis(f"y{j}") for j in range(obligation.graph.output_size))
    return Goal("c", None, (obligation,), Frame("f", "x", inputs, outputs))


def _held_against(
    outcome: Outcome, backend: str, obligation: Obligation, witness: Point | None, seconds: float
) -> Answer:
    wrong: list[str] = []
    rejected = None
    word = "proved"
    match outcome:
        case Proved(proof=proof):
            if witness is not None:
                wrong.append("proved what is false")
            if proof is not None:
                flaw = _flaw(obligation, proof)
                rejected = None if flaw is None else flaw.problem
                if witness is None:
                    wrong.extend(_passes_for_a_false_claim(obligation, proof))
                else:
                    wrong.extend(
                        f"the {check} check takes a false proof" for check in accepted(obligation, proof)
                    )
        case Refuted(point):
            word = "refuted"
            outcome = Refuted(obligation.completed(point))
            if obligation.semantics is Semantics.REAL and not violates(obligation, outcome.point):
                wrong.append("refuted by a point that breaks nothing")
        case GaveUp(reason=reason, detail=detail):
            word = reason.value
            if not detail:
                wrong.append("gave up without a word why")
    verdict = judge(goal_of(obligation), (outcome,))
    if verdict.status is Status.PROVED and witness is not None:
        wrong.append("verdict `proved` of what is false")
    if verdict.status is Status.REFUTED and witness is None:
        wrong.append("verdict `refuted` of what is true")
    decided = verdict.status in (Status.PROVED, Status.REFUTED) and verdict.evidence is not None
    evidence = verdict.evidence.kind.value if decided and verdict.evidence is not None else None
    return Answer(backend, word, seconds, evidence, tuple(wrong), rejected)


def _passes_for_a_false_claim(obligation: Obligation, proof: Certificate) -> Iterator[str]:
    """The kernel must not take the proof for the nearest claim that is false."""
    enumeration = Enumeration(obligation.graph, obligation.region)
    for share in CLOSER:
        other = replace(obligation, violation=loosened(obligation.violation, share))
        if enumeration.counterexample(other.violation) is not None:
            for check in accepted(other, proof):
                yield f"the {check} check takes the proof for a false claim, moved by {float(share):.3g}"
            return


def loosened(condition: Condition, share: Fraction) -> Condition:
    """The condition with closed atoms whose thresholds are moved by a share of their size: easier to meet."""
    match condition:
        case LinearAtom(constant=constant):
            size = abs(constant) or Fraction(1)
            return replace(condition, constant=constant - share * size, strict=False)
        case All(parts):
            return All(tuple(loosened(part, share) for part in parts))
        case Any(parts):
            return Any(tuple(loosened(part, share) for part in parts))
