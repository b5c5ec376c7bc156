"""Conditions and linear terms of VNN-LIB 1.0.

In: the form of an assertion, nested no deeper than its reader allows.  Out: a tree of linear atoms over
flat inputs and outputs, each with the text of its own clause and its place.  Raises `BadTermError` at the
first form that means nothing; numbers are the exact rationals that they spell.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Final

from spec_lang.diagnostics import Span, did_you_mean
from spec_lang.formats._sexpr import Form
from spec_lang.obligations.model import All, Any, Condition, LinearAtom

_NUMBER: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE]([+-]?[0-9]+))?")
# Beyond these no float goes, and 10 ** exponent would fill the memory.
_MOST_DIGITS: Final = 2000
_MOST_EXPONENT: Final = 2000
_COMPARISONS: Final = frozenset({"<=", ">=", "<", ">", "=", "=="})
_CONNECTIVES: Final = ("and", "or", "not", "=>")
_SUGGESTIONS: Final = (*_CONNECTIVES, *sorted(_COMPARISONS))
_SOURCE_LENGTH: Final = 200  # of a clause that is quoted back to the user

_ZERO: Final = Fraction(0)
_ONE: Final = Fraction(1)

# A linear term: the constant under None, the coefficients under the variables' names.
_Linear = dict[str | None, Fraction]


class BadTermError(Exception):
    """What is wrong, with `form` (or `word` in it), in the user's words."""

    def __init__(
        self, code: str, problem: str, form: Form, word: str | None = None, fix: str | None = None
    ) -> None:
        super().__init__(problem)
        self.code = code
        self.problem = problem
        self.form = form
        self.word = word
        self.fix = fix


class Translator:
    """Turns forms into conditions over the declared variables."""

    def __init__(self, text: str, declared: frozenset[str], span: Callable[[Form], Span]) -> None:
        self._text = text
        self._declared = declared
        self._span = span

    def condition(self, item: str | Form, within: Form) -> Condition:
        """The meaning of `item`, a part of the form `within`."""
        if isinstance(item, str):
            match item:
                case "true":
                    return All(())
                case "false":
                    return Any(())
            raise BadTermError("NN309", f"`{item[:40]}` is no condition", within, item, "use a comparison")
        match item.items:
            case [str(head), *operands] if head in _COMPARISONS:
                return self._comparison(head, operands, item)
            case ["and", *operands]:
                return All(tuple(self.condition(operand, item) for operand in operands))
            case ["or", *operands]:
                return Any(tuple(self.condition(operand, item) for operand in operands))
            case ["not", operand]:
                return _negated(self.condition(operand, item))
            case ["=>", premise, conclusion]:
                return Any((_negated(self.condition(premise, item)), self.condition(conclusion, item)))
            case [str(head), *_] if head in _CONNECTIVES:
                raise BadTermError("NN309", f"`{head}` has the wrong number of operands", item)
            case [str(head), *_]:
                fix = did_you_mean(head, _SUGGESTIONS) or "conditions are and, or, not, <=, >=, <, >, ="
                raise BadTermError("NN309", f"`{head[:40]}` makes no condition", item, head, fix)
            case [Form() as only]:  # a doubled parenthesis
                return self.condition(only, item)
        raise BadTermError("NN309", "this is no condition", item)

    def _comparison(self, head: str, operands: list[str | Form], form: Form) -> Condition:
        if len(operands) < 2:
            raise BadTermError("NN309", f"`{head}` compares two terms", form)
        terms = [self._term(operand, form) for operand in operands]
        source, span = self._clause(form), self._span(form)
        atoms: list[Condition] = []
        for left, right in pairwise(terms):
            if head in ("<=", "<", "=", "=="):
                atoms.append(_atom(left, right, head == "<", source, span))
            if head in (">=", ">", "=", "=="):
                atoms.append(_atom(right, left, head == ">", source, span))
        return atoms[0] if len(atoms) == 1 else All(tuple(atoms))

    def _clause(self, form: Form) -> str:
        """The form's text on one line, cut where it is long."""
        text = " ".join(self._text[form.start : min(form.end, form.start + 4 * _SOURCE_LENGTH)].split())
        return text if len(text) <= _SOURCE_LENGTH else text[: _SOURCE_LENGTH - 1] + "…"

    def _term(self, item: str | Form, within: Form) -> _Linear:
        if isinstance(item, str):
            return self._word(item, within)
        match item.items:
            case ["+", first, *rest]:
                total = dict(self._term(first, item))
                for operand in rest:
                    _add(total, self._term(operand, item))
                return total
            case ["-", only]:
                return _scaled(self._term(only, item), -_ONE)
            case ["-", first, *rest]:
                total = dict(self._term(first, item))
                for operand in rest:
                    _subtract(total, self._term(operand, item))
                return total
            case ["*", first, *rest]:
                product = self._term(first, item)
                for operand in rest:
                    product = _product(product, self._term(operand, item), item)
                return product
            case ["/", first, second]:
                return _quotient(self._term(first, item), self._term(second, item), item)
            case [str(head), *_]:
                fix = "linear terms are made of +, -, *, / and numbers"
                raise BadTermError("NN310", f"`{head[:40]}` makes no linear term", item, head, fix)
            case [Form() as only]:
                return self._term(only, item)
        raise BadTermError("NN310", "this is no linear term", item)

    def _word(self, word: str, within: Form) -> _Linear:
        if word in self._declared:
            return {word: _ONE}
        match = _NUMBER.fullmatch(word)
        if match is None:
            fix = did_you_mean(word, self._declared) or f"declare it: `(declare-const {word[:40]} Real)`"
            raise BadTermError("NN308", f"`{word[:40]}` is not declared", within, word, fix)
        exponent = match.group(3)
        if len(word) > _MOST_DIGITS or (
            exponent and (len(exponent) > 6 or abs(int(exponent)) > _MOST_EXPONENT)
        ):
            raise BadTermError("NN310", f"the number `{word[:40]}…` is too long or too large", within, word)
        return {None: Fraction(word)}


def _atom(left: _Linear, right: _Linear, strict: bool, source: str, span: Span) -> LinearAtom:
    """`left <= right`, or `<`."""
    difference = dict(left)
    _subtract(difference, right)
    constant = difference.pop(None, _ZERO)
    variables = sorted((n[0], int(n[2:]), c) for n, c in difference.items() if n is not None and c)
    inputs = tuple((i, c) for letter, i, c in variables if letter == "X")
    outputs = tuple((i, c) for letter, i, c in variables if letter == "Y")
    return LinearAtom(inputs, outputs, constant, strict, source, span)


def _add(total: _Linear, other: _Linear) -> None:
    for name, coefficient in other.items():
        total[name] = total[name] + coefficient if name in total else coefficient


def _subtract(total: _Linear, other: _Linear) -> None:
    for name, coefficient in other.items():
        total[name] = total[name] - coefficient if name in total else -coefficient


def _scaled(term: _Linear, factor: Fraction) -> _Linear:
    return {name: factor * coefficient for name, coefficient in term.items()}


def _constant(term: _Linear) -> Fraction | None:
    """The value of a term without variables."""
    if any(coefficient for name, coefficient in term.items() if name is not None):
        return None
    return term.get(None, _ZERO)


def _product(left: _Linear, right: _Linear, form: Form) -> _Linear:
    factor = _constant(left)
    if factor is not None:
        return _scaled(right, factor)
    factor = _constant(right)
    if factor is not None:
        return _scaled(left, factor)
    fix = "one of the two factors must be a number"
    raise BadTermError("NN311", "this product of two variables is not linear", form, fix=fix)


def _quotient(left: _Linear, right: _Linear, form: Form) -> _Linear:
    divisor = _constant(right)
    if divisor is None:
        raise BadTermError("NN311", "a quotient by a variable is not linear", form, fix="divide by a number")
    if divisor == 0:
        raise BadTermError("NN310", "this divides by 0", form)
    return _scaled(left, 1 / divisor)


def _negated(condition: Condition) -> Condition:
    match condition:
        case LinearAtom():
            return condition.negated()
        case All(parts):
            return Any(tuple(_negated(part) for part in parts))
        case Any(parts):
            return All(tuple(_negated(part) for part in parts))
