"""The documents of declarations.

In: a declaration as parsed, and the pen at its first word.  Out: its document, from the left margin.  The
place that lines up with the neighbours', behind a claim's colon or before a sign `=`, carries a mark.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from spec_lang.syntax import ast
from spec_lang.syntax.layout.documents import (
    LINE,
    MARK,
    SPACE,
    Doc,
    Fill,
    concat,
    fill,
    group,
    nest,
    separated,
)
from spec_lang.syntax.layout.expressions import (
    bindings_document,
    bracketed,
    domain_document,
    expression_document,
    interval_document,
    operand_document,
)
from spec_lang.syntax.layout.levels import Level
from spec_lang.syntax.layout.network import body_document
from spec_lang.syntax.layout.pen import Pen
from spec_lang.syntax.layout.render import INDENT


def declaration_document(pen: Pen, declaration: ast.Declaration) -> Doc:
    match declaration:
        case ast.LanguageDecl(version=version):
            return concat(pen.word("language"), SPACE, pen.word(version.text))
        case ast.ImportDecl(path=path):
            return concat(pen.word("import"), SPACE, pen.string(path.value))
        case ast.NetworkDecl():
            return _network(pen, declaration)
        case ast.RegionDecl(network=network, value=value):
            head = _named(pen, "region", declaration.name, declaration.family)
            on = None if network is None else _part(pen, "on", network)
            return _equal(pen, concat(head, on), value)
        case ast.ParamDecl(value=value, type=kind):
            head = _named(pen, "param", declaration.name)
            if kind is not None:
                head = concat(head, pen.sign(":"), SPACE, _type(pen, kind))
            return head if value is None else _equal(pen, head, value)
        case ast.DataDecl():
            return _data(pen, declaration)
        case ast.DefDecl(parameters=parameters, value=value):
            head = _named(pen, "def", declaration.name)
            return _equal(pen, concat(head, _parameters(pen, parameters)), value)
        case ast.ClaimDecl(family=family):
            head = concat(pen.word("claim"), SPACE, pen.word(declaration.name.text), _family(pen, family))
            return _claim(pen, head, declaration)
        case ast.InvariantDecl(network=network, region=region, points=points):
            head = _named(pen, "invariant", declaration.name, declaration.family)
            of = _part(pen, "of", network)
            on = None if region is None else _part(pen, "on", region)
            over = None if points is None else concat(SPACE, pen.word("over"), SPACE, _sum(pen, points))
            return _claim(pen, concat(head, of, on, over), declaration)
        case ast.MeasureDecl(quantity=quantity):
            head = _named(pen, "measure", declaration.name, declaration.family)
            head = _titled(pen, head, declaration.title, declaration.attributes)
            sign = pen.sign("=")
            return group(head, MARK, SPACE, sign, nest(INDENT, LINE, _quantity(pen, quantity)))
        case _:
            assert_never(declaration)


# -- the beginnings of declarations --------------------------------------------------------------------


def _named(pen: Pen, keyword: str, name: ast.Name, family: Sequence[ast.IndexBinding] = ()) -> Doc:
    return concat(pen.word(keyword), SPACE, pen.word(name.text), _family(pen, family))


def _family(pen: Pen, family: Sequence[ast.IndexBinding]) -> Doc | None:
    if not family:
        return None
    opening = pen.word("[")
    items: list[Doc] = []
    for index in family:
        item: Doc = pen.word(index.name.text)
        if index.values is not None:
            item = concat(item, SPACE, pen.word("in"), SPACE, domain_document(pen, index.values))
        items.append(item if index is family[-1] else concat(item, pen.sign(",")))
    return bracketed(None, opening, items, pen.close("]"))


def _parameters(pen: Pen, parameters: Sequence[ast.Name]) -> Doc | None:
    if not parameters:
        return None
    opening = pen.word("(")
    items: list[Doc] = []
    for parameter in parameters:
        name = pen.word(parameter.text)
        items.append(name if parameter is parameters[-1] else concat(name, pen.sign(",")))
    return bracketed(None, opening, items, pen.close(")"))


def _part(pen: Pen, word: str, reference: ast.Expr) -> Doc:
    """` on network`, of a declaration's head."""
    return concat(SPACE, pen.word(word), SPACE, operand_document(pen, reference, Level.POSTFIX))


def _titled(pen: Pen, head: Doc, title: str | None, attributes: Sequence[ast.AttributeUse]) -> Doc:
    parts: list[Doc] = [] if title is None else [LINE, pen.string(title)]
    for attribute in attributes:
        parts += [LINE, _attribute(pen, attribute)]
    # Twice the indentation, so that the head stands apart from the body.
    return group(head, nest(2 * INDENT, *parts)) if parts else head


def _attribute(pen: Pen, attribute: ast.AttributeUse) -> Doc:
    name = concat(pen.word("@"), pen.word(attribute.name.text))
    if not attribute.arguments:
        return name
    opening = pen.word("(")
    items: list[Doc] = []
    for argument in attribute.arguments:
        item = expression_document(pen, argument)
        items.append(item if argument is attribute.arguments[-1] else concat(item, pen.sign(",")))
    return bracketed(name, opening, items, pen.close(")"))


# -- values and bodies ---------------------------------------------------------------------------------


def _equal(pen: Pen, head: Doc, value: ast.Expr) -> Doc:
    """`head = value`.

    A tensor opens its bracket on the line of the head, and regions that are joined fill lines from there;
    anything else moves as a whole to the next line if it has to.
    """
    sign = pen.sign("=")
    document = expression_document(pen, value)
    if isinstance(value, ast.Meet | ast.Join) and isinstance(document, Fill):
        return fill([concat(head, MARK, SPACE, sign), *document.items], INDENT)
    if isinstance(value, ast.TensorLiteral) and not document.commented:
        return concat(head, MARK, SPACE, sign, SPACE, document)
    return group(head, MARK, SPACE, sign, nest(INDENT, LINE, document))


def _claim(pen: Pen, head: Doc, claim: ast.ClaimDecl | ast.InvariantDecl) -> Doc:
    head = _titled(pen, head, claim.title, claim.attributes)
    colon = pen.sign(":")
    return group(head, colon, MARK, nest(INDENT, LINE, expression_document(pen, claim.body)))


def _quantity(pen: Pen, quantity: ast.Quantity) -> Doc:
    match quantity:
        case ast.Count(network=network, points=points):
            head = concat(pen.word("regions"), _part(pen, "of", network))
            return group(head, nest(INDENT, LINE, pen.word("over"), SPACE, _sum(pen, points)))
        case ast.Share(asked=asked, points=points):
            head = concat(pen.word(asked.value), SPACE, pen.word("of"), SPACE, _invariants(pen, quantity))
            return group(head, nest(INDENT, LINE, pen.word("over"), SPACE, _sum(pen, points)))
        case ast.Optimum(extreme=extreme, value=value, bindings=bindings, precision=precision):
            word = pen.word(extreme.value)
            what = nest(INDENT, expression_document(pen, value))
            keyword = pen.word("for")
            where = bindings_document(pen, bindings, *([] if precision is None else [","]))
            rest = concat(keyword, SPACE, where)
        case ast.Radius(threshold=threshold, variable=variable, lower=lower, upper=upper):
            precision = quantity.precision
            word = pen.word(threshold.value)
            what = concat(
                pen.word(variable.text), SPACE, pen.word("in"), SPACE, interval_document(pen, lower, upper)
            )
            keyword = pen.word("with")
            claim = nest(INDENT, expression_document(pen, quantity.claim))
            rest = concat(keyword, SPACE, claim, None if precision is None else pen.sign(","))
        case _:
            assert_never(quantity)
    to = () if precision is None else (LINE, concat(pen.word("to"), SPACE, _sum(pen, precision)))
    return group(word, SPACE, what, nest(INDENT, LINE, rest, *to))


def _invariants(pen: Pen, share: ast.Share) -> Doc:
    """What a share is of: one invariant, or several in brackets."""
    if not share.listed:
        return _sum(pen, share.invariants[0])
    opening = pen.word("[")
    *others, last = share.invariants
    items = [concat(_sum(pen, one), pen.sign(",")) for one in others]
    return bracketed(None, opening, [*items, _sum(pen, last)], pen.close("]"))


def _sum(pen: Pen, expr: ast.Expr) -> Doc:
    return operand_document(pen, expr, Level.SUM)


# -- networks and data ---------------------------------------------------------------------------------


def _network(pen: Pen, network: ast.NetworkDecl) -> Doc:
    head = _named(pen, "network", network.name, network.family)
    sign = concat(MARK, SPACE, pen.sign("="), SPACE, pen.string(network.path.value))
    like = None
    if network.like is not None:
        like = concat(SPACE, pen.word("like"), SPACE, pen.word(network.like.text))
    return concat(head, sign, like, body_document(pen, network.items))


def _data(pen: Pen, data: ast.DataDecl) -> Doc:
    head = _named(pen, "data", data.name)
    head = concat(head, MARK, SPACE, pen.sign("="), SPACE, pen.string(data.path.value))
    if data.whole is not None:
        return concat(head, pen.sign(":"), SPACE, _type(pen, data.whole))
    opening = pen.word("{")
    arrays: list[Doc] = []
    for array in data.arrays:
        name: Doc = pen.word(array.name.text)
        if array.source is not None:
            name = concat(name, SPACE, pen.string(array.source))
        item = concat(name, pen.sign(":"), SPACE, _type(pen, array.type))
        arrays.append(item if array is data.arrays[-1] else concat(item, pen.sign(";")))
    pen.skip_last(";")
    return group(head, SPACE, opening, nest(INDENT, LINE, *separated(arrays, LINE)), LINE, pen.close("}"))


def _type(pen: Pen, kind: ast.TypeName) -> Doc:
    element = pen.word(kind.element.text)
    if not kind.shape:
        return element
    opening = pen.word("[")
    items: list[Doc] = []
    for extent in kind.shape:
        item = expression_document(pen, extent)
        items.append(item if extent is kind.shape[-1] else concat(item, pen.sign(",")))
    return bracketed(element, opening, items, pen.close("]"))
