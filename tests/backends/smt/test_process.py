"""The solver's process: it keeps to its limits, and whatever happens to it is no answer."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import pytest

from spec_lang.backends.base import Point
from spec_lang.backends.smt import BACKEND, search, statements
from spec_lang.backends.smt.encode import NOTHING, Encoder
from spec_lang.backends.smt.leaves import Leaves
from spec_lang.backends.smt.process import Impossible, NoAnswer, Solution, SolverProcess
from spec_lang.obligations.model import Box, Obligation
from spec_lang.obligations.outcome import GaveUp, GaveUpReason
from tests.backends.smt.cases import narrow, session

HARD = narrow(6)  # 48 neurons of which nothing is known: no matter of seconds


def question(obligation: Obligation = HARD, seconds: float | None = None) -> statements.Question:
    box = obligation.region.boxes[0]
    return Encoder(obligation).question(list(zip(box.lower, box.upper, strict=True)), NOTHING, seconds)


def never(_point: Point) -> bool:
    return False


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(condition: Callable[[], bool]) -> None:
    """Long enough for any machine; a condition that never comes fails the test."""
    for _ in range(1200):
        if condition():
            return
        time.sleep(0.05)
    pytest.fail("it does not happen")


@contextmanager
def meanwhile(act: Callable[[int], None], solver: SolverProcess) -> Iterator[None]:
    """`act` on the process once it is at work."""

    def do() -> None:
        wait_until(lambda: solver.pid is not None)
        time.sleep(0.5)
        if solver.pid is not None:
            act(solver.pid)

    thread = threading.Thread(target=do)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def test_a_deadline_is_a_timeout_and_leaves_no_process() -> None:
    with SolverProcess(None, time.monotonic() + 1.5) as solver:
        pids: list[int] = []
        with meanwhile(pids.append, solver):
            answer = solver.ask(question(), never)
        assert isinstance(answer, NoAnswer)
        assert answer.reason is GaveUpReason.TIMEOUT
        assert not answer.slow
        assert not any(is_alive(pid) for pid in pids)


def test_a_question_that_takes_too_long_leaves_the_solver_usable() -> None:
    easy = narrow(1, margin=Fraction(100))
    with SolverProcess(None, None) as solver:
        answer = solver.ask(question(seconds=0.2), never)
        assert isinstance(answer, NoAnswer)
        assert answer.slow
        assert isinstance(solver.ask(question(easy), never), (Impossible, Solution))


def test_a_solver_that_is_killed_says_nothing() -> None:
    with SolverProcess(None, None) as solver, meanwhile(lambda pid: os.kill(pid, signal.SIGKILL), solver):
        answer = solver.ask(question(), never)
    assert answer == NoAnswer(GaveUpReason.NUMERICAL, "the process of z3 ended with signal 9")


@pytest.mark.parametrize("megabytes", [1, 100, 250])
def test_too_little_memory_is_said(megabytes: int) -> None:
    with SolverProcess(megabytes * 2**20, time.monotonic() + 120) as solver:
        answer = solver.ask(question(narrow(48)), never)
    assert isinstance(answer, NoAnswer)
    assert answer.reason is GaveUpReason.MEMORY
    assert f"{megabytes} MiB" in answer.detail


def test_an_interrupt_ends_the_process() -> None:
    pids: list[int] = []

    def interrupt(pid: int) -> None:
        pids.append(pid)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    with pytest.raises(KeyboardInterrupt), SolverProcess(None, None) as solver, meanwhile(interrupt, solver):
        solver.ask(question(), never)
    assert pids
    assert not is_alive(pids[0])


def test_a_process_whose_parent_is_killed_ends(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    script = f"""
        import threading, time
        from pathlib import Path
        from spec_lang.backends.smt.process import SolverProcess
        from tests.backends.smt.test_process import never, question
        solver = SolverProcess(None, None)
        def tell():
            while solver.pid is None:
                time.sleep(0.01)
            time.sleep(0.5)
            Path({str(note)!r}).write_text(str(solver.pid))
        threading.Thread(target=tell).start()
        solver.ask(question(), never)
    """
    parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], cwd=Path(__file__).parents[3])
    try:
        wait_until(lambda: note.is_file() and bool(note.read_text()))
    finally:
        parent.kill()
        parent.wait()
    wait_until(lambda: not is_running(int(note.read_text())))


def is_running(pid: int) -> bool:
    """Alive, and not waiting to be buried by whoever has adopted it."""
    stat = Path(f"/proc/{pid}/stat")
    try:
        return (
            stat.read_text().rpartition(")")[2].split()[0] != "Z"
            if stat.parent.parent.is_dir()
            else is_alive(pid)
        )
    except OSError:
        return False


# -- the backend -------------------------------------------------------------------------------------


def test_a_passed_deadline_is_a_timeout() -> None:
    outcome = BACKEND.run(HARD, session(HARD, seconds=-1.0)).outcome
    assert isinstance(outcome, GaveUp)
    assert outcome.reason is GaveUpReason.TIMEOUT


def test_a_spent_budget_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Leaves, "decide", lambda *_: pytest.fail("a box that large is cut"))
    obligation = narrow(6, margin=Fraction(20))
    outcome = BACKEND.run(obligation, session(obligation, work=1)).outcome
    assert isinstance(outcome, GaveUp)
    assert outcome.reason is GaveUpReason.BUDGET


def test_a_solver_that_dies_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(_self: SolverProcess, *_: object) -> NoAnswer:
        return NoAnswer(GaveUpReason.NUMERICAL, "the process of z3 ended with signal 9")

    monkeypatch.setattr(SolverProcess, "ask", dies)
    obligation = narrow(1)
    without_bounds = Obligation(obligation.graph, obligation.region, obligation.violation)
    monkeypatch.setattr(search, "_boundable", lambda _obligation: None)
    outcome = BACKEND.run(without_bounds, session(obligation)).outcome
    assert outcome == GaveUp(GaveUpReason.NUMERICAL, "the process of z3 ended with signal 9")


def test_a_solver_that_lies_refutes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    obligation = narrow(1, margin=Fraction(100))  # it holds
    box: Box = obligation.region.boxes[0]
    point = tuple(v for v in box.lower if v is not None)
    monkeypatch.setattr(SolverProcess, "ask", lambda *_: Solution(point, found=False))
    monkeypatch.setattr(search, "_boundable", lambda _obligation: None)
    outcome = BACKEND.run(obligation, session(obligation)).outcome
    assert isinstance(outcome, GaveUp)
    assert outcome.reason is GaveUpReason.NUMERICAL


def test_a_missing_solver_is_a_reason_and_discovery_imports_neither_it_nor_numpy() -> None:
    assert BACKEND.availability() is None
    code = "import sys; sys.path[:0] = ['.']; import spec_lang.backends.smt; print('z3' in sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout == "False\n"
