"""The progress of a run, drawn on a terminal: a line for each claim that runs, and one for all.

In: the events of a run.  Out: at most ten frames a second on a stream, wiped in the end.  No thread is
started, as workers are forked while a frame is on the screen: between events a timer of the system asks for
frames (docs/decisions/0036-progress-without-a-thread.md).
"""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final, TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

from spec_lang._values import dataclass
from spec_lang.backends.base import Progress
from spec_lang.cli.frame import Moment, Row, Screen, frame_lines
from spec_lang.kernel.verdict import Status
from spec_lang.reporters._bracket_text import short_text
from spec_lang.reporters._colours import styled
from spec_lang.reporters._layout import STATUS_ROLE, Role
from spec_lang.reporters.model import ClaimReport

_REFRESH: Final = 0.1  # seconds
_TICK: Final = 0.5
_PATIENCE: Final = 0.3  # what takes no longer is not worth a flash on the screen
_REMEMBERED: Final = 200  # more lines than screens have


@dataclass(slots=True)
class _Running:
    since: float
    doing: str = ""
    bracket: str = ""


class TerminalProgress:
    """The engine's observer."""

    def __init__(self, stream: TextIO, patience: float = _PATIENCE) -> None:
        self._console = Console(file=stream, highlight=False)
        self._live = Live(
            console=self._console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
            vertical_overflow="crop",
        )
        self._ticks = _Ticks(self._draw)
        self._running: dict[str, _Running] = {}
        self._expected: deque[Row] = deque(maxlen=_REMEMBERED)
        self._surprises: deque[Row] = deque(maxlen=_REMEMBERED)
        self._counts: Counter[Status] = Counter()
        self._total = 0
        self._started = time.monotonic()
        self._due = self._started + patience
        self._drawing = False

    def start(self, claims: int) -> None:
        self._total = claims
        self._ticks.start()

    def began(self, claim: str) -> None:
        self._running[claim] = _Running(time.monotonic())
        self._draw()

    def progress(self, claim: str, progress: Progress) -> None:
        bound = "" if progress.bound is None else f", bound {progress.bound:.3g}"
        counts = f"{progress.done:,} done, {progress.open:,} open{bound}"
        any_yet = progress.done > 0 or progress.open > 0
        self._at(claim).doing = f"{progress.backend} {counts}".strip() if any_yet else progress.backend
        self._draw()

    def narrowed(self, report: ClaimReport) -> None:
        if report.measurement is not None:
            self._at(report.id).bracket = short_text(report.measurement)
            self._draw()

    def decided(self, report: ClaimReport) -> None:
        self._running.pop(report.id, None)
        self._counts[report.status] += 1
        (self._expected if report.as_expected else self._surprises).append(_row(report))
        self._draw()

    def close(self) -> None:
        self._ticks.stop()
        with suppress(OSError):  # nobody looks any more
            self._live.stop()

    def _at(self, claim: str) -> _Running:
        return self._running.setdefault(claim, _Running(time.monotonic()))

    def _draw(self) -> None:
        """The next frame, if it is time for one.  A tick in the middle of it draws nothing."""
        now = time.monotonic()
        if now < self._due or self._drawing:
            return
        self._drawing = True
        try:
            self._live.start()
            self._live.update(self._frame(now), refresh=True)
        except (OSError, MemoryError):
            pass  # a claim is not to suffer for want of a picture
        finally:
            self._drawing = False
            self._due = now + _REFRESH

    def _frame(self, now: float) -> Text:
        size = self._console.size
        screen = Screen(size.width, size.height, self._console.encoding.startswith("utf"))
        running = [
            Row(
                "running",
                Role.DIM,
                claim.rpartition("::")[2],
                now - at.since,
                ", ".join(part for part in (at.bracket, at.doing) if part),
            )
            for claim, at in self._running.items()
        ]
        counts = [(status, self._counts[status]) for status in Status if self._counts[status]]
        decided = tuple(self._surprises), tuple(self._expected)
        moment = Moment(*decided, running, counts, self._total, now - self._started)
        lines = map(styled, frame_lines(moment, screen))
        return Text("\n", no_wrap=True, overflow="crop", end="").join(lines)


def _row(report: ClaimReport) -> Row:
    """The line of a claim that was decided."""
    first, *_ = (report.reason or "").splitlines() or [""]
    notes = [first]
    if report.measurement is not None:
        notes = [short_text(report.measurement), *notes]
    if report.expected is not Status.PROVED:
        notes.append("as expected" if report.as_expected else f"but `@expect({report.expected.value})`")
    bad = report.status is Status.PROVED and not report.as_expected
    return Row(
        report.status.value,
        Role.BAD if bad else STATUS_ROLE[report.status],
        report.name,
        report.seconds,
        ", ".join(note for note in notes if note),
    )


class _Ticks:
    """Calls a function every half second, between two steps of whatever the main thread does.

    Where somebody else has use for the alarm, or in another thread, nothing is called.
    """

    def __init__(self, tick: Callable[[], None]) -> None:
        self._tick = tick
        self._runs = False

    def start(self) -> None:
        """From now on."""
        if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
            return
        if signal.getsignal(signal.SIGALRM) is not signal.SIG_DFL:
            return
        signal.signal(signal.SIGALRM, lambda _signal, _frame: self._tick())
        signal.siginterrupt(signal.SIGALRM, False)  # what waits in a library goes on waiting
        signal.setitimer(signal.ITIMER_REAL, _TICK, _TICK)
        self._runs = True

    def stop(self) -> None:
        """No more, and never again."""
        if self._runs:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            self._runs = False
