"""`nnspec.lock` as the command keeps it: where it is, what options do, and what an unchanged tree costs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from spec_lang.kernel.verdict import Status
from spec_lang.store import places
from spec_lang.store.lock import NAME, parse_lock, read_lock, write_lock
from tests.cli.running import run
from tests.engine.specs import FLAW, HOLDS, LUCK, write

OF_A_SEARCH = frozenset({"seconds", "known", "plan", "work", "backend"})
Captured = pytest.CaptureFixture[str]


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Git repository with a spec in a folder, which is the current one; locks are used."""
    monkeypatch.delenv("NNSPEC_LOCK")
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    (tmp_path / "specs").mkdir()
    write(tmp_path / "specs", HOLDS, FLAW)
    _settle()
    return tmp_path


def _settle() -> None:
    """What was written in the last moments before a run may not be what the run has read."""
    time.sleep(0.1)


def document(capsys: Captured, *arguments: str | Path) -> dict[str, dict[str, object]]:
    """The claims of the JSON report, by name."""
    _, out, _ = run(capsys, "check", *arguments, "--output-format", "json")
    return {claim["name"]: claim for claim in json.loads(out)["claims"]}


def known(capsys: Captured, *arguments: str | Path) -> set[object]:
    return {claim["known"] for claim in document(capsys, *arguments).values()}


# -- where it is ---------------------------------------------------------------------------------------


def test_the_lock_is_made_at_the_root_of_the_repository(repository: Path, capsys: Captured) -> None:
    status, out, err = run(capsys, "check", "specs", "--output-format", "plain")
    assert (status, err) == (0, "nnspec.lock: 2 new\n")
    assert "locked" not in out
    lines = read_lock(repository / NAME).lines
    assert [line.claim for line in lines] == ["specs/f.nnspec::flaw", "specs/f.nnspec::holds"]
    status, out, err = run(capsys, "check", "specs", "--output-format", "plain")
    assert (status, err) == (0, "")
    assert "(2 locked)" in out


def test_a_lock_that_is_nearer_is_taken(repository: Path, capsys: Captured) -> None:
    (repository / "specs" / NAME).touch()
    run(capsys, "check", "specs")
    assert not (repository / NAME).exists()
    assert len(read_lock(repository / "specs" / NAME).lines) == 2


def test_outside_a_repository_it_lies_in_the_folder_that_is_named(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NNSPEC_LOCK")
    (tmp_path / "specs" / "below").mkdir(parents=True)
    write(tmp_path / "specs" / "below", HOLDS)
    run(capsys, "check", tmp_path / "specs")
    assert [line.claim for line in read_lock(tmp_path / "specs" / NAME).lines] == ["below/f.nnspec::holds"]


@pytest.mark.parametrize("arguments", [("--no-lock",), ("--no-cache",), ("--network", "f=specs/f.onnx")])
def test_a_run_that_is_to_leave_no_lock_leaves_none(
    repository: Path, capsys: Captured, arguments: tuple[str, ...]
) -> None:
    run(capsys, "check", "specs", *arguments)
    assert not (repository / NAME).exists()


def test_the_environment_and_the_command_line_name_a_lock(
    repository: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NNSPEC_LOCK", "other.lock")
    run(capsys, "check", "specs")
    run(capsys, "check", "specs", "--lock", "third.lock")
    monkeypatch.setenv("NNSPEC_LOCK", "off")
    run(capsys, "check", "specs")
    assert sorted(path.name for path in repository.glob("*.lock")) == ["other.lock", "third.lock"]


def test_a_lock_that_is_to_be_and_not_to_be_is_an_error_of_usage(repository: Path, capsys: Captured) -> None:
    status, _, err = run(capsys, "check", repository / "specs", "--locked", "--no-lock")
    assert status == 2
    assert "`--locked` needs a lock" in err


def test_a_lock_that_cannot_be_written_is_a_warning(
    repository: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("spec_lang.store.lock.replace_file", refuse)
    status, out, _ = run(capsys, "check", "specs", "--output-format", "plain")
    assert status == 0
    assert "warning[NN413]: `nnspec.lock` cannot be written: Permission denied" in out
    assert list(repository.glob("*.lock")) == []


# -- `--locked`, `--no-cache` ----------------------------------------------------------------------------


def test_locked_fails_where_the_lock_is_out_of_date(repository: Path, capsys: Captured) -> None:
    assert run(capsys, "check", "specs", "--locked")[0] == 2
    run(capsys, "check", "specs")
    assert run(capsys, "check", "specs", "--locked")[0] == 0
    assert run(capsys, "check", "specs", "--locked", "--no-cache")[0] == 0
    write(repository / "specs", HOLDS, FLAW, LUCK.replace("-100", "-99"))
    status, out, _ = run(capsys, "check", "specs", "--locked", "--output-format", "plain")
    assert status == 2
    assert "error[NN411]: `nnspec.lock` is out of date: it does not have `luck` as it is now" in out


def test_without_the_cache_everything_is_decided(repository: Path, capsys: Captured) -> None:
    assert repository.exists()
    assert known(capsys, "specs") == {None}
    assert known(capsys, "specs", "--no-cache") == {None}
    assert known(capsys, "specs", "--no-lock") == {"cache"}
    assert known(capsys, "specs") == {"lock"}


def test_an_audit_tells_what_a_lock_alone_says(repository: Path, capsys: Captured) -> None:
    run(capsys, "check", "specs")
    assert run(capsys, "audit", "specs")[0] == 0
    line = next(line for line in read_lock(repository / NAME).lines if line.claim.endswith("::holds"))
    forged = replace(line, verdict=Status.REFUTED)
    (repository / NAME).write_bytes(write_lock([forged]))
    status, out, _ = run(capsys, "audit", "specs", "--output-format", "plain")
    assert status == 2
    assert "the lock says that `holds` is refuted, what is stored says proved" in out
    assert run(capsys, "audit", "specs", "--no-lock")[0] == 0
    (repository / NAME).write_bytes(write_lock([line]))
    shutil.rmtree(places.proofs())
    status, out, _ = run(capsys, "audit", "specs", "--output-format", "plain")
    assert status == 3
    assert "no proof is stored here, `nnspec.lock` alone has the verdict" in out


# -- an unchanged tree ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("repository")
def test_an_unchanged_tree_says_the_same(capsys: Captured) -> None:
    first = document(capsys, "specs")
    document(capsys, "specs")
    again = document(capsys, "specs")
    for name, claim in first.items():
        kept = {key: value for key, value in claim.items() if key not in OF_A_SEARCH}
        assert {key: again[name][key] for key in kept} == kept
    assert {claim["known"] for claim in again.values()} == {"lock"}


CHANGES: dict[str, Callable[[Path], object]] = {
    "the spec": lambda root: write(root / "specs", HOLDS.replace("-100", "-99"), FLAW),
    "a weight": lambda root: _flip(root / "specs" / "f.onnx"),
    "where a link to the network leads": lambda root: _relink(root / "specs" / "f.onnx", "other.onnx"),
    "where a link to an import leads": lambda root: _relink(root / "specs" / "part.nnspec", "other.part"),
    "another spec": lambda root: (root / "specs" / "g.nnspec").write_text("language 1\n"),
    "the lock is gone": lambda root: (root / NAME).unlink(),
    "a line is gone": lambda root: (root / NAME).write_bytes((root / NAME).read_bytes().rsplit(b"\n", 2)[0]),
    "a line is damaged": lambda root: _edit(root / NAME, b"holds", b"hulds"),
    "a verdict is changed": lambda root: _edit(root / NAME, b"refuted", b"proved"),
    "the record is damaged": lambda _: list(map(_damage, places.runs().iterdir())),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changes_is_seen(
    repository: Path, capsys: Captured, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _link_files(repository / "specs")
    for _ in range(2):
        document(capsys, "specs")
    assert _is_answered_at_once(capsys, monkeypatch)
    CHANGES[change](repository)
    assert not _is_answered_at_once(capsys, monkeypatch)


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize("option", [("--timeout", "7"), ("--evidence", "checked"), ("--claim", "holds")])
def test_other_options_are_another_run(
    capsys: Captured, option: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        document(capsys, "specs")
    assert not _is_answered_at_once(capsys, monkeypatch, *option)


def test_a_file_that_was_changed_while_the_run_went_on_is_read_again(
    repository: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have been read before or after: such a run is not remembered."""
    path = repository / "specs" / "f.nnspec"
    os.utime(path, (2**33, 2**33))
    for _ in range(2):
        document(capsys, "specs")
    assert not _is_answered_at_once(capsys, monkeypatch)


def _link_files(specs: Path) -> None:
    """The network and an import become links, with other files beside what they lead to."""
    network = (specs / "f.onnx").rename(specs / "this.onnx")
    (specs / "f.onnx").symlink_to("this.onnx")
    (specs / "other.onnx").write_bytes(network.read_bytes())
    _flip(specs / "other.onnx")
    for name, bound in (("this.part", 1), ("other.part", 2)):
        (specs / name).write_text(f"param bound = {bound}\n")
    (specs / "part.nnspec").symlink_to("this.part")
    spec = specs / "f.nnspec"
    spec.write_text(f'import "part.nnspec"\n{spec.read_text()}')
    _settle()


def _is_answered_at_once(capsys: Captured, monkeypatch: pytest.MonkeyPatch, *options: str) -> bool:
    """Whether the command comes to its report without a run."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a run")

    with monkeypatch.context() as patch:
        patch.setattr("spec_lang.engine.run.check", refuse)
        status, _, err = run(capsys, "check", "specs", *options)
    assert (status == 0) is ("a run" not in err)
    return status == 0


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))


def _relink(link: Path, name: str) -> None:
    """What the link led to stays as it is."""
    link.unlink()
    link.symlink_to(name)


def _damage(path: Path) -> None:
    _edit(path, b"proved", b"prwved")


def _edit(path: Path, old: bytes, new: bytes) -> None:
    assert old in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(old, new))


IMPORTED = """
import sys
from spec_lang.cli import main
status = main(["check", "--output-format", "plain"])
heavy = {"numpy", "onnx", "lark", "z3", "highspy", "onnxruntime", "rich"} & sys.modules.keys()
print(status, sorted(heavy), file=sys.stderr)
"""


def test_an_unchanged_tree_of_two_hundred_claims_loads_neither_numbers_nor_networks(
    repository: Path, capsys: Captured
) -> None:
    family = "claim many[i in 0..199]: forall x in f.domain: f(x).p >= -100 - i\n"
    write(repository / "specs", family)
    _settle()
    run(capsys, "check")
    environment = {name: value for name, value in os.environ.items() if name != "NNSPEC_LOCK"}
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", IMPORTED], capture_output=True, text=True, check=True, env=environment
        )
    assert done.stderr.splitlines()[-1] == "0 []"
    assert "200 proved in" in done.stdout
    assert "(200 locked)" in done.stdout


def test_two_commands_at_once_lose_no_line(repository: Path) -> None:
    for number in range(6):
        (repository / f"s{number}").mkdir()
        write(repository / f"s{number}", HOLDS, FLAW)
    environment = {name: value for name, value in os.environ.items() if name != "NNSPEC_LOCK"}
    commands = [
        subprocess.Popen(
            [sys.executable, "-m", "spec_lang", "check", f"s{number}", "--jobs", "1"],
            stdout=subprocess.DEVNULL,
            env=environment,
        )
        for number in range(6)
    ]
    assert [command.wait(120) for command in commands] == [0] * 6
    content = parse_lock((repository / NAME).read_bytes())
    assert (len(content.lines), content.damaged) == (12, ())
