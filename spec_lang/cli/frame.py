"""One frame of a run's progress: what is on the screen while claims are decided.

In: what runs, what was decided, and the size of the screen.  Out: lines, none of them wider and not more of
them than fit.  Nothing is drawn here and no clock is asked.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from spec_lang._values import dataclass
from spec_lang.kernel.verdict import Status
from spec_lang.reporters._layout import STATUS_ROLE, Line, Piece, Role, line

_DECIDED = 8  # lines of claims that were decided; the report has them all
_STATUS = max(len(status.value) for status in Status)
_SECONDS = 7
_NOTE = 24  # a note that would get less than this is left out, for the claim's name
_BAR = 24
_UNICODE, _ASCII = ("…", "━", "─"), ("~", "=", "-")


@dataclass(frozen=True, slots=True)
class Row:
    """A claim: what it is (`proved`, `running`), for how long, and what else there is to say."""

    word: str
    role: Role
    name: str
    seconds: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class Moment:
    """All that a frame shows: claims that were decided, those not as expected and the others, and claims that
    run, each oldest first; and how many there are."""

    surprises: Sequence[Row]
    decided: Sequence[Row]
    running: Sequence[Row]
    counts: Sequence[tuple[Status, int]]
    total: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Screen:
    """Its size in characters, and whether it has others than those of ASCII."""

    width: int
    height: int
    unicode: bool = True

    @property
    def marks(self) -> tuple[str, str, str]:
        """An ellipsis, what is done of a bar, what is not."""
        return _UNICODE if self.unicode else _ASCII


def frame_lines(moment: Moment, screen: Screen) -> list[Line]:
    """Claims that were decided, claims that run, and one line for all where there are several."""
    room = max(0, screen.height - 2)  # the bar, and a line for the cursor
    running = moment.running
    if len(running) > room:
        running = running[: max(0, room - 1)]
    more = len(moment.running) - len(running)
    rows = [*_decided(moment, min(_DECIDED, room - len(running) - (more > 0))), *running]
    names = _name_width(rows, screen)
    lines = [_row(row, names, screen) for row in rows]
    if more and room:
        lines.append(_cut(line((f"  and {more:,} more", Role.DIM)), screen))
    return [*lines, _bar(moment, screen)] if moment.total > 1 else lines


def middle_cut(text: str, width: int, ellipsis: str = "…") -> str:
    """`text` in at most `width` cells: a long one loses its middle, as the ends tell names apart."""
    if cell_len(text) <= width:
        return text
    left = _first(text, width // 2)
    right = _first(text[::-1], width - 1 - cell_len(left))[::-1]
    return f"{left}{ellipsis}{right}" if width > 0 else ""


def clock(seconds: float) -> str:
    """`12 s`, `1:05 min`, `2:03 h`."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    unit, size = ("min", 60) if whole < 3600 else ("h", 3600)
    return f"{whole // size}:{whole % size // (size // 60):02d} {unit}"


def _decided(moment: Moment, room: int) -> Sequence[Row]:
    """The last ones; those that are not as expected stay as long as there is room for them."""
    surprises = moment.surprises[-room:] if room > 0 else ()
    room -= len(surprises)
    return (*surprises, *(moment.decided[-room:] if room > 0 else ()))


def _left(screen: Screen) -> int:
    """What a name and a note share."""
    return max(0, screen.width - 2 - _STATUS - 2 - _SECONDS)


def _name_width(rows: Sequence[Row], screen: Screen) -> int:
    """On a wide screen long names leave something to the notes, on a narrow one nothing."""
    left = _left(screen)
    longest = max((cell_len(row.name) for row in rows), default=0)
    return min(longest, left - _NOTE if left >= 2 * _NOTE else left)


def _row(row: Row, names: int, screen: Screen) -> Line:
    """Status, name, seconds, note: the columns of the report."""
    name = middle_cut(row.name, names, screen.marks[0])
    note = f"  {row.note}" if row.note and _left(screen) - names >= _NOTE else ""
    pieces: list[str | Piece] = ["  ", (row.word.ljust(_STATUS + 2), row.role)]
    pieces += [(name, Role.STRONG), " " * (names - cell_len(name))]
    pieces += [(clock(row.seconds).rjust(_SECONDS), Role.DIM), note]
    return _cut(line(*pieces), screen)


def _bar(moment: Moment, screen: Screen) -> Line:
    done = sum(count for _, count in moment.counts)
    _, full, empty = screen.marks
    length = min(_BAR, screen.width // 4)
    filled = length * done // moment.total if moment.total else 0
    pieces: list[str | Piece] = ["  ", (full * filled, Role.GOOD), (empty * (length - filled), Role.DIM)]
    pieces += [f" {done:,}/{moment.total:,}", (f" {clock(moment.seconds)}", Role.DIM)]
    for number, (status, count) in enumerate(moment.counts):
        pieces += [", " if number else "  ", (f"{count:,} {status.value}", STATUS_ROLE[status])]
    return _cut(line(*pieces), screen)


def _cut(pieces: Line, screen: Screen) -> Line:
    """The line as far as it fits, with an ellipsis where it does not."""
    if sum(cell_len(text) for text, _ in pieces) <= screen.width:
        return pieces
    left = screen.width - 1
    kept: list[Piece] = []
    for text, role in pieces:
        part = _first(text, left)
        kept.append((part, role))
        left -= cell_len(part)
        if part != text:
            break
    return (*kept, (screen.marks[0], Role.DIM))


def _first(text: str, width: int) -> str:
    """As many characters as `width` cells hold."""
    used = 0
    for number, character in enumerate(text):
        used += cell_len(character)
        if used > width:
            return text[:number]
    return text
