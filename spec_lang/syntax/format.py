"""From abstract syntax back to text, with no more parentheses than the tree needs.

In: an expression, as parsed or as made by a claim form, at most some hundred levels deep.  Out: one line
of source; parsing it gives the same tree but for the spans.  A number prints as it was spelled; one that
was computed (its `text` is empty) prints exactly, as a decimal or as a quotient.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum
from fractions import Fraction
from typing import assert_never

from spec_lang.syntax import ast


class _Level(IntEnum):
    """How tightly a construct binds, loosest first; the order of the rules in the grammar."""

    IFF = 0
    IMPLIES = 1
    OR = 2
    AND = 3
    NOT = 4
    COMPARE = 5
    MEET = 6
    SUM = 7
    PRODUCT = 8
    UNARY = 9
    POSTFIX = 10


def format_expression(expr: ast.Expr) -> str:
    """One line of source for `expr`."""
    return _format(expr, _Level.IFF, True)


def _format(expr: ast.Expr, level: _Level, last: bool) -> str:
    """`expr` where the grammar takes `level` or tighter.

    `last` says that nothing follows before the enclosing bracket or the end: there, and there alone,
    `forall` needs no parentheses, because it reaches as far as it can.
    """
    bare = _level(expr) >= level and (last or not isinstance(expr, ast.Forall))
    return _bare(expr, last) if bare else f"({_bare(expr, True)})"


def _level(expr: ast.Expr) -> _Level:
    match expr:
        case ast.Iff():
            return _Level.IFF
        case ast.Implies():
            return _Level.IMPLIES
        case ast.Or():
            return _Level.OR
        case ast.And():
            return _Level.AND
        case ast.Not() | ast.Forall():
            return _Level.NOT
        case ast.Compare():
            return _Level.COMPARE
        case ast.Meet():
            return _Level.MEET
        case ast.Sum():
            return _Level.SUM
        case ast.Product():
            return _Level.PRODUCT
        case ast.Negate():
            return _Level.UNARY
        case ast.Number():
            return _number_level(expr)
        case (
            ast.String()
            | ast.Name()
            | ast.Attribute()
            | ast.Index()
            | ast.Call()
            | ast.TensorLiteral()
            | ast.SetBuilder()
        ):
            return _Level.POSTFIX
        case _:
            assert_never(expr)


def _bare(expr: ast.Expr, last: bool) -> str:
    match expr:
        case ast.Number() | ast.String() | ast.Name():
            return _leaf(expr)
        case ast.Attribute() | ast.Index() | ast.Call():
            return _postfix(expr)
        case ast.TensorLiteral(elements=elements):
            return f"[{_list(elements)}]"
        case ast.SetBuilder(variable=variable, condition=condition):
            return f"{{ {variable.text} | {format_expression(condition)} }}"
        case ast.Negate(operand=operand):
            return f"-{_format(operand, _Level.UNARY, last)}"
        case ast.Sum(terms=terms):
            return _signed(terms, (" + ", " - "), _Level.PRODUCT)
        case ast.Product(factors=factors):
            return _signed(factors, (" * ", " / "), _Level.UNARY)
        case ast.Meet(operands=operands):
            return _joined(operands, " & ", _Level.SUM, last)
        case ast.Compare(first=first, rest=rest):
            pairs = (f" {sign.value} {_format(operand, _Level.MEET, False)}" for sign, operand in rest)
            return _format(first, _Level.MEET, False) + "".join(pairs)
        case ast.Not(operand=operand):
            return f"not {_format(operand, _Level.NOT, last)}"
        case ast.And(operands=operands):
            return _joined(operands, " and ", _Level.NOT, last)
        case ast.Or(operands=operands):
            return _joined(operands, " or ", _Level.AND, last)
        case ast.Implies(premise=premise, conclusion=conclusion):
            right = _format(conclusion, _Level.IMPLIES, last)
            return f"{_format(premise, _Level.OR, False)} => {right}"
        case ast.Iff(left=left, right=other):
            return f"{_format(left, _Level.IMPLIES, False)} <=> {_format(other, _Level.IMPLIES, last)}"
        case ast.Forall(bindings=bindings, body=body):
            bound = (f"{b.variable.text} in {_format(b.domain, _Level.MEET, False)}" for b in bindings)
            return f"forall {', '.join(bound)}: {format_expression(body)}"
        case _:
            assert_never(expr)


def _leaf(expr: ast.Number | ast.String | ast.Name) -> str:
    match expr:
        case ast.Number(value=value, text=text, unit=unit):
            return (text or exact(value)) + (f" {unit}" if unit else "")
        case ast.String(value=value):
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            return f'"{escaped}"'
        case ast.Name(text=text):
            return text
        case _:
            assert_never(expr)


def _postfix(expr: ast.Attribute | ast.Index | ast.Call) -> str:
    match expr:
        case ast.Attribute(base=base, name=name):
            return f"{_format(base, _Level.POSTFIX, False)}.{name.text}"
        case ast.Index(base=base, indices=indices):
            return f"{_format(base, _Level.POSTFIX, False)}[{_list(indices)}]"
        case ast.Call(function=function, arguments=arguments):
            inner = ", ".join(_argument(argument) for argument in arguments)
            return f"{_format(function, _Level.POSTFIX, False)}({inner})"
        case _:
            assert_never(expr)


def _argument(argument: ast.Argument) -> str:
    value = format_expression(argument.value)
    return value if argument.name is None else f"{argument.name.text}: {value}"


def _list(elements: Iterable[ast.Expr]) -> str:
    return ", ".join(format_expression(element) for element in elements)


def _signed(parts: Sequence[tuple[bool, ast.Expr]], signs: tuple[str, str], level: _Level) -> str:
    pieces: list[str] = []
    for inverse, operand in parts:
        if pieces:
            pieces.append(signs[inverse])
        pieces.append(_format(operand, level, False))
    return "".join(pieces)


def _joined(operands: Sequence[ast.Expr], word: str, level: _Level, last: bool) -> str:
    end = len(operands) - 1
    return word.join(_format(operand, level, last and i == end) for i, operand in enumerate(operands))


# -- numbers that nobody spelled -----------------------------------------------------------------------


def exact(value: Fraction) -> str:
    """`value` without loss: an integer, a decimal where one ends, else a quotient."""
    digits = _decimal_places(value.denominator)
    if digits is None:
        return f"{value.numerator}/{value.denominator}"
    if digits == 0:
        return str(value.numerator)
    scaled = str(abs(value.numerator) * 10**digits // value.denominator).rjust(digits + 1, "0")
    sign = "-" if value < 0 else ""
    return f"{sign}{scaled[:-digits]}.{scaled[-digits:]}"


def _decimal_places(denominator: int) -> int | None:
    """How many decimals a fraction with this denominator has; None when they do not end."""
    twos = (denominator & -denominator).bit_length() - 1
    rest, fives = denominator >> twos, 0
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    return max(twos, fives) if rest == 1 else None


def _number_level(number: ast.Number) -> _Level:
    if number.text:
        return _Level.POSTFIX
    if _decimal_places(number.value.denominator) is None:
        return _Level.PRODUCT
    return _Level.UNARY if number.value < 0 else _Level.POSTFIX
