"""A search with companions: its verdict, and a proof that the kernel accepts, whatever becomes of them."""

from __future__ import annotations

import os
import pickle
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from spec_lang._companions import Lost
from spec_lang.backends._search import team
from spec_lang.backends._search.problem import prepare
from spec_lang.backends._search.team import Team
from spec_lang.backends.bounds import phase_search, split_input
from spec_lang.backends.bounds.phase_search import PhaseSearch
from spec_lang.backends.bounds.refining import Terms, refined
from spec_lang.backends.bounds.split_input import InputSplitting
from spec_lang.backends.bounds.split_relu import ReluSplitting
from spec_lang.bounding.context import Context
from spec_lang.engine.cores import OwnCores
from spec_lang.engine.travelling import Packer, Warehouse
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
    for name, size in {"ALONE": 0, "LEAST_BATCH": 1, "MOST_BATCH": 1, "LENT": 1}.items():
        monkeypatch.setattr(phase_search, name, size)
    monkeypatch.setattr(team, "SLICE", 0.001)


@pytest.fixture
def lends(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The parts that searches have lent."""
    lent: list[object] = []
    lend = Team.lend

    def noted(self: Team[object, object], part: object) -> bool:
        lent.append(part)
        return lend(self, part)

    monkeypatch.setattr(Team, "lend", noted)
    return lent


class Far:
    """Cores on machines that share nothing with this one: what goes there and back is pickled, and what is
    done there is done at once."""

    def __init__(self, helpers: int) -> None:
        self.free = helpers
        self.asked = 0

    def take(self) -> bool:
        return False

    def give_back(self) -> None:
        self.free += 1

    def hire(
        self, _work: object, elsewhere: Callable[[], Callable[[Any], Any]] | None = None
    ) -> _Helper | None:
        if elsewhere is None or not self.free:
            return None
        self.free -= 1
        return _Helper(self, elsewhere())


class _Helper:
    def __init__(self, far: Far, work: Callable[[Any], Any]) -> None:
        packer = Packer()
        self.far, self.parcel, self.blobs = far, packer.pack(work), packer.blobs
        self.said: bytes | None = None

    def ask(self, question: object) -> None:
        self.far.asked += 1
        work = Warehouse().unpack(self.parcel, self.blobs)
        self.said = pickle.dumps(work(pickle.loads(pickle.dumps(question))))  # noqa: S301 - our own

    def has_answered(self, _seconds: float = 0.0) -> bool:
        return True

    def answer(self) -> Any:  # noqa: ANN401 - of whatever search asks
        if self.said is None or self.far.asked % 5 == 4:
            raise Lost
        return pickle.loads(self.said)  # noqa: S301 - our own

    def end(self) -> None:
        """Nothing runs."""


def searched(
    search: type[InputSplitting] | type[ReluSplitting], obligation: Obligation, cores: int
) -> Outcome:
    """What a search with companions says."""
    free = OwnCores(cores)
    using = replace(session(obligation, work=100_000), cores=free)
    outcome = search(prepare(obligation), using, ATTESTATION).run().outcome
    assert [free.take() for _ in range(cores + 1)] == [True] * cores + [False]
    return outcome


def check(obligation: Obligation, outcome: Outcome) -> None:
    """It is proved, and the kernel accepts the proof."""
    assert isinstance(outcome, Proved)
    assert outcome.proof is not None
    assert examine(obligation, outcome.proof).evidence is not None


BOTH = pytest.mark.parametrize("search", [InputSplitting, ReluSplitting])


@BOTH
@pytest.mark.parametrize("cores", [0, 1, 2])
def test_a_tight_bound_is_proved_and_the_kernel_accepts_what_all_of_them_did(
    search: type[InputSplitting] | type[ReluSplitting], cores: int, lends: list[object]
) -> None:
    obligation = bounded_by(greatest() * 1.01)
    check(obligation, searched(search, obligation, cores))
    assert bool(lends) == (cores > 0)


@BOTH
def test_parts_are_done_on_machines_that_know_nothing_and_those_that_are_lost_are_done_here(
    search: type[InputSplitting] | type[ReluSplitting], lends: list[object]
) -> None:
    obligation, far = bounded_by(greatest() * (1.1 if search is ReluSplitting else 1.01)), Far(2)
    using = replace(session(obligation, work=100_000), cores=far)
    check(obligation, search(prepare(obligation), using, ATTESTATION).run().outcome)
    assert len(lends) == far.asked > 4
    assert far.free == 2


def test_a_false_bound_is_refuted_from_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(InputSplitting, "attack_roots", lambda _: False)
    obligation, far = bounded_by(greatest() * 0.99), Far(1)
    outcome = (
        InputSplitting(
            prepare(obligation), replace(session(obligation, work=100_000), cores=far), ATTESTATION
        )
        .run()
        .outcome
    )
    assert isinstance(outcome, Refuted)
    assert violates(obligation, outcome.point)


@BOTH
@pytest.mark.parametrize("harm", ["kill", "raise"])
def test_what_a_lost_companion_was_lent_is_done_nevertheless(
    search: type[InputSplitting] | type[ReluSplitting],
    harm: str,
    lends: list[object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home, numbers = os.getpid(), iter(range(10**6))

    def losing(whole: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        def slice_or_not(self: object, lent: object) -> object:
            assert os.getpid() != home
            if next(numbers) % 2:
                if harm == "kill":
                    os.kill(os.getpid(), signal.SIGKILL)
                raise MemoryError
            return whole(self, lent)

        return slice_or_not

    for owner in (InputSplitting, PhaseSearch):
        monkeypatch.setattr(owner, "slice", losing(owner.slice))
    obligation = bounded_by(greatest() * (1.1 if search is ReluSplitting else 1.01))
    check(obligation, searched(search, obligation, 2))
    assert lends


@pytest.mark.parametrize("cores", [0, 2])
def test_a_false_bound_is_refuted(cores: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(InputSplitting, "attack_roots", lambda _: False)
    obligation = bounded_by(greatest() * 0.99)
    outcome = searched(InputSplitting, obligation, cores)
    assert isinstance(outcome, Refuted)
    assert violates(obligation, outcome.point)


@pytest.mark.parametrize("cores", [0, 1])
def test_refined_ranges_hold_whoever_has_refined_them(cores: int) -> None:
    problem = prepare(bounded_by(greatest() * 1.01))
    context = Context.start(problem.program, problem.roots[0], lambda: False)
    bounds, done = refined(context, Terms(4, lambda _: False, OwnCores(cores)))
    alone, _ = refined(context, Terms(4, lambda _: False, None))
    assert done > 0
    assert len(bounds.lemmas) == len(alone.lemmas) * (1 + cores)
    values = problem.evaluator.values(np.random.default_rng(1).uniform(-1, 1, (500, 3)))
    for value, ranges in bounds.known.items():
        assert (values[value] >= ranges.lower).all()
        assert (values[value] <= ranges.upper).all()
        others = alone.known[value]
        assert (ranges.upper - ranges.lower).sum() < 1.1 * (others.upper - others.lower).sum()
