"""Source lines with what is meant underlined, as a terminal shows them.

In: the text of a file and the marks in it.  Out: lines.  Columns are those of the parser, one a character;
on a terminal a tab and a wide character take more room, a combining one none, and a long line is cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from unicodedata import combining, east_asian_width

from spec_lang._values import dataclass
from spec_lang.diagnostics import Span
from spec_lang.reporters._layout import Line, Role, line

# Wider than most editors' windows; generated files have lines of megabytes.
_WINDOW: Final = 120
_TAB: Final = 4
_CUT: Final = "…"


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of one line, from `start` up to `end` (characters, from 0), and the sign that underlines it.

    `label` is said below the line; the first mark of a line is what it is shown for, and has none.
    """

    start: int
    end: int
    sign: str
    role: Role
    label: str | None = None


def excerpt(text: str, span: Span, marks: Sequence[Mark], role: Role) -> list[Line]:
    """The lines of `span`, underlined, with `marks` in the first of them; none where the text is shorter."""
    rows = text.split("\n")  # as the parser counts; not at other line separators
    if not 1 <= span.line <= len(rows):
        return []
    first, start = rows[span.line - 1], span.column - 1
    if span.end_line <= span.line or span.end_line > len(rows):
        end = span.end_column - 1 if span.end_line == span.line else len(first)
        return _marked(first, span.line, (Mark(start, end, "^", role), *marks))
    lines = _marked(first, span.line, (Mark(start, len(first), "^", role), *marks))
    between = span.end_line - span.line - 1
    if between == 1:
        lines += _marked(rows[span.line], span.line + 1, ())
    elif between:
        lines.append(line((_gutter("…"), Role.DIM), (f"{between} lines", Role.DIM)))
    last = rows[span.end_line - 1]
    indent = len(last) - len(last.lstrip())
    if span.end_column - 1 > indent:
        lines += _marked(last, span.end_line, (Mark(indent, span.end_column - 1, "^", role),))
    return lines


def _gutter(what: object = "") -> str:
    return f"{what:>5} | "


def _marked(text: str, number: int, marks: Sequence[Mark]) -> list[Line]:
    """One line of source, the signs of its marks below it, and below these their labels."""
    row = _laid_out(text, marks[0].start if marks else 0)
    lines = [line((_gutter(number), Role.DIM), row.shown)]
    if not marks:
        return lines
    margin = (" " * (len(_gutter(number)) - 2) + "| ", Role.DIM)
    signs: list[tuple[str, Role]] = []
    for mark in marks:  # later ones lie inside of earlier ones, and are drawn over them
        begin = row.column(mark.start)
        end = max(begin + 1, row.column(mark.end))
        signs += [(" ", Role.TEXT)] * (end - len(signs))
        signs[begin:end] = [(mark.sign, mark.role)] * (end - begin)
    lines.append(line(margin, *_runs(signs)))
    return lines + _labels(marks, row, margin)


def _labels(marks: Sequence[Mark], row: _Row, margin: tuple[str, Role]) -> list[Line]:
    """Each label on a line of its own, the last one first, below the beginning of its mark."""
    labelled = sorted((mark for mark in marks if mark.label is not None), key=lambda mark: mark.start)
    lines = []
    while labelled:
        mark = labelled.pop()
        stems = ""
        for other in labelled:
            stems = stems.ljust(row.column(other.start)) + "|"
        lines.append(line(margin, (stems.ljust(row.column(mark.start)), mark.role), mark.label or ""))
    return lines


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of source as it is shown, with the columns of its characters from `first` on, and of its end."""

    shown: str
    first: int
    columns: tuple[int, ...]

    def column(self, position: int) -> int:
        """Where the character at `position` begins; what is cut off is at the edge."""
        return self.columns[max(0, min(position - self.first, len(self.columns) - 1))]


def _laid_out(row: str, focus: int) -> _Row:
    """`row` with its tabs expanded, cut around `focus` where it is long."""
    first = max(0, min(focus, len(row)) - _WINDOW // 2) if len(row) > _WINDOW else 0
    last = min(len(row), first + _WINDOW)
    shown = [_CUT] if first else []
    columns = [len(shown)]
    for character in row[first:last]:
        room = _TAB - columns[-1] % _TAB if character == "\t" else _width(character)
        shown.append(" " * room if character == "\t" else character)
        columns.append(columns[-1] + room)
    return _Row("".join(shown) + (_CUT if last < len(row) else ""), first, tuple(columns))


def _width(character: str) -> int:
    """The columns that a terminal gives to a character."""
    if combining(character):
        return 0
    return 2 if east_asian_width(character) in "WF" else 1


def _runs(signs: Sequence[tuple[str, Role]]) -> list[tuple[str, Role]]:
    """Neighbours of one role, joined."""
    runs: list[tuple[str, Role]] = []
    for sign, role in signs:
        if runs and runs[-1][1] is role:
            runs[-1] = (runs[-1][0] + sign, role)
        else:
            runs.append((sign, role))
    return runs
