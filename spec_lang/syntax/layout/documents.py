"""Documents: texts that know where they may be broken into lines [Wadler, "A prettier printer", 2003].

In: words, and where a line may, or must, end.  Out: trees for `layout_render`.  Every node knows its width on
one line when it is made, so that laying one out takes time linear in its size.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from spec_lang._values import dataclass
from spec_lang.syntax.comments import Comment

# The width of what cannot stand on one line.
ENDLESS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Measure:
    """What every document knows of itself.

    `width` is its length on one line; `head` the length up to the first place where the line may end, and
    `stops` whether there is such a place.  `commented`: comments stand before its first word.
    """

    width: int
    head: int
    stops: bool
    commented: bool


@dataclass(frozen=True, slots=True)
class Word(Measure):
    """Text that is never broken, and the comments before it.

    `closes`: a bracket, whose comments are indented like what it closes.  `blank`: an empty line is above.
    """

    text: str
    comments: tuple[Comment, ...]
    closes: bool
    blank: bool


@dataclass(frozen=True, slots=True)
class Space(Measure):
    """A blank before the next word, if that does not begin a line."""


@dataclass(frozen=True, slots=True)
class Pad(Measure):
    """`count` blanks before the next word, at the beginning of a line, too."""

    count: int


@dataclass(frozen=True, slots=True)
class Mark(Measure):
    """A place on the line that the layout of whole files wants to know."""


@dataclass(frozen=True, slots=True)
class Line(Measure):
    """A place where the line may end; a blank, or nothing, if it does not."""

    blank: bool


@dataclass(frozen=True, slots=True)
class Hard(Measure):
    """A place where the line ends."""


@dataclass(frozen=True, slots=True)
class Concat(Measure):
    parts: tuple[Doc, ...]


@dataclass(frozen=True, slots=True)
class Nest(Measure):
    """`doc`, its lines after the first indented by `by` more."""

    by: int
    doc: Doc


@dataclass(frozen=True, slots=True)
class Align(Measure):
    """`doc`, its lines after the first beginning where the first does."""

    doc: Doc


@dataclass(frozen=True, slots=True)
class Group(Measure):
    """`doc` on one line if it fits, else with every `Line` of its own as a line's end."""

    doc: Doc


@dataclass(frozen=True, slots=True)
class Choice(Measure):
    """`flat` if it fits the line, else `broken`: the same words with other blanks."""

    flat: Doc
    broken: Doc


@dataclass(frozen=True, slots=True)
class Fill(Measure):
    """As many of `items` on each line as fit; the lines after the first are indented by `by` more."""

    items: tuple[Doc, ...]
    by: int


Doc = Word | Space | Pad | Mark | Line | Hard | Concat | Nest | Align | Group | Choice | Fill

_NO_WORDS: Final = (Space, Pad, Mark, Line, Hard)

SPACE: Final = Space(1, 1, False, False)
MARK: Final = Mark(0, 0, False, False)
LINE: Final = Line(1, 0, True, False, True)
SOFT: Final = Line(0, 0, True, False, False)
HARD: Final = Hard(ENDLESS, 0, True, False)


def word(text: str, comments: tuple[Comment, ...] = (), *, closes: bool = False, blank: bool = False) -> Word:
    size = len(text)
    if not comments:
        return Word(size, size, False, False, text, comments, closes, blank)
    return Word(size, 0, True, True, text, comments, closes, blank)


def pad(count: int) -> Pad:
    return Pad(count, count, False, False, count)


def concat(*parts: Doc | None) -> Doc:
    """`parts` one behind the other; None is nothing."""
    present = tuple([part for part in parts if part is not None])
    if len(present) == 1:
        return present[0]
    width = head = 0
    stops = commented = words = False
    for part in present:
        if part.commented:
            # A comment ends its line: what has one inside cannot stand on one line.
            width += ENDLESS if words else 0
            commented = commented or not words
        width += part.width
        if not stops:
            head += part.head
            stops = part.stops
        words = words or not isinstance(part, _NO_WORDS)
    if not stops and (text := _one_word(present)) is not None:
        return word(text)
    return Concat(min(width, ENDLESS), head, stops, commented, present)


def _one_word(parts: Sequence[Doc]) -> str | None:
    """Words that nothing can separate are one, which makes documents a good deal smaller."""
    if not (isinstance(parts[0], Word) and isinstance(parts[-1], Word)):
        return None
    texts: list[str] = []
    for part in parts:
        if isinstance(part, Word) and not part.blank:
            texts.append(part.text)
        elif isinstance(part, Space):
            texts.append(" ")
        else:
            return None
    return "".join(texts)


def nest(by: int, *parts: Doc | None) -> Doc:
    doc = concat(*parts)
    return Nest(doc.width, doc.head, True, doc.commented, by, doc) if doc.stops else doc


def align(doc: Doc) -> Doc:
    return Align(doc.width, doc.head, True, doc.commented, doc) if doc.stops else doc


def group(*parts: Doc | None) -> Doc:
    doc = concat(*parts)
    return Group(doc.width, doc.head, True, doc.commented, doc) if doc.stops else doc


def choice(flat: Doc, broken: Doc) -> Doc:
    return Choice(flat.width, broken.head, broken.stops, flat.commented, flat, broken)


def fill(items: Sequence[Doc], by: int = 0) -> Doc:
    """`items` with a blank or a line's end between neighbours."""
    if len(items) == 1:
        return items[0]
    width = sum(item.width for item in items) + len(items) - 1
    if any(item.commented for item in items[1:]):
        width = ENDLESS
    first = items[0]
    return Fill(min(width, ENDLESS), first.head, True, first.commented, tuple(items), by)


def separated(items: Iterable[Doc], separator: Doc) -> Iterable[Doc]:
    """`items` with `separator` between neighbours."""
    for position, item in enumerate(items):
        if position:
            yield separator
        yield item


def flat_text(doc: Doc) -> str:
    """`doc` on one line; it has no comments and no `Hard`."""
    pieces: list[str] = []
    waiting: list[Doc] = [doc]
    while waiting:
        match waiting.pop():
            case Word(text=text):
                pieces.append(text)
            case Space() | Line(blank=True):
                pieces.append(" ")
            case Concat(parts=parts):
                waiting.extend(reversed(parts))
            case Fill(items=items):
                waiting.extend(reversed(tuple(separated(items, SPACE))))
            case Nest(doc=inner) | Align(doc=inner) | Group(doc=inner) | Choice(flat=inner):
                waiting.append(inner)
            case Pad() | Mark() | Line() | Hard():
                pass
    return "".join(pieces)
