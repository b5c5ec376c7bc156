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
from typing import Final

from spec_lang._memory import collect_rarely
from spec_lang.cli.arguments import parse_arguments
from spec_lang.cli.status import ERROR, INTERRUPTED, OK
from spec_lang.cli.usage import UsageError

_BLAS_THREADS: Final = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the result is the exit status."""
    collect_rarely()
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
            command, arguments = parse_arguments(sys.argv[1:] if argv is None else argv)
            arguments.debug = debug
            arguments.lock_variable = os.environ.get("NNSPEC_LOCK")
            return command.run(arguments)
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


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
