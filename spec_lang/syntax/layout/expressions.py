"""The documents of expressions: what a formula looks like, on one line or on several.

In: an expression, at most some hundred levels deep, and the pen that writes its words.  Out: a document with
no more parentheses than the tree needs, or than help its reader.  Lines end behind commas and operators.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, assert_never

from spec_lang.syntax import ast
from spec_lang.syntax.layout.documents import (
    LINE,
    SOFT,
    SPACE,
    Doc,
    align,
    concat,
    fill,
    group,
    nest,
    separated,
)
from spec_lang.syntax.layout.levels import Level, exact, level_of
from spec_lang.syntax.layout.pen import Pen
from spec_lang.syntax.layout.render import INDENT
from spec_lang.syntax.layout.tensors import tensor_document

# What reaches as far to the right as it can.
_Open: Final = ast.Quantified | ast.Let | ast.If
# Where parentheses that the tree does not need stay if the author wrote them: few know by heart whether
# `and` or `or` binds more tightly, or where a `forall` ends.
_Compound: Final = ast.And | ast.Or | ast.Implies | ast.Iff | ast.Quantified | ast.Let | ast.If


def expression_document(pen: Pen, expr: ast.Expr) -> Doc:
    """`expr` where any expression can stand."""
    return operand_document(pen, expr, Level.IFF, last=True)


def operand_document(
    pen: Pen, expr: ast.Expr, level: Level, *, last: bool = False, helpful: bool = False
) -> Doc:
    """`expr` where the grammar takes `level` or tighter.

    `last` says that nothing follows before the enclosing bracket or the end: there, and there alone,
    `forall` and its like need no parentheses.  `helpful`: parentheses of the source stay, needed or not.
    """
    needed = level_of(expr) < level or (not last and isinstance(expr, _Open))
    pairs = pen.pairs(expr.span)
    if needed or (pairs and (helpful or pen.guards_comment(pairs))):
        opening = pen.word("(")
        pen.skip(pairs - 1)
        inner = _bare(pen, expr, last=True)
        pen.skip(pairs - 1)
        return concat(opening, align(inner), pen.close(")"))
    if not pairs:
        return _bare(pen, expr, last=last)
    pen.skip(pairs)
    document = _bare(pen, expr, last=last)
    pen.skip(pairs)
    return document


def _bare(pen: Pen, expr: ast.Expr, *, last: bool) -> Doc:
    match expr:
        case ast.Number() | ast.String() | ast.Name():
            return _leaf(pen, expr)
        case ast.Attribute() | ast.Index() | ast.Call():
            return _postfix(pen, expr)
        case ast.TensorLiteral():
            return tensor_document(pen, expr, expression_document)
        case ast.SetBuilder(variable=variable, condition=condition):
            start = (pen.word("{"), SPACE, pen.word(variable.text), SPACE, pen.sign("|"), SPACE)
            return concat(*start, align(expression_document(pen, condition)), SPACE, pen.close("}"))
        case ast.Negate(operand=operand):
            return concat(pen.word("-"), operand_document(pen, operand, Level.UNARY))
        case ast.Sum(terms=terms):
            return _signed(pen, terms, ("+", "-"), Level.PRODUCT)
        case ast.Product(factors=factors):
            return _signed(pen, factors, ("*", "/"), Level.UNARY)
        case ast.Join(operands=operands):
            return _chain(pen, operands, "|", Level.MEET)
        case ast.Meet(operands=operands):
            return _chain(pen, operands, "&", Level.SUM)
        case ast.Compare(first=left, rest=rest):
            operands = (left, *(operand for _, operand in rest))
            return _chain(pen, operands, tuple(sign.value for sign, _ in rest), Level.JOIN)
        case ast.Not(operand=operand):
            helpful = isinstance(operand, ast.Compare | _Compound)
            word = pen.word("not")
            return concat(word, SPACE, operand_document(pen, operand, Level.NOT, last=last, helpful=helpful))
        case _:
            return _formula(pen, expr, last=last)


def _formula(
    pen: Pen,
    expr: ast.And | ast.Or | ast.Implies | ast.Iff | ast.Quantified | ast.Let | ast.If,
    *,
    last: bool,
) -> Doc:
    match expr:
        case ast.And(operands=operands):
            return _chain(pen, operands, "and", Level.NOT, last=last)
        case ast.Or(operands=operands):
            return _chain(pen, operands, "or", Level.AND, last=last)
        case ast.Implies(premise=premise, conclusion=conclusion):
            return _arrow(pen, (premise, conclusion), "=>", (Level.OR, Level.IMPLIES), last=last)
        case ast.Iff(left=left, right=right):
            return _arrow(pen, (left, right), "<=>", (Level.IMPLIES, Level.IMPLIES), last=last)
        case ast.Quantified(quantifier=quantifier, bindings=bindings, body=body):
            head = concat(pen.word(quantifier.value), SPACE, bindings_document(pen, bindings))
            return _headed(pen, head, body)
        case ast.Let(definitions=definitions, body=body):
            keyword = pen.word("let")
            named = [_definition(pen, d, comma=d is not definitions[-1]) for d in definitions]
            return _headed(pen, concat(keyword, SPACE, nest(INDENT, fill(named))), body)
        case ast.If(condition=condition, then=then, otherwise=otherwise):
            words = zip(("if", "then", "else"), (condition, then, otherwise), strict=True)
            start, *rest = [_clause(pen, word, part) for word, part in words]
            return group(start, nest(INDENT, LINE, *separated(rest, LINE)))
        case _:
            assert_never(expr)


def _leaf(pen: Pen, expr: ast.Number | ast.String | ast.Name) -> Doc:
    match expr:
        case ast.Number(value=value, text=text, unit=unit):
            number = pen.word(text or exact(value))
            return number if unit is None else concat(number, SPACE, pen.unit(unit))
        case ast.String(value=value):
            return pen.string(value)
        case ast.Name(text=text):
            return pen.word(text)
        case _:
            assert_never(expr)


def _postfix(pen: Pen, expr: ast.Attribute | ast.Index | ast.Call) -> Doc:
    match expr:
        case ast.Attribute(base=base, name=name):
            return concat(operand_document(pen, base, Level.POSTFIX), pen.word("."), pen.word(name.text))
        case ast.Index(base=base, indices=indices):
            document = operand_document(pen, base, Level.POSTFIX)
            opening = pen.word("[")
            inner = [_index(pen, index, comma=index is not indices[-1]) for index in indices]
            return bracketed(document, opening, inner, pen.close("]"))
        case ast.Call(function=function, arguments=arguments):
            document = operand_document(pen, function, Level.POSTFIX)
            opening = pen.word("(")
            inner = [_argument(pen, argument, comma=argument is not arguments[-1]) for argument in arguments]
            return bracketed(document, opening, inner, pen.close(")"))
        case _:
            assert_never(expr)


# -- parts that several constructs share ---------------------------------------------------------------


def bracketed(before: Doc | None, opening: Doc, items: Sequence[Doc], closing: Doc) -> Doc:
    """All on one line; else the items on a line of their own; else one item a line."""
    if not items:
        return concat(before, opening, closing)
    return group(before, opening, nest(INDENT, SOFT, group(*separated(items, LINE))), SOFT, closing)


def bindings_document(pen: Pen, bindings: Sequence[ast.Binding], *rest: str) -> Doc:
    """`x in region, j in 0..4`."""
    ends = [*([","] * (len(bindings) - 1)), *(rest or ("",))]
    items: list[Doc] = []
    for binding, end in zip(bindings, ends, strict=True):
        variable: Doc = pen.word(binding.variable.text)
        if binding.domain is not None:
            variable = concat(variable, SPACE, pen.word("in"), SPACE, domain_document(pen, binding.domain))
        items.append(concat(variable, pen.sign(end)) if end else variable)
    return nest(INDENT, fill(items))


def domain_document(pen: Pen, domain: ast.Expr | ast.IndexRange | ast.IndexSet) -> Doc:
    """What stands behind the `in` of a binding or of a family's index."""
    match domain:
        case ast.IndexRange(first=first, last=end, exclusive=exclusive):
            start = operand_document(pen, first, Level.SUM)
            dots = pen.word("..<" if exclusive else "..")
            return concat(start, dots, operand_document(pen, end, Level.SUM))
        case ast.IndexSet(elements=elements):
            opening = pen.word("{")
            inner: list[Doc] = []
            for element in elements:
                document = operand_document(pen, element, Level.SUM)
                inner.append(document if element is elements[-1] else concat(document, pen.sign(",")))
            return bracketed(None, opening, inner, pen.close("}"))
        case _:
            return operand_document(pen, domain, Level.JOIN)


def interval_document(pen: Pen, lower: ast.Expr, upper: ast.Expr) -> Doc:
    """`[lower, upper]`."""
    opening = pen.word("[")
    first = concat(expression_document(pen, lower), pen.sign(","))
    last = expression_document(pen, upper)
    return bracketed(None, opening, (first, last), pen.close("]"))


def _headed(pen: Pen, head: Doc, body: ast.Expr) -> Doc:
    """`head: body`."""
    colon = pen.sign(":")
    return group(head, colon, nest(INDENT, LINE, expression_document(pen, body)))


def _clause(pen: Pen, word: str, part: ast.Expr) -> Doc:
    return concat(pen.word(word), SPACE, nest(INDENT, expression_document(pen, part)))


def _definition(pen: Pen, definition: ast.Definition, *, comma: bool) -> Doc:
    name, sign = pen.word(definition.name.text), pen.sign("=")
    value = nest(INDENT, expression_document(pen, definition.value))
    return concat(name, SPACE, sign, SPACE, value, pen.sign(",") if comma else None)


def _argument(pen: Pen, argument: ast.Argument, *, comma: bool) -> Doc:
    name: Doc | None = None
    if argument.name is not None:
        name = concat(pen.word(argument.name.text), pen.sign(":"), SPACE)
    value = nest(INDENT, expression_document(pen, argument.value)) if name else None
    return concat(name, value or expression_document(pen, argument.value), pen.sign(",") if comma else None)


def _index(pen: Pen, index: ast.Expr | ast.Slice, *, comma: bool) -> Doc:
    if isinstance(index, ast.Slice):
        first = None if index.first is None else operand_document(pen, index.first, Level.SUM)
        colon = pen.word(":")
        last = None if index.last is None else operand_document(pen, index.last, Level.SUM)
        document = concat(first, colon, last)
    else:
        document = expression_document(pen, index)
    return concat(document, pen.sign(",") if comma else None)


def _signed(pen: Pen, parts: Sequence[tuple[bool, ast.Expr]], signs: tuple[str, str], level: Level) -> Doc:
    between = tuple(signs[inverse] for inverse, _ in parts[1:])
    return _chain(pen, tuple(operand for _, operand in parts), between, level)


def _chain(
    pen: Pen, operands: Sequence[ast.Expr], signs: str | Sequence[str], level: Level, *, last: bool = False
) -> Doc:
    """Operands that fill the lines, the signs at the ends of lines."""
    connective = level in (Level.NOT, Level.AND)
    between = [signs] * (len(operands) - 1) if isinstance(signs, str) else signs
    items: list[Doc] = []
    for position, operand in enumerate(operands):
        final = position == len(between)
        helpful = isinstance(operand, _Compound if connective else ast.Meet)
        document = operand_document(pen, operand, level, last=last and final, helpful=helpful)
        if isinstance(operand, ast.And | ast.Meet):  # its own lines stand apart from the next operand's
            document = nest(INDENT, document)
        items.append(document if final else concat(document, SPACE, pen.sign(between[position])))
    # Whole formulas and regions form a column; what is tighter hangs on its first operand.
    return fill(items, 0 if level in (Level.NOT, Level.AND, Level.MEET, Level.SUM) else INDENT)


def _arrow(
    pen: Pen, sides: tuple[ast.Expr, ast.Expr], sign: str, levels: tuple[Level, Level], *, last: bool
) -> Doc:
    left, right = sides
    before = operand_document(pen, left, levels[0], helpful=isinstance(left, _Compound))
    arrow = pen.sign(sign)
    after = operand_document(pen, right, levels[1], last=last, helpful=isinstance(right, _Compound))
    return group(before, SPACE, arrow, nest(INDENT, LINE, after))
