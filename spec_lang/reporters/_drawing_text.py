"""Two points and the image that they share, drawn in characters.

In: the planes of a counterexample, and how wide the terminal is.  Out: lines: the planes beside each other
where there is room, else below each other; none where there is no room at all.  Outlines are in dots of
braille, eight to a character.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import Final

from spec_lang._values import dataclass
from spec_lang.reporters._layout import Line, Piece, Role, line
from spec_lang.reporters._window import Place, Spot, axis_texts, segments, spots, window
from spec_lang.reporters.model import Plane

_COLUMNS, _ROWS = 36, 11  # of a plane, in characters
_FEWEST: Final = 20  # columns; less is no drawing
_INDENT: Final = 6
_GAP: Final = 3
_MARKS: Final = "●○◆◇▲△"
# The bits of a character's dots, from the bottom row up, left and right.
_DOTS: Final = ((0x40, 0x80), (0x04, 0x20), (0x02, 0x10), (0x01, 0x08))
_BLANK: Final = 0x2800


def drawing_lines(planes: Sequence[Plane], width: int) -> list[Line]:
    """The planes, in lines of at most `width` characters."""
    beside = (width - _INDENT - _GAP * (len(planes) - 1)) // max(1, len(planes)) - 1
    columns = min(_COLUMNS, beside if beside >= _FEWEST else width - _INDENT - 1)
    if not planes or columns < _FEWEST:
        return []
    panels = [_panel(plane, columns, width - _INDENT) for plane in planes]
    widths = [max(map(_length, panel)) for panel in panels]
    if _INDENT + sum(widths) + _GAP * (len(panels) - 1) > width:
        return [line(" " * _INDENT, *row) for panel in panels for row in panel]
    rows: list[Line] = []
    for cells in zip_longest(*panels, fillvalue=()):
        pieces: list[Piece] = []
        for cell, wide in zip(cells, widths, strict=True):
            pieces += [*cell, (" " * (wide - _length(cell) + _GAP), Role.TEXT)]
        rows.append(line(" " * _INDENT, *pieces[:-1]))
    return rows


def _length(row: Line) -> int:
    return sum(len(text) for text, _ in row)


def _panel(plane: Plane, columns: int, widest: int) -> list[Line]:
    """One plane: its upward axis, what is in it, and the axis to the right."""
    part = window(plane)
    across, up = axis_texts(plane, part)
    canvas = _Canvas.blank(columns, _ROWS)
    for first, second in segments(plane, part):
        canvas.dot_line(first, second)
    found = spots(plane, part)
    canvas.mark_all(found)
    return [
        _caption(f"↑ {up}", widest),
        *(line(("│", Role.DIM), *canvas.row(number)) for number in range(_ROWS)),
        line(("└" + "─" * columns, Role.DIM)),
        _caption(f"→ {across}", widest),
        *(_caption(f"  {spot.apart}", widest) for spot in found if spot.apart),
    ]


def _caption(text: str, widest: int) -> Line:
    return line((text if len(text) <= widest else text[: widest - 1] + "…", Role.DIM))


@dataclass(frozen=True, slots=True)
class _Canvas:
    """Rows from the top, of dots and of characters that stand before these."""

    dots: list[list[int]]
    over: list[list[Piece | None]]

    @staticmethod
    def blank(columns: int, rows: int) -> _Canvas:
        return _Canvas([[0] * columns for _ in range(rows)], [[None] * columns for _ in range(rows)])

    def dot_line(self, first: Place, second: Place) -> None:
        """A line of dots."""
        wide, high = 2 * len(self.dots[0]) - 1, 4 * len(self.dots) - 1
        (x0, y0), (x1, y1) = first, second
        steps = max(1, round(abs(x1 - x0) * wide), round(abs(y1 - y0) * high))
        for step in range(steps + 1):
            x, y = (
                round((x0 + (x1 - x0) * step / steps) * wide),
                round((y0 + (y1 - y0) * step / steps) * high),
            )
            self.dots[-1 - y // 4][x // 2] |= _DOTS[y % 4][x % 2]

    def mark_all(self, found: Sequence[Spot]) -> None:
        """The marks, then beside each what it is, where that covers no other."""
        places = [self._cell(spot.at) for spot in found]
        for spot, (row, column) in reversed(list(zip(found, places, strict=True))):
            self.over[row][column] = (_MARKS[spot.number % len(_MARKS)], Role.BAD)
        for spot, (row, column) in zip(found, places, strict=True):
            self._label(spot.name, row, column)

    def _cell(self, at: Place) -> tuple[int, int]:
        rows, columns = len(self.dots), len(self.dots[0])
        return rows - 1 - min(int(at[1] * rows), rows - 1), min(int(at[0] * columns), columns - 1)

    def _label(self, text: str, row: int, column: int) -> None:
        columns = len(self.dots[0])
        text = text if len(text) <= columns - 4 else text[: columns - 5] + "…"
        middle = min(max(0, column - len(text) // 2), columns - len(text))
        tries = (
            (row, column + 2),
            (row, column - 1 - len(text)),
            *((row + down, middle) for down in (-1, 1, -2, 2)),
        )
        for line_number, start in tries:
            inside = 0 <= line_number < len(self.over) and 0 <= start <= columns - len(text)
            if inside and not any(self.over[line_number][start : start + len(text)]):
                for place, character in enumerate(text, start=start):
                    self.over[line_number][place] = (character, Role.STRONG)
                return

    def row(self, number: int) -> list[Piece]:
        """The pieces of a row; neighbours of one role are one."""
        pieces: list[Piece] = []
        for dots, over in zip(self.dots[number], self.over[number], strict=True):
            text, role = over or (chr(_BLANK + dots) if dots else " ", Role.DIM)
            if pieces and pieces[-1][1] is role:
                pieces[-1] = (pieces[-1][0] + text, role)
            else:
                pieces.append((text, role))
        return pieces
