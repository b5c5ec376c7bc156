"""Laws of the store: it gives back what settles a goal, and whatever happens on disk is a miss or a note."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from pathlib import Path

import pytest

from spec_lang.obligations.model import EmptyRegion, Goal
from spec_lang.obligations.outcome import Outcome, Proved, Refuted
from spec_lang.store.files import Damaged, Found, Kept, NotKept, Store
from tests.store.goals import MATTERS, goal, impossible, obligation
from tests.store.proofs import STAMP, UNTRIED, bits, every_byte_changed, one_proof, witness

PROVED = Proved(STAMP, one_proof())
REFUTED = Refuted(witness())
TWO = goal(obligation(), MATTERS["one weight"](obligation()))


def the_file(store: Store) -> Path:
    (path,) = (path for path in store.folder.rglob("*") if path.is_file())
    return path


def unfinished(store: Store) -> list[Path]:
    return [path for path in store.folder.rglob("*.part") if path.is_file()]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "cache" / "proofs")


SETTLED: dict[str, tuple[Goal, Sequence[Outcome], tuple[Outcome, ...]]] = {
    "a proof": (goal(), [PROVED], (PROVED,)),
    "a proof of each": (TWO, [PROVED, PROVED], (PROVED, PROVED)),
    "a witness": (goal(), [REFUTED], (REFUTED,)),
    "a witness of one": (TWO, [PROVED, REFUTED], (UNTRIED, REFUTED)),
    "a witness of the first": (TWO, [REFUTED], (REFUTED, UNTRIED)),
    "a proof, and what is impossible": (
        goal(impossible(), obligation()),
        [UNTRIED, PROVED],
        (UNTRIED, PROVED),
    ),
}


@pytest.mark.parametrize("case", SETTLED.values(), ids=SETTLED)
def test_what_settles_a_goal_is_found_again(
    store: Store, case: tuple[Goal, Sequence[Outcome], tuple[Outcome, ...]]
) -> None:
    one, outcomes, expected = case
    kept = store.keep(one, outcomes)
    assert isinstance(kept, Kept)
    assert bits(Store(store.folder).find(one)) == bits(expected)
    found = store.look_up(one)
    assert isinstance(found, Found)
    assert (found.digest, found.size) == (kept.digest, kept.size)
    assert the_file(store).stat().st_size == kept.size + 32


NOT_SETTLED: dict[str, tuple[Goal, Sequence[Outcome]]] = {
    "nothing was tried": (goal(), []),
    "an unknown": (goal(), [UNTRIED]),
    "a backend's mere word": (goal(), [Proved(STAMP)]),
    "one of two": (TWO, [PROVED]),
    "a word for one of two": (TWO, [PROVED, Proved(STAMP)]),
    "impossible by its form": (goal(impossible()), [UNTRIED]),
    "an empty region": (Goal("c", None, goal().obligations, goal().frame, EmptyRegion((), ())), [PROVED]),
    "more outcomes than obligations": (goal(), [PROVED, PROVED]),
}


@pytest.mark.parametrize("case", NOT_SETTLED.values(), ids=NOT_SETTLED)
def test_what_does_not_settle_a_goal_is_not_kept(store: Store, case: tuple[Goal, Sequence[Outcome]]) -> None:
    one, outcomes = case
    assert store.keep(one, outcomes) is None
    assert not store.folder.exists()
    assert store.find(one) is None


def test_a_goal_finds_no_record_of_another(store: Store) -> None:
    store.keep(goal(), [PROVED])
    for change in MATTERS.values():
        assert store.look_up(goal(change(obligation()))) is None


def test_a_later_record_takes_the_place(store: Store) -> None:
    store.keep(goal(), [REFUTED])
    store.keep(goal(), [PROVED])
    assert bits(store.find(goal())) == bits((PROVED,))
    assert len(list(store.folder.rglob("*.proof"))) == 1


def test_a_record_beyond_the_cap_is_not_kept_and_says_so(store: Store) -> None:
    kept = Store(store.folder, max_record=100).keep(goal(), [PROVED])
    assert isinstance(kept, NotKept)
    assert "more than 100" in kept.reason
    assert not store.folder.exists()


# -- what a disk may do --------------------------------------------------------------------------------


def test_every_changed_byte_makes_a_miss(store: Store) -> None:
    store.keep(goal(), [PROVED])
    path = the_file(store)
    for changed in every_byte_changed(path.read_bytes()):
        path.write_bytes(changed)
        assert store.find(goal()) is None
        assert isinstance(store.look_up(goal()), Damaged)


def test_every_truncated_record_makes_a_miss(store: Store) -> None:
    store.keep(goal(), [PROVED])
    path = the_file(store)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert store.find(goal()) is None


def test_a_record_in_the_place_of_another_makes_a_miss(store: Store) -> None:
    store.keep(goal(), [PROVED])
    mine = the_file(store)
    theirs = Store(store.folder.parent / "other")
    theirs.keep(TWO, [PROVED, PROVED])
    shutil.copy(the_file(theirs), mine)
    found = store.look_up(goal())
    assert isinstance(found, Damaged)
    assert found.problem == "it is of another goal"


def damage_by_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def damage_by_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def damage_by_size(path: Path) -> None:
    with path.open("r+b") as stream:
        stream.truncate(1 << 40)  # takes no space


def damage_by_loop(path: Path) -> None:
    path.unlink()
    path.symlink_to(path)


@pytest.mark.parametrize("damage", [damage_by_folder, damage_by_pipe, damage_by_size, damage_by_loop])
def test_what_is_no_record_is_a_note_without_waiting(store: Store, damage: Callable[[Path], None]) -> None:
    store.keep(goal(), [PROVED])
    damage(the_file(store))
    assert isinstance(store.look_up(goal()), Damaged)
    assert store.find(goal()) is None


def test_a_missing_folder_and_a_file_in_its_place_are_misses(tmp_path: Path) -> None:
    assert Store(tmp_path / "none").look_up(goal()) is None
    (tmp_path / "file").write_text("", encoding="utf-8")
    in_the_way = Store(tmp_path / "file")
    assert in_the_way.look_up(goal()) is None
    assert isinstance(in_the_way.keep(goal(), [PROVED]), NotKept)
    assert in_the_way.trim(0).records == 0


FULL = [("write", errno.ENOSPC), ("fsync", errno.EIO), ("replace", errno.EROFS), ("mkdir", errno.EACCES)]


def fail(monkeypatch: pytest.MonkeyPatch, what: str, number: int) -> None:
    """From now on the system refuses this."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    if what == "write":
        real = os.fdopen

        def fdopen(descriptor: int, mode: str) -> object:
            stream = real(descriptor, mode)
            if "w" not in mode:
                return stream
            return FullDisk(stream, refuse)

        monkeypatch.setattr(os, "fdopen", fdopen)
    else:
        monkeypatch.setattr(os if what == "fsync" else Path, what, refuse)


class FullDisk:
    """A file that takes the first bytes and then no more."""

    def __init__(self, stream: object, refuse: Callable[[], None]) -> None:
        self._stream = stream
        self._refuse = refuse
        self._written = 0

    def __enter__(self) -> FullDisk:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()  # type: ignore[attr-defined]

    def write(self, data: bytes) -> int:
        if self._written:
            self._refuse()
        self._written += len(data)
        return int(self._stream.write(data))  # type: ignore[attr-defined]


@pytest.mark.parametrize(("what", "number"), FULL)
def test_a_write_that_fails_is_a_note_and_leaves_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch, what: str, number: int
) -> None:
    with monkeypatch.context() as broken:
        fail(broken, what, number)
        kept = store.keep(goal(), [PROVED])
    assert kept == NotKept(f"the proof is not stored: {os.strerror(number)}")
    assert not list(store.folder.rglob("*.p*"))
    assert store.find(goal()) is None


@pytest.mark.parametrize(("what", "number"), FULL[:3])
def test_a_write_that_fails_leaves_what_was_there(
    store: Store, monkeypatch: pytest.MonkeyPatch, what: str, number: int
) -> None:
    store.keep(goal(), [REFUTED])
    with monkeypatch.context() as broken:
        fail(broken, what, number)
        assert isinstance(store.keep(goal(), [PROVED]), NotKept)
    assert bits(store.find(goal())) == bits((REFUTED,))


def test_an_interrupted_write_leaves_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken, pytest.raises(KeyboardInterrupt):
        broken.setattr(os, "fsync", interrupt)
        store.keep(goal(), [PROVED])
    assert not unfinished(store)


def test_a_folder_that_may_not_be_used_is_a_note(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.keep(goal(), [PROVED])
    real = os.open

    def refuse(path: Path, flags: int, *rest: int) -> int:
        if str(path).startswith(str(store.folder)):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return real(path, flags, *rest)

    with monkeypatch.context() as broken:
        broken.setattr(os, "open", refuse)
        found = store.look_up(goal())
        assert isinstance(found, Damaged)
        assert "Permission denied" in found.problem
        assert isinstance(store.keep(goal(), [REFUTED]), NotKept)
    assert bits(store.find(goal())) == bits((PROVED,))


# -- processes -----------------------------------------------------------------------------------------

WRITER = """
import os, sys, time
from pathlib import Path
from spec_lang.store.files import Store
from tests.store.test_files import PROVED
from tests.store.goals import goal
fsync = os.fsync
def slow(descriptor):
    print("writing", flush=True)
    time.sleep(60)
os.fsync = slow
Store(Path(sys.argv[1])).keep(goal(), [PROVED])
"""


def test_a_process_killed_in_mid_write_leaves_no_record(store: Store, checkout: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(store.folder)], stdout=subprocess.PIPE, cwd=checkout
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"writing\n"
        assert store.find(goal()) is None
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.communicate()
    (left,) = unfinished(store)
    assert store.look_up(goal()) is None
    assert isinstance(store.keep(goal(), [PROVED]), Kept)
    store.trim(1 << 30)
    assert left.exists(), "another process may still be at it"
    os.utime(left, (0, time.time() - 7200))
    store.trim(1 << 30)
    assert not left.exists()
    assert bits(store.find(goal())) == bits((PROVED,))


def _keep_again_and_again(folder: Path, outcome: Outcome) -> None:
    store = Store(folder)
    for _ in range(30):
        assert isinstance(store.keep(goal(), [outcome]), Kept)
        found = store.look_up(goal())
        assert isinstance(found, Found)
        assert bits(found.outcomes) in (bits((PROVED,)), bits((REFUTED,)))


def test_processes_that_write_the_same_record_do_not_disturb_each_other(store: Store) -> None:
    context = get_context("spawn")
    processes = [
        context.Process(target=_keep_again_and_again, args=(store.folder, outcome))
        for outcome in (PROVED, REFUTED)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert not unfinished(store)


# -- how much of it ------------------------------------------------------------------------------------


def test_what_was_not_used_for_longest_is_deleted_first(store: Store) -> None:
    goals = [goal(change(obligation())) for change in list(MATTERS.values())[:4]]
    for one in goals:
        store.keep(one, [PROVED])
    paths = list(store.folder.rglob("*.proof"))
    for path in paths:
        os.utime(path, (1000, 1000))
    size = paths[0].stat().st_size
    assert store.find(goals[1]) is not None  # is used
    trimmed = store.trim(2 * size)
    assert (trimmed.records, trimmed.size) == (2, 2 * size)
    assert store.find(goals[1]) is not None
    assert sum(store.find(one) is not None for one in goals) == 2
    assert store.trim(0).records == 2
    assert store.trim(0).records == 0


def test_files_of_others_are_left_alone(store: Store) -> None:
    store.keep(goal(), [PROVED])
    others = [
        store.folder / "note.proof",
        store.folder / "folder" / "a.proof",
        the_file(store).with_suffix(".txt"),
    ]
    for path in others:
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine", encoding="utf-8")
    assert store.trim(0).records == 1
    assert all(path.exists() for path in others)
