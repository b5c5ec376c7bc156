"""`nnspec infer`: invariants of a network, inferred from data and proved."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from spec_lang.cli import inferred, usage
from spec_lang.cli.commands.base import Command
from spec_lang.cli.status import ERROR, INTERRUPTED, OK
from spec_lang.cli.usage import UsageError

if TYPE_CHECKING:
    from spec_lang.diagnostics import Diagnostic
    from spec_lang.inference.infer import Asked

METHODS: Final = ("relax", "layer", "tree", "rule", "box")
_PARTITION: Final = "partition"  # many boxes, for who wants to cover a domain
_EVERY: Final = (*METHODS, _PARTITION)
_FORMATS: Final = ("rich", "plain", "json")
_SECONDS: Final = 5.0  # for a candidate: many are tried, and what is hard is asked of a smaller region


class _Infer:
    name = "infer"
    summary = "infer invariants of a network from data, and prove them"
    description = (
        "Write a spec of invariants, activation patterns and boxes of inputs that imply a decision of the "
        "network. Each of them has been proved, and `nnspec check` proves it again. Exit status: 0 written, "
        "2 an error, 130 interrupted, with all that was decided written."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("model", metavar="MODEL", help="an ONNX file, or `SPEC.nnspec::network`")
        _add_question(parser)
        _add_search(parser)
        _add_limits(parser)
        parser.add_argument(
            "--coverage", action="store_true", help="say which share of data and domain is decided"
        )
        parser.add_argument(
            "--output-format",
            metavar="{" + ",".join(_FORMATS) + "}",
            type=usage.choice("--output-format", _FORMATS),
            help="of the table (default: rich on a terminal, otherwise plain)",
        )

    def run(self, arguments: argparse.Namespace) -> int:
        file: Path = arguments.output
        if file.suffix != ".nnspec":
            raise UsageError(f"`--output {file}`: a spec's name ends in `.nnspec`")
        if not file.parent.is_dir():
            raise UsageError(f"`--output {file}`: there is no folder `{file.parent}`")
        from spec_lang.inference.infer import infer  # noqa: PLC0415 - start-up
        from spec_lang.inference.subject import Refused  # noqa: PLC0415

        try:
            outcome = infer(_asked(arguments), inferred.observer())
        except Refused as refused:
            _show(refused.diagnostics)
            return ERROR
        chosen = arguments.output_format or ("rich" if sys.stdout.isatty() else "plain")
        if chosen == "json":
            inferred.write_json(outcome, file, sys.stdout)
        else:
            _show(outcome.diagnostics)
            inferred.write_table(outcome, file, sys.stdout, rich=chosen == "rich")
            if arguments.coverage:
                inferred.write_coverage(outcome, sys.stdout)
        return INTERRUPTED if outcome.interrupted else OK


def _add_question(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data", metavar="FILE", type=Path, required=True, help="the points: `.npz` or `.csv`"
    )
    parser.add_argument(
        "--property", metavar="P", required=True, help="`argmin`, `argmax`, or a formula over `output`"
    )
    parser.add_argument("--output", metavar="FILE", type=Path, required=True, help="the spec that is written")
    parser.add_argument(
        "--domain", metavar="[LO,HI]", help="limits of the inputs: one pair for all, or one for each"
    )
    parser.add_argument("--layers", metavar="L,…", help="layers to find patterns of (default: the last two)")
    parser.add_argument("--labels", metavar="L,…", help="decisions to find invariants of (default: all)")


def _add_search(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--method",
        metavar="M,…",
        type=_methods,
        default=METHODS,
        help="among " + ", ".join(_EVERY) + " (default: all but the last; `tree` needs scikit-learn)",
    )
    parser.add_argument(
        "--most", metavar="N", type=_count, default=3, help="of a kind and label (default: 3)"
    )
    parser.add_argument(
        "--min-support", metavar="N", type=_count, default=1, help="points that an invariant has (default: 1)"
    )
    parser.add_argument(
        "--seed", metavar="N", type=_seed, default=0, help="of all that is drawn (default: 0)"
    )
    parser.add_argument("--resume", action="store_true", help="go on from what an earlier run has kept")
    parser.add_argument("--force", action="store_true", help="replace the file if there is one")
    parser.add_argument(
        "--keep-undecided", action="store_true", help="declare also what was neither proved nor refuted"
    )


def _add_limits(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--timeout",
        metavar="S",
        type=usage.timeout,
        default=argparse.SUPPRESS,
        help="for each candidate (default: 5)",
    )
    parser.add_argument(
        "--budget",
        metavar="N",
        type=usage.budget,
        help="units of work for each candidate, instead of seconds",
    )
    parser.add_argument("--for", metavar="S", dest="seconds", type=usage.timeout, help="seconds in all")
    parser.add_argument("--jobs", metavar="N", type=usage.jobs, default=1, help="processes (default: 1)")


def _asked(arguments: argparse.Namespace) -> Asked:
    from spec_lang.engine.options import CheckOptions  # noqa: PLC0415 - start-up
    from spec_lang.inference.infer import Asked  # noqa: PLC0415
    from spec_lang.inference.model import Method  # noqa: PLC0415

    default = _SECONDS if arguments.budget is None else None
    options = CheckOptions(
        timeout=getattr(arguments, "timeout", default),
        budget=arguments.budget,
        jobs=arguments.jobs,
        debug=arguments.debug,
    )
    return Asked(
        arguments.model,
        arguments.data,
        arguments.property,
        arguments.output,
        options,
        domain=arguments.domain,
        layers=arguments.layers,
        labels=arguments.labels,
        methods=tuple(Method(name) for name in arguments.method),
        most=arguments.most,
        support=arguments.min_support,
        seed=arguments.seed,
        seconds=arguments.seconds,
        resume=arguments.resume,
        force=arguments.force,
        keep_undecided=arguments.keep_undecided,
    )


def _methods(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    for name in names:
        usage.choice("--method", _EVERY)(name)
    if not names:
        raise UsageError("`--method` names none", "say `--method " + ",".join(METHODS) + "`")
    return names


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 10**9:
        raise UsageError(f"`{text}` is not a number of 1 or more")
    return int(text)


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) >= 2**63:
        raise UsageError(f"`--seed {text}` is not a whole number", "say `--seed 0`")
    return int(text)


def _show(diagnostics: tuple[Diagnostic, ...]) -> None:
    from spec_lang.reporters._diagnostic_text import diagnostic_lines  # noqa: PLC0415 - start-up
    from spec_lang.reporters._layout import text_of  # noqa: PLC0415

    for diagnostic in diagnostics:
        sys.stdout.writelines(text_of(pieces) + "\n" for pieces in diagnostic_lines(diagnostic, {}))


COMMAND: Final[Command] = _Infer()
