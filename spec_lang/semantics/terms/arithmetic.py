"""Sums, products and quotients of tensors, exact.

In: the operands as written.  Out: tensors.  A product of two factors that vary, of which one is not linear,
is no number that a backend takes: it is opaque, and its need names both factors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

from spec_lang.diagnostics import Note, Span
from spec_lang.semantics import codes
from spec_lang.semantics.formulas.clauses import clause_text
from spec_lang.semantics.terms import functions
from spec_lang.semantics.terms.elements import (
    ONE,
    Element,
    Fragment,
    Linear,
    Need,
    Opaque,
    combine,
    scaled,
)
from spec_lang.semantics.terms.units_of import alike, settled
from spec_lang.semantics.terms.values import Names, Tensor, broadcast
from spec_lang.semantics.wording import shape_text
from spec_lang.syntax import ast

if TYPE_CHECKING:
    from spec_lang.semantics.terms.expressions import Evaluator

Operation = Callable[[Sequence[Element], Sequence[Element]], Sequence[Element]]


def total(evaluator: Evaluator, terms: Sequence[tuple[bool, ast.Expr]], span: Span) -> Tensor:
    """`t0 ± t1 ± …`"""
    first = terms[0][1]
    result = evaluator.operand(first)
    for subtracted, expr in terms[1:]:
        sign = -ONE if subtracted else ONE
        result, term = alike(evaluator, (result, first), (evaluator.operand(expr), expr))

        def signed(a: Element, b: Element, sign: Fraction = sign) -> Element:
            return combine(((ONE, a), (sign, b)))

        result = elementwise(evaluator, _each(signed), (result, first), (term, expr), span)
    return result


def product(evaluator: Evaluator, factors: Sequence[tuple[bool, ast.Expr]], span: Span) -> Tensor:
    """`f0 */ f1 */ …`, left to right."""
    first = factors[0][1]
    result, variable = evaluator.operand(first), first
    for divides, expr in factors[1:]:
        factor = evaluator.operand(expr)
        if factor.written and (divides or result.written or not result.is_constant):
            factor = settled(factor, None, expr, evaluator)
        if not factor.is_constant:
            result = settled(result, None, variable, evaluator)
        if divides:
            operation = _quotient(evaluator, factor, expr, span)
        elif factor.is_constant:
            operation = _each(_times)
        elif result.is_constant:
            operation, variable = _each(_times_swapped), expr
        else:
            operation = _product(evaluator, product_need(variable, expr, span))
        result = elementwise(evaluator, operation, (result, first), (factor, expr), span)
    return result


def elementwise(
    evaluator: Evaluator,
    operation: Operation,
    a: tuple[Tensor, ast.Expr],
    b: tuple[Tensor, ast.Expr],
    span: Span,
) -> Tensor:
    """`operation` on the pairs of elements; one element goes with any shape.  Raises `Rejected`."""
    sides = broadcast(a[0], b[0])
    if sides is None:
        shapes = shape_text(a[0].shape), shape_text(b[0].shape)
        notes = (Note(f"shape {shapes[0]}", a[1].span), Note(f"shape {shapes[1]}", b[1].span))
        problem = f"tensors of shapes {shapes[0]} and {shapes[1]} do not fit together"
        raise evaluator.reject(codes.DIMENSION, problem, span, None, notes)
    shape, left, right = sides
    elements = tuple(operation(left, right))
    units = next((t.units for t in (a[0], b[0]) if t.units is not None and t.size == len(elements)), None)
    written = a[0].written or b[0].written
    spaces = {t.space for t in (a[0], b[0]) if t.space is not None and t.shape == shape}
    space = spaces.pop() if len(spaces) == 1 else None
    return Tensor(shape, elements, _names(a[0], b[0], len(elements)), units, written, space)


def product_need(a: ast.Expr, b: ast.Expr, span: Span) -> Need:
    """Why a product of two factors that vary is beyond the backends."""
    texts = clause_text(a), clause_text(b)
    problem = f"`{texts[0]}` times `{texts[1]}`: both vary, and one has absolute values, maxima or norms"
    notes = (Note(f"`{texts[0]}` varies", a.span), Note(f"`{texts[1]}` varies", b.span))
    return Need(Fragment.PRODUCT, problem, span, notes)


def _names(a: Tensor, b: Tensor, size: int) -> Names | None:
    """The names that both sides agree on, or that one side alone has."""
    named = [t.names for t in (a, b) if t.names is not None and t.size == size]
    if len(named) == 2 and named[0].names != named[1].names:
        return None
    return named[0] if named else None


def _each(operation: Callable[[Element, Element], Element]) -> Operation:
    return lambda left, right: tuple(map(operation, left, right))


def _times(a: Element, b: Element) -> Element:
    """`b` is constant."""
    return scaled(a, b.constant) if isinstance(b, Linear) else b


def _times_swapped(a: Element, b: Element) -> Element:
    """`a` is constant."""
    return _times(b, a)


def _product(evaluator: Evaluator, need: Need) -> Operation:
    return partial(functions.products, need=need, values=evaluator.networks)


def _quotient(evaluator: Evaluator, factor: Tensor, expr: ast.Expr, span: Span) -> Operation:
    if not factor.is_constant:
        text = clause_text(expr)
        problem = f"`{text}` divides, but it is not constant"
        notes = (Note(f"`{text}` varies; multiply both sides of the comparison by it", expr.span),)
        need = Opaque(Need(Fragment.PRODUCT, problem, span, notes))
        return _each(lambda _a, _b: need)
    if any(constant == 0 for constant in factor.constants):
        raise evaluator.reject(codes.DIVISION_BY_ZERO, "division by zero", expr.span)
    return _each(lambda a, b: scaled(a, 1 / b.constant) if isinstance(b, Linear) else b)
