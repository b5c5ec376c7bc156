"""`nnspec fmt`: specs in the one layout, written, compared, or from stdin to stdout."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from spec_lang.cli.commands.base import Command
from spec_lang.cli.status import CHANGES, ERROR, OK
from spec_lang.cli.usage import UsageError

if TYPE_CHECKING:
    from spec_lang.engine.fmt import FmtReport

_STDIN: Final = Path("-")


class _Fmt:
    name = "fmt"
    summary = "lay out specs in the one canonical way"
    description = (
        "Write the specs in the one layout; comments stay where they are. Exit status: 0 done, 1 a file "
        "would change (with --check or --diff), 2 an error; the other files are laid out all the same."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "paths",
            metavar="PATH",
            nargs="*",
            default=[],
            type=Path,
            help="files or folders of `*.nnspec`, or `-` for stdin to stdout; default: the current folder",
        )
        parser.add_argument(
            "--check", action="store_true", help="write nothing; name the files that would change"
        )
        parser.add_argument("--diff", action="store_true", help="write nothing; show what would change")

    def run(self, arguments: argparse.Namespace) -> int:
        reads_stdin = _STDIN in arguments.paths
        if reads_stdin and len(arguments.paths) > 1:
            raise UsageError("`-` is stdin, and stands alone", "lay out the files by a call of their own")
        from spec_lang.engine.fmt import FmtMode, format_bytes, format_files  # noqa: PLC0415 - start-up

        writes = not (arguments.check or arguments.diff)
        data = sys.stdin.buffer.read() if reads_stdin else b""
        if reads_stdin:
            report = format_bytes(data)
        else:
            report = format_files(arguments.paths or ["."], FmtMode.WRITE if writes else FmtMode.CHECK)
        _show_problems(report, data)
        if reads_stdin and writes:
            sys.stdout.writelines(file.after for file in report.files)
        else:
            sys.stdout.writelines(_lines(report, check=arguments.check, diff=arguments.diff))
        if any(diagnostic.is_error for diagnostic in report.diagnostics):
            return ERROR
        return CHANGES if report.changed and not writes else OK


def _lines(report: FmtReport, *, check: bool, diff: bool) -> Iterator[str]:
    """The diffs if they are asked for, then what became of the files."""
    if diff:
        yield from (file.diff() for file in report.changed)
    if check or not diff:
        done = "would change" if check else "changed"
        yield from (f"{done}  {file.file}\n" for file in report.changed)
        changed, total = len(report.changed), len(report.files)
        yield f"{changed} of {total} {'file' if total == 1 else 'files'} {done}\n"


def _show_problems(report: FmtReport, stdin: bytes) -> None:
    """On stderr, since stdout may be the text of a spec."""
    if not report.diagnostics:
        return
    from spec_lang.reporters._diagnostic_text import diagnostic_lines  # noqa: PLC0415
    from spec_lang.reporters._layout import text_of  # noqa: PLC0415 - start-up

    named = {diagnostic.span.file for diagnostic in report.diagnostics if diagnostic.span is not None}
    sources = {file: text for file in named if (text := _text(file, stdin)) is not None}
    for diagnostic in report.diagnostics:
        sys.stderr.writelines(text_of(pieces) + "\n" for pieces in diagnostic_lines(diagnostic, sources))
        sys.stderr.write("\n")


def _text(file: str, stdin: bytes) -> str | None:
    """The text that a diagnostic points into, as the parser has seen it."""
    from spec_lang.diagnostics import Diagnostic  # noqa: PLC0415 - start-up
    from spec_lang.engine.fmt import STDIN_FILE  # noqa: PLC0415
    from spec_lang.syntax.source import decode_source  # noqa: PLC0415

    try:
        text = decode_source(stdin if file == STDIN_FILE else Path(file).read_bytes(), file)
    except OSError:
        return None
    return None if isinstance(text, Diagnostic) else text


COMMAND: Final[Command] = _Fmt()
