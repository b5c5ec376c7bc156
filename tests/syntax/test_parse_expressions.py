"""What an expression's text means: precedence, association, exact numbers, names, spans."""

from __future__ import annotations

from fractions import Fraction

import pytest

from spec_lang.diagnostics import Span
from spec_lang.syntax import ast
from spec_lang.syntax.format import format_expression
from spec_lang.syntax.parse import parse_expression
from spec_lang.syntax.words import RESERVED
from tests.syntax.strategies import shape


def parsed(text: str) -> ast.Expr:
    tree, diagnostics = parse_expression(text, "-p")
    assert diagnostics == ()
    assert tree is not None
    return tree


@pytest.mark.parametrize(
    ("text", "grouped"),
    [
        ("a <=> b => c or d and not e", "a <=> (b => (c or (d and (not e))))"),
        ("a => b => c", "a => (b => c)"),
        ("not a <= b", "not (a <= b)"),
        ("not not a", "not (not a)"),
        ("x in a & b", "x in (a & b)"),
        ("a + b & c", "(a + b) & c"),
        ("a + b * c - d / e", "a + (b * c) - (d / e)"),
        ("-a * b", "(-a) * b"),
        ("- a.b[0](c)", "-(((a.b)[0])(c))"),
        ("a - b <= c", "(a - b) <= c"),
        ("forall x in r: a => b", "forall x in r: (a => b)"),
        ("a and forall x in r: b or c", "a and (forall x in r: (b or c))"),
        ("a => forall x in r: b <=> c", "a => (forall x in r: (b <=> c))"),
        ("forall x in r: forall y in s: a", "forall x in r: (forall y in s: a)"),
        ("a & b | c & d", "(a & b) | (c & d)"),
        ("x in a | b", "x in (a | b)"),
        ("a | b + c", "a | (b + c)"),
        ("exists j: a => b", "exists j: (a => b)"),
        ("let a = b, c = d: e and f", "let a = b, c = d: (e and f)"),
        ("if a and b then c or d else e => f", "if (a and b) then (c or d) else (e => f)"),
        ("if a then if b then c else d else e", "if a then (if b then c else d) else e"),
        ("a or if b then c else d or e", "a or (if b then c else (d or e))"),
        ("a + 3 km * 2", "a + ((3 km) * 2)"),
        ("-3 km", "-(3 km)"),
        ("x[a + 1:b * 2]", "x[(a + 1):(b * 2)]"),
        ("forall x in r, y in s & t: a", "forall x in r, y in (s & t): a"),
    ],
)
def test_precedence(text: str, grouped: str) -> None:
    assert shape(parsed(grouped)) == shape(parsed(text))


def test_chains_are_flat() -> None:
    total, conjunction = parsed("a - b + c - d"), parsed("a and b and c")
    assert isinstance(total, ast.Sum)
    assert [subtracted for subtracted, _ in total.terms] == [False, True, False, True]
    assert isinstance(conjunction, ast.And)
    assert len(conjunction.operands) == 3


def test_comparisons_chain() -> None:
    chain = parsed("0 <= x < 3 != y in r")
    assert isinstance(chain, ast.Compare)
    assert [comparison.value for comparison, _ in chain.rest] == ["<=", "<", "!=", "in"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1", Fraction(1, 10)),
        ("1e3", Fraction(1000)),
        ("2.50E-2", Fraction(1, 40)),
        ("55947.691", Fraction(55947691, 1000)),
        ("1e-2000", Fraction(1, 10**2000)),
        ("0e00000000001", Fraction(0)),
        ("1" * 2000, Fraction(10**2000 - 1, 9)),
    ],
)
def test_a_number_is_the_rational_that_it_spells(text: str, value: Fraction) -> None:
    number = parsed(text)
    assert isinstance(number, ast.Number)
    assert (value, text, None) == (number.value, number.text, number.unit)


@pytest.mark.parametrize("text", ["1e2001", "1e-2001", "1e999999999", "1e" + "9" * 100_000, "1" * 2001])
def test_a_number_too_large_to_hold_is_refused(text: str) -> None:
    tree, (diagnostic,) = parse_expression(text, "-p")
    assert (tree, diagnostic.code) == (None, "NN008")
    assert Span("-p", 1, 1, 1, len(text) + 1) == diagnostic.span


@pytest.mark.parametrize("word", sorted(RESERVED))
def test_every_word_of_the_language_can_follow_a_dot_and_name_an_argument(word: str) -> None:
    call = parsed(f"f.{word}({word}: 1, x, {word} : 2)")
    assert isinstance(call, ast.Call)
    assert isinstance(call.function, ast.Attribute)
    assert word == call.function.name.text
    assert [word, None, word] == [argument.name and argument.name.text for argument in call.arguments]


@pytest.mark.parametrize("word", sorted(RESERVED))
def test_no_word_of_the_language_is_a_name(word: str) -> None:
    for text in (f"x <= {word}", f"{{ {word} | x <= 1 }}", f"f({word}, 1)"):
        tree, diagnostics = parse_expression(text, "-p")
        assert tree is None, text
        assert diagnostics, text


@pytest.mark.parametrize("text", ["inside", "android", "forall_", "notx", "domains", "claims", "or_else"])
def test_a_word_of_the_language_ends_where_the_word_ends(text: str) -> None:
    name = parsed(text)
    assert isinstance(name, ast.Name)
    assert text == name.text
    assert isinstance(parsed(f"x in {text}"), ast.Compare)


def test_a_string_has_two_escapes() -> None:
    string = parsed(r'"a \"b\" C:\\d # ( é"')
    assert isinstance(string, ast.String)
    assert string.value == 'a "b" C:\\d # ( é'


def test_spans_cover_what_was_written() -> None:
    product = parsed("(a +\n  b) * f(x,\n y: 3)")
    assert isinstance(product, ast.Product)
    assert Span("-p", 1, 1, 3, 7) == product.span
    (_, total), (_, call) = product.factors
    assert Span("-p", 1, 1, 2, 5) == total.span, "parentheses belong to what they enclose"
    assert Span("-p", 2, 8, 3, 7) == call.span
    assert isinstance(call, ast.Call)
    assert [Span("-p", 2, 10, 2, 11), Span("-p", 3, 2, 3, 6)] == [a.span for a in call.arguments]


def test_a_tab_and_a_wide_letter_are_one_column_each() -> None:
    tree = parsed('\t"é𝔸" <= x')
    assert isinstance(tree, ast.Compare)
    assert Span("-p", 1, 10, 1, 11) == tree.rest[0][1].span


def test_a_variable_ranges_over_points_or_indices() -> None:
    quantified = parsed("exists x in r & s, j in 0..<n - 1, k in {1, 3}, m: x[j] <= k")
    assert isinstance(quantified, ast.Quantified)
    assert quantified.quantifier is ast.Quantifier.EXISTS
    x, j, k, m = quantified.bindings
    assert isinstance(x.domain, ast.Meet)
    assert isinstance(j.domain, ast.IndexRange)
    assert j.domain.exclusive
    assert isinstance(k.domain, ast.IndexSet)
    assert m.domain is None
    assert [Span("-p", 1, 8, 1, 18), Span("-p", 1, 20, 1, 34)] == [x.span, j.span]
    assert Span("-p", 1, 49, 1, 50) == m.span


def test_a_set_of_indices_is_no_region() -> None:
    quantified = parsed("forall j in {k}, x in {k | k.a <= 3}: x")
    assert isinstance(quantified, ast.Quantified)
    assert [type(binding.domain) for binding in quantified.bindings] == [ast.IndexSet, ast.SetBuilder]


@pytest.mark.parametrize(
    ("text", "ends"),
    [(":", (None, None)), ("1:", ("1", None)), (":n - 1", (None, "n - 1")), ("f(a: 1):2", ("f(a: 1)", "2"))],
)
def test_a_slice_has_two_ends_or_fewer(text: str, ends: tuple[str | None, str | None]) -> None:
    index = parsed(f"x[0, {text}]")
    assert isinstance(index, ast.Index)
    first, part = index.indices
    assert isinstance(first, ast.Number)
    assert isinstance(part, ast.Slice)
    assert ends == tuple(end and format_expression(end) for end in (part.first, part.last))
    assert Span("-p", 1, 6, 1, 6 + len(text)) == part.span


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("30 s", "s"),
        ("1 %", "%"),
        ("1%", "%"),
        ('5 "ft/s"', "ft/s"),
        ('5"a\\"b"', 'a"b'),
        ("1 e5", "e5"),
        ("2 to", "to"),
    ],
)
def test_a_quantity_is_a_number_with_a_unit(text: str, unit: str) -> None:
    number = parsed(text)
    assert isinstance(number, ast.Number)
    assert (unit, text[: len(number.text)]) == (number.unit, number.text)
    assert Span("-p", 1, 1, 1, len(text) + 1) == number.span


@pytest.mark.parametrize("text", ["30  s", "30\ts", "30\ns", "30 # 4 \ns", "30s", "(30) s"])
def test_a_unit_stands_one_blank_behind_its_number(text: str) -> None:
    tree, diagnostics = parse_expression(text, "-p")
    assert tree is None
    assert len(diagnostics) == 1


@pytest.mark.parametrize("text", ["3 and x", "3 in r", "if 3 then 4 else 5", "3 or x"])
def test_a_word_that_goes_on_with_a_number_is_no_unit(text: str) -> None:
    assert not isinstance(parsed(text), ast.Number)
