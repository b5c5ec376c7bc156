"""Formatting an expression and parsing it again gives the same tree."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec_lang.syntax import ast
from spec_lang.syntax.format import format_expression
from spec_lang.syntax.parse import parse_expression
from tests.syntax.strategies import NOWHERE, expressions, shape


def parsed(text: str) -> ast.Expr:
    tree, diagnostics = parse_expression(text, "test")
    assert diagnostics == ()
    assert tree is not None
    return tree


@given(expressions)
def test_parsing_what_was_formatted_gives_the_same_tree(tree: ast.Expr) -> None:
    assert shape(tree) == shape(parsed(format_expression(tree)))


@given(expressions)
def test_formatting_is_idempotent(tree: ast.Expr) -> None:
    once = format_expression(tree)
    assert once == format_expression(parsed(once))


@given(expressions)
def test_every_pair_of_parentheses_around_an_expression_matters_to_the_tree(tree: ast.Expr) -> None:
    """Removing any one pair that encloses no argument list changes the tree or makes it wrong."""
    text = format_expression(tree)
    for opening, closing in _groups(text):
        without = f"{text[:opening]} {text[opening + 1 : closing]} {text[closing + 1 :]}"
        other, diagnostics = parse_expression(without, "test")
        assert diagnostics or shape(other) != shape(tree), (text, without)


def _groups(text: str) -> list[tuple[int, int]]:
    """The offsets of parentheses that group, in a text that may have brackets in its strings."""
    groups: list[tuple[int, int]] = []
    opened: list[tuple[int, bool]] = []
    position = 0
    while position < len(text):
        if text[position] == '"':
            position += 1
            while text[position] != '"':
                position += 2 if text[position] == "\\" else 1
        elif text[position] == "(":
            # A call's bracket stands right behind its function.
            calls = position > 0 and (text[position - 1].isalnum() or text[position - 1] in '_)]}"')
            opened.append((position, not calls))
        elif text[position] == ")":
            opening, grouping = opened.pop()
            if grouping:
                groups.append((opening, position))
        position += 1
    return groups


@pytest.mark.parametrize(
    "text",
    [
        "(a + b) * c",
        "a - (b - c)",
        "a - b + c",
        "a / (b * c)",
        "-x * y",
        "-(x * y)",
        "--x",
        "a & (b & c)",
        "(a => b) => c",
        "a => b => c",
        "(a <=> b) <=> c",
        "not (a and b)",
        "not a and b",
        "a and not b or c",
        "(a or b) and c",
        "a and (b and c)",
        "0 <= x.rho <= 3",
        "(a < b) < c",
        "k in argmax(y)",
        "forall x in a & b, y in c: x == y",
        "a or forall x in r: b or c",
        "(forall x in r: b) or c",
        "not forall x in r: b",
        "a => forall x in r: b => c",
        "(forall x in r: b) => c",
        "f(forall x in r: b, in: y)",
        "{ x | forall y in r: x <= y }",
        "forall x in { x | x >= 0 } & box(0, 1): x[0, 1] <= 3",
        "f.domain.in[1](x)(y).z",
        "(a + b).c",
        '[[1, 2], [3, "a\\"\\\\b"]]',
    ],
)
def test_the_canonical_spelling_is_kept(text: str) -> None:
    assert text == format_expression(parsed(text))


@pytest.mark.parametrize(
    ("text", "spelled"),
    [("((x))", "x"), ("(f)(x)", "f(x)"), ("(a * b) + c", "a * b + c"), ("a and (b <= c)", "a and b <= c")],
)
def test_needless_parentheses_go(text: str, spelled: str) -> None:
    assert spelled == format_expression(parsed(text))


@given(st.fractions())
def test_a_computed_number_prints_exactly(value: Fraction) -> None:
    text = format_expression(ast.Number(NOWHERE, value, ""))
    numerator, _, denominator = text.partition("/")
    assert value == Fraction(numerator) / Fraction(denominator or "1")


@given(st.fractions(), expressions)
def test_a_computed_number_is_one_operand(value: Fraction, other: ast.Expr) -> None:
    """`-1/3` in a product is put in parentheses where it would fall apart."""
    number = ast.Number(NOWHERE, value, "")
    tree = parsed(format_expression(ast.Product(NOWHERE, ((False, other), (True, number)))))
    assert isinstance(tree, ast.Product)
    assert len(tree.factors) == 2


def test_a_quantity_prints_with_its_unit() -> None:
    assert format_expression(ast.Number(NOWHERE, Fraction(30), "30", "s")) == "30 s"
