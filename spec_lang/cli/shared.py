"""Options that several commands have: paths, parameters, networks, reports.

In: a command's parser.  Out: the same parser with the options added, and their values in its namespace under
`paths`, `parameters`, `networks`, `using` and `outputs`.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from spec_lang import _registry, reporters
from spec_lang.cli import usage

# The module that renders in colours is named for where it does.
_FORMAT_OF_MODULE: Final = {"terminal": "rich"}


def formats() -> dict[str, str]:
    """The module of every output format, by the format's name."""
    return {_FORMAT_OF_MODULE.get(m, m): m for m in _registry.module_names(reporters)}


def add_paths(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths",
        metavar="PATH",
        nargs="*",
        default=[],
        type=Path,
        help="files (`*.nnspec`, `*.vnnlib`) or folders of `*.nnspec`; default: the current folder",
    )


def add_inputs(parser: argparse.ArgumentParser) -> None:
    """`-p` and `--network`."""
    parser.add_argument(
        "-p",
        metavar="NAME=VALUE",
        dest="parameters",
        action="append",
        default=[],
        type=usage.assignment,
        help="the value of a `param`",
    )
    parser.add_argument(
        "--network",
        metavar="[NAME=]FILE",
        dest="networks",
        action="append",
        default=[],
        type=usage.network,
        help="an ONNX file in place of the one that the spec names; for a query, the network",
    )


def add_using(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--using", metavar="BACKEND", help="decide with this backend or not at all")


def add_outputs(parser: argparse.ArgumentParser) -> None:
    """`--output-format` and `--output-file`."""
    parser.add_argument(
        "--output-format",
        metavar="{" + ",".join(formats()) + "}",
        dest="outputs",
        action=_FormatAction,
        type=usage.choice("--output-format", tuple(formats())),
        default=[],
        help="default: rich on a terminal, otherwise plain (repeatable, each with its --output-file)",
    )
    parser.add_argument(
        "--output-file",
        metavar="FILE",
        dest="outputs",
        action=_FileAction,
        type=usage.output_file,
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
            raise usage.UsageError("an `--output-file` follows the `--output-format` that it is for")
        *others, (name, _) = namespace.outputs
        namespace.outputs = [*others, (name, values)]
