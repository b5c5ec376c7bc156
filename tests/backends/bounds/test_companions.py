"""A search with companions: its verdict, and a proof that the kernel accepts, whatever becomes of them."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from spec_lang.backends._search import team
from spec_lang.backends._search.problem import prepare
from spec_lang.backends.bounds import split_input
from spec_lang.backends.bounds.split_input import InputSplitting, Lent, Slice
from spec_lang.engine.cores import OwnCores
from spec_lang.kernel.proof import examine
from spec_lang.network.evaluate import Evaluator
from spec_lang.obligations.model import Box, LinearAtom, Obligation, Region
from spec_lang.obligations.outcome import Attestation, Outcome, Proved, Refuted
from tests.backends.oracle import session, violates
from tests.graphs import random_chain

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="companions are forked on Linux alone")
GRAPH = random_chain([3, 20, 20, 20, 1], 4)
ATTESTATION = Attestation("bounds", "test", "test")


def greatest() -> float:
    """The greatest of the outputs on a grid of the unit box: the least bound that may hold."""
    axis = np.linspace(-1, 1, 21)
    points = np.stack(np.meshgrid(axis, axis, axis), axis=-1).reshape(-1, 3)
    return float(Evaluator(GRAPH)(points).max())


def bounded_by(limit: float) -> Obligation:
    """The output is at most `limit` on the unit box."""
    box = Box((Fraction(-1),) * 3, (Fraction(1),) * 3)
    violation = LinearAtom((), ((0, Fraction(-1)),), Fraction(limit), strict=True)
    return Obligation(GRAPH, Region((box,)), violation)


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Companions are asked for at once, and come back often."""
    for name, size in {"ALONE": 0, "BATCH": 1, "LENT": 1}.items():
        monkeypatch.setattr(split_input, name, size)
    monkeypatch.setattr(team, "SLICE", 0.001)


def searched(obligation: Obligation, cores: int) -> tuple[Outcome, int]:
    """What a search with companions says, and how many parts it has lent."""
    free = OwnCores(cores)
    search = InputSplitting(
        prepare(obligation), replace(session(obligation, work=100_000), cores=free), ATTESTATION
    )
    lent = 0
    lend = search.team.lend

    def counted(part: Lent) -> bool:
        nonlocal lent
        lent += 1
        return lend(part)

    search.team.lend = counted  # type: ignore[method-assign]
    outcome = search.run().outcome
    assert [free.take() for _ in range(cores + 1)] == [True] * cores + [False]
    return outcome, lent


@pytest.mark.parametrize("cores", [0, 1, 2])
def test_a_tight_bound_is_proved_and_the_kernel_accepts_what_all_of_them_did(cores: int) -> None:
    obligation = bounded_by(greatest() * 1.01)
    outcome, lent = searched(obligation, cores)
    assert isinstance(outcome, Proved)
    assert outcome.proof is not None
    assert examine(obligation, outcome.proof).evidence is not None
    assert (lent > 0) == (cores > 0)


@pytest.mark.parametrize("harm", ["kill", "raise"])
def test_what_a_lost_companion_was_lent_is_done_nevertheless(
    harm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, lost = os.getpid(), InputSplitting._slice

    def losing(self: InputSplitting, lent: tuple[Lent, float]) -> Slice:
        assert os.getpid() != home
        if int(lent[0].boxes.node[0]) % 2:
            if harm == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            raise MemoryError
        return lost(self, lent)

    monkeypatch.setattr(InputSplitting, "_slice", losing)
    obligation = bounded_by(greatest() * 1.01)
    outcome, lent = searched(obligation, 2)
    assert lent
    assert isinstance(outcome, Proved)
    assert outcome.proof is not None
    assert examine(obligation, outcome.proof).evidence is not None


@pytest.mark.parametrize("cores", [0, 2])
def test_a_false_bound_is_refuted(cores: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(InputSplitting, "_attack_roots", lambda _: False)
    obligation = bounded_by(greatest() * 0.99)
    outcome, _ = searched(obligation, cores)
    assert isinstance(outcome, Refuted)
    assert violates(obligation, outcome.point)
