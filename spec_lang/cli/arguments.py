"""The command line, as a parser: options, their values, and usage errors in the house's words.

In: arguments.  Out: an `argparse.Namespace`, or a `UsageError` that proposes what was meant.  Imports nothing
that is slow: this is all that `nnspec --help` loads.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NoReturn

from spec_lang import __version__, _registry, reporters
from spec_lang.diagnostics import did_you_mean

# The module that renders in colours is named for where it does.
_FORMAT_OF_MODULE: Final = {"terminal": "rich"}


class UsageError(Exception):
    """What is wrong with the command line, and a fix where one is known."""

    def __init__(self, problem: str, fix: str | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.fix = fix


def formats() -> dict[str, str]:
    """The module of every output format, by the format's name."""
    return {_FORMAT_OF_MODULE.get(m, m): m for m in _registry.module_names(reporters)}


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """The parsed command line.  Raises `UsageError`, and `SystemExit` after `--help` and `--version`."""
    parser, commands = _parser()
    first = next((argument for argument in arguments if not argument.startswith("-")), None)
    if first is not None and first not in commands and arguments[0] == first:
        fix = did_you_mean(first, commands) or "the commands are " + ", ".join(f"`{c}`" for c in commands)
        raise UsageError(f"there is no command `{first}`", fix)
    known, unknown = parser.parse_known_args(arguments)
    if unknown:
        command = commands.get(first or "", parser)
        options = [option for action in command._actions for option in action.option_strings]
        word = unknown[0].partition("=")[0]
        raise UsageError(f"there is no option `{word}`", did_you_mean(word, options))
    if known.command is None:
        parser.print_help()
        raise SystemExit(0)
    return known


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message)


def _parser() -> tuple[_Parser, dict[str, _Parser]]:
    parser = _Parser(
        prog="nnspec",
        description="State what a neural network must do; have it proved, or shown the input that breaks it.",
        epilog="Exit status: 0 all proved, 1 refuted, 2 an error, 3 unknown remains, 130 interrupted.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"nnspec {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    check = subparsers.add_parser("check", help="decide every claim", allow_abbrev=False)
    check.description = "Decide every claim of the specs: proved, refuted with a counterexample, or unknown."
    explain = subparsers.add_parser("explain", help="say what a claim stands for", allow_abbrev=False)
    explain.description = "Print the formula that a claim stands for, its obligations, and the plan."
    explain.add_argument("claim", metavar="CLAIM", help="a name, an id, or a glob; quote `*` for the shell")
    for command in (check, explain):
        command.add_argument(
            "paths",
            metavar="PATH",
            nargs="*",
            default=[],
            type=Path,
            help="files (`*.nnspec`, `*.vnnlib`) or folders of `*.nnspec`; default: the current folder",
        )
        _add_shared(command)
    _add_check(check)
    return parser, {"check": check, "explain": explain}


def _add_shared(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-p",
        metavar="NAME=VALUE",
        dest="parameters",
        action="append",
        default=[],
        type=_assignment,
        help="the value of a `param`",
    )
    parser.add_argument(
        "--network",
        metavar="[NAME=]FILE",
        dest="networks",
        action="append",
        default=[],
        type=_network,
        help="an ONNX file in place of the one that the spec names; for a query, the network",
    )
    parser.add_argument("--using", metavar="BACKEND", help="decide with this backend or not at all")


def _add_check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--claim",
        metavar="GLOB",
        dest="claims",
        action="append",
        default=[],
        help="check only these claims, such as `property_*` or `robust[3]` (repeatable)",
    )
    parser.add_argument(
        "--timeout",
        metavar="S",
        type=_timeout,
        default=60.0,
        help="seconds for each claim, or `inf` (default: 60; `@timeout` in a spec goes first)",
    )
    parser.add_argument(
        "--jobs",
        metavar="N",
        type=_jobs,
        help="worker processes; 1 decides in this one (default: one for every core)",
    )
    parser.add_argument(
        "--unknown",
        metavar="{fail,warn}",
        type=_choice("--unknown", ("fail", "warn")),
        default="fail",
        help="whether an unknown makes the exit status 3 (default: fail)",
    )
    parser.add_argument("--strict", action="store_true", help="a claim over an empty region is an error")
    parser.add_argument(
        "--output-format",
        metavar="{" + ",".join(formats()) + "}",
        dest="outputs",
        action=_FormatAction,
        type=_choice("--output-format", tuple(formats())),
        default=[],
        help="default: rich on a terminal, otherwise plain (repeatable, each with its --output-file)",
    )
    parser.add_argument(
        "--output-file",
        metavar="FILE",
        dest="outputs",
        action=_FileAction,
        type=_output_file,
        help="where the report of the last --output-format goes instead of stdout",
    )


class _FormatAction(argparse.Action):
    """Appends an output, to stdout as long as no `--output-file` follows."""

    def __call__(
        self,
        _parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        _option: str | None = None,
    ) -> None:
        namespace.outputs = [*namespace.outputs, (values, None)]


class _FileAction(argparse.Action):
    """Sends the last output to a file."""

    def __call__(
        self,
        _parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        _option: str | None = None,
    ) -> None:
        if not namespace.outputs or namespace.outputs[-1][1] is not None:
            raise UsageError("an `--output-file` follows the `--output-format` that it is for")
        *others, (name, _) = namespace.outputs
        namespace.outputs = [*others, (name, values)]


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip() or not value.strip():
        raise UsageError(f"`-p {text}` is not of the form `name=value`")
    return name.strip(), value.strip()


def _network(text: str) -> tuple[str, Path]:
    name, equals, file = text.partition("=")
    if equals and (not name or not file):
        raise UsageError(f"`--network {text}` is not of the form `name=FILE` or `FILE`")
    return (name, Path(file)) if equals else ("", Path(text))


def _timeout(text: str) -> float | None:
    try:
        seconds = float(text.removesuffix("s"))
    except ValueError:
        seconds = -1.0
    if not seconds > 0:
        raise UsageError(f"`--timeout {text}` is not a number of seconds", "say `--timeout 60`, or `inf`")
    return None if seconds == float("inf") else seconds


def _jobs(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1024:
        raise UsageError(f"`--jobs {text}` is not a number of processes", "say `--jobs 2`")
    return int(text)


def _output_file(text: str) -> Path:
    path = Path(text)
    if path.is_dir() or not path.parent.is_dir():
        raise UsageError(f"`--output-file {text}`: there is no folder `{path.parent}` to write a file in")
    return path


def _choice(option: str, known: Sequence[str]) -> Callable[[str], str]:
    def check(text: str) -> str:
        if text not in known:
            fix = did_you_mean(text, known) or "it is one of " + ", ".join(f"`{word}`" for word in known)
            raise UsageError(f"`{option}` does not take `{text}`", fix)
        return text

    return check
