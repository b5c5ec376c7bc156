"""The command line, as a parser: the commands, their options, and usage errors in the house's words.

In: arguments.  Out: the command and an `argparse.Namespace`, or a `UsageError` that proposes what was meant.
Imports nothing that is slow: this is all that `nnspec --help` loads.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NoReturn

from spec_lang import __version__, _registry
from spec_lang.cli import commands
from spec_lang.cli.commands.base import Command
from spec_lang.cli.usage import UsageError
from spec_lang.diagnostics import did_you_mean


def parse_arguments(arguments: Sequence[str]) -> tuple[Command, argparse.Namespace]:
    """What to run.  Raises `UsageError`, and `SystemExit` after `--help` and `--version`."""
    known = known_commands()
    parser, parsers = parsers_of(known)
    first = next((argument for argument in arguments if not argument.startswith("-")), None)
    if first is not None and first not in known and arguments[0] == first:
        fix = did_you_mean(first, known) or "the commands are " + ", ".join(f"`{c}`" for c in known)
        raise UsageError(f"there is no command `{first}`", fix)
    parsed, unknown = parser.parse_known_args(arguments)
    if unknown:
        options = [o for action in parsers.get(first or "", parser)._actions for o in action.option_strings]
        word = unknown[0].partition("=")[0]
        raise UsageError(f"there is no option `{word}`", did_you_mean(word, options))
    if parsed.command is None:
        parser.print_help()
        raise SystemExit(0)
    return known[parsed.command], parsed


def known_commands() -> dict[str, Command]:
    """Every command, by its name."""
    found = _registry.discover(commands, "COMMAND", Command)  # type: ignore[type-abstract]
    return {command.name: command for command in found}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message)


def parsers_of(
    known: dict[str, Command],
) -> tuple[argparse.ArgumentParser, dict[str, argparse.ArgumentParser]]:
    """The parser of the whole command line, and that of each command."""
    parser = _Parser(
        prog="nnspec",
        description="State what a neural network must do; have it proved, or shown the input that breaks it.",
        epilog="Exit status: 0 all proved, 1 refuted, 2 an error, 3 unknown remains, 130 interrupted.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"nnspec {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    parsers: dict[str, argparse.ArgumentParser] = {}
    for name, command in known.items():
        one = subparsers.add_parser(name, help=command.summary, allow_abbrev=False)
        one.description = command.description
        command.add_arguments(one)
        parsers[name] = one
    return parser, parsers
