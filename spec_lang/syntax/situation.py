"""Where the parser stopped, and questions about the place.

In: the lexemes of a piece of text, which of them the parser stopped at, what it could have gone on with.
Out: a `Situation` with what stands around the stop, and the words for it that messages use.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from spec_lang.diagnostics import Diagnostic
from spec_lang.syntax.brackets import CLOSING
from spec_lang.syntax.scan import Kind, Lexeme
from spec_lang.syntax.words import CODES, DECLARATIONS, RESERVED

CLOSERS: Final = frozenset(CLOSING.values())
_SIGNS_THAT_JOIN: Final = (
    "+",
    "-",
    "*",
    "/",
    "&",
    "<",
    ">",
    "<=",
    ">=",
    "==",
    "!=",
    "=>",
    "<=>",
    "=",
    ":",
    "|",
)
JOINING: Final = frozenset((*_SIGNS_THAT_JOIN, ".", "and", "or", "not", "in"))


@dataclass(frozen=True, slots=True)
class Situation:
    """The parser stopped at `lexemes[position]`, where it could have taken any terminal of `expected`."""

    lexemes: Sequence[Lexeme]
    position: int
    expected: frozenset[str]

    @property
    def at(self) -> Lexeme:
        return self.lexemes[self.position]

    @property
    def before(self) -> Lexeme | None:
        return self.lexemes[self.position - 1] if self.position else None

    @property
    def before_text(self) -> str:
        return self.before.text if self.before is not None else ""

    def text(self, distance: int) -> str:
        """The text of the lexeme `distance` from the stop, "" outside of the piece."""
        position = self.position + distance
        return self.lexemes[position].text if 0 <= position < len(self.lexemes) else ""

    @property
    def same_line(self) -> bool:
        return self.before is not None and self.before.span.end_line == self.at.span.line

    @property
    def ends(self) -> bool:
        """The stop is where something ends: a bracket, a comma, the text, the next declaration."""
        at = self.at
        return at.kind is Kind.END or at.text in CLOSERS or at.text == "," or at.text in DECLARATIONS


def error(kind: str, problem: str, at: Lexeme, fix: str | None) -> Diagnostic:
    return Diagnostic(CODES[kind], problem, at.span, fix)


def shown(lexeme: Lexeme) -> str:
    if lexeme.kind is Kind.END:
        return "the end"
    return f"`{lexeme.text}`" if len(lexeme.text) <= 40 else f"`{lexeme.text[:37]}…`"


def ends_value(text: str) -> bool:
    return text in CLOSERS or not (text in JOINING or text in CLOSING or text in (",", "", "not", "forall"))


def starts_value(lexeme: Lexeme) -> bool:
    return lexeme.kind in (Kind.NUMBER, Kind.STRING) or (
        lexeme.is_word and (lexeme.text not in RESERVED or lexeme.text in ("forall", "not"))
    )
