"""A solver's own process that is killed, stopped or starved in mid-run: no verdict, nothing left behind."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from spec_lang.backends.base import Budget, Run
from spec_lang.backends.smt import BACKEND as SMT
from spec_lang.obligations.model import LinearAtom, Obligation
from spec_lang.obligations.outcome import GaveUp, GaveUpReason, Proved
from tests.adversarial.ways import box
from tests.backends.enumeration import Enumeration
from tests.differential.examine import Limits, session
from tests.graphs import random_chain

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds child processes in /proc")


def tight() -> Obligation:
    """A bound that is reached and not passed: exact arithmetic alone decides it, so the solver is asked."""
    graph = random_chain((3, 6, 6, 1), seed=1)
    region = box(*[(Fraction(-1), Fraction(1))] * 3)
    above = LinearAtom((), ((0, Fraction(-1)),), Fraction(0), strict=True)
    least = Enumeration(graph, region).infimum(above)
    assert least is not None
    return Obligation(graph, region, replace(above, constant=-least))


def children() -> set[int]:
    """The processes that this one has started and that run a program of their own; one that is stopped before
    it does would keep this one waiting for ever."""
    found: set[int] = set()
    for listing in Path("/proc/self/task").glob("*/children"):
        found.update(map(int, listing.read_text().split()))
    return {
        child for child in found if _state(child) not in ("Z", "X") and _command(child) != _command("self")
    }


def _state(process: int) -> str:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return "X"


def _command(process: int | str) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


def run_and_send(budget: Budget, sent: signal.Signals | None) -> tuple[Run, int]:
    """The run, during which every process that it starts gets a signal at once; how many did."""
    before, found = children(), []
    limited = replace(session(tight(), Limits()), budget=budget)
    thread = threading.Thread(target=lambda: found.append(SMT.run(tight(), limited)))
    thread.start()
    reached = set()
    while thread.is_alive():
        for child in children() - before:
            reached.add(child)
            if sent is not None:
                with suppress(ProcessLookupError):
                    os.kill(child, sent)
        time.sleep(0.005)
    assert not children() - before
    (run,) = found
    return run, len(reached)


def test_left_alone_the_solver_decides_it() -> None:
    run, started = run_and_send(Budget(time.monotonic() + 60), None)
    assert isinstance(run.outcome, Proved)
    assert started


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_a_solver_that_is_killed_says_nothing(sent: signal.Signals) -> None:
    run, killed = run_and_send(Budget(time.monotonic() + 5), sent)
    assert isinstance(run.outcome, GaveUp)
    assert run.outcome.detail
    assert killed


def test_a_solver_that_hangs_is_ended_at_the_deadline() -> None:
    run, stopped = run_and_send(Budget(time.monotonic() + 2), signal.SIGSTOP)
    assert isinstance(run.outcome, GaveUp)
    assert run.outcome.reason is GaveUpReason.TIMEOUT
    assert stopped


def test_a_solver_without_memory_gives_up() -> None:
    run, started = run_and_send(Budget(time.monotonic() + 30, memory=1 << 20), None)
    assert isinstance(run.outcome, GaveUp)
    assert run.outcome.reason is GaveUpReason.MEMORY
    assert started
