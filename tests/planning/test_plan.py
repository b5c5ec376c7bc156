"""Laws of the planner: every backend is tried or refused, each with a reason in words."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import pytest

from spec_lang.backends.base import Backend, Run, Session
from spec_lang.diagnostics import InternalError
from spec_lang.obligations.model import All, Any, Box, LinearAtom, Obligation, Region
from spec_lang.planning.features import Features, features
from spec_lang.planning.plan import Refusal, plan
from tests.tiny_networks import relu_network

ONE = Fraction(1)
ATOM = LinearAtom((), ((0, ONE),), Fraction(0), False)


@dataclass(frozen=True)
class Fake:
    name: str
    missing: str | None = None
    too_hard: str | None = None
    version: str = "0"
    summary: str = "a fake"

    def availability(self) -> str | None:
        return self.missing

    def supports(self, obligation: Obligation) -> str | None:
        if obligation.violation is not ATOM:
            raise InternalError("another obligation")
        return self.too_hard

    def run(self, obligation: Obligation, session: Session) -> Run:
        raise InternalError(f"a planner runs nothing: {obligation}, {session}")


ABLE = Fake("able")
ABSENT = Fake("absent", missing="its solver is not installed")
WEAK = Fake("weak", too_hard="too many inputs")
ALL: tuple[Backend, ...] = (ABSENT, WEAK, ABLE)
OBLIGATION = Obligation(relu_network(), Region((Box((None, Fraction(0)), (ONE, ONE)),)), ATOM)


def test_backends_are_tried_or_refused_and_never_left_out() -> None:
    found = plan(OBLIGATION, ALL)
    assert [attempt.backend for attempt in found.attempts] == ["able"]
    assert (
        Refusal("absent", "its solver is not installed"),
        Refusal("weak", "too many inputs"),
    ) == found.refusals


def test_a_reason_says_what_the_backend_does_and_what_the_obligation_is() -> None:
    (attempt,) = plan(OBLIGATION, [ABLE]).attempts
    assert attempt.reason == "a fake; 2 inputs, 2 neurons, 1 output, 1 way to be broken, an unbounded region"


@pytest.mark.parametrize(
    ("using", "reason"),
    [
        ("absent", "its solver is not installed"),
        ("weak", "too many inputs"),
        ("nobody", "there is no backend of this name"),
    ],
)
def test_the_backend_that_was_asked_for_is_obeyed_or_refused_but_not_replaced(
    using: str, reason: str
) -> None:
    found = plan(OBLIGATION, ALL, using)
    assert found.attempts == ()
    assert Refusal(using, reason) in found.refusals


def test_the_backend_that_was_asked_for_is_the_only_attempt() -> None:
    (attempt,) = plan(OBLIGATION, (Fake("other"), *ALL), "able").attempts
    assert attempt.backend == "able"
    assert attempt.reason.startswith("it was asked for")


def test_features_count_what_is_there() -> None:
    box = Box((Fraction(0), Fraction(0)), (ONE, ONE))
    violation = All((Any((ATOM, ATOM)), ATOM, Any((ATOM, ATOM, ATOM))))
    row = LinearAtom(((0, ONE),), (), Fraction(0), True)
    expected = Features(
        inputs=2, outputs=1, layers=2, neurons=2, boxes=2, constraints=1, atoms=6, disjuncts=6, bounded=True
    )
    assert expected == features(Obligation(relu_network(), Region((box, box), (row,)), violation))
