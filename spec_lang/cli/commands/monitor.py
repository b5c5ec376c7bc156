"""`nnspec monitor`: invariants as runtime checks in the network's ONNX file."""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from spec_lang.cli import outputs, shared
from spec_lang.cli.commands.base import Command
from spec_lang.cli.status import ERROR, INTERRUPTED, OK
from spec_lang.cli.usage import UsageError

if TYPE_CHECKING:
    from spec_lang.engine.monitor import Exported

_BETWEEN_NAMES: Final = re.compile(r",(?![^\[]*\])")  # a comma that is not in the brackets of a member


class _Monitor:
    name = "monitor"
    summary = "export invariants as runtime checks, with the network, in one ONNX file"
    description = (
        "Write the network again with one more boolean output for each invariant: true for an input where "
        "its region and its antecedent hold, so that what it promises there is proved. Inputs are in "
        "network space, as those of the original file. Exit status: 0 written, 2 an error."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("spec", metavar="SPEC.nnspec", type=Path, help="the spec with the invariants")
        parser.add_argument(
            "--invariant",
            metavar="NAME[,NAME…]",
            dest="invariants",
            action="append",
            default=[],
            help="these invariants alone; a family's name stands for its members (default: all)",
        )
        parser.add_argument(
            "-o", "--output", metavar="FILE.onnx", type=Path, required=True, help="where the model goes"
        )
        parser.add_argument(
            "--unproved", action="store_true", help="export invariants that are not proved as well"
        )
        shared.add_inputs(parser)
        shared.add_planning(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        _check_output(arguments.output)
        from spec_lang.engine.monitor import monitor  # noqa: PLC0415 - start-up
        from spec_lang.store.places import proofs  # noqa: PLC0415

        names = tuple(name for part in arguments.invariants for name in _BETWEEN_NAMES.split(part))
        options = replace(shared.planning_options(arguments, names), store=proofs())
        exported = monitor(arguments.spec, options, outputs.observer(), unproved=arguments.unproved)
        _show_problems(exported)
        if exported.interrupted:
            return INTERRUPTED
        if exported.model is None:
            return ERROR
        _write(arguments.output, exported.model)
        sys.stdout.writelines(_lines(exported, arguments.output))
        return OK


def _check_output(file: Path) -> None:
    if file.suffix != ".onnx":
        raise UsageError(f"`-o {file}`: the name of a model ends in `.onnx`", f"say `-o {file.stem}.onnx`")
    if not file.parent.is_dir():
        raise UsageError(f"`-o {file}`: there is no folder `{file.parent}`")


def _write(file: Path, data: bytes) -> None:
    """As a whole, or not at all."""
    name = ""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{file.name}.", suffix=".tmp", dir=file.parent)
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        Path(name).chmod(0o644)
        Path(name).replace(file)
    except OSError as error:
        if name:
            with suppress(OSError):
                Path(name).unlink()
        raise UsageError(f"`{file}` cannot be written: {error.strerror or error}") from None


def _lines(exported: Exported, file: Path) -> list[str]:
    found = []
    for one in exported.monitors:
        evidence = f", {one.evidence}" if one.evidence else ""
        output = f" as `{one.output}`" if one.output != one.name else ""
        near = "" if one.exact else "; false, too, where rounding might decide"
        found.append(f"  {one.name}{output}: {one.verdict.value}{evidence}{near}\n")
    return [
        *found,
        f"{file} is written: the network's inputs and outputs, and a boolean for each invariant\n",
    ]


def _show_problems(exported: Exported) -> None:
    from spec_lang.reporters._diagnostic_text import diagnostic_lines  # noqa: PLC0415 - start-up
    from spec_lang.reporters._layout import text_of  # noqa: PLC0415

    for diagnostic in exported.diagnostics:
        lines = diagnostic_lines(diagnostic, exported.sources)
        sys.stdout.writelines(text_of(pieces) + "\n" for pieces in lines)


COMMAND: Final[Command] = _Monitor()
