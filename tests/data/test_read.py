"""What is at a path, in words, whatever it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from spec_lang.data.base import Fault, FaultKind
from spec_lang.data.read import open_data

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n"
CONTENTS = [
    (b"", "is empty (0 bytes)", "again"),
    (LFS, "Git-LFS pointer", "git lfs pull"),
    (b"\x08\x07\x12\x00", "begins with the bytes 08 07 12 00", "`.npz`"),
    (b"hello there", "a text that begins with `hello there`", "`.npz`"),
]


def problem(path: Path) -> tuple[str, str]:
    found = open_data(path)
    assert isinstance(found, Fault)
    assert found.kind is FaultKind.FILE
    return found.problem, found.fix or ""


@pytest.mark.parametrize(("content", "words", "fix"), CONTENTS)
def test_a_file_that_holds_no_data_is_described(tmp_path: Path, content: bytes, words: str, fix: str) -> None:
    (tmp_path / "d.npz").write_bytes(content)
    found = problem(tmp_path / "d.npz")
    assert words in found[0]
    assert fix in found[1]


def test_a_missing_file_is_reported_with_one_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "digits.npz").write_bytes(b"x")
    assert problem(tmp_path / "digit.npz")[1] == "did you mean `digits.npz`?"
    assert "there is no folder" in problem(tmp_path / "none" / "d.npz")[1]
    assert "holds `digits.npz`" in problem(tmp_path)[1]


@pytest.mark.parametrize("name", ["\0", "a" * 5000, "\0/b.npz"])
def test_an_impossible_path_is_a_fault(tmp_path: Path, name: str) -> None:
    assert "d" in problem(tmp_path / name)[0]
