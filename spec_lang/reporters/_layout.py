"""Text with roles, which `plain` prints as it is and `rich` colours.

In: pieces of text.  Out: lines of `(text, role)` pieces.  A role says what a piece is, not how it looks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum

from spec_lang._values import dataclass
from spec_lang.kernel.verdict import Status


class Role(Enum):
    TEXT = "text"
    DIM = "dim"
    STRONG = "strong"
    GOOD = "good"
    BAD = "bad"
    OPEN = "open"
    ODD = "odd"


Rgb = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Paint:
    """A character cell of two colours, one above the other; its text is for where there are none."""

    above: Rgb
    below: Rgb


Piece = tuple[str, Role | Paint]
Line = tuple[Piece, ...]

STATUS_ROLE = {
    Status.PROVED: Role.GOOD,
    Status.REFUTED: Role.BAD,
    Status.UNKNOWN: Role.OPEN,
    Status.VACUOUS: Role.ODD,
    Status.ERROR: Role.BAD,
}


def line(*pieces: str | Piece) -> Line:
    """A line of pieces; bare text has the role `TEXT`.

    A control character becomes a blank: what a user's file says must neither break a line nor steer a
    terminal, and carets stay below what they mean.
    """
    whole = ((piece, Role.TEXT) if isinstance(piece, str) else piece for piece in pieces)
    return tuple((_printable(text), role) for text, role in whole)


def _printable(text: str) -> str:
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)


def text_of(pieces: Iterable[Piece]) -> str:
    """The line without its roles, and without blanks at its end."""
    return "".join(text for text, _ in pieces).rstrip()


def table(rows: Sequence[Sequence[str]], roles: Sequence[Role], indent: int) -> list[Line]:
    """`rows` with aligned columns, one role a column."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(roles))] if rows else []
    return [
        line(
            " " * indent,
            *((cell.ljust(width + 2), role) for cell, width, role in zip(row, widths, roles, strict=True)),
        )
        for row in rows
    ]
