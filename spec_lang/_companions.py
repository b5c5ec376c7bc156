"""Processes that help with one computation: forked from it, so that they know all that it knows.

In: a function, and arguments for it one after another.  Out: what it answers, or that the companion is lost.
A companion costs a few milliseconds, and memory only for what changes; it dies with the process that made it.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, Pipe
from typing import Final, Generic, Protocol, TypeVar

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_PR_SET_PDEATHSIG: Final = 1  # prctl(2): the signal that this process gets when its parent ends

Question = TypeVar("Question")
Answer = TypeVar("Answer")
_Asked_contra = TypeVar("_Asked_contra", contravariant=True)
_Said_co = TypeVar("_Said_co", covariant=True)


class Lost(Exception):
    """The companion ended without an answer: killed, out of memory, or by an error of its own."""


class Helper(Protocol[_Asked_contra, _Said_co]):
    """Somebody who answers one question after another, on this machine or on another one."""

    def ask(self, question: _Asked_contra) -> None:
        """Raises `Lost`."""

    def has_answered(self, seconds: float = 0.0) -> bool:
        """Whether `answer` will not wait; at most so long until it is known."""

    def answer(self) -> _Said_co:
        """What it says; waits for it.  Raises `Lost`."""

    def end(self) -> None:
        """Let it go, whatever it is at."""


class Cores(Protocol):
    """Processor cores that nobody uses at the moment."""

    def take(self) -> bool:
        """Whether there was one, of this machine; it is the caller's then."""

    def give_back(self) -> None:
        """Of one that was taken, or whose helper has ended."""

    def hire(
        self,
        work: Callable[[Question], Answer],
        elsewhere: Callable[[], Callable[[Question], Answer]] | None = None,
    ) -> Helper[Question, Answer] | None:
        """A helper that answers by `work`, on a core that it takes, or None.  On another machine it answers
        by what `elsewhere` makes, which can be pickled."""


def can_fork() -> bool:
    """Where processes are forked safely: on Linux, from a process with one thread."""
    return sys.platform == "linux" and threading.active_count() == 1


def end_with_parent(parent: int) -> None:
    """This process is killed when its parent ends, where the system helps."""
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415 - forked processes alone need it

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)  # it was too late to be told


@contextmanager
def deaf_to_signals() -> Iterator[None]:
    """Holds signals back until a new process has said what it does with them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def leave_signals_to_parent() -> None:
    """A terminal interrupts all processes: the parent decides what becomes of this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


class Companion(Generic[Question, Answer]):
    """One process, which answers by `work`."""

    def __init__(self, work: Callable[[Question], Answer]) -> None:
        """Raises `Lost` where the system makes no more processes."""
        try:
            ours, theirs = Pipe()
        except OSError:
            raise Lost from None
        parent = os.getpid()
        try:
            with deaf_to_signals():  # or one might unwind a copy of this process's stack
                self._pid = os.fork()
                if self._pid == 0:
                    ours.close()
                    _serve(theirs, work, parent)
        except OSError:
            ours.close()
            raise Lost from None
        finally:
            theirs.close()
        self._connection = ours

    def ask(self, question: Question) -> None:
        """Raises `Lost`."""
        try:
            self._connection.send(question)
        except OSError:
            raise Lost from None

    def has_answered(self, seconds: float = 0.0) -> bool:
        """Whether `answer` will not wait; at most so long until it is known."""
        return self._connection.poll(seconds)

    def answer(self) -> Answer:
        """What it says; waits for it.  Raises `Lost`."""
        try:
            found: Answer = self._connection.recv()
        except (EOFError, OSError):
            raise Lost from None
        return found

    def end(self) -> None:
        """Kill it, whatever it is at."""
        self._connection.close()
        with suppress(OSError):
            os.kill(self._pid, signal.SIGKILL)
        with suppress(OSError):
            os.waitpid(self._pid, 0)


def forked(cores: Cores, work: Callable[[Question], Answer]) -> Companion[Question, Answer] | None:
    """A companion on a core of this machine, if there is one."""
    if not can_fork() or not cores.take():
        return None
    try:
        return Companion(work)
    except Lost:
        cores.give_back()
        return None


def together(
    cores: Cores | None, work: Callable[[Question], Answer], parts: Callable[[int], Sequence[Question]]
) -> list[Answer]:
    """`work` on each of at most so many parts as there are processes for it: this one, and one for every core
    to spare.  What a lost companion had is done here."""
    helpers: list[Helper[Question, Answer]] = []
    try:
        while cores is not None and (hired := cores.hire(work)) is not None:
            helpers.append(hired)
        first, *others = parts(len(helpers) + 1)
        asked = [_takes(helper, part) for helper, part in zip(helpers, others, strict=False)]
        found = [work(first)]
        for helper, has_taken, part in zip(helpers, asked, others, strict=False):
            try:
                found.append(helper.answer() if has_taken else work(part))
            except Lost:
                found.append(work(part))
        return found
    finally:
        for helper in helpers:
            helper.end()
            if cores is not None:
                cores.give_back()


def _takes(helper: Helper[Question, Answer], part: Question) -> bool:
    try:
        helper.ask(part)
    except Lost:
        return False
    return True


def _serve(connection: Connection, work: Callable[[Question], Answer], parent: int) -> None:
    """The life of a companion; never returns."""
    status = 1
    try:
        leave_signals_to_parent()
        end_with_parent(parent)
        while True:
            connection.send(work(connection.recv()))
    except (EOFError, OSError):
        status = 0
    finally:
        os._exit(status)  # without what the parent has left to be done at its own end
