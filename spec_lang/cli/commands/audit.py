"""`nnspec audit`: hold the stored proofs against specs and networks; nothing is searched for."""

from __future__ import annotations

import argparse
import re
import sys
from typing import TYPE_CHECKING, Final, TextIO

from spec_lang.cli import outputs, shared, usage
from spec_lang.cli.commands.base import Command
from spec_lang.cli.status import exit_status

if TYPE_CHECKING:
    from spec_lang.engine.audit import Audit
    from spec_lang.engine.options import CheckOptions

_UNITS: Final = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9}
_SIZE: Final = re.compile(r"([0-9]{1,12})\s*([kMG]?)B?")


class _Audit:
    name = "audit"
    summary = "check the stored proofs again"
    description = (
        "Check every claim again by what is stored of it: the kernel holds the proof, or the "
        "counterexample, against the spec and the ONNX file. No backend takes part. "
        "Exit status as that of `check`."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        shared.add_paths(parser)
        shared.add_inputs(parser)
        shared.add_claims(parser)
        _add_limits(parser)
        shared.add_lock(parser)
        shared.add_outputs(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        targets = outputs.chosen(arguments.outputs)
        from spec_lang.engine.audit import audit  # noqa: PLC0415 - start-up

        options = _options(arguments)
        found = audit(arguments.paths or ["."], options, outputs.observer(), shared.locking(arguments))

        def render(name: str, stream: TextIO) -> None:
            outputs.reporter(name).render(found.report, stream)

        outputs.write(targets, render)
        sys.stderr.write(_summary(found))
        if arguments.prune is not None and options.store is not None:
            from spec_lang.store.files import Store  # noqa: PLC0415 - start-up

            trimmed = Store(options.store).trim(arguments.prune)
            sys.stderr.write(f"{_count(trimmed.records, 'record')} deleted, {_bytes(trimmed.size)}\n")
        return exit_status(found.report, unknown_fails=True)


def _add_limits(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--exact",
        action="store_true",
        help="only exact arithmetic counts, also for proofs so large that it takes long",
    )
    parser.add_argument(
        "--timeout",
        metavar="S",
        type=usage.timeout,
        default=None,
        help="seconds for each claim (default: no limit; `@timeout` in a spec is for `check`)",
    )
    parser.add_argument(
        "--jobs",
        metavar="N",
        type=usage.jobs,
        default=1,
        help="worker processes; 1 audits in this one (default: 1)",
    )
    parser.add_argument(
        "--semantics",
        metavar="{" + ",".join(shared.SEMANTICS) + "}",
        type=usage.choice("--semantics", shared.SEMANTICS),
        default=shared.SEMANTICS[0],
        help="what `check` was told (default: real; `@semantics` in a spec goes first)",
    )
    parser.add_argument(
        "--prune",
        metavar="SIZE",
        type=_size,
        help="at the end, delete the proofs that were not used for longest, of whatever spec, until the rest "
        "takes at most so much (`500MB`; 0 deletes all)",
    )


def _options(arguments: argparse.Namespace) -> CheckOptions:
    from spec_lang.engine.options import CheckOptions  # noqa: PLC0415 - start-up
    from spec_lang.kernel.verdict import EvidenceKind  # noqa: PLC0415
    from spec_lang.obligations.model import Semantics  # noqa: PLC0415
    from spec_lang.store.places import proofs  # noqa: PLC0415

    return CheckOptions(
        claims=tuple(arguments.claims),
        parameters=tuple(arguments.parameters),
        networks=tuple(arguments.networks),
        timeout=arguments.timeout,
        jobs=arguments.jobs,
        evidence=EvidenceKind.CHECKED if arguments.exact else EvidenceKind.CHECKED_ROUNDED,
        semantics=Semantics(arguments.semantics),
        store=proofs(),
        debug=arguments.debug,
    )


def _size(text: str) -> int:
    found = _SIZE.fullmatch(text)
    if found is None:
        raise usage.UsageError(f"`--prune {text}` is not a number of bytes", "say `--prune 500MB`")
    return int(found[1]) * _UNITS[found[2]]


def _summary(found: Audit) -> str:
    proofs = _count(found.accepted, "stored proof")
    return f"{proofs} accepted, {_bytes(found.size)}, in {found.seconds:.1f} s\n"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _bytes(size: int) -> str:
    for unit, name in ((10**6, "MB"), (10**3, "kB")):
        if size >= unit:
            return f"{size / unit:,.1f} {name}"
    return f"{size} B"


COMMAND: Final[Command] = _Audit()
