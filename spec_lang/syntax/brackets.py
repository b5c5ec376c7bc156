"""Brackets that do not match, and where the one that began it stands.

In: the lexemes of a piece of text.  Out: the first mismatch, or None.  Positions inside of strings and
comments never reach this.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from spec_lang._values import dataclass
from spec_lang.diagnostics import Diagnostic, Note
from spec_lang.syntax.scan import Kind, Lexeme
from spec_lang.syntax.words import CODES

CLOSING: Final = {"(": ")", "[": "]", "{": "}"}
_OPENING: Final = {closing: opening for opening, closing in CLOSING.items()}


@dataclass(frozen=True, slots=True)
class Unclosed:
    opening: Lexeme


@dataclass(frozen=True, slots=True)
class Unopened:
    """`closing` closes nothing, or a bracket of another kind, `opening`."""

    closing: Lexeme
    opening: Lexeme | None


def mismatch(lexemes: Sequence[Lexeme]) -> Unclosed | Unopened | None:
    """The first mismatch of `lexemes`; of several brackets that stay open, the innermost."""
    opened: list[Lexeme] = []
    for lexeme in lexemes:
        if lexeme.kind is not Kind.SIGN:
            continue
        if lexeme.text in CLOSING:
            opened.append(lexeme)
        elif lexeme.text in _OPENING:
            if not opened or opened[-1].text != _OPENING[lexeme.text]:
                return Unopened(lexeme, opened[-1] if opened else None)
            opened.pop()
    return Unclosed(opened[-1]) if opened else None


def innermost_open(lexemes: Sequence[Lexeme]) -> int | None:
    """The position of the bracket that is open at the end of `lexemes`, or None."""
    opened: list[int] = []
    for position, lexeme in enumerate(lexemes):
        if lexeme.kind is Kind.SIGN:
            if lexeme.text in CLOSING:
                opened.append(position)
            elif lexeme.text in _OPENING and opened:
                opened.pop()
    return opened[-1] if opened else None


def describe(wrong: Unclosed | Unopened, gap: Lexeme) -> Diagnostic:
    """The diagnostic; `gap` is the lexeme before which an unclosed bracket should have been closed."""
    if isinstance(wrong, Unclosed):
        opening = wrong.opening
        where = "at the end" if gap.kind is Kind.END else f"before `{gap.text}`"
        problem, fix = f"`{opening.text}` is not closed", f"write `{CLOSING[opening.text]}` {where}"
        return Diagnostic(CODES["unclosed"], problem, gap.span, fix, notes=(_opened(opening),))
    closing = wrong.closing
    if wrong.opening is None:
        problem = f"this `{closing.text}` closes nothing"
        fix = f"leave it out, or write `{_OPENING[closing.text]}` where it begins"
        return Diagnostic(CODES["unopened"], problem, closing.span, fix)
    problem = f"`{closing.text}` cannot close `{wrong.opening.text}`"
    fix = f"write `{CLOSING[wrong.opening.text]}`"
    return Diagnostic(CODES["unopened"], problem, closing.span, fix, notes=(_opened(wrong.opening),))


def _opened(opening: Lexeme) -> Note:
    return Note(f"`{opening.text}` is opened here", opening.span)
