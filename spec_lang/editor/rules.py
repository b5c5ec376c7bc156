"""The patterns by which a highlighter tells words, numbers and signs apart.

In: the keyword table, and the functions and norms that are built in.  Out: an ordered list of rules; at a
place in a line the first that matches names what stands there.  No pattern reaches over the end of a line,
and each is valid in Python's and in Oniguruma's dialect, so that all highlighters agree.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Final

from spec_lang._values import dataclass
from spec_lang.semantics.terms.functions import BUILT_IN, NORMS
from spec_lang.syntax.keywords import Role, words_of


class Look(Enum):
    """What a piece of text is, as a reader sees it."""

    BLANK = "blank"
    DOC = "doc"
    COMMENT = "comment"
    STRING = "string"
    NUMBER = "number"
    UNIT = "unit"
    DECLARATION = "declaration"
    DECLARED = "declared"
    KEYWORD = "keyword"
    OPERATOR_WORD = "operator word"
    TYPE = "type"
    ATTRIBUTE = "attribute"
    MEMBER = "member"
    LABEL = "label"
    FUNCTION = "function"
    CONSTANT = "constant"
    CALL = "call"
    NAME = "name"
    OPERATOR = "operator"
    PUNCTUATION = "punctuation"


@dataclass(frozen=True, slots=True)
class LookRule:
    """`pattern`, and what each of its groups is; with one look and no group, what the whole match is."""

    pattern: str
    looks: tuple[Look, ...]


def _any(words: Iterable[str]) -> str:
    return "|".join(sorted(words, key=lambda word: (-len(word), word)))


_NUMBER: Final = r"[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
_NAME: Final = r"[A-Za-z_][A-Za-z0-9_]*"
_END: Final = r"(?![A-Za-z0-9_])"
_BLANK: Final = r"[ \t]+"
_RESERVED: Final = _any(words_of(Role.DECLARATION, Role.BINDER, Role.OPERATOR))
_NO_UNITS: Final = f"{_RESERVED}|{_any(words_of(Role.PLACED))}"
_DECLARATIONS: Final = _any(set(words_of(Role.DECLARATION)) - {"language", "import"})
# A word with a place is a keyword where a value, and no operator, follows it on the line.
_JOINS: Final = rf"(?={_BLANK}(?!(?:{_any(words_of(Role.BINDER, Role.OPERATOR))}){_END})[A-Za-z0-9_\"({{\[-])"

RULES: Final[tuple[LookRule, ...]] = (
    LookRule(_BLANK, (Look.BLANK,)),
    LookRule(r"##(?!#)[^\n]*", (Look.DOC,)),
    LookRule(r"#[^\n]*", (Look.COMMENT,)),
    LookRule(r'"(?:[^"\\\n]|\\[^\n])*"', (Look.STRING,)),
    LookRule(rf"({_NUMBER})([ ])(?!(?:{_NO_UNITS}){_END})({_NAME})", (Look.NUMBER, Look.BLANK, Look.UNIT)),
    LookRule(rf"({_NUMBER})([ ]?)(%)", (Look.NUMBER, Look.BLANK, Look.UNIT)),
    LookRule(_NUMBER, (Look.NUMBER,)),
    LookRule(rf"(@)({_NAME})", (Look.ATTRIBUTE, Look.ATTRIBUTE)),
    # A range's dots are no member's.
    LookRule(r"\.\.<?", (Look.OPERATOR,)),
    LookRule(rf"(\.)([ \t]*)({_NAME})", (Look.PUNCTUATION, Look.BLANK, Look.MEMBER)),
    LookRule(rf"(?:{_RESERVED})(?=[ \t]*:)", (Look.LABEL,)),
    LookRule(rf"({_DECLARATIONS})({_BLANK})({_NAME})", (Look.DECLARATION, Look.BLANK, Look.DECLARED)),
    LookRule(rf"(?:{_any(words_of(Role.DECLARATION))}){_END}", (Look.DECLARATION,)),
    LookRule(rf"(?:{_any(words_of(Role.BINDER))}){_END}", (Look.KEYWORD,)),
    LookRule(rf"(?:{_any(words_of(Role.OPERATOR))}){_END}", (Look.OPERATOR_WORD,)),
    LookRule(rf"(?:{_any(words_of(Role.ITEM))})(?={_BLANK}{_NAME})" + _JOINS, (Look.KEYWORD,)),
    LookRule(rf"(?:{_any(words_of(Role.PLACED))})" + _JOINS, (Look.KEYWORD,)),
    LookRule(
        rf"(=)([ \t]*)({_any(words_of(Role.MEASURE))})" + _JOINS, (Look.OPERATOR, Look.BLANK, Look.KEYWORD)
    ),
    LookRule(rf"(:)([ \t]*)({_any(words_of(Role.TYPE))}){_END}", (Look.PUNCTUATION, Look.BLANK, Look.TYPE)),
    LookRule(rf"(?:{_any(BUILT_IN)})(?=\()", (Look.FUNCTION,)),
    LookRule(rf"(?:{_any(NORMS)}){_END}", (Look.CONSTANT,)),
    LookRule(rf"{_NAME}(?=\()", (Look.CALL,)),
    LookRule(_NAME, (Look.NAME,)),
    LookRule(r"<=>|=>|<=|>=|==|!=|[-+*/<>=&|%]", (Look.OPERATOR,)),
    LookRule(r"[,.:;@(){}\[\]]", (Look.PUNCTUATION,)),
)
