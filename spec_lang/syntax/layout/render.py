"""From a document to lines.

In: a document of `layout`.  Out: its lines, none with blanks at its end, every comment at the end of a line
or on one of its own; `WIDTH` wide at most where the document can be broken.
"""

from __future__ import annotations

from dataclasses import field
from typing import Final, assert_never

from spec_lang._values import dataclass
from spec_lang.syntax.layout.documents import (
    SPACE,
    Align,
    Choice,
    Concat,
    Doc,
    Fill,
    Group,
    Hard,
    Line,
    Mark,
    Nest,
    Pad,
    Space,
    Word,
    separated,
)

WIDTH: Final = 100
INDENT: Final = 4

# An empty line right behind one of these is dropped: it separates nothing.
_BEGINNINGS: Final = ("(", "[", "{", ":", "=")


@dataclass(slots=True)
class TextLine:
    """A line of the result: its code, or a comment of its own, and the comment behind the code.

    `mark` is the column of the document's mark, if it stands on this line.
    """

    code: str
    comment: str | None = None
    mark: int | None = None


@dataclass(frozen=True, slots=True)
class _Rest:
    """What is left of a `Fill`: its items from `index`; the item before began on line `line`."""

    items: tuple[Doc, ...]
    by: int
    index: int
    line: int


@dataclass(slots=True)
class _Paper:
    """The lines so far, and what has been asked for since the last word."""

    lines: list[TextLine] = field(default_factory=lambda: [TextLine("")])
    pieces: list[str] = field(default_factory=list)  # the code of the last line
    length: int = 0
    newline: int | None = None  # the indentation of the line that the next word begins
    space: bool = False
    pad: int = 0

    @property
    def column(self) -> int:
        """Where the next word would stand."""
        return (self.length + self.space if self.newline is None else self.newline) + self.pad

    def end_line(self, indent: int) -> None:
        self.newline, self.space, self.pad = indent, False, 0

    def write(self, word: Word, indent: int) -> None:
        if word.comments or word.blank:
            self._comment(word, indent if self.newline is None else self.newline)
        blanks = self.column - (self.length if self.newline is None else 0)
        if self.newline is not None:
            self._begin()
        self._put(" " * blanks + word.text if blanks else word.text)
        self.newline, self.space, self.pad = None, False, 0

    def finish(self) -> list[TextLine]:
        self.lines[-1].code = "".join(self.pieces)
        return self.lines

    def _put(self, text: str) -> None:
        self.pieces.append(text)
        self.length += len(text)

    def _begin(self) -> None:
        self.finish().append(TextLine(""))
        self.pieces, self.length = [], 0

    def _comment(self, word: Word, indent: int) -> None:
        comments = word.comments
        line = self.lines[-1]
        if comments and comments[0].trailing and self.pieces and line.comment is None:
            line.comment = comments[0].text
            comments = comments[1:]
        for comment in comments:
            if comment.blank:
                self._blank_line()
            self._begin()
            self._put(" " * (indent + (INDENT if word.closes else 0)) + comment.text)
        if word.comments:
            self.newline, self.space = indent, False
        if word.blank:
            self._blank_line()

    def _blank_line(self) -> None:
        above = self.finish()[-1].code
        if not above.endswith(_BEGINNINGS) or above.lstrip().startswith("#"):
            self._begin()


def render(doc: Doc) -> list[TextLine]:
    """The lines of `doc`, the first of them at the left margin."""
    paper = _Paper()
    stack: list[tuple[int, bool, Doc | _Rest]] = [(0, False, doc)]  # indentation, on one line?, what
    while stack:
        indent, flat, what = stack.pop()
        match what:
            case Word():
                paper.write(what, indent)
            case Concat(parts=parts):
                stack.extend([(indent, flat, part) for part in reversed(parts)])
            case Space() | Line(blank=True) if flat or isinstance(what, Space):
                paper.space = True
            case Line() if flat:
                pass
            case Line() | Hard():
                paper.end_line(indent)
            case Nest(by=by, doc=inner):
                stack.append((indent + by, flat, inner))
            case Align(doc=inner):
                stack.append((paper.column, flat, inner))
            case Group(doc=inner):
                stack.append((indent, flat or _fits(paper, stack, indent, what), inner))
            case Choice(flat=even, broken=broken):
                fits = flat or _fits(paper, stack, indent, even)
                stack.append((indent, fits, even if fits else broken))
            case Fill(items=items) if flat:
                stack.extend([(indent, True, part) for part in reversed(tuple(separated(items, SPACE)))])
            case Fill(items=items, by=by):
                stack.append((indent, False, _Rest(items, by, 0, 0)))
            case _Rest():
                _next_item(paper, stack, indent, what)
            case Pad(count=count):
                paper.pad += count
            case Mark():
                paper.lines[-1].mark = paper.length
            case _:
                assert_never(what)
    return paper.finish()


def _next_item(paper: _Paper, stack: list[tuple[int, bool, Doc | _Rest]], indent: int, rest: _Rest) -> None:
    """Puts the next item on this line if it fits, else on a new one; never behind one of several lines."""
    item = rest.items[rest.index]
    line = len(paper.lines)
    last = rest.index + 1 == len(rest.items)
    inner = indent
    if rest.index:
        inner += rest.by
        paper.space = True
        same = line == rest.line and not item.commented
        room = WIDTH - paper.column - (_following(stack) if last else 0)
        if not same or item.width > room:
            paper.end_line(inner)
    if not last:
        begins = line + (paper.newline is not None)
        stack.append((indent, False, _Rest(rest.items, rest.by, rest.index + 1, begins)))
    stack.append((inner, not last and item.width <= WIDTH - paper.column, item))


def _fits(paper: _Paper, stack: list[tuple[int, bool, Doc | _Rest]], indent: int, doc: Doc) -> bool:
    column = paper.column if not doc.commented else paper.newline if paper.newline is not None else indent
    room = WIDTH - column - doc.width
    return room >= 0 and room >= _following(stack)


def _following(stack: list[tuple[int, bool, Doc | _Rest]]) -> int:
    """How much must stand on the same line behind the present document."""
    width = 0
    for _, flat, what in reversed(stack):
        if isinstance(what, _Rest):
            break
        width += what.width if flat else what.head
        if what.commented or (what.stops and not flat) or width > WIDTH:
            break
    return width
