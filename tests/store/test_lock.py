"""Laws of `nnspec.lock`: what is written is read, what is damaged is a miss, and nobody's lines are lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec_lang.kernel.verdict import Evidence, EvidenceKind, Status
from spec_lang.store.lock import Limits, Line, by_key, parse_lock, read_lock, update_lock, write_lock

names = st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=12)
keys = st.integers(0, 2**32).map(lambda n: sha256(str(n).encode()).hexdigest())
works = st.dictionaries(names, st.integers(0, 10**9), max_size=3).map(lambda d: tuple(sorted(d.items())))
evidences = st.sampled_from(
    [
        Evidence(EvidenceKind.CHECKED),
        Evidence(EvidenceKind.CHECKED_ROUNDED),
        Evidence(EvidenceKind.TRUSTED, "smt 4.13 (z3), by (its) word"),
    ]
)
limits = st.builds(
    Limits,
    st.none() | st.floats(0.1, 100),
    st.none() | st.integers(1, 10**9),
    st.none() | st.integers(1, 10**12),
    st.none() | st.just("milp"),
    st.sampled_from(["trusted", "checked"]),
    st.sampled_from(["0.1.0", "0.2.0"]),
)
settled = st.builds(
    Line,
    claim=names.map(lambda name: f"a.nnspec::{name}"),
    verdict=st.sampled_from([Status.PROVED, Status.REFUTED, Status.VACUOUS]),
    key=keys,
    evidence=evidences,
    proof=st.none() | keys.map(lambda key: f"sha256:{key}"),
    size=st.none() | st.integers(0, 10**9),
    work=works,
    reason=st.none() | names,
)
unsettled = st.builds(
    Line,
    claim=names.map(lambda name: f"b/c.nnspec::{name}"),
    verdict=st.just(Status.UNKNOWN),
    key=keys,
    work=works,
    reason=names,
    limits=limits,
)
lines = settled | unsettled
LINE = Line("a.nnspec::p", Status.PROVED, "ab" * 32, Evidence(EvidenceKind.CHECKED))


def moved(line: Line, claim: str) -> Line:
    """The same of a claim that has another name, or lies in another file."""
    return replace(line, claim=claim)


def claims(path: Path) -> list[str]:
    return [line.claim for line in read_lock(path).lines]


# -- the file ------------------------------------------------------------------------------------------


@given(st.lists(lines, max_size=8, unique_by=lambda line: (line.claim, line.key)))
def test_what_is_written_is_read_in_order(several: list[Line]) -> None:
    content = parse_lock(write_lock(several))
    assert content.damaged == ()
    assert list(content.lines) == sorted(several, key=lambda line: (line.claim, line.key))


@given(st.lists(lines, max_size=5), st.randoms())
def test_the_order_of_lines_says_nothing(several: list[Line], random: object) -> None:
    mixed = list(several)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    wanted = {line.claim + line.key for line in several}
    assert {line.claim + line.key for line in parse_lock(write_lock(mixed)).lines} == wanted


@given(lines, st.data())
def test_a_line_that_was_changed_says_nothing(line: Line, data: st.DataObject) -> None:
    head, _, text = write_lock([line]).decode().partition("\n")
    place = data.draw(st.integers(0, len(text) - 2))
    character = data.draw(st.characters(blacklist_categories=["Cs", "Cc"]))
    changed = text[:place] + character + text[place + 1 :]
    content = parse_lock(f"{head}\n{changed}".encode())
    assert content.lines in ((), (line,))  # the same, where one way of writing stands for another
    assert bool(content.lines) or bool(content.damaged) or changed.startswith("#")


def test_a_verdict_that_somebody_has_written_says_nothing() -> None:
    text = write_lock([replace(LINE, verdict=Status.REFUTED)]).replace(b"refuted", b"proved")
    assert parse_lock(text).lines == ()
    assert parse_lock(text).damaged == (2,)


@pytest.mark.parametrize(
    "text",
    ["[]", "{}", "null", "<<<<<<< HEAD", '{"hash": 1}', '{"claim": "' + "x" * 9999, "[" * 5000, "\ufffd"],
)
def test_what_is_no_line_is_damage(text: str) -> None:
    assert parse_lock(text.encode()).damaged == (1,)


@pytest.mark.parametrize(
    "said",
    [
        {"verdict": Status.ERROR},
        {"evidence": None},
        {"key": "short"},
        {"verdict": Status.UNKNOWN},
        {"limits": Limits(None, None, None, None, "trusted", "0.1.0")},
    ],
    ids=str,
)
def test_a_line_that_no_run_can_have_found_is_damage(said: dict[str, object]) -> None:
    assert parse_lock(write_lock([replace(LINE, **said)])).damaged == (2,)  # type: ignore[arg-type]


def test_no_file_has_no_lines_and_a_folder_is_an_error(tmp_path: Path) -> None:
    assert read_lock(tmp_path / "none").lines == ()
    with pytest.raises(OSError, match="directory"):
        read_lock(tmp_path)


# -- what is known -------------------------------------------------------------------------------------


@given(limits, limits)
def test_an_unknown_stands_where_no_more_is_offered(one: Limits, other: Limits) -> None:
    assert one.cover(one)
    more = replace(one, timeout=None, budget=None, memory=None)
    assert more.cover(one)
    if one.cover(other) and other.cover(one):
        assert one == other
    if one.timeout is not None:
        assert not one.cover(replace(one, timeout=one.timeout + 1))
    assert not one.cover(replace(one, by="0.3.0"))


def test_of_several_lines_the_one_with_the_best_evidence_counts() -> None:
    word = replace(LINE, claim="b::q", evidence=Evidence(EvidenceKind.TRUSTED, "smt"))
    open_one = Line("c::r", Status.UNKNOWN, LINE.key, limits=Limits(1, None, None, None, "trusted", "0"))
    assert dict(by_key([open_one, word, LINE])) == {LINE.key: LINE}
    assert dict(by_key([word, open_one])) == {LINE.key: word}


# -- changes -------------------------------------------------------------------------------------------


def test_an_update_adds_changes_and_removes(tmp_path: Path) -> None:
    lock = tmp_path / "nnspec.lock"
    other, third = moved(LINE, "a.nnspec::q"), moved(LINE, "a.nnspec::r")
    assert update_lock(lock, [LINE, other]).added == 2
    before = lock.read_bytes(), lock.stat().st_mtime_ns
    assert not update_lock(lock, [LINE])
    assert (lock.read_bytes(), lock.stat().st_mtime_ns) == before
    found = update_lock(lock, [replace(LINE, key="cd" * 32), third], {other.claim})
    assert (found.added, found.changed, found.removed) == (1, 1, 1)
    assert claims(lock) == [LINE.claim, third.claim]


def test_weaker_evidence_does_not_take_the_place_of_stronger(tmp_path: Path) -> None:
    lock = tmp_path / "nnspec.lock"
    word = replace(LINE, evidence=Evidence(EvidenceKind.TRUSTED, "smt"), work=(("boxes", 1),))
    update_lock(lock, [word])
    assert update_lock(lock, [LINE]).changed == 1
    assert not update_lock(lock, [word])
    assert read_lock(lock).lines == (LINE,)


def test_damaged_lines_go_with_the_next_update(tmp_path: Path) -> None:
    lock = tmp_path / "nnspec.lock"
    lock.write_bytes(b"=======\n" + write_lock([LINE]))
    update_lock(lock, [])
    assert lock.read_bytes() == write_lock([LINE])


def test_two_branches_are_put_together_by_git(tmp_path: Path) -> None:
    """With `merge=union` there is no conflict, and what both have changed is sorted out by the next run."""
    ours, theirs = replace(LINE, key="cd" * 32), replace(LINE, key="ef" * 32)
    texts = {
        "base": [LINE],
        "ours": [ours, moved(LINE, "a.nnspec::ours")],
        "theirs": [theirs, moved(LINE, "z::theirs")],
    }
    for name, branch in texts.items():
        (tmp_path / name).write_bytes(write_lock(branch))
    command = ["git", "merge-file", "--union", "ours", "base", "theirs"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    lock = tmp_path / "ours"
    content = read_lock(lock)
    assert content.damaged == ()
    assert {line.key for line in content.lines if line.claim == LINE.claim} == {ours.key, theirs.key}
    assert {"a.nnspec::ours", "z::theirs"} <= set(claims(lock))
    assert update_lock(lock, [ours]).removed == 1
    assert sorted(claims(lock)) == ["a.nnspec::ours", LINE.claim, "z::theirs"]


# -- several processes ---------------------------------------------------------------------------------

ROUNDS = 15


def _write_many(lock: Path, name: str) -> None:
    for number in range(ROUNDS):
        update_lock(lock, [moved(LINE, f"{name}.nnspec::p[{number}]")])


def _side_by_side(work: Callable[[Path, str], None], lock: Path) -> list[int | None]:
    context = get_context("spawn")
    both = [context.Process(target=work, args=(lock, name)) for name in ("one", "two")]
    for process in both:
        process.start()
    for process in both:
        process.join(60)
    return [process.exitcode for process in both]


def test_two_processes_at_once_lose_nothing(tmp_path: Path) -> None:
    lock = tmp_path / "nnspec.lock"
    assert _side_by_side(_write_many, lock) == [0, 0]
    content = read_lock(lock)
    assert (len(content.lines), content.damaged) == (2 * ROUNDS, ())


ENDLESS = """
import sys
from pathlib import Path
from spec_lang.store.lock import update_lock
from tests.store.test_lock import LINE, moved
number = 0
while True:
    update_lock(Path(sys.argv[1]), [moved(LINE, f"a.nnspec::p[{number}]")])
    number += 1
"""


def test_a_process_that_is_killed_while_it_writes_leaves_a_whole_file(tmp_path: Path) -> None:
    lock = tmp_path / "nnspec.lock"
    count = 0
    for round_number in range(4):
        process = subprocess.Popen([sys.executable, "-c", ENDLESS, str(lock)])
        end = time.monotonic() + 60
        while len(read_lock(lock).lines) < 20 * (round_number + 1) and time.monotonic() < end:
            time.sleep(0.003 * round_number)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        content = read_lock(lock)
        assert content.damaged == ()
        assert len(content.lines) >= count
        count = len(content.lines)
    assert update_lock(lock, [LINE])  # nothing is held by who is gone


def test_a_failed_write_leaves_the_old_file_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = tmp_path / "nnspec.lock"
    update_lock(lock, [LINE])

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        update_lock(lock, [moved(LINE, "b::q")])
    assert [path.name for path in tmp_path.iterdir()] == ["nnspec.lock"]
    assert read_lock(lock).lines == (LINE,)


def test_the_rights_of_a_lock_stay_as_they_are(tmp_path: Path) -> None:
    lock = tmp_path / "nnspec.lock"
    update_lock(lock, [LINE])
    assert lock.stat().st_mode & 0o444
    lock.chmod(0o640)
    update_lock(lock, [moved(LINE, "b::q")])
    assert lock.stat().st_mode & 0o777 == 0o640
