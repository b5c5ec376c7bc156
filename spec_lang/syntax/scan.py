"""The text as words, numbers, strings and signs, right or wrong: what the messages about errors look at.

In: source text.  Out: its lexemes with their places; nothing is rejected, a character that the language
does not have is a lexeme of its own kind.  The parser does not use this; it has its own lexer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import Final

from spec_lang._values import dataclass
from spec_lang.diagnostics import Span
from spec_lang.syntax.words import MAX_DEPTH


class Kind(Enum):
    WORD = "word"
    NUMBER = "number"
    STRING = "string"
    UNFINISHED = "unfinished"
    SIGN = "sign"
    ODD = "odd"
    END = "end"


@dataclass(frozen=True, slots=True)
class Lexeme:
    kind: Kind
    text: str
    offset: int
    span: Span

    @property
    def is_word(self) -> bool:
        return self.kind is Kind.WORD


# Signs of other languages are matched whole, so that `&&` is one mistake and not two.
_LEXEME: Final = re.compile(
    r"""(?P<skip>[ \t\r]+|\#[^\n]*)
    |(?P<line>\n)
    |(?P<word>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)
    |(?P<string>"(?:[^"\\\n]|\\[^\n])*")
    |(?P<unfinished>"[^\n]*)
    |(?P<sign><==?>|<->|===|!==|==>|\.\.[<.]?|[<>=!:]=|=[<>]|->|<>|&&|\|\||\*\*|//|/\\|\\/
        |[-+*/%=<>&|,;.:@(){}\[\]])
    |(?P<odd>.)""",
    re.VERBOSE | re.DOTALL,
)
_NESTING: Final = re.compile(r'"(?:[^"\\\n]|\\[^\n])*"|#[^\n]*|[\[({]|[\])}]')


def lexemes(text: str, file: str, first_line: int) -> Iterator[Lexeme]:
    """The lexemes of `text`, whose first line is line `first_line` of `file`; an END is the last."""
    line, line_start, last = first_line, 0, Span(file, first_line, 1, first_line, 1)
    for match in _LEXEME.finditer(text):
        group = match.lastgroup or ""
        if group == "line":
            line, line_start = line + 1, match.end()
        elif group != "skip":
            last = Span(file, line, match.start() - line_start + 1, line, match.end() - line_start + 1)
            yield Lexeme(Kind(group), match[0], match.start(), last)
    # The end is right behind the last lexeme, one column wide, so that there is something to underline.
    end = Span(file, last.end_line, last.end_column, last.end_line, last.end_column + 1)
    yield Lexeme(Kind.END, "", len(text), end)


def too_deep_at(text: str) -> int | None:
    """The offset of the first bracket inside of `MAX_DEPTH` others, or None."""
    depth = 0
    for match in _NESTING.finditer(text):
        sign = match[0]
        if sign in "([{":
            depth += 1
            if depth > MAX_DEPTH:
                return match.start()
        elif sign in ")]}":
            depth -= 1
    return None
