"""Random files: trees of declarations, their text, and texts with comments and line breaks anywhere.

In: nothing.  Out: Hypothesis strategies.  `texts` writes parentheses that no tree needs, and between two
tokens it puts comments, empty lines, tabs, whatever the grammar allows there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from random import Random
from typing import TypeVar

from hypothesis import strategies as st

from spec_lang.diagnostics import Span
from spec_lang.syntax import ast
from spec_lang.syntax.comments import tokens
from spec_lang.syntax.layout.declarations import declaration_document
from spec_lang.syntax.layout.pen import PlainPen
from spec_lang.syntax.layout.render import render
from tests.syntax.strategies import HERE, NOWHERE, expressions, names

T = TypeVar("T")

# What the grammar takes a name for, without parentheses.
_REFERENCE = Span("reference", 0, 0, 0, 0)

# A carriage return ends a line in a file, so a string cannot hold one.
_texts = st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]), max_size=8)
_strings = st.builds(ast.String, HERE, _texts)
_exprs = expressions.filter(lambda expr: "\\r" not in repr(expr))


def _several(items: st.SearchStrategy[T], least: int = 1, most: int = 3) -> st.SearchStrategy[tuple[T, ...]]:
    return st.lists(items, min_size=least, max_size=most).map(tuple)


def _referring(name: ast.Name, indices: tuple[ast.Expr, ...]) -> ast.Expr:
    base = replace(name, span=_REFERENCE)
    return ast.Index(_REFERENCE, base, indices) if indices else base


_references = st.builds(_referring, names, _several(_exprs, 0, 2))
_values = st.none() | st.builds(ast.IndexRange, HERE, _exprs, _exprs, st.booleans())
_families = _several(st.builds(ast.IndexBinding, HERE, names, _values), 0, 2)
_titles = st.none() | _texts
_attributes = _several(st.builds(ast.AttributeUse, HERE, names, _several(_exprs, 0, 2)), 0, 2)
_components = _several(st.builds(ast.Component, HERE, names, _titles))
_types = st.builds(ast.TypeName, HERE, names, _several(_exprs, 0, 2))
_bindings = _several(st.builds(ast.Binding, HERE, names, st.none() | _exprs), 1, 2)
_optima = st.builds(ast.Optimum, HERE, st.sampled_from(ast.Extreme), _exprs, _bindings, st.none() | _exprs)
_radii = st.builds(
    ast.Radius, HERE, st.sampled_from(ast.Threshold), names, _exprs, _exprs, _exprs, st.none() | _exprs
)
_counts = st.builds(ast.Count, HERE, _references, _exprs)
_one_share = st.builds(
    ast.Share, HERE, st.sampled_from(ast.Sharing), st.tuples(_references), st.just(False), _exprs
)
_shares = _one_share | st.builds(
    ast.Share, HERE, st.sampled_from(ast.Sharing), _several(_references, 1, 3), st.just(True), _exprs
)
_points = _references | st.builds(ast.TensorLiteral, HERE, _several(_exprs, 1, 3))
_items = st.one_of(
    st.builds(ast.Inputs, HERE, _components),
    st.builds(ast.Outputs, HERE, _components),
    st.builds(ast.Encode, HERE, names, _exprs),
    st.builds(ast.Decode, HERE, names, _exprs),
    st.builds(ast.Domain, HERE, _several(st.builds(ast.DomainItem, HERE, names, _exprs, _exprs))),
    st.builds(ast.Layer, HERE, names, _strings),
)
_likes = st.none() | names
_data = st.builds(
    ast.DataDecl,
    HERE,
    names,
    _strings,
    _several(st.builds(ast.DataArray, HERE, names, _titles, _types)),
)
_whole_data = st.builds(ast.DataDecl, HERE, names, _strings, st.just(()), _types)

declarations: st.SearchStrategy[ast.Declaration] = st.one_of(
    st.just(ast.LanguageDecl(NOWHERE, ast.Number(NOWHERE, Fraction(1), "1"))),
    st.builds(ast.ImportDecl, HERE, _strings),
    st.builds(ast.NetworkDecl, HERE, names, _families, _strings, _several(_items, 0, 4), _likes),
    st.builds(ast.RegionDecl, HERE, names, _families, st.none() | _references, _exprs),
    st.builds(ast.ParamDecl, HERE, names, st.none() | _exprs, st.none() | _types),
    _data,
    _whole_data,
    st.builds(ast.DefDecl, HERE, names, _several(names, 0, 2), _exprs),
    st.builds(ast.ClaimDecl, HERE, names, _families, _titles, _attributes, _exprs),
    st.builds(
        ast.InvariantDecl,
        HERE,
        names,
        _families,
        _references,
        st.none() | _references,
        st.none() | _points,
        _titles,
        _attributes,
        _exprs,
    ),
    st.builds(
        ast.MeasureDecl, HERE, names, _families, _titles, _attributes, _optima | _radii | _counts | _shares
    ),
)
modules = st.lists(declarations, max_size=4)


class _GenerousPen(PlainPen):
    """Puts parentheses where they change nothing, now and then."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def pairs(self, span: Span) -> int:
        return int(span is not _REFERENCE and self._random.random() < 0.1)

    def guards_comment(self, pairs: int) -> bool:
        return pairs > 0


def write(declaration: ast.Declaration, pen: PlainPen) -> str:
    return "\n".join(line.code for line in render(declaration_document(pen, declaration)))


_GAPS = (" ", "  ", "\n", "\t", "\n\n", "\n\n\n")
_SAID = (
    "# note",
    "## doc",
    "##",
    "#",
    "# [ ( {",
    '# "quoted',
    "#  ends: =",
    "### x # y\t",
    "# nnspec: allow NN601",
)


def _gap(random: Random) -> str:
    """What may stand between two tokens."""
    pieces = [random.choice(_GAPS)]
    while random.random() < 0.3:
        pieces += [random.choice(_SAID), "\n", random.choice(("", *_GAPS))]
    return "".join(pieces)


def sprinkle(text: str, random: Random, share: float) -> str:
    """`text` with something else between its tokens, in `share` of the places."""
    found = tokens(text)
    lines = text.split("\n")
    starts = [sum(len(line) + 1 for line in lines[: token.line - 1]) + token.column - 1 for token in found]
    pieces = [_gap(random) if random.random() < share else ""]
    for position, token in enumerate(found[:-1]):
        end = starts[position] + len(token.text)
        kept = text[end : starts[position + 1]]
        # A unit stands behind its number, one blank between them.
        unit = token.text[0].isdigit() and re.match("[A-Za-z_]", found[position + 1].text)
        pieces += [token.text, kept if unit or random.random() >= share else _gap(random)]
    return "".join(pieces)


def _text(parts: Sequence[ast.Declaration], random: Random, share: float) -> str:
    pen = _GenerousPen(random)
    separators = ("\n", "\n\n", "\n## doc\n", "\n\n# note\n\n", "  # behind\n")
    text = "".join(write(part, pen) + random.choice(separators) for part in parts)
    return sprinkle(text, random, share) if share else text


texts = st.builds(_text, modules, st.randoms(use_true_random=False), st.sampled_from((0.0, 0.05, 0.3, 1.0)))
