"""`nnspec lint`: mistakes and warnings, in the time that a commit hook may take."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TextIO

from spec_lang.cli import outputs, shared
from spec_lang.cli.commands.base import Command
from spec_lang.cli.invocation import invoked, write_summary
from spec_lang.cli.status import ERROR, OK

if TYPE_CHECKING:
    from spec_lang.engine.lint import Linted
    from spec_lang.reporters._layout import Line


class _Lint:
    name = "lint"
    summary = "find mistakes without deciding anything"
    description = (
        "Check syntax, names, types and shapes (against the ONNX files), and warn of what cannot be meant. "
        "Exit status: 0 no errors, 2 errors."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        shared.add_paths(parser)
        shared.add_inputs(parser)
        parser.add_argument("--strict", action="store_true", help="a warning is an error")
        shared.add_outputs(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        targets = outputs.chosen(arguments.outputs)
        from spec_lang.engine.lint import lint  # noqa: PLC0415 - start-up
        from spec_lang.engine.options import CheckOptions  # noqa: PLC0415

        options = CheckOptions(
            parameters=tuple(arguments.parameters),
            networks=tuple(arguments.networks),
            strict=arguments.strict,
        )
        linted = lint(arguments.paths or ["."], options)

        status = ERROR if linted.errors else OK
        linted = replace(linted, report=invoked(linted.report, unknown_fails=True, status=status))

        def render(name: str, stream: TextIO) -> None:
            _render(linted, name, stream)

        outputs.write(targets, render)
        write_summary(targets, render)
        return status


def _render(linted: Linted, name: str, stream: TextIO) -> None:
    """For people, the diagnostics and a line that sums up; for programs, the report in its format."""
    if name == "plain":
        from spec_lang.reporters._layout import text_of  # noqa: PLC0415 - start-up

        stream.writelines(text_of(pieces) + "\n" for pieces in _lines(linted))
    elif name == "rich":
        from spec_lang.reporters._colours import write_lines  # noqa: PLC0415 - start-up

        write_lines(_lines(linted), stream)
    else:
        outputs.reporter(name).render(linted.report, stream)


def _lines(linted: Linted) -> list[Line]:
    from spec_lang.reporters._layout import Role, line  # noqa: PLC0415 - start-up
    from spec_lang.reporters._text import all_diagnostic_lines  # noqa: PLC0415

    looked_at = f"{_count(linted.specs, 'file')}, {_count(linted.claims, 'claim')}: "
    errors, warnings = linted.errors, linted.warnings
    found = [(_count(errors, "error"), Role.BAD)] if errors else []
    found += [(_count(warnings, "warning"), Role.OPEN)] if warnings else []
    pieces = found or [("nothing to say", Role.GOOD)]
    separated = [pieces[0], *(piece for more in pieces[1:] for piece in ((", ", Role.TEXT), more))]
    return [*all_diagnostic_lines(linted.report), line(looked_at, *separated)]


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


COMMAND: Final[Command] = _Lint()
