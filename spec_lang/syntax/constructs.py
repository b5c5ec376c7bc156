"""Mistakes that belong to one construct: an `if` without `else`, a slice with `..`, a measure without `for`.

In: where the parser stopped.  Out: the diagnostic, or None when it is another construct's mistake.  The
rules are tried in order, ahead of the general ones in `syntax.misplaced`.
"""

from __future__ import annotations

from typing import Final

from spec_lang.diagnostics import Diagnostic, did_you_mean
from spec_lang.syntax.brackets import innermost_open
from spec_lang.syntax.expectations import one_of_words
from spec_lang.syntax.scan import Kind
from spec_lang.syntax.situation import Rule, Situation, ends_value, error, near_operator, shown
from spec_lang.syntax.spelling import FOREIGN_WORDS
from spec_lang.syntax.words import CODES, DECLARATIONS, MEASURES, OPENING, RESERVED, TYPES


def _conditional(s: Situation) -> Diagnostic | None:
    if s.at.text == "if" and ends_value(s.before_text) and "PLUS" in s.expected:
        fix = "write `if c then a else b`"
        return error("conditional", "`if` stands before both values", s.at, fix)
    if s.at.text in FOREIGN_WORDS:
        return None
    word = next((word for word in ("then", "else") if word.upper() in s.expected), None)
    if word is None:
        if s.at.text in ("then", "else") and ends_value(s.before_text):
            fix = "write `if c then a else b`"
            return error("conditional", f"this `{s.at.text}` belongs to no `if`", s.at, fix)
        return None
    if s.before_text == word and s.before is not None:  # taken for a name, where a value has to stand
        what = "condition" if word == "then" else "value"
        return error("missing value", f"a {what} is missing before `{word}`", s.before, "write it")
    fix = f"write `{word}` before {shown(s.at)}"
    if s.at.text in (":", ";", "=>", ","):
        fix = f"write `{word}` instead"
    elif s.ends or s.at.text == "else":
        fix = f"write `{word}` and a value before {shown(s.at)}"
        if word == "else":
            fix += "; for a formula alone `c => a` will do"
    return error("conditional", f"this `if` has no `{word}`", s.at, fix)


def _let(s: Situation) -> Diagnostic | None:
    """`let a = e in body`: the parser has taken `e in body` for a comparison."""
    opener = s.opener
    if opener is None or opener.text != "let" or "_COLON" not in s.expected:
        return None
    depth = 0
    for lexeme in reversed(s.lexemes[: s.position]):
        depth += (lexeme.text in (")", "]", "}")) - (lexeme.text in ("(", "[", "{"))
        if lexeme is opener or depth < 0:
            return None
        if lexeme.text == "in" and depth == 0:
            return error("missing sign", "`let … in` is written `let … :`", lexeme, "write `:` instead")
    return None


def _quantifier(s: Situation) -> Diagnostic | None:
    if s.before_text in ("forall", "exists") and s.at.text == "(" and "NAME" in s.expected:
        fix = f"write `{s.before_text} x in REGION: …`, without the parenthesis"
        return error("parentheses", "what is bound stands without parentheses", s.at, fix)
    opener = s.opener
    if opener is None or opener.text not in ("forall", "exists") or "_COLON" not in s.expected:
        return None
    if s.at.text in ("and", "or") and s.same_line:
        sign, what = ("&", "intersected") if s.at.text == "and" else ("|", "united")
        fix = f"write `,` before another variable, `{sign}` between regions, `:` before the formula"
        return error("missing sign", f"regions are {what} with `{sign}`, variables divided by `,`", s.at, fix)
    return None


def _measure(s: Situation) -> Diagnostic | None:
    if {"MAX", "LARGEST"} <= s.expected:
        fix = did_you_mean(s.at.text, MEASURES) or f"write {one_of_words(MEASURES)} before it"
        return error("measure", "a measure does not say what it asks for", s.at, fix)
    opened = innermost_open(s.lexemes[: s.position])
    asked = s.lexemes[(opened or 1) - 1]
    if s.at.text == "," and asked.text in MEASURES and s.text((opened or 1) - s.position - 2) == "=":
        fix = f"write `{asked.text} {asked.text}(a, b) for …`"
        return error("measure", f"this `{asked.text}` is the measure's, not the function", asked, fix)
    if "_OF" in s.expected and s.before_text in ("support", "coverage"):
        fix = f"write `{s.before_text} of` and the invariant"
        return error("measure", "this share does not say of which invariant, with `of`", s.at, fix)
    if "_OF" in s.expected and s.before_text == "regions":
        fix = "write `regions of f`" if s.at.text == "(" else f"write `of` before {shown(s.at)}"
        return error("measure", "this count does not say of which network, with `of`", s.at, fix)
    if "OVER" in s.expected and "_COLON" not in s.expected:
        fix = _placing(s, "over", "`over` and the data", ("for", "in", "on", "at", "with", ":", ","))
        asked_of = "count" if any(one.text == "regions" for one in s.lexemes) else "share"
        return error("measure", f"this {asked_of} does not say over which points, with `over`", s.at, fix)
    if "FOR" in s.expected:
        fix = _placing(s, "for", "`for x in f.domain`", ("over", "where", "with", ":", "|", "in"))
        return error("measure", "this measure does not say over which points, with `for`", s.at, fix)
    if s.expected == {"WITH"}:
        fix = _placing(s, "with", "`with` and the claim", (":", "such", "where", "st", "for", "|", "so"))
        return error("measure", "this measure does not say of which claim, with `with`", s.at, fix)
    return None


def _placing(s: Situation, word: str, what: str, replaced: tuple[str, ...]) -> str:
    if s.at.text in replaced:
        return f"write `{word}` instead"
    return f"write {what} before {shown(s.at)}"


def _invariant(s: Situation) -> Diagnostic | None:
    if "_OF" not in s.expected:
        return None
    if s.before_text == "of" and s.before is not None:
        return error("missing value", "a name is missing after `invariant`", s.before, "write one before it")
    fix = f"write `of` and the network before {shown(s.at)}"
    return error("order", "an invariant names its network first, with `of`", s.at, fix)


def _missing_type(s: Situation) -> Diagnostic | None:
    known = one_of_words(TYPES)
    declares = s.lexemes[0].text in ("data", "param")
    if declares and s.before_text == ":" and s.expected == {"NAME"}:
        return error("missing type", "a type is missing after `:`", s.at, f"write {known}")
    if s.lexemes[0].text != "data":
        return None
    if {"_COLON", "LBRACE"} <= s.expected:
        fix = "write `: real[N]` behind it, or its arrays, such as `{ images: real[N, 64] }`"
        return error("missing type", "this data has no type", s.before or s.at, fix)
    if "_COLON" in s.expected and s.at.text == "=":
        return error("missing sign", "a type stands behind `:`", s.at, "write `:` instead")
    if "_COLON" in s.expected and s.before is not None:
        fix = f"write `{s.before.text}: real[N]`" if s.before.is_word else "write `: real[N]` behind it"
        return error("missing type", "this array has no type", s.before, fix)
    if s.at.text == ":" and s.expected == {"_EQUAL"}:
        return error("order", "a type stands behind the path", s.at, 'write `data d = "path": real[N]`')
    return None


def _range(s: Situation) -> Diagnostic | None:
    if s.at.text in ("..", "..<") and not s.expected & {"TO", "BELOW"}:
        return _misplaced_range(s)
    if s.expected >= {"TO", "BELOW"} and "_COMMA" not in s.expected:
        return _no_range(s)
    if s.at.text == "=" and {"IN", "_COMMA"} <= s.expected and "PLUS" not in s.expected:
        return error("missing sign", "a variable is bound with `in`", s.at, "write `in` instead")
    if s.expected == {"LSQB"} and s.text(-1) == "in":
        close = s.at.text in ("(", "]")
        fix = "write `[` instead" if close else "write `[lower, upper]`"
        return error("range", "bounds are written `[0, 1]`", s.at, fix)
    if s.at.text == ":" and s.text(-2) == ":" and s.text(-4) == "in" and _is_number(s, -1):
        fix = f"write `{s.text(-3)}..{s.text(-1)}`, with both ends, or `..<` without the last"
        return error("range", "a range is written with `..`", s.lexemes[s.position - 2], fix)
    if s.at.text == ":" and {"RSQB", "_COMMA"} <= s.expected and _behind_colon(s):
        return error("range", "a slice has two ends and no step", s.at, "write `x[1:4]`")
    if s.expected == {"NAME"} and s.before_text == "{" and s.text(-2) == "in":
        fix = "write `k == 1 or k == 3`; a variable is bound to values with `exists j in {1, 3}`"
        return error("range", "a set of values stands only where an index is bound", s.before or s.at, fix)
    return None


def _misplaced_range(s: Situation) -> Diagnostic:
    opened = innermost_open(s.lexemes[: s.position])
    # Behind a value the bracket is an index, else a tensor's.
    if opened and s.lexemes[opened].text == "[" and ends_value(s.lexemes[opened - 1].text):
        fix = "write `:` instead, and the first index that is left out behind it"
        if s.text(1).isdecimal() and len(s.text(1)) < 9:
            end = int(s.text(1)) + (s.at.text == "..")
            fix = f"write `{s.before_text}:{end}`: the element `{end}` is left out"
        return error("range", f"a slice is written with `:`, not with `{s.at.text}`", s.at, fix)
    fix = "for the numbers between two write `0 <= x <= 1`; an index is bound with `forall i in 0..4`"
    return error("range", "a range stands only where an index is bound", s.at, fix)


def _no_range(s: Situation) -> Diagnostic:
    if s.at.text == ":" and s.text(-2) == "in":
        fix = f"write `{s.before_text}..{s.text(1)}`, with both ends, or `..<` without the last"
        return error("range", "a range is written with `..`", s.at, fix)
    problem = "an index runs over a range or a set of whole numbers"
    return error("range", problem, s.before or s.at, "write `1..5`, `0..<5` or `{1, 5}`")


def _behind_colon(s: Situation) -> bool:
    """The index before the stop has a colon."""
    opened = innermost_open(s.lexemes[: s.position])
    if opened is None or opened == 0 or not ends_value(s.lexemes[opened - 1].text):
        return False
    inside = [lexeme.text for lexeme in s.lexemes[opened + 1 : s.position]]
    return ":" in inside and "," not in inside[inside.index(":") :]


def _is_number(s: Situation, distance: int) -> bool:
    position = s.position + distance
    return 0 <= position < len(s.lexemes) and s.lexemes[position].kind is Kind.NUMBER


def _quotes(s: Situation) -> Diagnostic | None:
    words = s.at.is_word and s.at.text not in DECLARATIONS
    if s.expected == {"STRING"} and (words or s.at.text in ("..", ".", "/")):
        path = "".join(lexeme.text for lexeme in s.adjacent())
        return error("quotes", "this stands between quotes", s.at, f'write `"{path}"`')
    if s.expected == {"NAME"} and s.before_text in ("like", "of", "on") and s.at.kind is Kind.STRING:
        fix = "write the name under which the network is declared"
        return error("quotes", f"`{s.before_text}` is followed by a name, without quotes", s.at, fix)
    return None


def _separator(s: Situation) -> Diagnostic | None:
    if s.at.text == ";":
        inside = innermost_open(s.lexemes[: s.position]) is not None or s.opener is not None
        listed = "_COMMA" in s.expected and inside
        fix = "write `,`" if listed else "leave it out: nothing separates declarations"
        problem = "this list is separated with `,`" if listed else "`;` stands only between a file's arrays"
        return error("separator", problem, s.at, fix)
    if "_SEMICOLON" in s.expected:
        if s.at.text == ",":
            return error("separator", "arrays are separated with `;`", s.at, "write `;`")
        if s.at.is_word or s.at.kind is Kind.STRING:
            problem = f"`;` is missing between {shown(s.before or s.at)} and {shown(s.at)}"
            return error("separator", problem, s.at, "write `;` between them")
    return None


def _unit(s: Situation) -> Diagnostic | None:
    before = s.before
    if s.at.text == "%":
        fix = "write `1 %` for 1/100; there is no remainder of a division"
        return error("unit", "`%` stands behind a number alone", s.at, fix)
    if s.at.text == ":" and "RPAR" in s.expected and _is_number(s, -2) and before is not None:
        problem = f"a comma is missing between `{s.text(-2)}` and `{before.text}`"
        return error("comma", problem, before, "write `,` between them")
    if before is None:
        return None
    if s.at.text in (".", "[", "(") and _is_number(s, -2) and before.is_word and not near_operator(before):
        span = s.lexemes[s.position - 2].span.to(before.span)
        fix = f"write `{s.text(-2)} * {before.text}` for a product"
        return Diagnostic(CODES["unit"], f"`{before.text}` cannot be a unit here", span, fix)
    if before.kind is not Kind.NUMBER or not s.at.is_word or not s.same_line:
        return None
    gap = s.at.offset - before.offset - len(before.text)
    if "UNIT" in s.expected and gap > 0 and s.at.text not in RESERVED:
        fix = f"write `{before.text} {s.at.text}`, or `{before.text} * {s.at.text}` for a product"
        return error("unit", "a unit stands one blank behind its number", s.at, fix)
    return None


def _order(s: Situation) -> Diagnostic | None:
    if s.at.text == "@" and s.position:
        problem = "an attribute stands before what its declaration says"
        return error("order", problem, s.at, "write it before the `:` or `=`")
    attributed = any(lexeme.text == "@" for lexeme in s.lexemes[: s.position])
    if s.at.kind is Kind.STRING and attributed and "AT" in s.expected:
        return error("order", "a title stands before the attributes", s.at, "write it before the first `@`")
    if s.lexemes[0].text == "param" and s.before_text in TYPES and s.at.is_word and "_COLON" in s.expected:
        fix = f"write `param {s.at.text}: {s.before_text}`"
        return error("order", "a type stands behind the name", s.before or s.at, fix)
    return None


def _parentheses(s: Situation) -> Diagnostic | None:
    """What reaches to the end, as an operand: the parser took the word for a name, and stopped behind."""
    before = s.before
    taken = before is not None and before.text in OPENING and "PLUS" in s.expected
    if taken and before is not None and s.position > 1 and not ends_value(s.text(-2)):
        problem = f"{shown(before)} cannot stand after `{s.text(-2)}`"
        return error("parentheses", problem, before, "put what it begins in parentheses")
    denied = s.at.text == "not" and s.text(1) == "in"
    if s.at.text in OPENING and not denied and "PLUS" in s.expected and s.same_line:
        problem = f"{shown(s.at)} cannot stand after `{s.before_text}`"
        return error("unexpected", problem, s.at, "write an operator, such as `and`, between them")
    if s.at.text == "|" and "NUMBER" in s.expected and s.before_text != "|" and not ends_value(s.before_text):
        return error("spelling", "`|x|` is written `abs(x)`", s.at, "write `abs(…)`")
    return None


CONSTRUCTS: Final[tuple[Rule, ...]] = (
    _separator,
    _conditional,
    _let,
    _quantifier,
    _measure,
    _invariant,
    _missing_type,
    _quotes,
    _range,
    _unit,
    _order,
    _parentheses,
)
