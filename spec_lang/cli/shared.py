"""Options that several commands have: paths, parameters, networks, reports.

In: a command's parser.  Out: the same parser with the options added, their values in its namespace, and the
engine's options made of them.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

from spec_lang import _registry, reporters
from spec_lang.cli import usage

if TYPE_CHECKING:
    from spec_lang.engine.options import CheckOptions, Locking

# The module that renders in colours is named for where it does.
_FORMAT_OF_MODULE: Final = {"terminal": "rich"}

EVIDENCE: Final = ("any", "checked-rounded", "checked")  # weakest first
SEMANTICS: Final = ("real", "float32")


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


def add_claims(parser: argparse.ArgumentParser) -> None:
    """`--claim`."""
    parser.add_argument(
        "--claim",
        metavar="GLOB",
        dest="claims",
        action="append",
        default=[],
        help="these claims alone, such as `property_*` or `robust[3]` (repeatable)",
    )


def add_planning(parser: argparse.ArgumentParser) -> None:
    """What a plan depends on: `--using`, `--timeout`, `--budget`, `--evidence`, `--semantics`."""
    parser.add_argument("--using", metavar="BACKEND", help="decide with this backend or not at all")
    parser.add_argument(
        "--timeout",
        metavar="S",
        type=usage.timeout,
        default=argparse.SUPPRESS,  # it depends on `--budget`
        help="seconds for each claim, or `inf` (default: 60; `@timeout` in a spec goes first); "
        "the check of a proof comes on top, and takes as long again at most",
    )
    parser.add_argument(
        "--budget",
        metavar="N",
        type=usage.budget,
        help="units of work for each claim instead of seconds: the same verdict on machines of any speed; "
        "there is no limit of time then, unless `--timeout` sets one, which ends a claim as unknown "
        "(default: no limit)",
    )
    parser.add_argument(
        "--evidence",
        metavar="{" + ",".join(EVIDENCE) + "}",
        type=usage.choice("--evidence", EVIDENCE),
        default=EVIDENCE[0],
        help="the weakest that counts as a proof: a backend's word as well, what the kernel has checked in "
        "rounded floats, or in exact arithmetic (default: any)",
    )
    parser.add_argument(
        "--semantics",
        metavar="{" + ",".join(SEMANTICS) + "}",
        type=usage.choice("--semantics", SEMANTICS),
        default=SEMANTICS[0],
        help="whether networks compute in real numbers, or in float32 in any order of summation "
        "(default: real; `@semantics` in a spec goes first)",
    )


def add_lock(parser: argparse.ArgumentParser) -> None:
    """`--lock`, `--no-lock`."""
    parser.add_argument(
        "--lock",
        metavar="FILE",
        type=Path,
        help="the lock (default: the nearest `nnspec.lock` above a spec, else one at the root of its Git "
        "repository; NNSPEC_LOCK in the environment names another, or says `off`)",
    )
    parser.add_argument("--no-lock", action="store_true", help="neither read nor write a lock")


def locking(arguments: argparse.Namespace) -> Locking | None:
    """Which lock there is; None for none."""
    from spec_lang.engine.options import Locking  # noqa: PLC0415 - start-up

    said = arguments.lock_variable or ""
    if arguments.no_lock or (said == "off" and arguments.lock is None):
        return None
    file = arguments.lock or (Path(said) if said and said != "off" else None)
    return Locking(None if file is None else file.resolve())


def planning_options(arguments: argparse.Namespace, claims: tuple[str, ...]) -> CheckOptions:
    """The engine's options, of what `add_inputs` and `add_planning` have read."""
    from spec_lang.engine.options import CheckOptions  # noqa: PLC0415 - start-up
    from spec_lang.kernel.verdict import EvidenceKind  # noqa: PLC0415
    from spec_lang.obligations.denotation import Semantics  # noqa: PLC0415

    evidence = EvidenceKind.TRUSTED if arguments.evidence == "any" else EvidenceKind(arguments.evidence)
    return CheckOptions(
        claims=claims,
        parameters=tuple(arguments.parameters),
        networks=tuple(arguments.networks),
        timeout=_timeout(arguments),
        budget=arguments.budget,
        using=arguments.using,
        evidence=evidence,
        semantics=Semantics(arguments.semantics),
        debug=arguments.debug,
    )


def _timeout(arguments: argparse.Namespace) -> float | None:
    """What was said or, with a budget, none."""
    from spec_lang.engine.options import DEFAULT_TIMEOUT  # noqa: PLC0415 - start-up

    if "timeout" in arguments:
        said: float | None = arguments.timeout
        return said
    return DEFAULT_TIMEOUT if arguments.budget is None else None


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
