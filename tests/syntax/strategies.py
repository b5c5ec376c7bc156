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
numbers = st.sampled_from(SPELLINGS).map(lambda text: ast.Number(NOWHERE, Fraction(text), text))
strings = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=8).map(
    lambda value: ast.String(NOWHERE, value)
)


def _several(expressions: st.SearchStrategy[ast.Expr], least: int) -> st.SearchStrategy[tuple[ast.Expr, ...]]:
    return st.lists(expressions, min_size=least, max_size=3).map(tuple)


def _signed(expressions: st.SearchStrategy[ast.Expr]) -> st.SearchStrategy[tuple[tuple[bool, ast.Expr], ...]]:
    rest = st.lists(st.tuples(st.booleans(), expressions), min_size=1, max_size=3)
    return st.tuples(expressions, rest).map(lambda parts: ((False, parts[0]), *parts[1]))


def _larger(expressions: st.SearchStrategy[ast.Expr]) -> st.SearchStrategy[ast.Expr]:
    here = st.just(NOWHERE)
    comparisons = st.tuples(st.sampled_from(ast.Comparison), expressions)
    arguments = st.lists(st.builds(ast.Argument, here, st.none() | labels, expressions), max_size=3).map(
        tuple
    )
    bindings = st.lists(st.builds(ast.Binding, here, names, expressions), min_size=1, max_size=2).map(tuple)
    return st.one_of(
        st.builds(ast.Attribute, here, expressions, labels),
        st.builds(ast.Index, here, expressions, _several(expressions, 1)),
        st.builds(ast.Call, here, expressions, arguments),
        st.builds(ast.TensorLiteral, here, _several(expressions, 1)),
        st.builds(ast.Negate, here, expressions),
        st.builds(ast.Sum, here, _signed(expressions)),
        st.builds(ast.Product, here, _signed(expressions)),
        st.builds(ast.Compare, here, expressions, st.lists(comparisons, min_size=1, max_size=3).map(tuple)),
        st.builds(ast.Not, here, expressions),
        st.builds(ast.And, here, _several(expressions, 2)),
        st.builds(ast.Or, here, _several(expressions, 2)),
        st.builds(ast.Implies, here, expressions, expressions),
        st.builds(ast.Iff, here, expressions, expressions),
        st.builds(ast.Forall, here, bindings, expressions),
        st.builds(ast.SetBuilder, here, names, expressions),
        st.builds(ast.Meet, here, _several(expressions, 2)),
    )


expressions: st.SearchStrategy[ast.Expr] = st.recursive(names | numbers | strings, _larger, max_leaves=20)
