"""`nnspec init`: a starter spec for an ONNX file."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from spec_lang.cli.commands.base import Command
from spec_lang.cli.status import ERROR, OK
from spec_lang.cli.usage import UsageError

if TYPE_CHECKING:
    from spec_lang.engine.init import Written


class _Init:
    name = "init"
    summary = "write a starter spec for an ONNX file"
    description = (
        "Write a spec with the network's names and shapes, a placeholder for its domain, and claims that "
        "were tried. Exit status: 0 written, 2 an error."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("model", metavar="MODEL.onnx", type=Path, help="the network")
        parser.add_argument(
            "-o",
            "--output",
            metavar="FILE",
            type=Path,
            help="where the spec goes (default: the model's name, in the current folder)",
        )
        parser.add_argument("--force", action="store_true", help="replace the file if there is one")

    def run(self, arguments: argparse.Namespace) -> int:
        file: Path = arguments.output or Path(f"{arguments.model.stem}.nnspec")
        if file.suffix != ".nnspec":
            raise UsageError(f"`-o {file}`: a spec's name ends in `.nnspec`", f"say `-o {file.stem}.nnspec`")
        if not file.parent.is_dir():
            raise UsageError(f"`-o {file}`: there is no folder `{file.parent}`")
        from spec_lang.engine.init import init  # noqa: PLC0415 - start-up

        written = init(arguments.model, file, force=arguments.force)
        if written.text is None:
            _show_problems(written)
            return ERROR
        _say_what_was_written(written, file)
        return OK


def _say_what_was_written(written: Written, file: Path) -> None:
    claims = () if written.report is None else written.report.claims
    for claim in claims:
        sys.stdout.write(f"  {claim.status.value}  {claim.name}  {claim.seconds:.2f} s\n")
    command = f"nnspec check {shlex.quote(str(file))}"
    sys.stdout.write(f"{file} is written; edit its names, domain and claims, then `{command}`\n")


def _show_problems(written: Written) -> None:
    from spec_lang.reporters._diagnostic_text import diagnostic_lines  # noqa: PLC0415 - start-up
    from spec_lang.reporters._layout import text_of  # noqa: PLC0415

    for diagnostic in written.diagnostics:
        sys.stdout.writelines(text_of(pieces) + "\n" for pieces in diagnostic_lines(diagnostic, {}))


COMMAND: Final[Command] = _Init()
