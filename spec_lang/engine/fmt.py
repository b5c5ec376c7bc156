"""`nnspec fmt`: specs on disk, or one from stdin, in the one layout.

In: paths, as every command takes them.  Out: what became of each file, and diagnostics.  A file that does not
parse, or that is laid out already, is not touched; one that is written is replaced as a whole, or not at all.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from difflib import unified_diff
from enum import Enum
from pathlib import Path
from typing import Final

from spec_lang._values import dataclass
from spec_lang.diagnostics import Diagnostic, DiagnosticLog
from spec_lang.engine import codes
from spec_lang.engine.sources import Source, read_sources
from spec_lang.syntax.layout.module import format_module
from spec_lang.syntax.source import decode_source

UNWRITABLE: Final = "NN430"  # a file that the system does not let us write
NOT_FORMATTED: Final = "NN431"  # a query, which is no spec

# The name of standard input in messages.
STDIN_FILE: Final = "<stdin>"


class FmtMode(Enum):
    """What to do with a file that is not laid out: write it, or say so."""

    WRITE = "write"
    CHECK = "check"


@dataclass(frozen=True, slots=True)
class FmtFile:
    """A file that parses: its name, its text before, and its text in the one layout."""

    file: str
    before: str
    after: str

    @property
    def changed(self) -> bool:
        return self.before != self.after

    def diff(self) -> str:
        """A unified diff; empty where nothing changes.

        The end of the last line is marked, if it is missing, as `diff` and `patch` have it.
        """
        before, after = _lines(self.before), _lines(self.after)
        return "".join(
            line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
            for line in unified_diff(before, after, self.file, self.file)
        )


@dataclass(frozen=True, slots=True)
class FmtReport:
    """The files that parse, in order, and what is wrong with the others."""

    files: tuple[FmtFile, ...]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def changed(self) -> tuple[FmtFile, ...]:
        return tuple(file for file in self.files if file.changed)


def format_files(paths: Sequence[str | Path], mode: FmtMode) -> FmtReport:
    """Lays out the specs behind `paths`, files and folders, and writes them if `mode` says so."""
    problems = DiagnosticLog()
    files: list[FmtFile] = []
    for source in read_sources(paths, problems):
        file = _format_source(source, problems)
        if file is None:
            continue
        if file.changed and mode is FmtMode.WRITE and not _write(Path(source.file), file.after, problems):
            continue
        files.append(file)
    return FmtReport(tuple(files), tuple(problems))


def format_bytes(data: bytes) -> FmtReport:
    """Lays out what came from stdin; nothing is written."""
    problems = DiagnosticLog()
    file = _format_bytes(data, STDIN_FILE, problems)
    return FmtReport(() if file is None else (file,), tuple(problems))


def _format_source(source: Source, problems: DiagnosticLog) -> FmtFile | None:
    if source.is_query:
        fix = "name a spec (`*.nnspec`), or a folder with specs"
        problems.error(NOT_FORMATTED, f"`{source.file}` is a query; only specs are laid out", None, fix)
        return None
    try:
        # Again, because a source has lost its line ends.
        data = Path(source.file).read_bytes()
    except OSError as error:
        problems.error(codes.UNREADABLE, f"`{source.file}` cannot be read: {error.strerror or error}", None)
        return None
    return _format_bytes(data, source.file, problems)


def _format_bytes(data: bytes, file: str, problems: DiagnosticLog) -> FmtFile | None:
    text = decode_source(data, file)
    if isinstance(text, Diagnostic):
        problems.add(text)
        return None
    before = data.decode("utf-8")
    formatted = format_module(before, file)
    problems.extend(formatted.diagnostics)
    return None if formatted.text is None else FmtFile(file, before, formatted.text)


def _lines(text: str) -> list[str]:
    """The lines of `text` with their ends; only a newline ends one."""
    lines = text.split("\n")
    return [f"{line}\n" for line in lines[:-1]] + lines[-1:] * bool(lines[-1])


def _write(path: Path, text: str, problems: DiagnosticLog) -> bool:
    try:
        _replace(path.resolve(), text.encode())
    except OSError as error:
        problem = f"`{path.as_posix()}` cannot be written: {error.strerror or error}"
        problems.error(UNWRITABLE, problem, None, "`--diff` shows what would change")
        return False
    return True


def _replace(path: Path, data: bytes) -> None:
    """Writes `data` beside `path` and puts it in its place in one step, with the same permissions."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if not os.access(path, os.W_OK):
        raise PermissionError(None, "the file is read-only")
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
