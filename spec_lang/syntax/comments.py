"""A text that parses as its tokens, each with the comments that stand before it.

In: source text without a syntax error.  Out: the tokens in order, the last of them the end of the text; every
comment of the text belongs to exactly one.  The parser drops comments; the layout puts them back from here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from spec_lang._values import dataclass

_PIECE: Final = re.compile(
    r"""[ \t\r]*(?:
    (?P<line>\n)
    |(?P<comment>\#[^\n]*)
    |(?P<string>"(?:[^"\\\n]|\\[^\n])*")
    |(?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)
    |(?P<word>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<sign><=>|=>|<=|>=|==|!=|\.\.<|\.\.|\S))""",
    re.VERBOSE,
)
_OPENING: Final = frozenset("([{")
_CLOSING: Final = frozenset(")]}")


@dataclass(frozen=True, slots=True)
class Comment:
    """`text` from its `#` to the last character that is no blank.

    `trailing` says that it stands behind a token, on the token's line; `blank` that the line above is empty.
    """

    text: str
    trailing: bool
    blank: bool


@dataclass(frozen=True, slots=True)
class Token:
    """A word, number, string or sign; the last token of a text is empty.

    `comments` stand between the token before and this one; `blank` says that an empty line is directly above.
    """

    text: str
    line: int
    column: int
    comments: tuple[Comment, ...]
    blank: bool

    @property
    def end(self) -> tuple[int, int]:
        return self.line, self.column + len(self.text)


def tokens(text: str) -> tuple[Token, ...]:
    """The tokens of `text`, which has `\\n` for line ends."""
    found: list[Token] = []
    comments: list[Comment] = []
    line, line_start = 1, 0
    newlines, behind_token = 0, False  # newlines since the last token or comment
    for match in _PIECE.finditer(text):
        kind = match.lastgroup or ""
        if kind == "line":
            line, line_start, newlines = line + 1, match.end(), newlines + 1
            behind_token = False
            continue
        blank = newlines > 1
        newlines = 0
        if kind == "comment":
            comments.append(Comment(match[kind].rstrip(), behind_token, blank))
            continue
        column = match.start(kind) - line_start + 1
        found.append(Token(match[kind], line, column, tuple(comments), blank))
        comments.clear()
        behind_token = True
    found.append(Token("", line, len(text) - line_start + 1, tuple(comments), newlines > 1))
    return tuple(found)


def partners(found: Sequence[Token]) -> dict[int, int]:
    """The position of every opening bracket with that of the bracket that closes it."""
    pairs: dict[int, int] = {}
    opened: list[int] = []
    for position, token in enumerate(found):
        if token.text in _OPENING:
            opened.append(position)
        elif token.text in _CLOSING and opened:
            pairs[opened.pop()] = position
    return pairs
