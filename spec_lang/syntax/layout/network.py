"""The document of a network's braces.

In: the items of a network, and the pen before the brace, if there is one.  Out: their document, an item a
line, their keywords in a column.  Empty lines between items stay, and braces with nothing in them go.
"""

from __future__ import annotations

from typing import Final, assert_never

from spec_lang.syntax import ast
from spec_lang.syntax.layout.documents import (
    HARD,
    LINE,
    SPACE,
    Doc,
    concat,
    fill,
    group,
    nest,
    pad,
    separated,
)
from spec_lang.syntax.layout.expressions import expression_document, interval_document
from spec_lang.syntax.layout.pen import Pen
from spec_lang.syntax.layout.render import INDENT
from spec_lang.syntax.words import NETWORK_ITEMS

# A blank behind the longest of the keywords.
_COLUMN: Final = max(map(len, NETWORK_ITEMS)) + 1


def body_document(pen: Pen, items: tuple[ast.NetworkItem, ...]) -> Doc | None:
    """` { items }`, or None when there is nothing to write."""
    if not pen.braces(filled=bool(items)):
        return None
    opening = pen.word("{")
    documents = [_item(pen, item) for item in items]
    inner = nest(INDENT, HARD, *separated(documents, HARD)) if documents else None
    return concat(SPACE, opening, inner, HARD, pen.close("}"))


def _item(pen: Pen, item: ast.NetworkItem) -> Doc:
    match item:
        case ast.Inputs(components=components):
            return concat(_keyword(pen, "input"), nest(_COLUMN, _components(pen, components)))
        case ast.Outputs(components=components):
            return concat(_keyword(pen, "output"), nest(_COLUMN, _components(pen, components)))
        case ast.Encode(variable=variable, value=value):
            return concat(_keyword(pen, "encode"), _map(pen, variable, value))
        case ast.Decode(variable=variable, value=value):
            return concat(_keyword(pen, "decode"), _map(pen, variable, value))
        case ast.Domain(items=items):
            keyword = _keyword(pen, "domain")
            bounds = [_bounds(pen, bound, comma=bound is not items[-1]) for bound in items]
            return concat(keyword, nest(_COLUMN, fill(bounds)))
        case ast.Layer(name=name, tensor=tensor):
            keyword = concat(_keyword(pen, "layer"), pen.word(name.text))
            return concat(keyword, SPACE, pen.sign("="), SPACE, pen.string(tensor.value))
        case _:
            assert_never(item)


def _keyword(pen: Pen, text: str) -> Doc:
    return concat(pen.item(text), pad(_COLUMN - len(text)))


def _components(pen: Pen, components: tuple[ast.Component, ...]) -> Doc:
    items: list[Doc] = []
    for component in components:
        name: Doc = pen.word(component.name.text)
        if component.unit is not None:
            name = concat(name, SPACE, pen.string(component.unit))
        items.append(name if component is components[-1] else concat(name, pen.sign(",")))
    return fill(items)


def _map(pen: Pen, variable: ast.Name, value: ast.Expr) -> Doc:
    head = concat(pen.word(variable.text), SPACE, pen.sign("="))
    return group(head, nest(INDENT, LINE, expression_document(pen, value)))


def _bounds(pen: Pen, item: ast.DomainItem, *, comma: bool) -> Doc:
    head = concat(pen.word(item.component.text), SPACE, pen.word("in"), SPACE)
    interval = interval_document(pen, item.lower, item.upper)
    return concat(head, interval, pen.sign(",") if comma else None)
