"""`nnspec explain … --at`: what a point's decision rests on.

In: the arguments of `explain`.  Out: the options that only such explanations have, and what is printed.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from spec_lang import __version__
from spec_lang.cli import outputs, shared, usage
from spec_lang.cli.status import ERROR, INTERRUPTED, OK
from spec_lang.cli.usage import UsageError

if TYPE_CHECKING:
    from spec_lang.engine.explain_decision import Answered
    from spec_lang.reporters._layout import Line

_FORMATS = ("rich", "plain", "json")


def add_options(parser: argparse.ArgumentParser) -> None:
    """`--at`, and what says more about it."""
    group = parser.add_argument_group(
        "why a decision is what it is (`SPEC.nnspec::CLAIM`, or a `MODEL.onnx`)"
    )
    group.add_argument(
        "--at",
        metavar="EXPR",
        help="the point: an expression of the spec's language; for a model also a file with an array",
    )
    group.add_argument(
        "--within",
        metavar="R",
        help="what is free stays within this of the point (default: it ranges over the claim's region)",
    )
    group.add_argument(
        "--neurons", metavar="LAYER", help="explain by the phases of a layer's neurons, not by inputs"
    )
    group.add_argument(
        "--output-format",
        metavar="{rich,plain,json}",
        dest="format",
        type=usage.choice("--output-format", _FORMATS),
        help="default: rich on a terminal, otherwise plain",
    )


def wanted(arguments: argparse.Namespace) -> bool:
    """Whether a point was named.  Raises `UsageError` for what only means something then."""
    given = {
        "--within": arguments.within,
        "--neurons": arguments.neurons,
        "--output-format": arguments.format,
    }
    for option, value in given.items():
        if value is not None and arguments.at is None:
            raise UsageError(f"`{option}` is for an explanation at a point", "name the point with `--at`")
    return arguments.at is not None


def run(arguments: argparse.Namespace) -> int:
    """Explain, and print it."""
    from spec_lang.engine.decision import Asked  # noqa: PLC0415 - start-up
    from spec_lang.engine.explain_decision import explain_claim, explain_model  # noqa: PLC0415

    path, claim = _target(arguments)
    asked = Asked(claim, arguments.at, arguments.within, arguments.neurons)
    options = shared.planning_options(arguments, ())
    if claim:
        answered = explain_claim(path, asked, options, outputs.observer())
    elif arguments.within is None:
        fix = "say `--within 0.1`, or give the network a domain in a spec"
        raise UsageError("a model alone does not say where its inputs may be", fix)
    else:
        answered = explain_model(path, asked, options, outputs.observer())

    def render(name: str, stream: TextIO) -> None:
        _render(answered, name, stream)

    outputs.write(outputs.chosen([(arguments.format, None)] if arguments.format else []), render)
    if answered.found is None:
        return ERROR
    return INTERRUPTED if answered.found.interrupted else OK


def _target(arguments: argparse.Namespace) -> tuple[Path, str]:
    """The file, and the claim; no claim for a model."""
    what: str = arguments.what
    file, _, claim = what.rpartition("::")
    if file and claim:
        return Path(file), claim
    if what.endswith(".onnx"):
        return Path(what), ""
    if len(arguments.paths) == 1:
        return arguments.paths[0], what
    raise UsageError(f"`{what}` does not say which claim of which file", "say `SPEC.nnspec::CLAIM --at EXPR`")


def _render(answered: Answered, name: str, stream: TextIO) -> None:
    if name == "json":
        stream.write(json.dumps(_document(answered), indent=2, ensure_ascii=False) + "\n")
    elif name == "rich":
        from spec_lang.reporters._colours import write_lines  # noqa: PLC0415 - start-up

        write_lines(_lines(answered), stream)
    else:
        from spec_lang.reporters._layout import text_of  # noqa: PLC0415 - start-up

        stream.writelines(text_of(pieces) + "\n" for pieces in _lines(answered))


def _document(answered: Answered) -> object:
    from spec_lang.reporters._documents import diagnostic_json  # noqa: PLC0415 - start-up
    from spec_lang.reporters._explanation import explanation_json  # noqa: PLC0415

    found = {} if answered.found is None else explanation_json(answered.found, __version__)
    return {**found, "diagnostics": [diagnostic_json(diagnostic) for diagnostic in answered.diagnostics]}


def _lines(answered: Answered) -> list[Line]:
    from spec_lang.reporters._diagnostic_text import diagnostic_lines  # noqa: PLC0415 - start-up
    from spec_lang.reporters._explanation import explanation_lines  # noqa: PLC0415

    found = [] if answered.found is None else explanation_lines(answered.found)
    said = [line for d in answered.diagnostics for line in diagnostic_lines(d, answered.sources)]
    return [*found, *said]
