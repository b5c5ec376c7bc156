"""Backends on claims about gradients, against the referee: kinks included, and what only kinks break."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from spec_lang import _registry, backends
from spec_lang.backends._lp.setting import AT_KINKS
from spec_lang.backends.base import Backend, Session
from spec_lang.backends.milp import BACKEND as MILP
from spec_lang.backends.milp import search as milp_search
from spec_lang.backends.smt import BACKEND as SMT
from spec_lang.kernel.proof import examine
from spec_lang.kernel.witness import check_witness
from spec_lang.obligations.model import Obligation, Semantics
from spec_lang.obligations.outcome import GaveUp, Outcome, Proved, Refuted
from tests.backends.gradient_claims import Claim, claim
from tests.backends.smt.cases import session
from tests.gradients.oracle import Answer

BACKENDS = _registry.discover(backends, "BACKEND", Backend)  # type: ignore[type-abstract]
KINDS = ("linear", "l1", "l2", "saliency")
PATIENCE = 60.0  # seconds, which end a run that does not keep to its budget


def limits(obligation: Obligation, work: int) -> Session:
    return session(obligation, PATIENCE, work)


def expect_the_truth(one: Claim, outcome: Outcome) -> None:
    answer, obligation = one.finding.answer, one.obligation
    match outcome:
        case Proved(proof=proof):
            assert answer is Answer.PROVED
            assert proof is None or examine(obligation, proof).evidence is not None
        case Refuted(point):
            assert answer is Answer.REFUTED
            assert check_witness(obligation, point) is not None
        case GaveUp():
            assert outcome.detail
            assert outcome != AT_KINKS or answer is not Answer.PROVED


def numbers(few: int, many: int) -> list[object]:
    return [range(few), pytest.param(range(few, many), marks=pytest.mark.long)]


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda backend: backend.name)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("chosen", numbers(5, 150), ids=["few", "many"])
def test_no_backend_says_anything_but_the_truth(backend: Backend, kind: str, chosen: range) -> None:
    for number in chosen:
        one = claim(number, kind)
        if backend.supports(one.obligation) is None:
            expect_the_truth(one, backend.run(one.obligation, limits(one.obligation, 200)).outcome)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("chosen", numbers(10, 300), ids=["few", "many"])
def test_exact_arithmetic_decides_them_all_and_says_what_only_kinks_break(kind: str, chosen: range) -> None:
    seen, unsaid = Counter[Answer](), 0
    for number in chosen:
        one = claim(number, kind)
        assert SMT.supports(one.obligation) is None
        outcome = SMT.run(one.obligation, limits(one.obligation, 4000)).outcome
        expect_the_truth(one, outcome)
        seen[one.finding.answer] += 1
        match one.finding.answer:
            case Answer.PROVED:
                assert isinstance(outcome, Proved)
            case Answer.KINK:
                assert isinstance(outcome, GaveUp)
                unsaid += outcome != AT_KINKS  # boxes may be cut around a kink until the budget is spent
            case Answer.REFUTED:
                # Where every point is at a kink, a counterexample is one for all choices together.
                assert isinstance(outcome, Refuted) or outcome == AT_KINKS
    assert seen[Answer.PROVED] and seen[Answer.REFUTED]
    assert 10 * unsaid <= seen[Answer.KINK]


@pytest.mark.parametrize("manner", ["as it is", "solver first"])
@pytest.mark.parametrize("chosen", numbers(20, 300), ids=["few", "many"])
def test_mixed_integer_programs_and_trees_decide_nearly_all(
    manner: str, chosen: range, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other way there is no attack and no tree to speak of before the solver is asked."""
    if manner == "solver first":
        monkeypatch.setattr(milp_search, "QUICK_NODES", 1)
        monkeypatch.setattr(milp_search, "FEW_INPUTS", 0)
        monkeypatch.setattr(milp_search.Search, "_attack", lambda _self: False)
    seen = Counter[tuple[Answer, bool]]()
    for number in chosen:
        one = claim(number)
        outcome = MILP.run(one.obligation, limits(one.obligation, 1000)).outcome
        expect_the_truth(one, outcome)
        seen[one.finding.answer, not isinstance(outcome, GaveUp) or outcome == AT_KINKS] += 1
    assert seen[Answer.REFUTED, True] >= 0.9 * len([*chosen]) / 3
    for answer in (Answer.PROVED, Answer.REFUTED):  # the others are ties within rounding
        assert seen[answer, True] >= 7 * seen[answer, False]


def test_rounded_gradients_and_products_of_what_varies_are_refused() -> None:
    gradient, saliency, squares = (claim(0, kind).obligation for kind in ("linear", "saliency", "l2"))
    rounded = replace(gradient, semantics=Semantics.FLOAT32)
    assert "float32" in str(SMT.supports(rounded))
    assert "float32" in str(MILP.supports(rounded))
    assert MILP.supports(saliency) == "no linear program says what a product is"
    assert MILP.supports(squares) == "no linear program says what a square is"
