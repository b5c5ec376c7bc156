"""Where the parser stopped, and questions about the place.

In: the lexemes of a piece of text, which of them the parser stopped at, what it could have gone on with.
Out: a `Situation` with what stands around the stop, and the words for it that messages use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from spec_lang._values import dataclass
from spec_lang.diagnostics import Diagnostic, did_you_mean
from spec_lang.syntax.brackets import CLOSING
from spec_lang.syntax.scan import Kind, Lexeme
from spec_lang.syntax.words import CODES, DECLARATIONS, OPENING, OPERATORS, RESERVED

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
JOINING: Final = frozenset((*_SIGNS_THAT_JOIN, ".", "..", "..<", "and", "or", "not", "in", "then", "else"))


@dataclass(frozen=True, slots=True)
class Situation:
    """The parser stopped at `lexemes[position]`, where it could have taken any terminal of `expected`.

    `stop` is the offset of the stop: inside of the lexeme, when the parser has taken the first half of it.
    """

    lexemes: Sequence[Lexeme]
    position: int
    expected: frozenset[str]
    stop: int

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

    def adjacent(self) -> Iterator[Lexeme]:
        """The lexemes from the stop on, up to the first blank."""
        end = self.at.offset
        for lexeme in self.lexemes[self.position :]:
            if lexeme.offset != end or lexeme.kind is Kind.END:
                return
            yield lexeme
            end = lexeme.offset + len(lexeme.text)

    @property
    def same_line(self) -> bool:
        return self.before is not None and self.before.span.end_line == self.at.span.line

    @property
    def ends(self) -> bool:
        """The stop is where something ends: a bracket, a comma, the text, the next declaration."""
        at = self.at
        return at.kind is Kind.END or at.text in CLOSERS or at.text in (",", ";") or at.text in DECLARATIONS

    @property
    def opener(self) -> Lexeme | None:
        """The word before the stop that waits for its colon: a quantifier, `let`, `claim` or `invariant`."""
        waiting: list[tuple[int, Lexeme]] = []
        depth = 0
        for number, lexeme in enumerate(self.lexemes[: self.position]):
            if lexeme.text in CLOSING:
                depth += 1
            elif lexeme.text in CLOSERS:
                depth -= 1
                while waiting and waiting[-1][0] > depth:
                    waiting.pop()
            elif lexeme.is_word and lexeme.text in _WITH_COLON and self._is_word_of_language(number):
                waiting.append((depth, lexeme))
            elif lexeme.text == ":" and waiting and waiting[-1][0] == depth:
                waiting.pop()
        return waiting[-1][1] if waiting else None

    def _is_word_of_language(self, number: int) -> bool:
        """The word is not a label, behind a dot or before an argument's colon."""
        return (number == 0 or self.lexemes[number - 1].text != ".") and self.lexemes[number + 1].text != ":"


Rule = Callable[[Situation], Diagnostic | None]
_WITH_COLON: Final = ("forall", "exists", "let", "claim", "invariant")


def error(kind: str, problem: str, at: Lexeme, fix: str | None) -> Diagnostic:
    return Diagnostic(CODES[kind], problem, at.span, fix)


def shown(lexeme: Lexeme) -> str:
    if lexeme.kind is Kind.END:
        return "the end"
    return f"`{lexeme.text}`" if len(lexeme.text) <= 40 else f"`{lexeme.text[:37]}…`"


def ends_value(text: str) -> bool:
    return text in CLOSERS or not (text in JOINING or text in CLOSING or text in (",", ";", "", *OPENING))


def near_operator(lexeme: Lexeme) -> str | None:
    """The fix for a word that is all but spelled like an operator, and was read as a name or unit."""
    if not lexeme.is_word or len(lexeme.text) < 2 or lexeme.text in OPERATORS:
        return None
    return did_you_mean(lexeme.text, OPERATORS)


def starts_value(lexeme: Lexeme) -> bool:
    return lexeme.kind in (Kind.NUMBER, Kind.STRING) or (
        lexeme.is_word and (lexeme.text not in RESERVED or lexeme.text in OPENING)
    )
