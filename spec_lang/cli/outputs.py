"""Where reports go: stdout and files, each in its format.

In: the outputs of a command line, and a report.  Out: what the reporters render, or a `UsageError` for a
place that cannot be written to.  A reader that goes away is no error.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from spec_lang.cli.shared import formats
from spec_lang.cli.usage import UsageError

if TYPE_CHECKING:
    from spec_lang.engine.options import Observer
    from spec_lang.reporters.base import Reporter

Output = tuple[str, Path | None]  # a format, and the file it goes to; None is stdout
Render = Callable[[str, TextIO], None]  # by the format's name


def chosen(outputs: list[Output]) -> list[Output]:
    """The outputs that were asked for, or the default.  Raises `UsageError` for two on stdout."""
    if sum(file is None for _, file in outputs) > 1:
        raise UsageError("two reports go to stdout", "give one of them an `--output-file`")
    return outputs or [("rich" if sys.stdout.isatty() else "plain", None)]


def is_watched() -> bool:
    """Whether progress may be drawn: on a terminal that can do so, and at which somebody looks."""
    # pre-commit hands its hooks a terminal, for their colours, and records what is drawn there.
    recorded = any(os.environ.get(name) for name in ("CI", "PRE_COMMIT"))
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb" and not recorded


def observer() -> Observer | None:
    """Who draws progress."""
    if not is_watched():
        return None
    from spec_lang.cli.progress import TerminalProgress  # noqa: PLC0415 - start-up

    return TerminalProgress(sys.stderr)


def are_looked_at(outputs: list[Output]) -> bool:
    """Whether one of `outputs` shows pictures."""
    return any(
        name == "html" or (name == "rich" and file is None and sys.stdout.isatty()) for name, file in outputs
    )


def write(outputs: list[Output], render: Render) -> None:
    """Every one of `outputs`."""
    for name, file in outputs:
        if file is None:
            _to_stdout(name, render)
        else:
            _to_file(name, render, file)


def reporter(name: str, *, quiet: bool = False) -> Reporter:
    """The reporter of a format, imported alone; a quiet one where a format has it."""
    from spec_lang.reporters.base import Reporter  # noqa: PLC0415 - start-up

    module = import_module(f"spec_lang.reporters.{formats()[name]}")
    found = getattr(module, "QUIET", module.REPORTER) if quiet else module.REPORTER
    if not isinstance(found, Reporter):
        raise TypeError(f"the module of {name} defines no REPORTER")
    return found


def _to_stdout(name: str, render: Render) -> None:
    try:
        render(name, sys.stdout)
        sys.stdout.flush()
    except BrokenPipeError:  # `nnspec check | head`: the exit status still says what was found
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _to_file(name: str, render: Render, file: Path) -> None:
    try:
        # A file's name may have bytes that are no characters, and a report names it.
        with file.open("w", encoding="utf-8", errors="backslashreplace") as stream:
            render(name, stream)
    except OSError as error:
        raise UsageError(f"`{file}` cannot be written: {error.strerror or error}") from None
