"""How tightly every construct binds, and how a number that nobody spelled is written.

In: an expression.  Out: its level among the rules of the grammar, which decides where it needs parentheses.
"""

from __future__ import annotations

from enum import IntEnum
from fractions import Fraction
from typing import assert_never

from spec_lang.syntax import ast


class Level(IntEnum):
    """How tightly a construct binds, loosest first; the order of the rules in the grammar."""

    IFF = 0
    IMPLIES = 1
    OR = 2
    AND = 3
    NOT = 4
    COMPARE = 5
    JOIN = 6
    MEET = 7
    SUM = 8
    PRODUCT = 9
    UNARY = 10
    POSTFIX = 11


def level_of(expr: ast.Expr) -> Level:
    match expr:
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
            return Level.POSTFIX
        case ast.Iff():
            return Level.IFF
        case ast.Implies():
            return Level.IMPLIES
        case ast.Or():
            return Level.OR
        case ast.And():
            return Level.AND
        case ast.Not() | ast.Quantified() | ast.Let() | ast.If():
            return Level.NOT
        case ast.Compare():
            return Level.COMPARE
        case ast.Join():
            return Level.JOIN
        case ast.Meet():
            return Level.MEET
        case ast.Sum():
            return Level.SUM
        case ast.Product():
            return Level.PRODUCT
        case ast.Negate():
            return Level.UNARY
        case _:
            assert_never(expr)


def _number_level(number: ast.Number) -> Level:
    if number.text:
        return Level.POSTFIX if number.unit is None else Level.UNARY
    if _decimal_places(number.value.denominator) is None:
        return Level.PRODUCT
    return Level.UNARY if number.value < 0 else Level.POSTFIX


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
