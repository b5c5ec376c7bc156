"""`nnspec check`: decide every claim, and report."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from spec_lang import __version__
from spec_lang.cli import outputs, shared, usage
from spec_lang.cli.commands.base import Command
from spec_lang.cli.invocation import invoked, write_summary
from spec_lang.cli.status import ended_with

if TYPE_CHECKING:
    from spec_lang.engine.options import CheckOptions, Locking
    from spec_lang.reporters.model import Report

# Two workers, and a solver's process beside each, on a machine of 24 GiB.
_MEMORY: Final = 4 * 2**30
_FOR_PEOPLE: Final = ("rich", "plain")


class _Check:
    name = "check"
    summary = "decide every claim"
    description = "Decide every claim of the specs: proved, refuted with a counterexample, or unknown."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        shared.add_paths(parser)
        shared.add_inputs(parser)
        shared.add_claims(parser)
        shared.add_planning(parser)
        _add_limits(parser)
        parser.add_argument(
            "--unknown",
            metavar="{fail,warn}",
            type=usage.choice("--unknown", ("fail", "warn")),
            default="fail",
            help="whether an unknown makes the exit status 3 (default: fail)",
        )
        parser.add_argument("--strict", action="store_true", help="a claim over an empty region is an error")
        shared.add_outputs(parser)
        parser.add_argument(
            "-q",
            "--quiet",
            action="store_true",
            help="print only what is not as expected, and one line that sums up; no progress",
        )

    def run(self, arguments: argparse.Namespace) -> int:
        targets = outputs.chosen(arguments.outputs)
        unknown_fails = arguments.unknown == "fail"
        report = invoked(_checked(arguments), unknown_fails=unknown_fails)

        def render(name: str, stream: TextIO) -> None:
            quiet = arguments.quiet and stream is sys.stdout
            outputs.reporter(name, quiet=quiet).render(report, stream)

        outputs.write(targets, render)
        write_summary(targets, render)
        if all(name == "vnnlib" for name, _ in targets):
            _diagnostics_to_stderr(report)
        if report.aside:
            sys.stderr.write(f"{report.aside}\n")
        ended = ended_with(report, unknown_fails=unknown_fails)
        for_people = any(file is None and name in _FOR_PEOPLE for name, file in targets)
        if ended.why is not None and for_people and sys.stderr.isatty():
            sys.stderr.write(f"exit status {ended.status}: {ended.why}\n")
        return ended.status


def _checked(arguments: argparse.Namespace) -> Report:
    """The report of an unchanged tree, or that of a run."""
    paths, options, locking = arguments.paths or [Path()], _options(arguments), _locking(arguments)
    if locking is not None and not locking.afresh:
        from spec_lang.engine.unchanged import recall  # noqa: PLC0415 - start-up

        known = recall(paths, options, locking)
        if known is not None:
            return known
    from spec_lang.engine.run import check  # noqa: PLC0415 - start-up

    observer = None if arguments.quiet else outputs.observer()
    if arguments.executor is None:
        return check(paths, options, observer, locking)
    from spec_lang.engine.connect import NoExecutor, connected  # noqa: PLC0415 - seldom needed
    from spec_lang.reporters.model import Report  # noqa: PLC0415

    try:
        with connected(*arguments.executor) as executor:
            return check(paths, options, observer, locking, executor=executor)
    except NoExecutor as error:
        return Report(__version__, (), (error.diagnostic,))


def _locking(arguments: argparse.Namespace) -> Locking | None:
    """What is done with `nnspec.lock`; None where there is none.  Raises `UsageError`."""
    locking = shared.locking(arguments)
    if locking is None and arguments.locked:
        raise usage.UsageError("`--locked` needs a lock, and there is to be none", "leave out `--no-lock`")
    if locking is None or (arguments.no_cache and not arguments.locked):
        return None
    locked = arguments.locked
    return replace(locking, afresh=arguments.no_cache, writes=not locked, locked=locked)


def _add_limits(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--jobs",
        metavar="N",
        type=usage.jobs,
        help="processes that are busy at any time, of one claim or of several; 1 decides in this one "
        "(default: one for every core)",
    )
    parser.add_argument(
        "--executor",
        metavar="URL",
        type=usage.executor,
        help="the workers of a cluster decide the claims: `dask://HOST:PORT` of a scheduler, or "
        "`dask+tls://HOST:PORT` (extra `dask`)",
    )
    parser.add_argument(
        "--memory",
        metavar="SIZE",
        type=usage.memory,
        default=_MEMORY,
        help="what a claim may take, and a solver's own process as well, such as `4GiB`, or `inf` "
        "(default: 4GiB)",
    )
    parser.add_argument(
        "--no-cache",
        action="store_true",
        help="decide everything anew: neither stored proofs nor `nnspec.lock` are read or written",
    )
    parser.add_argument(
        "--locked",
        action="store_true",
        help="fail where `nnspec.lock` does not have a claim as it is; decide nothing new, write nothing",
    )
    shared.add_lock(parser)


def _options(arguments: argparse.Namespace) -> CheckOptions:
    from spec_lang.store.places import proofs  # noqa: PLC0415 - start-up

    options = shared.planning_options(arguments, tuple(arguments.claims))
    return replace(
        options,
        jobs=arguments.jobs or _cores(),
        memory=arguments.memory,
        store=None if arguments.no_cache else proofs(),
        strict=arguments.strict,
        pictures=outputs.are_looked_at(outputs.chosen(arguments.outputs)),
    )


def _cores() -> int:
    """The cores that this process may use, where the system says so."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _diagnostics_to_stderr(report: Report) -> None:
    """Answers for programs have no room for them."""
    if report.diagnostics:
        from spec_lang.reporters._text import render_diagnostics  # noqa: PLC0415 - start-up

        render_diagnostics(report, sys.stderr)


COMMAND: Final[Command] = _Check()
