"""What writes the words of a tree: as the tree spells them, or as the source does, with its comments.

In: the words of a tree, asked for from left to right.  Out: documents of one word each.  `SourcePen` follows
the source token by token, so it can neither lose one nor add one: it passes over parentheses that the tree
does not need, over braces with nothing in them and over a last `;`, and over nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Protocol

from spec_lang.diagnostics import InternalError, Span
from spec_lang.syntax.comments import Comment, Token, partners
from spec_lang.syntax.layout.documents import Word, word
from spec_lang.syntax.words import NETWORK_ITEMS, PLACED_WORDS, RESERVED

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Behind a number these would go on with the expression, or begin what comes after it.
_NO_UNITS: Final = frozenset((*RESERVED, *PLACED_WORDS, *NETWORK_ITEMS))


class Pen(Protocol):
    """What documents are written with, from left to right."""

    def word(self, text: str) -> Word:
        """A word, number, name, or a sign that may begin a line."""

    def sign(self, text: str) -> Word:
        """A sign that ends a line if one is broken there; comments before it come after it."""

    def string(self, value: str) -> Word:
        """A string literal."""

    def unit(self, unit: str) -> Word:
        """What stands behind a number."""

    def close(self, text: str) -> Word:
        """A closing bracket."""

    def item(self, text: str) -> Word:
        """The first word of something that may have an empty line above."""

    def pairs(self, span: Span) -> int:
        """How many pairs of parentheses stand around the expression that comes next, whose span is `span`."""

    def guards_comment(self, pairs: int) -> bool:
        """Whether a comment stands before the closing one of the next `pairs` of parentheses."""

    def skip(self, count: int) -> None:
        """Passes over parentheses."""

    def skip_last(self, text: str) -> None:
        """Passes over a sign behind the last of several things, if there is one."""

    def braces(self, *, filled: bool) -> bool:
        """Whether braces come next that are to be written; `filled`: there is something in them."""


class PlainPen:
    """Writes a tree that has no source."""

    def word(self, text: str) -> Word:
        return word(text)

    sign = word
    close = word
    item = word

    def string(self, value: str) -> Word:
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return word(f'"{escaped}"')

    def unit(self, unit: str) -> Word:
        bare = unit == "%" or (_NAME.fullmatch(unit) and unit not in _NO_UNITS)
        return word(unit) if bare else self.string(unit)

    def pairs(self, span: Span) -> int:  # noqa: ARG002 - there is no source to look at
        return 0

    def guards_comment(self, pairs: int) -> bool:  # noqa: ARG002
        return False

    def skip(self, count: int) -> None:
        """There is nothing to pass over."""

    def skip_last(self, text: str) -> None:
        """There is nothing to pass over."""

    def braces(self, *, filled: bool) -> bool:
        return filled


class SourcePen:
    """Writes what the source says, in its spelling; a tree of another source is an error of ours."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._partners = partners(tokens)
        self._words: dict[str, Word] = {}  # those without comments
        self._position = 0
        self._carried: tuple[Comment, ...] = ()
        self._free = False  # the next token's comments have been given out

    # -- words ---------------------------------------------------------------------------------

    def word(self, text: str) -> Word:
        comments = self._take(text)
        return word(text, comments) if comments else self._bare(text)

    def sign(self, text: str) -> Word:
        self._carried = self._take(text)
        return self._bare(text)

    def _bare(self, text: str) -> Word:
        found = self._words.get(text)
        if found is None:
            found = self._words[text] = word(text)
        return found

    def close(self, text: str) -> Word:
        return word(text, self._take(text), closes=True)

    def item(self, text: str) -> Word:
        blank = self._tokens[self._position].blank
        return word(text, self._take(text), blank=blank)

    def string(self, value: str) -> Word:  # noqa: ARG002 - the source has the spelling
        return self._spelled('"')

    def unit(self, unit: str) -> Word:
        return self._spelled('"') if self._starts('"') else self.word(unit)

    def _spelled(self, start: str) -> Word:
        if not self._starts(start):
            raise InternalError(f"the layout expects a string, not `{self._tokens[self._position].text}`")
        text = self._tokens[self._position].text
        return word(text, self._take(text))

    def _starts(self, start: str) -> bool:
        return self._tokens[self._position].text.startswith(start)

    def _take(self, text: str) -> tuple[Comment, ...]:
        token = self._tokens[self._position]
        if token.text != text:
            raise InternalError(f"line {token.line}: the layout expects `{text}`, not `{token.text}`")
        self._position += 1
        if not (self._carried or token.comments):
            self._free = False
            return ()
        comments = self._carried if self._free else _joined(self._carried, token.comments)
        self._carried, self._free = (), False
        return comments

    # -- parentheses ---------------------------------------------------------------------------

    def pairs(self, span: Span) -> int:
        position = self._position
        if self._tokens[position].text != "(":
            return 0
        partner = self._partners[position]
        if self._tokens[partner].end != (span.end_line, span.end_column):
            return 0
        count = 1
        while (
            self._tokens[position + count].text == "(" and self._partners[position + count] == partner - count
        ):
            count += 1
        return count

    def guards_comment(self, pairs: int) -> bool:
        partner = self._partners[self._position]
        return any(self._tokens[partner - inner].comments for inner in range(pairs))

    def skip(self, count: int) -> None:
        for _ in range(count):
            token = self._tokens[self._position]
            if token.text not in ("(", ")"):
                raise InternalError(f"line {token.line}: the layout would drop `{token.text}`")
            self._carried = self._take(token.text)

    # -- what the tree does not have -----------------------------------------------------------

    def gap(self) -> tuple[tuple[Comment, ...], bool]:
        """The comments before the next token, and whether an empty line is directly above it; once."""
        token = self._tokens[self._position]
        self._free = True
        return token.comments, token.blank

    def at_end(self) -> bool:
        return not self._tokens[self._position].text

    def skip_last(self, text: str) -> None:
        if self._tokens[self._position].text == text:
            self._carried = self._take(text)

    def braces(self, *, filled: bool) -> bool:
        """Braces with nothing in them go, unless a comment stands there."""
        opening, *closing = self._tokens[self._position : self._position + 2]
        if opening.text != "{" or filled or opening.comments or closing[0].comments:
            return opening.text == "{"
        self._position += 2
        return False


def _joined(first: tuple[Comment, ...], second: tuple[Comment, ...]) -> tuple[Comment, ...]:
    """The comments of two neighbouring gaps; of them all, only the very first can stand behind a word."""
    if not first or not second:
        return first or second
    return (*first, *(replace(comment, trailing=False) for comment in second))
