"""Files on disk: what `fmt` writes, what it leaves alone, and what it says."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from spec_lang.engine.fmt import FmtMode, format_bytes, format_files

MESSY = b"param   a = 1\n"
TIDY = b"param a = 1\n"


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "spec.nnspec"
    path.write_bytes(MESSY)
    return path


def test_a_file_is_written_in_its_layout(spec: Path) -> None:
    report = format_files([spec], FmtMode.WRITE)
    assert spec.read_bytes() == TIDY
    assert [file.file for file in report.changed] == [spec.as_posix()]
    assert report.diagnostics == ()


def test_check_writes_nothing(spec: Path) -> None:
    report = format_files([spec], FmtMode.CHECK)
    assert spec.read_bytes() == MESSY
    assert len(report.changed) == 1


def test_a_file_in_its_layout_is_not_touched(spec: Path) -> None:
    spec.write_bytes(TIDY)
    before = spec.stat()
    report = format_files([spec], FmtMode.WRITE)
    after = spec.stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert len(report.files) == 1
    assert report.changed == ()


def test_a_file_that_does_not_parse_is_left_alone_and_the_others_are_not(spec: Path) -> None:
    broken = spec.with_name("broken.nnspec")
    broken.write_bytes(b"param   a = \n")
    report = format_files([spec.parent], FmtMode.WRITE)
    assert broken.read_bytes() == b"param   a = \n"
    assert spec.read_bytes() == TIDY
    assert [diagnostic.code for diagnostic in report.diagnostics] == ["NN019"]
    assert report.diagnostics[0].span is not None
    assert report.diagnostics[0].span.file == broken.as_posix()


def test_permissions_are_kept(spec: Path) -> None:
    spec.chmod(0o640)
    format_files([spec], FmtMode.WRITE)
    assert stat.S_IMODE(spec.stat().st_mode) == 0o640


def test_a_link_stays_a_link(spec: Path) -> None:
    link = spec.with_name("link.nnspec")
    link.symlink_to(spec)
    format_files([link], FmtMode.WRITE)
    assert link.is_symlink()
    assert spec.read_bytes() == TIDY


def test_a_failed_write_leaves_the_file_and_nothing_else(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_path: Path, _target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    report = format_files([spec], FmtMode.WRITE)
    assert [(d.code, d.problem) for d in report.diagnostics] == [
        ("NN430", f"`{spec.as_posix()}` cannot be written: No space left on device")
    ]
    assert report.files == ()
    assert spec.read_bytes() == MESSY
    assert list(spec.parent.iterdir()) == [spec]


def test_a_read_only_file_is_not_written(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Asked, not tried: replacing a file needs the right to write its folder alone, and root may do anything.
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)
    report = format_files([spec], FmtMode.WRITE)
    assert [diagnostic.code for diagnostic in report.diagnostics] == ["NN430"]
    assert spec.read_bytes() == MESSY


def test_line_ends_are_those_of_the_file(spec: Path) -> None:
    spec.write_bytes(b"param   a = 1\r\n\r\nparam b = 2")
    format_files([spec], FmtMode.WRITE)
    assert spec.read_bytes() == b"param a = 1\r\n\r\nparam b = 2\r\n"


def test_a_query_is_no_spec(tmp_path: Path) -> None:
    query = tmp_path / "q.vnnlib"
    query.write_bytes(b"(assert (>= X_0 0))\n")
    report = format_files([query], FmtMode.WRITE)
    assert [diagnostic.code for diagnostic in report.diagnostics] == ["NN431"]
    assert report.files == ()


def test_what_cannot_be_found_is_said(tmp_path: Path) -> None:
    report = format_files([tmp_path / "none.nnspec", tmp_path], FmtMode.CHECK)
    assert [diagnostic.code for diagnostic in report.diagnostics] == ["NN401", "NN402"]


def test_stdin_is_laid_out() -> None:
    (file,) = format_bytes(MESSY).files
    assert (file.file, file.after) == ("<stdin>", TIDY.decode())


@pytest.mark.parametrize(("data", "code"), [(b"param a = \xff", "NN001"), (b"claim", "NN019")])
def test_stdin_that_does_not_parse_has_no_layout(data: bytes, code: str) -> None:
    report = format_bytes(data)
    assert report.files == ()
    assert [diagnostic.code for diagnostic in report.diagnostics] == [code]


def test_a_diff_is_unified() -> None:
    (file,) = format_bytes(b"# \x0c\nparam   a = 1").files
    assert file.diff() == (
        "--- <stdin>\n+++ <stdin>\n@@ -1,2 +1,2 @@\n"
        "-# \x0c\n-param   a = 1\n\\ No newline at end of file\n+#\n+param a = 1\n"
    )


def test_nothing_changed_is_no_diff() -> None:
    (file,) = format_bytes(TIDY).files
    assert not file.changed
    assert file.diff() == ""
