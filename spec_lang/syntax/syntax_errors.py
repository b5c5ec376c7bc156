"""What is wrong with a text that does not parse, in the user's words.

In: a piece of source text, where the parser stopped in it and what it could have gone on with.  Out: at
least one diagnostic.  Nothing here decides whether the text is right; the parser has already done so.
"""

from __future__ import annotations

from typing import Final

from spec_lang._values import dataclass
from spec_lang.diagnostics import Diagnostic, Span
from spec_lang.syntax.brackets import CLOSING, Unclosed, describe, mismatch
from spec_lang.syntax.misplaced import misplaced
from spec_lang.syntax.scan import Kind, Lexeme, lexemes
from spec_lang.syntax.situation import Situation
from spec_lang.syntax.spelling import misspellings
from spec_lang.syntax.words import CODES

_TERMINALS: Final = {")": "RPAR", "]": "RSQB", "}": "RBRACE"}
# A declaration of more characters is not what a person wrote, and its lexemes would take much memory.
_LONGEST: Final = 400_000
# Mistakes that no bracket elsewhere could have brought about.
_SURE: Final = frozenset(CODES[kind] for kind in ("equals", "chain"))


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of whole lines of `file`, the first of which is line `first_line`."""

    text: str
    file: str
    first_line: int


@dataclass(frozen=True, slots=True)
class Stop:
    """Where the parser could not go on, and the terminals that it could have gone on with."""

    offset: int
    expected: frozenset[str]


def explain(piece: Piece, stop: Stop, problems: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
    """Diagnostics for `piece`; `problems` are those that were found before the parser stopped."""
    if len(piece.text) > _LONGEST:
        return (*problems, _at_stop_alone(piece, stop))
    found = tuple(lexemes(piece.text, piece.file, piece.first_line))
    if spelled := misspellings(found):
        return (*problems, *spelled)
    position = next(
        number
        for number, lexeme in enumerate(found)
        if lexeme.offset + len(lexeme.text) > stop.offset or lexeme.kind is Kind.END
    )
    here = misplaced(Situation(found, position, stop.expected, stop.offset))
    wrong = mismatch(found)
    if wrong is None:
        # A mistake that the builder has seen is often what the parser trips over next.
        return problems if _explains(problems, here) else (*problems, here)
    gap = _gap(wrong, found, position, stop) if isinstance(wrong, Unclosed) else found[-1]
    bracket = describe(wrong, gap)
    return (*problems, here, bracket) if here.code in _SURE else (*problems, bracket)


def _explains(problems: tuple[Diagnostic, ...], here: Diagnostic) -> bool:
    """One of `problems` is the same mistake: of its kind, or a word such as `if` that was read as a name."""
    return any(problem.code in (here.code, CODES["reserved word"]) for problem in problems)


def _at_stop_alone(piece: Piece, stop: Stop) -> Diagnostic:
    span = place(piece, stop.offset)
    shown = repr(piece.text[stop.offset : stop.offset + 1])
    return Diagnostic(CODES["unexpected"], f"{shown} cannot stand here", span, "is this an `.nnspec` file?")


def place(piece: Piece, offset: int) -> Span:
    """The span of the character at `offset`."""
    line = piece.first_line + piece.text.count("\n", 0, offset)
    column = offset - piece.text.rfind("\n", 0, offset)
    return Span(piece.file, line, column, line, column + 1)


def _gap(wrong: Unclosed, found: tuple[Lexeme, ...], position: int, stop: Stop) -> Lexeme:
    """Where the bracket should have been closed: at the stop, if the parser would have taken it there."""
    closing = _TERMINALS[CLOSING[wrong.opening.text]]
    at = found[position]
    return at if closing in stop.expected and at.offset > wrong.opening.offset else found[-1]
