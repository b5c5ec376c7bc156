"""A command on a terminal: its screen as a person would see it, at any moment.

In: a command line, the size of a terminal, and an environment.  Out: what is on the screen, and every byte
that came.  A process that says nothing more is ended after a while, and the test with it.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyte

_PATIENCE = 60.0  # seconds
_INTERACTIVE = {"TERM": "xterm-256color", "CI": "", "PRE_COMMIT": "", "NO_COLOR": "", "PYTHONUTF8": "1"}


class Terminal:
    """A process and the terminal that it has."""

    def __init__(self, process: subprocess.Popen[bytes], descriptor: int, width: int, height: int) -> None:
        self.process = process
        self.bytes = b""
        self._descriptor = descriptor
        self._screen = pyte.HistoryScreen(width, height, history=10_000)
        self._stream = pyte.ByteStream(self._screen)

    @property
    def lines(self) -> list[str]:
        """What is on the screen, without the empty lines at its end."""
        return "\n".join(row.rstrip() for row in self._screen.display).rstrip().splitlines()

    @property
    def scrolled(self) -> list[str]:
        """What has left the screen at its top."""
        return [
            "".join(row[x].data for x in range(self._screen.columns)).rstrip()
            for row in self._screen.history.top
        ]

    def until(self, seen: Callable[[list[str]], bool]) -> list[str]:
        """The lines of the screen, the first time that they are such."""
        for _ in self._received():
            if seen(self.lines):
                return self.lines
        raise AssertionError("\n".join(("the process ended with", *self.lines)))

    def end(self) -> int:
        """Wait for the process; the result is its exit status."""
        for _ in self._received():
            pass
        return self.process.wait(_PATIENCE)

    def resize(self, width: int, height: int) -> None:
        """As if somebody pulled at the window."""
        fcntl.ioctl(self._descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        self._screen.resize(height, width)

    def interrupt(self) -> None:
        """Ctrl-C."""
        self.type("\x03")

    def type(self, keys: str) -> None:
        """As if somebody sat there."""
        os.write(self._descriptor, keys.encode())

    def _received(self) -> Iterator[None]:
        """After every piece of what is written, until nobody writes any more."""
        last = time.monotonic() + _PATIENCE
        while True:
            ready, _, _ = select.select([self._descriptor], [], [], max(0.0, last - time.monotonic()))
            if not ready:
                raise AssertionError("\n".join(("nothing came for a long time after", *self.lines)))
            try:
                piece = os.read(self._descriptor, 65_536)
            except OSError:  # nobody has the other end
                return
            if not piece:
                return
            self.bytes += piece
            self._stream.feed(piece)
            yield


def _take_terminal() -> None:
    """A session of its own, which the terminal on stdin controls: keys are signals then."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@contextmanager
def on_terminal(
    *arguments: str | Path,
    size: tuple[int, int] = (80, 24),
    environment: Mapping[str, str] | None = None,
    stdout: Path | None = None,
) -> Iterator[Terminal]:
    """`nnspec` with these arguments, on a terminal of `size`; `stdout` may go to a file."""
    command = [sys.executable, "-m", "spec_lang", *map(str, arguments)]
    with program_on_terminal(command, size=size, environment=environment, stdout=stdout) as terminal:
        yield terminal


@contextmanager
def program_on_terminal(
    command: Sequence[str],
    *,
    size: tuple[int, int] = (80, 24),
    environment: Mapping[str, str] | None = None,
    stdout: Path | None = None,
) -> Iterator[Terminal]:
    """The same of any program."""
    width, height = size
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
    kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    out = theirs if stdout is None else os.open(stdout, os.O_WRONLY | os.O_CREAT)
    process = subprocess.Popen(
        command,
        stdin=theirs,
        stdout=out,
        stderr=theirs,
        env={**kept, **_INTERACTIVE, **(environment or {})},
        preexec_fn=_take_terminal,  # noqa: PLW1509 - no thread of ours runs here
    )
    os.close(theirs)
    if out != theirs:
        os.close(out)
    try:
        yield Terminal(process, ours, width, height)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        os.close(ours)
