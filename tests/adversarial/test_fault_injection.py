"""A backend that misbehaves costs its own claim at most: never `proved` or `refuted`, and no other claim."""

from __future__ import annotations

import faulthandler
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spec_lang.backends.base import Budget, Capabilities, Run, Session
from spec_lang.backends.bounds import BACKEND as BOUNDS
from spec_lang.diagnostics import InternalError
from spec_lang.engine import CheckOptions, check, decide
from spec_lang.kernel.judge import judge
from spec_lang.kernel.verdict import EvidenceKind, Status
from spec_lang.obligations.certificate import BoxProof, Proof
from spec_lang.obligations.model import LinearAtom, Obligation
from spec_lang.obligations.outcome import Attestation, GaveUp, GaveUpReason, Proved, Refuted, Work
from spec_lang.reporters.model import Report
from tests.adversarial.fooling import above, line
from tests.adversarial.ways import Way, box, each_way
from tests.differential.examine import Limits, goal_of, session
from tests.engine.specs import write

Behaviour = Callable[[Obligation, Session], Any]
NAN, INFINITY = float("nan"), float("inf")
OPTIONS = CheckOptions(timeout=20.0)
WRONG_ALONE = replace(OPTIONS, claims=("wrong",))
ORDINARY = Capabilities()
STAMP = Attestation("faulty", "1", "by fiat")
# f(a, b).p lies between 0.1 and 6.5 on the unit square: false, true, true.
CLAIMS = (
    "claim wrong: forall x in f.domain: f(x).p <= 3\n",
    "claim right: forall x in f.domain: f(x).p <= 1000\n",
    "claim also: forall x in f.domain: f(x).p >= -1000\n",
)


@dataclass(frozen=True)
class Faulty:
    """Takes the obligations with a small threshold alone, and does what it is told to."""

    behaviour: Behaviour
    name: str = "faulty"
    version: str = "1"
    summary: str = "misbehaves"
    capabilities: Capabilities = ORDINARY

    def availability(self) -> str | None:
        return None

    def supports(self, obligation: Obligation) -> str | None:
        violation = obligation.violation
        assert isinstance(violation, LinearAtom)
        return None if abs(violation.constant) < 100 else "it has no part in this"

    def run(self, obligation: Obligation, session: Session) -> Run:
        return self.behaviour(obligation, session)  # type: ignore[no-any-return]


def raises(error: BaseException) -> Behaviour:
    def behaviour(_obligation: Obligation, _session: Session) -> object:
        raise error

    return behaviour


def says(outcome: object) -> Behaviour:
    return lambda _obligation, _session: Run(outcome, Work())  # type: ignore[arg-type]


def proof_of_something_else(obligation: Obligation, session: Session) -> object:
    """The proof of a weaker claim about the same network."""
    violation = obligation.violation
    assert isinstance(violation, LinearAtom)
    weaker = replace(obligation, violation=replace(violation, constant=violation.constant + 100))
    found = BOUNDS.run(weaker, replace(session, examine=None)).outcome
    assert isinstance(found, Proved)
    assert found.proof is not None
    return Run(found, Work())


def proof_without_parts(_obligation: Obligation, _session: Session) -> object:
    return Run(Proved(STAMP, Proof(())), Work())


def proof_of(axis: object, cut: object, weights: object) -> Behaviour:
    part = BoxProof(0, np.asarray(axis), np.asarray(cut), np.asarray(weights))
    return says(Proved(STAMP, Proof((part,))))


NO_WEIGHTS = np.zeros((1, 0), dtype=np.uint8)
LYING = {
    "raises": raises(RuntimeError("boom")),
    "breaks its own invariant": raises(InternalError("boom")),
    "recurses": raises(RecursionError()),
    "runs out of memory": raises(MemoryError()),
    "divides by zero": raises(ZeroDivisionError()),
    "stops iterating": raises(StopIteration()),
    "says nothing": lambda _obligation, _session: None,
    "says a word": lambda _obligation, _session: "proved",
    "says a type": lambda _obligation, _session: Proved,
    "forgets the run around it": lambda _obligation, _session: Proved(STAMP),
    "has a word for an outcome": says("proved"),
    "has nothing for an outcome": says(None),
    "has a truth value for an outcome": says(True),
    "has a proof that is none": says(Proved(STAMP, "trust me")),  # type: ignore[arg-type]
    "has a list for a proof": says(Proved(STAMP, [])),  # type: ignore[arg-type]
    "has nobody's word": says(Proved(None, Proof(()))),  # type: ignore[arg-type]
    "proves nothing": proof_without_parts,
    "proves something else": proof_of_something_else,
    "closes by decree": proof_of(np.array([-1], np.int32), np.zeros(0), NO_WEIGHTS),
    "has a tree of words": proof_of(np.array(["closed"]), np.zeros(0), NO_WEIGHTS),
    "has a tree without end": proof_of(np.zeros(50, np.int32), np.full(50, 0.5), NO_WEIGHTS),
    "cuts nowhere": proof_of(np.array([0, -1, -1], np.int32), np.array([NAN]), np.zeros((3, 0), np.uint8)),
    "cuts an input that is not there": proof_of(
        np.array([9, -1, -1], np.int32), np.array([0.5]), np.zeros((3, 0), np.uint8)
    ),
    "has no point": says(Refuted(())),
    "has a point of one element": says(Refuted((Fraction(1),))),
    "has a point of three elements": says(Refuted((Fraction(1),) * 3)),
    "has a point that is no number": says(Refuted((NAN, NAN))),  # type: ignore[arg-type]
    "has a point at infinity": says(Refuted((INFINITY, 0.0))),  # type: ignore[arg-type]
    "has a point of words": says(Refuted(("a", "b"))),  # type: ignore[arg-type]
    "has a point that is nothing": says(Refuted(None)),  # type: ignore[arg-type]
    "has a point of nothing": says(Refuted((None, None))),  # type: ignore[arg-type]
    "has a point outside": says(Refuted((Fraction(10), Fraction(10)))),
    "has a point that breaks nothing": says(Refuted((Fraction(0), Fraction(0)))),
    "gives up for no reason": says(GaveUp(None, "")),  # type: ignore[arg-type]
    "gives up with a strange bound": says(GaveUp(GaveUpReason.TIMEOUT, "late", NAN)),
}
each_lie = pytest.mark.parametrize("name", LYING)


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    return write(tmp_path, *CLAIMS)


def report(
    spec: Path, behaviour: Behaviour, monkeypatch: pytest.MonkeyPatch, options: CheckOptions = OPTIONS
) -> Report:
    monkeypatch.setattr(decide, "installed_backends", lambda: (Faulty(behaviour), Careful()))
    return check([spec], options)


@dataclass(frozen=True)
class Careful:
    """The bounds engine, for what the faulty one does not take."""

    name: str = "careful"
    version: str = BOUNDS.version
    summary: str = BOUNDS.summary
    capabilities: Capabilities = ORDINARY

    def availability(self) -> str | None:
        return None

    def supports(self, obligation: Obligation) -> str | None:
        return "somebody else takes it" if Faulty(says(None)).supports(obligation) is None else None

    def run(self, obligation: Obligation, session: Session) -> Run:
        return BOUNDS.run(obligation, session)


def statuses(found: Report) -> dict[str, Status]:
    return {claim.name: claim.status for claim in found.claims}


@each_lie
def test_a_fault_decides_nothing_and_costs_nobody_else(
    name: str, spec: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = statuses(report(spec, LYING[name], monkeypatch))
    assert found["wrong"] in (Status.UNKNOWN, Status.ERROR)
    assert found["right"] is found["also"] is Status.PROVED


@each_lie
def test_nor_does_it_in_worker_processes(name: str, spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = statuses(report(spec, LYING[name], monkeypatch, replace(OPTIONS, jobs=2)))
    assert found["wrong"] in (Status.UNKNOWN, Status.ERROR)
    assert found["right"] is found["also"] is Status.PROVED


def test_a_mere_word_is_trusted_and_never_checked(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    claim = report(spec, says(Proved(STAMP)), monkeypatch, WRONG_ALONE).claims[0]
    assert claim.evidence is not None
    assert claim.evidence.kind is EvidenceKind.TRUSTED
    for kind in (EvidenceKind.CHECKED, EvidenceKind.CHECKED_ROUNDED):
        asked = report(spec, says(Proved(STAMP)), monkeypatch, replace(WRONG_ALONE, evidence=kind))
        assert statuses(asked) == {"wrong": Status.UNKNOWN}


def exits(_obligation: Obligation, _session: Session) -> object:
    raise SystemExit(0)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_backend_that_ends_the_program_does_not_pass_for_success(
    jobs: int, spec: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = statuses(report(spec, exits, monkeypatch, replace(OPTIONS, jobs=jobs)))
    assert found == {"wrong": Status.ERROR, "right": Status.PROVED, "also": Status.PROVED}


def crash() -> None:
    faulthandler.disable()  # or pytest's would fill the log with this process's stack
    os.kill(os.getpid(), signal.SIGSEGV)


DEATHS: dict[str, Callable[[], object]] = {
    "killed": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "terminated": lambda: os.kill(os.getpid(), signal.SIGTERM),
    "a bad address": crash,
    "gone without a word": lambda: os._exit(0),
}


@pytest.mark.parametrize("name", DEATHS)
def test_a_worker_that_dies_costs_its_own_claim(
    name: str, spec: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def behaviour(_obligation: Obligation, _session: Session) -> object:
        DEATHS[name]()
        return None

    found = statuses(report(spec, behaviour, monkeypatch, replace(OPTIONS, jobs=2)))
    assert found == {"wrong": Status.ERROR, "right": Status.PROVED, "also": Status.PROVED}


# -- limits --------------------------------------------------------------------------------------------

OBLIGATIONS = {
    Status.PROVED: Obligation(line(2.0), box((Fraction(0), Fraction(1))), above(Fraction(3))),
    Status.REFUTED: Obligation(line(2.0), box((Fraction(0), Fraction(1))), above(Fraction(1))),
}


def within(way: Way, obligation: Obligation, budget: Budget) -> Status:
    """What this way says within the budget, as the kernel sees it."""
    if way.supports(obligation) is not None:
        return Status.UNKNOWN
    limited = replace(session(obligation, Limits()), budget=budget)
    return judge(goal_of(obligation), (way.run(obligation, limited).outcome,)).status


@each_way
@pytest.mark.parametrize("truth", OBLIGATIONS)
@pytest.mark.parametrize("late", [0.0, 1.0, 1e6])
def test_a_deadline_that_has_passed_decides_nothing_wrongly(way: Way, truth: Status, late: float) -> None:
    budget = Budget(time.monotonic() - late)
    assert within(way, OBLIGATIONS[truth], budget) in (truth, Status.UNKNOWN)


@each_way
@pytest.mark.parametrize("truth", OBLIGATIONS)
@pytest.mark.parametrize("work", [0, 1])
def test_no_work_at_all_decides_nothing_wrongly(way: Way, truth: Status, work: int) -> None:
    budget = Budget(time.monotonic() + 5.0, work)
    assert within(way, OBLIGATIONS[truth], budget) in (truth, Status.UNKNOWN)


@each_way
@pytest.mark.parametrize("truth", OBLIGATIONS)
@pytest.mark.parametrize("memory", [1, 1 << 20])
def test_hardly_any_memory_decides_nothing_wrongly(way: Way, truth: Status, memory: int) -> None:
    budget = Budget(time.monotonic() + 5.0, memory=memory)
    assert within(way, OBLIGATIONS[truth], budget) in (truth, Status.UNKNOWN)


@pytest.mark.parametrize(
    ("jobs", "timeout", "memory"),
    # Without room for its own buffers a library ends the process: with workers that costs a claim each.
    [
        (1, 0.0, None),
        (2, 0.0, None),
        (2, 20.0, 1),
        (2, 20.0, 1 << 20),
        (2, 1e-9, 1 << 16),
        (1, 20.0, 1 << 26),
    ],
)
def test_a_check_within_impossible_limits_says_so(
    jobs: int, timeout: float, memory: int | None, spec: Path
) -> None:
    found = statuses(check([spec], CheckOptions(timeout=timeout, memory=memory, jobs=jobs)))
    assert found["wrong"] in (Status.REFUTED, Status.UNKNOWN, Status.ERROR)
    assert {found["right"], found["also"]} <= {Status.PROVED, Status.UNKNOWN, Status.ERROR}
