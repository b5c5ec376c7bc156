"""`nnspec plan`: which backends would decide every claim, for how long, and why."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Final

from spec_lang.cli import shared, usage
from spec_lang.cli.commands.base import Command
from spec_lang.cli.status import exit_status

_FORMATS: Final = ("plain", "json")


class _Plan:
    name = "plan"
    summary = "say how every claim would be decided"
    description = (
        "Print the backends that every claim would be given to, in order, each with its share of the time "
        "and the reason for it, and those that are left out, with the reason why. Nothing is decided."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        shared.add_paths(parser)
        shared.add_inputs(parser)
        shared.add_claims(parser)
        shared.add_planning(parser)
        parser.add_argument(
            "--output-format",
            metavar="{" + ",".join(_FORMATS) + "}",
            type=usage.choice("--output-format", _FORMATS),
            default="plain",
            help="text, or one document for programs (default: plain)",
        )

    def run(self, arguments: argparse.Namespace) -> int:
        from spec_lang.engine.plans import document_of, plans_of, text_of  # noqa: PLC0415 - start-up
        from spec_lang.reporters._text import render_diagnostics  # noqa: PLC0415

        options = shared.planning_options(arguments, tuple(arguments.claims))
        found, report = plans_of(arguments.paths or ["."], options)
        if arguments.output_format == "json":
            json.dump(document_of(found, report), sys.stdout, indent=2, allow_nan=False, ensure_ascii=False)
            sys.stdout.write("\n")
        else:
            sys.stdout.write(text_of(found))
            render_diagnostics(report, sys.stdout)
        return exit_status(report, unknown_fails=False)


COMMAND: Final[Command] = _Plan()
