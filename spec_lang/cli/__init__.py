"""The command `nnspec`: arguments in, reports and an exit status out.

The one place that reads the environment, and the one boundary where errors of ours are caught.  Whatever is
not needed for `--help` is imported by the command that needs it.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TextIO

from spec_lang.cli.arguments import UsageError, formats, parse_arguments

if TYPE_CHECKING:
    from argparse import Namespace
    from pathlib import Path

    from spec_lang.engine import CheckOptions, Observer
    from spec_lang.reporters.base import Reporter
    from spec_lang.reporters.model import Report

OK: Final = 0
REFUTED: Final = 1
ERROR: Final = 2
UNKNOWN: Final = 3
INTERRUPTED: Final = 130

_BLAS_THREADS: Final = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the result is the exit status."""
    # Processes share the cores already: with a BLAS thread a core in each, everything is many times slower.
    # To be set before numpy is imported; it also keeps this process free of threads when workers are forked.
    for variable in _BLAS_THREADS:
        os.environ.setdefault(variable, "1")
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal without `…` still gets its report
    debug = os.environ.get("NNSPEC_DEBUG") == "1"
    try:
        with _terminable():
            return _run(sys.argv[1:] if argv is None else argv, debug=debug)
    except UsageError as error:
        _say(f"error: {error.problem}")
        _say(f"  fix: {error.fix}" if error.fix else "  see `nnspec --help`")
        return ERROR
    except SystemExit as done:  # argparse, after --help and --version
        return done.code if isinstance(done.code, int) else OK
    except KeyboardInterrupt:
        _say("interrupted")
        return INTERRUPTED
    except Exception as error:
        if debug:
            raise
        _say(f"internal error: {type(error).__name__}: {error}")
        _say("  this is a mistake of nnspec's, please report it; NNSPEC_DEBUG=1 shows where it happened")
        return ERROR


def _run(argv: Sequence[str], *, debug: bool) -> int:
    arguments = parse_arguments(argv)
    if arguments.command == "explain":
        return _explain(arguments)
    return _check(arguments, debug=debug)


def _check(arguments: Namespace, *, debug: bool) -> int:
    outputs: list[tuple[str, Path | None]] = arguments.outputs
    if not outputs:
        outputs = [("rich" if sys.stdout.isatty() else "plain", None)]
    if sum(file is None for _, file in outputs) > 1:
        raise UsageError("two reports go to stdout", "give one of them an `--output-file`")
    from spec_lang.engine import check  # noqa: PLC0415 - start-up

    report = check(arguments.paths or ["."], _options(arguments, debug=debug), _observer())
    for name, file in outputs:
        if file is None:
            _to_stdout(_reporter(name), report)
        else:
            _to_file(_reporter(name), report, file)
    if all(name == "vnnlib" for name, _ in outputs) and report.diagnostics:
        from spec_lang.reporters._text import render_diagnostics  # noqa: PLC0415

        render_diagnostics(report, sys.stderr)
    return exit_status(report, unknown_fails=arguments.unknown == "fail")


def _explain(arguments: Namespace) -> int:
    from spec_lang.engine import CheckOptions  # noqa: PLC0415 - start-up
    from spec_lang.engine.explain import explain  # noqa: PLC0415
    from spec_lang.reporters._text import render_diagnostics  # noqa: PLC0415

    options = CheckOptions(
        claims=(arguments.claim,),
        parameters=tuple(arguments.parameters),
        networks=tuple(arguments.networks),
        using=arguments.using,
    )
    text, report = explain(arguments.paths or ["."], options)
    sys.stdout.write(text)
    render_diagnostics(report, sys.stdout)
    return exit_status(report, unknown_fails=False)


def exit_status(report: Report, *, unknown_fails: bool) -> int:
    """The worst of what `report` says: an error, then a refutation, then an unknown.

    A verdict that `@expect` foresees is none of these; a proof where another verdict was expected counts
    as a refutation, since a claim about the spec itself has turned out false.
    """
    from spec_lang.kernel.verdict import Status  # noqa: PLC0415 - start-up

    surprises = {claim.status for claim in report.claims if not claim.as_expected}
    if report.interrupted:
        return INTERRUPTED
    if any(d.is_error for d in report.diagnostics) or Status.ERROR in surprises:
        return ERROR
    if surprises & {Status.REFUTED, Status.PROVED, Status.VACUOUS}:
        return REFUTED
    return UNKNOWN if unknown_fails and Status.UNKNOWN in surprises else OK


def _options(arguments: Namespace, *, debug: bool) -> CheckOptions:
    from spec_lang.engine import CheckOptions  # noqa: PLC0415 - start-up

    return CheckOptions(
        claims=tuple(arguments.claims),
        parameters=tuple(arguments.parameters),
        networks=tuple(arguments.networks),
        timeout=arguments.timeout,
        jobs=arguments.jobs or _cores(),
        using=arguments.using,
        strict=arguments.strict,
        debug=debug,
    )


def _cores() -> int:
    """The cores that this process may use, where the system says so."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _observer() -> Observer | None:
    """Progress is drawn on a terminal alone."""
    if not sys.stderr.isatty():
        return None
    from spec_lang.cli.progress import TerminalProgress  # noqa: PLC0415 - start-up

    return TerminalProgress(sys.stderr)


def _reporter(name: str) -> Reporter:
    from importlib import import_module  # noqa: PLC0415

    from spec_lang.reporters.base import Reporter  # noqa: PLC0415 - start-up

    reporter = import_module(f"spec_lang.reporters.{formats()[name]}").REPORTER
    if not isinstance(reporter, Reporter):
        raise TypeError(f"the module of {name} defines no REPORTER")
    return reporter


def _to_stdout(reporter: Reporter, report: Report) -> None:
    try:
        reporter.render(report, sys.stdout)
        sys.stdout.flush()
    except BrokenPipeError:  # `nnspec check | head`: the exit status still says what was found
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _to_file(reporter: Reporter, report: Report, file: Path) -> None:
    try:
        with file.open("w", encoding="utf-8") as stream:
            reporter.render(report, stream)
    except OSError as error:
        raise UsageError(f"`{file}` cannot be written: {error.strerror or error}") from None


@contextmanager
def _terminable() -> Iterator[None]:
    """Inside, SIGTERM is an interrupt: what was decided is printed, and workers are ended."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_signal: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _say(text: str, stream: TextIO | None = None) -> None:
    (stream or sys.stderr).write(text + "\n")
