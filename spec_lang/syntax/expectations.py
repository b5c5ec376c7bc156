"""What the parser could have gone on with, in words.

In: the names of the grammar's terminals.  Out: phrases such as "a value" or "`)`", few enough to read.
A test holds the table against the grammar.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from spec_lang.syntax.words import DECLARATIONS, NETWORK_ITEMS

SIGNS: Final = {
    "_EQUAL": "`=`", "_COLON": "`:`", "_COMMA": "`,`", "_SEMICOLON": "`;`", "_BAR": "`|`", "PERCENT": "`%`",
    "TO": "`..`", "BELOW": "`..<`", "AT": "an attribute", "UNIT": "a unit", "STRING": "a string",
    "NAME": "a name", "NUMBER": "a number", "LPAR": "`(`", "RPAR": "`)`", "LSQB": "`[`", "RSQB": "`]`",
    "LBRACE": "`{`", "RBRACE": "`}`", "IN": "`in`", "THEN": "`then`", "ELSE": "`else`", "_LIKE": "`like`",
    "_ON": "`on`", "_OF": "`of`", "FOR": "`for`", "WITH": "`with`", "PRECISION": "`to`", "MAX": "`max`",
    "MIN": "`min`", "RANGE": "`range`", "LARGEST": "`largest`", "SMALLEST": "`smallest`",
    "REGIONS": "`regions`", "SUPPORT": "`support`", "COVERAGE": "`coverage`",
    "OVER": "`over`", "$END": "the end",
}  # fmt: skip
"""A terminal that is named by itself."""

VALUES: Final = frozenset(
    (
        "NUMBER",
        "NAME",
        "STRING",
        "LPAR",
        "LSQB",
        "LBRACE",
        "MINUS",
        "NOT",
        "FORALL",
        "EXISTS",
        "LET",
        "IF",
        "ARGUMENT_NAME",
    )
)
"""What a value begins with."""

_TIGHT: Final = ("PLUS", "MINUS", "STAR", "SLASH", "_AMP", "_BAR", "_DOT", "LPAR", "LSQB")
_LOOSE: Final = ("LE", "LT", "GE", "GT", "EQ", "NE", "IN", "_AND", "_OR", "_IMPLIES", "_IFF")
AFTER_VALUE: Final = frozenset((*_TIGHT, *_LOOSE))
"""What goes on with a value."""


def in_words(expected: frozenset[str]) -> tuple[str, ...]:
    """`expected` as a few phrases; never none."""
    parts: list[str] = []
    rest = set(expected)
    if {"NUMBER", "LPAR"} <= rest:
        parts.append("a value")
        rest -= VALUES
    if "PLUS" in rest:
        parts.append("an operator")
        rest -= AFTER_VALUE
        if "PERCENT" in rest:  # a number may have a unit; nobody who left out an operator wants to know
            rest -= {"PERCENT", "STRING", "UNIT"}
    if "CLAIM" in rest:
        parts.append("the next declaration")
        rest -= {"$END", *(word.upper() for word in DECLARATIONS)}
    if "INPUT" in rest:
        parts.append("the next part of the network")
        rest -= {word.upper() for word in NETWORK_ITEMS}
    return (*parts, *sorted(SIGNS[name] for name in rest if name in SIGNS)) or ("the end",)


def one_of(phrases: Sequence[str]) -> str:
    """`a, b or c`."""
    return phrases[0] if len(phrases) == 1 else f"{', '.join(phrases[:-1])} or {phrases[-1]}"


def one_of_words(words: Iterable[str]) -> str:
    return one_of([f"`{word}`" for word in words])
