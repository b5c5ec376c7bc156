"""`nnspec report`: decide every claim, and write a page for a browser.

In: what `nnspec check` takes, and where the page goes.  Out: the page, besides the reports that were asked
for, with the exit status of `check`.
"""

from __future__ import annotations

import argparse
import sys
from typing import Final

from spec_lang import _registry
from spec_lang.cli import commands, outputs, usage
from spec_lang.cli.commands.base import Command


class _Report:
    name = "report"
    summary = "decide every claim, and write a page with pictures"
    description = (
        "Decide every claim as `nnspec check` does, with all of its options, and write a page that stands "
        "alone: verdicts, counterexamples as pictures, the course of each search, the networks."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        _check().add_arguments(parser)
        parser.add_argument(
            "--html",
            metavar="FILE",
            type=usage.output_file,
            required=True,
            help="where the page goes",
        )

    def run(self, arguments: argparse.Namespace) -> int:
        arguments.outputs = [*outputs.chosen(arguments.outputs), ("html", arguments.html)]
        status = _check().run(arguments)
        sys.stderr.write(f"the page is {arguments.html.resolve().as_uri()}\n")
        return status


def _check() -> Command:
    """The command that this one is a form of."""
    found = _registry.discover(commands, "COMMAND", Command)  # type: ignore[type-abstract]
    return next(command for command in found if command.name == "check")


COMMAND: Final[Command] = _Report()
