"""What can be wrong with a user's input, as data.

In: a place in a source file, a problem in the user's words, a fix where one is known.  Out: a
`Diagnostic` value that reporters render.  Imports nothing of the project, so every stage may use it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import field
from difflib import get_close_matches
from enum import Enum

from spec_lang._values import dataclass


class InternalError(Exception):
    """A broken invariant of ours, never the user's mistake; caught in `cli` alone."""


class Severity(Enum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of source text.  Lines and columns count from 1; the end column is exclusive."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int

    def to(self, other: Span) -> Span:
        """The span from the start of this one to the end of `other`."""
        return Span(self.file, self.line, self.column, other.end_line, other.end_column)


@dataclass(frozen=True, slots=True)
class Note:
    """A second place that has a part in the problem."""

    text: str
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem: a stable code, where, what, and what to do about it.

    `code` is `NN` and three digits: 0xx syntax, 1xx names and types, 2xx networks, 3xx VNN-LIB,
    4xx usage, 5xx what a check found (vacuous regions and the like), 6xx what is legal and seldom meant.
    """

    code: str
    problem: str
    span: Span | None = None
    fix: str | None = None
    severity: Severity = Severity.ERROR
    notes: tuple[Note, ...] = ()

    @property
    def is_error(self) -> bool:
        return self.severity is Severity.ERROR


@dataclass(slots=True)
class DiagnosticLog:
    """Collects diagnostics in the order of discovery; the same problem at the same place counts once."""

    _seen: dict[tuple[str, Span | None, str], Diagnostic] = field(default_factory=dict)

    def add(self, diagnostic: Diagnostic) -> None:
        key = (diagnostic.code, diagnostic.span, diagnostic.problem)
        self._seen.setdefault(key, diagnostic)

    def extend(self, diagnostics: Iterable[Diagnostic]) -> None:
        for diagnostic in diagnostics:
            self.add(diagnostic)

    def error(
        self,
        code: str,
        problem: str,
        span: Span | None,
        fix: str | None = None,
        notes: tuple[Note, ...] = (),
    ) -> None:
        self.add(Diagnostic(code, problem, span, fix, Severity.ERROR, notes))

    def warning(
        self,
        code: str,
        problem: str,
        span: Span | None,
        fix: str | None = None,
        notes: tuple[Note, ...] = (),
    ) -> None:
        self.add(Diagnostic(code, problem, span, fix, Severity.WARNING, notes))

    @property
    def has_errors(self) -> bool:
        return any(diagnostic.is_error for diagnostic in self)

    def __iter__(self) -> Iterator[Diagnostic]:
        return iter(tuple(self._seen.values()))

    def __len__(self) -> int:
        return len(self._seen)


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """A fix that proposes the known word closest to `word`, or None when none is close."""
    close = get_close_matches(word, tuple(known), n=1, cutoff=0.6)
    return f"did you mean `{close[0]}`?" if close else None
