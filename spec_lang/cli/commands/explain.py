"""`nnspec explain`: what a claim stands for and how it would be decided; what a form or a code means; what a
decision at a point rests on."""

from __future__ import annotations

import argparse
import re
import sys
from typing import Final

from spec_lang.cli import explaining, shared
from spec_lang.cli.commands.base import Command
from spec_lang.cli.status import OK, exit_status
from spec_lang.cli.usage import UsageError

_CODE: Final = re.compile(r"NN[0-9]{3}", re.IGNORECASE)
_SCHEMA: Final = "schema"


class _Explain:
    name = "explain"
    summary = "say what a claim, a claim form or a diagnostic stands for, or why a point is decided so"
    description = (
        "Print the formula that a claim stands for, its obligations, and the plan; or the page of a claim "
        "form, such as `robust`, or of a diagnostic, such as `NN012`; or, for `schema`, the JSON Schema of "
        "the report. With `--at`, find inputs, or neurons, "
        "that are enough for what a claim says, or a network decides, at a point."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "what",
            metavar="CLAIM",
            help="a claim's name, id, or a glob (quote `*` for the shell); or a form, a code, or `schema`",
        )
        shared.add_paths(parser)
        shared.add_inputs(parser)
        shared.add_planning(parser)
        explaining.add_options(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        if explaining.wanted(arguments):
            return explaining.run(arguments)
        if _CODE.fullmatch(arguments.what):
            return _write(_page(arguments.what))
        if not arguments.paths:  # with a path, a claim that is called like a form can be asked for
            if arguments.what == _SCHEMA:
                from spec_lang.reporters._documents import schema_text  # noqa: PLC0415 - start-up

                return _write(schema_text())
            from spec_lang.engine.explain import explain_form  # noqa: PLC0415 - start-up

            form = explain_form(arguments.what)
            if form is not None:
                return _write(form)
        return _explain_claims(arguments)


def _page(code: str) -> str:
    from spec_lang.pages import explain_code, suggestion  # noqa: PLC0415 - start-up

    text = explain_code(code)
    if text is None:
        raise UsageError(f"there is no diagnostic `{code}`", suggestion(code))
    return text


def _write(text: str) -> int:
    sys.stdout.write(text)
    return OK


def _explain_claims(arguments: argparse.Namespace) -> int:
    from spec_lang.engine.explain import explain  # noqa: PLC0415 - start-up
    from spec_lang.reporters._text import render_diagnostics  # noqa: PLC0415

    options = shared.planning_options(arguments, (arguments.what,))
    text, report = explain(arguments.paths or ["."], options)
    sys.stdout.write(text)
    render_diagnostics(report, sys.stdout)
    return exit_status(report, unknown_fails=False)


COMMAND: Final[Command] = _Explain()
