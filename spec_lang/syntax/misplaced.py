"""Mistakes of order: every lexeme is of the language, but this one cannot stand where it stands.

In: the lexemes, which of them the parser stopped at, what it could have gone on with.  Out: the
diagnostic.  A list of rules, from the particular to the general: the first that recognises the mistake
describes it, and the last recognises every one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from spec_lang.diagnostics import Diagnostic, did_you_mean
from spec_lang.syntax.brackets import CLOSING, innermost_open
from spec_lang.syntax.expectations import SIGNS, in_words, one_of, one_of_words
from spec_lang.syntax.scan import Kind
from spec_lang.syntax.situation import JOINING, Situation, ends_value, error, shown, starts_value
from spec_lang.syntax.spelling import FOREIGN_WORDS
from spec_lang.syntax.words import (
    CODES,
    DECLARATIONS,
    LATER_DECLARATIONS,
    LATER_OPERATORS,
    NETWORK_ITEMS,
    RESERVED,
    later,
)

Rule = Callable[[Situation], Diagnostic | None]


def misplaced(situation: Situation) -> Diagnostic:
    """The diagnostic for `situation`."""
    for rule in _RULES:
        if (diagnostic := rule(situation)) is not None:
            return diagnostic
    return _unexpected(situation)


# -- what this version does not have ---------------------------------------------------------------


def _later(s: Situation) -> Diagnostic | None:
    at, before = s.at, s.before
    if at.text in LATER_OPERATORS or at.text == "|" or (at.text in LATER_DECLARATIONS and not s.same_line):
        return later(at.text, at.span)
    if at.text in ("..", "..<") and "TO" not in s.expected:
        return later(at.text, at.span)
    if at.text == "like" and before is not None and before.kind is Kind.STRING:
        return later(at.text, at.span)
    if before is not None and before.text in LATER_OPERATORS:
        return later(before.text, before.span)
    return None


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
    if "_COMMA" in s.expected and starts_value(s.at) and s.same_line and _in_list(s):
        problem = f"a comma is missing between {shown(s.lexemes[s.position - 1])} and {shown(s.at)}"
        return error("comma", problem, s.at, "write `,` between them")
    return None


def _in_list(s: Situation) -> bool:
    position = innermost_open(s.lexemes[: s.position])
    return position is not None and ("INPUT" in s.expected or s.lexemes[position].text != "{")


def _equals(s: Situation) -> Diagnostic | None:
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
        fix = "name a region, such as `f.domain`"
        return error("missing region", "a region is missing after `in`", s.at, fix)
    if (
        "IN" in s.expected
        and "PLUS" not in s.expected
        and (s.at.text in ("[", "{") or s.at.kind is Kind.NUMBER)
    ):
        return error("missing sign", f"`in` is missing before {shown(s.at)}", s.at, "write `in` before it")
    if before.is_word and s.expected == {"IN"}:
        bounded = any(lexeme.text == "domain" for lexeme in s.lexemes[: s.position])
        what = "its bounds, such as `[0, 1]`" if bounded else "a region, such as `f.domain`"
        fix = f"write `{before.text} in` and {what}"
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
    opener = _waiting_for_colon(s)
    if opener is None:
        return None
    what = "the claim's formula" if opener == "claim" else "the formula of `forall`"
    instead = " instead" if s.at.text in ("=", "|", ".") else f" before {shown(s.at)}"
    return error("missing sign", f"`:` is missing before {what}", s.at, f"write `:`{instead}")


def _only_sign(s: Situation) -> Diagnostic | None:
    """One sign alone could stand here."""
    if len(s.expected) != 1 or not (sign := SIGNS.get(min(s.expected))):
        return None
    instead = " instead" if s.at.text in (":", "=") else f" before {shown(s.at)}"
    return error("missing sign", f"{sign} is missing before {shown(s.at)}", s.at, f"write {sign}{instead}")


def _waiting_for_colon(s: Situation) -> str | None:
    """`forall` or `claim`, whichever began last and still lacks its colon."""
    waiting: list[str] = []
    for lexeme in s.lexemes[: s.position]:
        if lexeme.is_word and lexeme.text in ("forall", "claim"):
            waiting.append(lexeme.text)
        elif lexeme.text == ":" and waiting:
            waiting.pop()
    return waiting[-1] if waiting else None


# -- words and values --------------------------------------------------------------------------------


def _number(s: Situation) -> Diagnostic | None:
    at, before = s.at, s.before
    if before is not None and before.kind is Kind.NUMBER and at.is_word and "NUMBER" not in s.expected:
        if before.offset + len(before.text) == at.offset:
            problem = f"`{before.text}{at.text}` is not a number"
            fix = f"for a product write `{before.text} * {at.text}`; digits stand without `_` or `x`"
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
    if s.at.text == "@":
        fix = "write it before the `:` of its claim"
        return error("unexpected", "an attribute stands before the claim's formula", s.at, fix)
    # Where a value has to stand, the parser has taken an operator for a name, and stopped behind it.
    behind = f"after `{s.text(-2)}`" if s.position > 1 else "at the beginning"
    if s.before is not None and s.before.is_word and not ends_value(s.text(-2)):
        if s.before_text in ("forall", "not"):
            fix = "put what it begins in parentheses"
            problem = f"{shown(s.before)} cannot stand {behind}"
            return error("unexpected", problem, s.before, fix)
        if s.before_text in ("and", "or", "in"):
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
    if s.at.kind is Kind.END:
        return error("unexpected", f"something is missing{place}", s.at, fix)
    return error("unexpected", f"{shown(s.at)} cannot stand{place or ' here'}", s.at, fix)


_SINGLE: Final = {
    frozenset({"NAME"}): "a name",
    frozenset({"STRING"}): 'a string between `"` and `"`',
    frozenset({"NUMBER"}): "a number",
}
_RULES: Final[tuple[Rule, ...]] = (
    _later,
    _not_a_declaration,
    _not_an_item,
    _number,
    _equals,
    _chain,
    _missing_region,
    _comma,
    _foreign_word,
    _operator,
    _missing_value,
    _missing_sign,
)
