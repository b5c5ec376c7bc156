"""The progress of a run, drawn on a terminal: one line that is wiped in the end.

In: the events of a run.  Out: at most ten frames a second on a stream.  No thread is started: workers are
forked while the line is on the screen.
"""

from __future__ import annotations

import time
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

from spec_lang.backends.base import Progress
from spec_lang.reporters._bracket_text import short_text
from spec_lang.reporters.model import ClaimReport

_REFRESH = 0.1  # seconds


class TerminalProgress:
    """The engine's observer."""

    def __init__(self, stream: TextIO) -> None:
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
            console=Console(file=stream),
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self._bar.add_task("checking", note="")
        self._drawn = 0.0
        self._brackets: dict[str, str] = {}

    def start(self, claims: int) -> None:
        self._bar.update(self._task, total=claims)
        self._bar.start()

    def progress(self, claim: str, progress: Progress) -> None:
        bound = "" if progress.bound is None else f", bound {progress.bound:.3g}"
        bracket = self._brackets.get(claim, "")
        note = f"{claim}: {bracket}{progress.done:,} done, {progress.open:,} open{bound}"
        self._bar.update(self._task, note=note)
        self._draw()

    def narrowed(self, report: ClaimReport) -> None:
        if report.measurement is not None:
            text = short_text(report.measurement)
            self._brackets[report.name] = f"{text}, "
            self._bar.update(self._task, note=f"{report.name}: {text}")
            self._draw()

    def decided(self, report: ClaimReport) -> None:
        self._bar.update(self._task, advance=1, note=report.name)
        self._draw()

    def close(self) -> None:
        self._bar.stop()

    def _draw(self) -> None:
        now = time.monotonic()
        if now - self._drawn >= _REFRESH:
            self._drawn = now
            self._bar.refresh()
