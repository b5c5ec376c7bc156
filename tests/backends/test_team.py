"""Laws of companions: what they do is what the parent would have done, and a lost one costs no part of it."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable

import pytest

from spec_lang._companions import Companion, Lost, can_fork
from spec_lang.backends._search.team import Team
from spec_lang.engine.checking import shared_by
from spec_lang.engine.cores import OwnCores

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="companions are forked on Linux alone")
Lent = tuple[int, float]


def squared(lent: Lent) -> int:
    time.sleep(0.02 * (lent[0] % 3))  # not in the order in which they were asked
    return lent[0] ** 2


def dying(lent: Lent) -> int:
    if lent[0] % 4 == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return squared(lent)


def failing(lent: Lent) -> int:
    if lent[0] % 4 == 1:
        raise ValueError(lent)
    return squared(lent)


def starving(lent: Lent) -> int:
    if lent[0] % 4 == 1:
        raise MemoryError
    return squared(lent)


def all_done(team: Team[int, int], parts: int) -> tuple[dict[int, int], list[int]]:
    """What became of every part, and those that were lost, which are done here."""
    waiting, found, lost = list(range(parts)), dict[int, int](), list[int]()
    while waiting or team.busy:
        for part, result in team.results(wait=not waiting):
            assert part not in found
            found[part] = part**2 if result is None else result
            lost += [part] if result is None else []
        while waiting and team.has_room():
            part = waiting.pop()
            if not team.lend(part):
                waiting.append(part)
    return found, lost


def test_what_a_team_finds_does_not_depend_on_how_many_they_are() -> None:
    for count in (1, 2, 3):
        cores = OwnCores(count)
        team = Team(cores, squared)
        assert all_done(team, 9) == ({part: part**2 for part in range(9)}, [])
        team.release()
        assert [cores.take() for _ in range(count + 1)] == [True] * count + [False]


@pytest.mark.parametrize("work", [dying, failing, starving])
def test_the_part_of_a_lost_companion_comes_back_and_so_does_its_core(work: Callable[[Lent], int]) -> None:
    cores = OwnCores(2)
    team = Team(cores, work)
    found, lost = all_done(team, 9)
    team.release()
    assert found == {part: part**2 for part in range(9)}
    assert sorted(lost) == [1, 5]
    assert [cores.take() for _ in range(3)] == [True, True, False]


def test_nobody_is_asked_without_cores_or_beside_other_threads() -> None:
    assert not Team(None, squared).has_room()
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        assert not can_fork()
        assert not Team(OwnCores(1), squared).has_room()
    finally:
        stop.set()
        thread.join()


def test_a_system_that_makes_no_more_processes_costs_no_core(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> int:
        raise BlockingIOError

    monkeypatch.setattr(os, "fork", refuse)
    cores = OwnCores(1)
    team = Team(cores, squared)
    assert not team.has_room()
    assert len(shared_by(cores)(lambda share: (share, []))) == 1
    assert cores.take()


def test_a_companion_answers_what_it_is_asked_and_knows_what_its_parent_knew() -> None:
    known = {1: "one"}
    companion = Companion(known.__getitem__)
    known[2] = "two"
    companion.ask(1)
    assert companion.answer() == "one"
    companion.ask(2)  # unknown to it
    with pytest.raises(Lost):
        companion.answer()
    companion.end()


def test_a_companion_that_has_ended_is_lost_when_it_is_asked() -> None:
    companion = Companion(squared)
    os.kill(companion._pid, signal.SIGKILL)
    os.waitid(os.P_PID, companion._pid, os.WEXITED | os.WNOWAIT)
    with pytest.raises(Lost):  # at once, or when the answer does not come
        companion.ask((1, 0.0))
        companion.answer()
    companion.end()


def test_an_interrupt_of_the_terminal_does_not_end_a_companion() -> None:
    companion = Companion(squared)
    companion.ask((2, 0.0))
    os.kill(companion._pid, signal.SIGINT)
    assert companion.answer() == 4
    companion.end()
