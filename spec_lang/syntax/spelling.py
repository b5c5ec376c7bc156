"""Mistakes that show in a single word or sign, such as `&&`: the spellings of other languages.

In: the lexemes of a piece of text.  Out: a diagnostic for every lexeme that the language does not have,
with its spelling here where there is one.  Comments and strings have been left out before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from spec_lang.diagnostics import Diagnostic
from spec_lang.syntax.scan import Kind, Lexeme
from spec_lang.syntax.words import CODES

SPELLINGS: Final = {
    "&&": "and", "∧": "and", "/\\": "and", "||": "or", "∨": "or", "\\/": "or",
    "!": "not", "¬": "not", "~": "not",
    "->": "=>", "==>": "=>", "→": "=>", "⇒": "=>", "⟹": "=>", "⟶": "=>",
    "<->": "<=>", "<==>": "<=>", "↔": "<=>", "⇔": "<=>", "⟺": "<=>",
    "===": "==", "≡": "==", "!==": "!=", "<>": "!=", "≠": "!=", "=<": "<=", "≤": "<=", "⩽": "<=",
    "≥": ">=", "⩾": ">=", "∀": "forall", "∃": "exists", "∈": "in", "∩": "&", "∪": "|",
    ":=": "=", "...": "..", "…": "..",
    "×": "*", "·": "*", "⋅": "*", "÷": "/", "−": "-", "–": "-", "—": "-",
}  # fmt: skip
"""Foreign spelling -> the one of this language."""

FOREIGN_WORDS: Final = {
    "AND": "and", "And": "and", "OR": "or", "Or": "or", "NOT": "not", "Not": "not", "IN": "in",
    "implies": "=>", "IMPLIES": "=>", "iff": "<=>", "IFF": "<=>", "equiv": "<=>",
    "Forall": "forall", "FORALL": "forall", "forAll": "forall", "foreach": "forall", "all": "forall",
    "Exists": "exists", "EXISTS": "exists", "some": "exists", "LET": "let", "Let": "let",
    "IF": "if", "If": "if", "THEN": "then", "ELSE": "else", "elif": "else if", "elseif": "else if",
}  # fmt: skip
"""Words that are names here; consulted only where a name cannot stand."""

NO_BREAK_SPACE: Final = "\N{NO-BREAK SPACE}"
_QUOTES: Final = {"“": "”", "”": "”", "„": "“", "«": "»", "‘": "’", "’": "’", "'": "'", "`": "`"}
_OF_REGIONS: Final = {"&&": "&", "||": "|"}
_ADVICE: Final = {
    "^": "there is no power: write a product, `x * x`",
    "**": "there is no power: write a product, `x * x`",
    "//": "a comment starts with `#`; division is `/`",
    "?": "write `if c then a else b`",
    "∞": "leave the bound out",
    NO_BREAK_SPACE: "type a plain space",
}


def misspellings(lexemes: Sequence[Lexeme]) -> tuple[Diagnostic, ...]:
    """One diagnostic for every lexeme that is not of the language, in the order of the text."""
    return tuple(_misspellings(lexemes))


def _misspellings(lexemes: Sequence[Lexeme]) -> Iterator[Diagnostic]:
    position = 0
    while position < len(lexemes):
        lexeme = lexemes[position]
        after = position + 1
        if lexeme.kind is Kind.UNFINISHED:
            fix = 'close it with `"` on the same line'
            yield Diagnostic(CODES["unfinished string"], "this string does not end", lexeme.span, fix)
        elif lexeme.text in SPELLINGS:
            spelling = SPELLINGS[lexeme.text]
            problem = f"`{lexeme.text}` is written `{spelling}`"
            region = _OF_REGIONS.get(lexeme.text)
            fix = f"write `{spelling}`" + (f", or `{region}` between regions" if region else "")
            yield Diagnostic(CODES["spelling"], problem, lexeme.span, fix)
        elif lexeme.text in _QUOTES and not _touches_word(lexemes, position):
            after = _after_quotation(lexemes, position)
            problem = f"`{lexeme.text}` does not begin a string"
            yield Diagnostic(CODES["spelling"], problem, lexeme.span, 'write it between `"` and `"`')
        elif lexeme.kind is Kind.ODD or lexeme.text in _ADVICE:
            after = _after_run(lexemes, position)
            yield _stray(lexemes[position:after])
        position = after


def _after_quotation(lexemes: Sequence[Lexeme], start: int) -> int:
    """The position behind the quotation that starts at `start`, when it ends on its line."""
    closing = _QUOTES[lexemes[start].text]
    line = lexemes[start].span.line
    for position in range(start + 1, len(lexemes)):
        if lexemes[position].span.line != line:
            break
        if lexemes[position].text == closing:
            return position + 1
    return start + 1


def _touches_word(lexemes: Sequence[Lexeme], position: int) -> bool:
    """The lexeme stands right behind a word, as in `x'`."""
    if position == 0:
        return False
    before = lexemes[position - 1]
    return before.is_word and before.offset + len(before.text) == lexemes[position].offset


def _after_run(lexemes: Sequence[Lexeme], start: int) -> int:
    """The position behind the adjacent stray characters from `start` on: together they are one mistake."""
    position = start + 1
    while (
        position < len(lexemes)
        and lexemes[position].kind is Kind.ODD
        and lexemes[position].offset == lexemes[position - 1].offset + 1
        and not {lexemes[position].text, lexemes[position - 1].text} & (_ADVICE.keys() | SPELLINGS.keys())
    ):
        position += 1
    return position


def _stray(run: Sequence[Lexeme]) -> Diagnostic:
    span = run[0].span.to(run[-1].span)
    text = "".join(lexeme.text for lexeme in run)
    if text in _ADVICE:
        shown, fix = "a no-break space" if text == NO_BREAK_SPACE else f"`{text}`", _ADVICE[text]
    elif text.isprintable() and text.strip():
        shown = f"`{text}`"
        fix = "spell names with the letters a to z" if text.isalpha() else "leave it out"
    else:
        shown, fix = f"the invisible character U+{ord(text[0]):04X}", "leave it out, or type a plain space"
    return Diagnostic(CODES["character"], f"{shown} is not part of the language", span, fix)
