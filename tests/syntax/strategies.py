"""Random expressions, and how trees are compared.

In: nothing.  Out: a Hypothesis strategy for every expression that a text can spell, and `shape`, which
forgets spans.  Numbers carry the text that they are spelled with.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from fractions import Fraction

from hypothesis import strategies as st

from spec_lang.diagnostics import Span
from spec_lang.syntax import ast
from spec_lang.syntax.words import RESERVED

NOWHERE = Span("", 0, 0, 0, 0)

# Words with a meaning elsewhere in the language are names where only a name can stand.
NAMES = (
    "x",
    "y",
    "f",
    "rho",
    "v_own",
    "e5",
    "s",
    "input",
    "domain",
    "on",
    "layer",
    "forall_",
    "inside",
    "All",
)
SPELLINGS = ("0", "1", "007", "1.5", "0.10", "1e3", "2E-2", "3.25e+1", "60760")


def shape(node: object) -> object:
    """`node` as nested tuples, without spans."""
    if is_dataclass(node):
        parts = (shape(getattr(node, field.name)) for field in fields(node) if field.name != "span")
        return (type(node).__name__, *parts)
    if isinstance(node, tuple):
        return tuple(shape(part) for part in node)
    return node


def name(text: str) -> ast.Name:
    return ast.Name(NOWHERE, text)


names = st.sampled_from(NAMES).map(name)
labels = st.sampled_from((*NAMES, *sorted(RESERVED))).map(name)
strings = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=8).map(
    lambda value: ast.String(NOWHERE, value)
)
# A unit is a word, a sign, or any text between quotes; words of the language among them need the quotes.
units = (
    st.none()
    | st.sampled_from(
        ("s", "km", "%", "ft/s", 'a"b', "\\", "m/s²", "e5", "to", "claim", "input", "forall", "and")
    )
    | st.sampled_from(sorted(RESERVED))
)
numbers = st.builds(
    lambda text, unit: ast.Number(NOWHERE, Fraction(text), text, unit), st.sampled_from(SPELLINGS), units
)
HERE = st.just(NOWHERE)
Expressions = st.SearchStrategy[ast.Expr]


def _several(expressions: Expressions, least: int) -> st.SearchStrategy[tuple[ast.Expr, ...]]:
    return st.lists(expressions, min_size=least, max_size=3).map(tuple)


def _signed(expressions: Expressions) -> st.SearchStrategy[tuple[tuple[bool, ast.Expr], ...]]:
    rest = st.lists(st.tuples(st.booleans(), expressions), min_size=1, max_size=3)
    return st.tuples(expressions, rest).map(lambda parts: ((False, parts[0]), *parts[1]))


def _index_values(expressions: Expressions) -> st.SearchStrategy[ast.IndexRange | ast.IndexSet]:
    ranges = st.builds(ast.IndexRange, HERE, expressions, expressions, st.booleans())
    return ranges | st.builds(ast.IndexSet, HERE, _several(expressions, 1))


def _bindings(expressions: Expressions) -> st.SearchStrategy[tuple[ast.Binding, ...]]:
    domains = st.none() | expressions | _index_values(expressions)
    return st.lists(st.builds(ast.Binding, HERE, names, domains), min_size=1, max_size=2).map(tuple)


def _postfixes(expressions: Expressions) -> Expressions:
    arguments = st.lists(st.builds(ast.Argument, HERE, st.none() | labels, expressions), max_size=3).map(
        tuple
    )
    ends = st.none() | expressions
    indices = st.lists(expressions | st.builds(ast.Slice, HERE, ends, ends), min_size=1, max_size=3).map(
        tuple
    )
    return st.one_of(
        st.builds(ast.Attribute, HERE, expressions, labels),
        st.builds(ast.Index, HERE, expressions, indices),
        st.builds(ast.Call, HERE, expressions, arguments),
    )


def _larger(expressions: Expressions) -> Expressions:
    comparisons = st.tuples(st.sampled_from(ast.Comparison), expressions)
    definitions = st.lists(st.builds(ast.Definition, HERE, names, expressions), min_size=1, max_size=2)
    return st.one_of(
        _postfixes(expressions),
        st.builds(ast.TensorLiteral, HERE, _several(expressions, 1)),
        st.builds(ast.Negate, HERE, expressions),
        st.builds(ast.Sum, HERE, _signed(expressions)),
        st.builds(ast.Product, HERE, _signed(expressions)),
        st.builds(ast.Compare, HERE, expressions, st.lists(comparisons, min_size=1, max_size=3).map(tuple)),
        st.builds(ast.Not, HERE, expressions),
        st.builds(ast.And, HERE, _several(expressions, 2)),
        st.builds(ast.Or, HERE, _several(expressions, 2)),
        st.builds(ast.Implies, HERE, expressions, expressions),
        st.builds(ast.Iff, HERE, expressions, expressions),
        st.builds(ast.Quantified, HERE, st.sampled_from(ast.Quantifier), _bindings(expressions), expressions),
        st.builds(ast.Let, HERE, definitions.map(tuple), expressions),
        st.builds(ast.If, HERE, expressions, expressions, expressions),
        st.builds(ast.SetBuilder, HERE, names, expressions),
        st.builds(ast.Meet, HERE, _several(expressions, 2)),
        st.builds(ast.Join, HERE, _several(expressions, 2)),
    )


expressions: Expressions = st.recursive(names | numbers | strings, _larger, max_leaves=20)
