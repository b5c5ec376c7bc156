"""Mistakes of order: every lexeme is of the language, but this one cannot stand where it stands.

In: the lexemes, which of them the parser stopped at, what it could have gone on with.  Out: the
diagnostic.  A list of rules, from the particular to the general: the first that recognises the mistake
describes it, and the last recognises every one.
"""

from __future__ import annotations

from typing import Final

from spec_lang.diagnostics import Diagnostic, did_you_mean
from spec_lang.syntax.brackets import CLOSING, innermost_open
from spec_lang.syntax.constructs import CONSTRUCTS
from spec_lang.syntax.expectations import SIGNS, in_words, one_of, one_of_words
from spec_lang.syntax.scan import Kind
from spec_lang.syntax.situation import (
    JOINING,
    Rule,
    Situation,
    ends_value,
    error,
    near_operator,
    shown,
    starts_value,
)
from spec_lang.syntax.spelling import FOREIGN_WORDS
from spec_lang.syntax.words import (
    CODES,
    DECLARATIONS,
    NETWORK_ITEMS,
    RESERVED,
)


def misplaced(situation: Situation) -> Diagnostic:
    """The diagnostic for `situation`."""
    for rule in _RULES:
        if (diagnostic := rule(situation)) is not None:
            return diagnostic
    return _unexpected(situation)


def _not_a_declaration(s: Situation) -> Diagnostic | None:
    if s.position or "CLAIM" not in s.expected:
        return None
    fix = did_you_mean(s.at.text, DECLARATIONS) or f"a declaration starts with {one_of_words(DECLARATIONS)}"
    return error("not a declaration", f"{shown(s.at)} does not begin a declaration", s.at, fix)


def _not_an_item(s: Situation) -> Diagnostic | None:
    """A network's body goes on with an item, and this word is none."""
    if "INPUT" not in s.expected or not s.at.is_word or (s.same_line and s.before_text != "{"):
        return None
    problem = f"{shown(s.at)} does not begin a part of a network"
    fix = did_you_mean(s.at.text, NETWORK_ITEMS) or f"a part starts with {one_of_words(NETWORK_ITEMS)}"
    return error("not a declaration", problem, s.at, fix)


# -- signs -------------------------------------------------------------------------------------------


def _comma(s: Situation) -> Diagnostic | None:
    if s.before_text == "," and s.ends:
        if s.at.text == ",":
            return error("comma", "nothing stands between two commas", s.at, "leave it out")
        return error("comma", "nothing stands after this comma", s.before or s.at, "leave it out")
    if s.at.text == "," and s.before_text in CLOSING:
        return error("comma", "nothing stands before this comma", s.at, "leave it out")
    if "_COMMA" in s.expected and s.same_line and (_in_list(s) or _before_binding(s)):
        problem = f"a comma is missing between {shown(s.lexemes[s.position - 1])} and {shown(s.at)}"
        return error("comma", problem, s.at, "write `,` between them")
    return None


def _in_list(s: Situation) -> bool:
    return starts_value(s.at) and innermost_open(s.lexemes[: s.position]) is not None


def _before_binding(s: Situation) -> bool:
    """Another variable follows, as in `forall x y in r`, or the precision of a measure."""
    if s.at.text == "to" and "PLUS" in s.expected:
        return True
    return s.at.is_word and s.at.text not in RESERVED and s.text(1) in ("in", ",") and s.opener is not None


def _equals(s: Situation) -> Diagnostic | None:
    gives = "_EQUAL" in s.expected or ("NUMBER" in s.expected and s.at.offset + 1 == s.stop)
    if s.at.text == "==" and gives and "PLUS" not in s.expected:
        return error("equals", "`==` compares: a name is given its value with `=`", s.at, "write `=`")
    if s.at.text != "=" or "EQ" not in s.expected:
        return None
    if s.before is not None and s.before.is_word and s.text(-2) in ("(", ",") and _in_call(s):
        fix = f"write `{s.before_text}: …`"
        return error("equals", "an argument is named with `:`, not with `=`", s.at, fix)
    return error("equals", "`=` does not compare", s.at, "write `==`")


def _in_call(s: Situation) -> bool:
    position = innermost_open(s.lexemes[: s.position])
    if position is None or position == 0 or s.lexemes[position].text != "(":
        return False
    caller = s.lexemes[position - 1]
    return (caller.is_word and caller.text not in RESERVED) or caller.text in (")", "]")


def _missing_region(s: Situation) -> Diagnostic | None:
    before = s.before
    if before is None:
        return None
    if before.text == "in" and "NUMBER" in s.expected and (s.ends or s.at.text == ":"):
        fix = "write a region, such as `f.domain`, or for an index a range, such as `0..4`"
        return error("missing region", "a region is missing after `in`", s.at, fix)
    if (
        "IN" in s.expected
        and "PLUS" not in s.expected
        and (s.at.text in ("[", "{") or s.at.kind is Kind.NUMBER)
    ):
        return error("missing sign", f"`in` is missing before {shown(s.at)}", s.at, "write `in` before it")
    if before.is_word and s.expected == {"IN"}:
        fix = f"write `{before.text} in` and its bounds, such as `[0, 1]`"
        return error("missing region", f"`{before.text}` ranges over nothing", before, fix)
    return None


def _chain(s: Situation) -> Diagnostic | None:
    if s.at.text != "<=>" or "NUMBER" in s.expected:
        return None
    return error("chain", "`<=>` does not chain", s.at, "say with parentheses which pair is meant")


def _missing_sign(s: Situation) -> Diagnostic | None:
    if s.expected >= {"_EQUAL"} and "PLUS" not in s.expected:
        instead = " instead" if s.at.text == ":" else f" before {shown(s.at)}"
        return error("missing sign", f"`=` is missing before {shown(s.at)}", s.at, f"write `=`{instead}")
    if "_COLON" not in s.expected:
        return _only_sign(s)
    opener = s.opener
    if opener is None:
        return None
    if opener.text == "invariant" and s.at.text in ("on", "over"):
        problem = f"`{s.at.text}` cannot stand here: the order is {_PARTS}"
        return error("unexpected", problem, s.at, f"move it to its place: `{_INVARIANT}`")
    declares = opener.text in ("claim", "invariant")
    what = f"the {opener.text}'s formula" if declares else f"the formula of `{opener.text}`"
    instead = " instead" if s.at.text in _FOR_COLON else f" before {shown(s.at)}"
    return error("missing sign", f"`:` is missing before {what}", s.at, f"write `:`{instead}")


def _only_sign(s: Situation) -> Diagnostic | None:
    """One sign alone could stand here."""
    if len(s.expected) != 1 or not (sign := SIGNS.get(min(s.expected))):
        return None
    instead = " instead" if s.at.text in (":", "=") else f" before {shown(s.at)}"
    return error("missing sign", f"{sign} is missing before {shown(s.at)}", s.at, f"write {sign}{instead}")


_PARTS: Final = "region, data, documentation, attributes"
_INVARIANT: Final = 'invariant … of … on … over … "…" @…: …'

# What people write where the colon of a formula belongs.
_FOR_COLON: Final = ("=", "|", ".", ";", "=>", "such", "st", "where", "with", "have", "holds")


# -- words and values --------------------------------------------------------------------------------


def _number(s: Situation) -> Diagnostic | None:
    at, before = s.at, s.before
    if before is not None and before.kind is Kind.NUMBER and at.is_word and "NUMBER" not in s.expected:
        if before.offset + len(before.text) == at.offset:
            problem = f"`{before.text}{at.text}` is not a number"
            fix = f"write `{before.text} {at.text}` for a unit, `{before.text} * {at.text}` for a product"
            if at.text.startswith("_") or before.text == "0":
                fix = "write its digits without `_` or `x`"
            return Diagnostic(CODES["number"], problem, before.span.to(at.span), fix)
        return None
    if s.at.text == "." and "NUMBER" in s.expected and s.lexemes[s.position + 1].kind is Kind.NUMBER:
        return error("number", "a number starts with a digit", s.at, f"write `0.{s.text(1)}`")
    if s.before_text == "." and not at.is_word and s.position > 1:
        number = s.lexemes[s.position - 2]
        if number.kind is Kind.NUMBER and before is not None:
            return error("number", "a number ends with a digit", before, f"write `{number.text}.0`")
    if s.at.kind is Kind.NUMBER and s.before_text == ".":
        return error("number", "a name follows a dot", s.at, f"write `[{s.at.text}]` for an element")
    return None


def _foreign_word(s: Situation) -> Diagnostic | None:
    for lexeme in (s.at, s.before):
        if lexeme is not None and lexeme.is_word and lexeme.text in FOREIGN_WORDS:
            spelling = FOREIGN_WORDS[lexeme.text]
            problem = f"`{lexeme.text}` is written `{spelling}`"
            return error("spelling", problem, lexeme, f"write `{spelling}`")
    return None


def _operator(s: Situation) -> Diagnostic | None:
    """An operator of the language where its operands do not allow it."""
    if s.at.text == "not" and s.text(1) == "in":
        return error("unexpected", "`not` cannot stand before `in`", s.at, "write `not (a in b)`")
    # Where a value has to stand, the parser has taken an operator for a name, and stopped behind it.
    behind = f"after `{s.text(-2)}`" if s.position > 1 else "at the beginning"
    if s.before is not None and s.before_text in ("and", "or", "in") and not ends_value(s.text(-2)):
        problem = f"a value is missing before {shown(s.before)}"
        return error("missing value", problem, s.before, f"write a value {behind}")
    if s.at.text == "+" and "NUMBER" in s.expected:
        return error("unexpected", "`+` needs a value on its left", s.at, "leave it out")
    return None


def _missing_value(s: Situation) -> Diagnostic | None:
    if s.expected in _SINGLE and s.before is not None:
        what = _SINGLE[s.expected]
        problem = f"{what} is missing after {shown(s.before)}"
        return error("missing value", problem, s.at, f"write {what} before {shown(s.at)}")
    if "NUMBER" not in s.expected:
        return None
    if s.before is None:
        return error("missing value", "a value is missing", s.at, "write a value")
    if s.ends or s.at.text in JOINING:
        problem = f"a value is missing between {shown(s.before)} and {shown(s.at)}"
        return error("missing value", problem, s.at, "write the value, or leave the sign out")
    return None


def _unexpected(s: Situation) -> Diagnostic:
    place = f" after {shown(s.before)}" if s.before is not None else ""
    fix = f"expected {one_of(in_words(s.expected))}"
    # A misspelt word of the language was read as a name, and what follows it cannot follow a name.
    near = near_operator(s.before) if s.before is not None else None
    if near is not None and (starts_value(s.at) or s.at.text == "("):
        return error("unexpected", f"{shown(s.at)} cannot stand{place}", s.at, near)
    if s.same_line and starts_value(s.at) and "PLUS" in s.expected and ends_value(s.before_text):
        fix = "write an operator, such as `*` or `and`, between them"
    if s.at.kind is Kind.END:
        return error("unexpected", f"something is missing{place}", s.at, fix)
    return error("unexpected", f"{shown(s.at)} cannot stand{place or ' here'}", s.at, fix)


_SINGLE: Final = {
    frozenset({"NAME"}): "a name",
    frozenset({"STRING"}): 'a string between `"` and `"`',
    frozenset({"NUMBER"}): "a number",
}
_RULES: Final[tuple[Rule, ...]] = (
    _not_a_declaration,
    _not_an_item,
    _number,
    *CONSTRUCTS,
    _equals,
    _chain,
    _missing_region,
    _comma,
    _foreign_word,
    _operator,
    _missing_value,
    _missing_sign,
)
