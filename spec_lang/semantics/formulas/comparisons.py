"""Comparisons to conditions: of numbers, of tensors, of positions with labels, of points with regions.

In: both sides as written, the relation, and whether it is to hold or to fail.  Out: a condition, exact.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from spec_lang.diagnostics import Note, did_you_mean
from spec_lang.obligations.model import All, Any, Condition
from spec_lang.semantics import codes
from spec_lang.semantics.formulas.clauses import Clause, clause_text
from spec_lang.semantics.formulas.cosines import compare_cosine, mirrored
from spec_lang.semantics.formulas.tops import same_top
from spec_lang.semantics.rejection import Rejected
from spec_lang.semantics.terms.elements import ONE, Element, difference, scaled
from spec_lang.semantics.terms.units_of import alike, settled
from spec_lang.semantics.terms.values import Cosine, Extremisers, Extremum, Tensor, Topmost, Value, broadcast
from spec_lang.semantics.traverse import is_extremum
from spec_lang.semantics.wording import describe, listed, shape_text
from spec_lang.syntax import ast

if TYPE_CHECKING:
    from spec_lang.semantics.formulas.translate import Translator

_EQUALITY = (ast.Comparison.EQ, ast.Comparison.NE)


Pair = tuple[ast.Expr, ast.Comparison, ast.Expr]


def compare(translator: Translator, pair: Pair, holds: bool, clause: Clause) -> Condition:
    """`a relation b`, or its negation."""
    from spec_lang.semantics.formulas.translate import every, negated  # noqa: PLC0415 - they use each other

    a, relation, b = pair
    evaluator = translator.evaluator
    if relation is ast.Comparison.IN:
        inside = _membership(translator, a, b, clause)
        return inside if holds else negated(inside)
    if relation in _EQUALITY:
        for side, label in ((a, b), (b, a)):
            if _denotes_positions(translator, side):
                alone = _positions_equal(translator, side, label, clause)
                return alone if holds is (relation is ast.Comparison.EQ) else negated(alone)
    for side in (a, b):
        if is_extremum(side):
            problem = f"a set of positions cannot be compared by `{relation.value}`"
            raise evaluator.reject(codes.COMPARISON, problem, side.span, "use `==`, `!=` or `in`")
    left, right = every(partial(evaluator.value, a), partial(evaluator.value, b))
    if isinstance(left, Cosine):
        result = compare_cosine(translator, left, relation, b, clause)
    elif isinstance(right, Cosine):
        result = compare_cosine(translator, right, mirrored(relation), a, clause)
    else:
        result = _numbers(translator, (left, a), relation, (right, b), clause)
    return result if holds else negated(result)


def _numbers(
    translator: Translator,
    a: tuple[Value, ast.Expr],
    relation: ast.Comparison,
    b: tuple[Value, ast.Expr],
    clause: Clause,
) -> Condition:
    """Element by element: all pairs compare, or with `!=` some pair differs."""
    from spec_lang.semantics.formulas.translate import negated  # noqa: PLC0415

    evaluator = translator.evaluator
    left, right = (evaluator.as_tensor(value, expr.span) for value, expr in (a, b))
    left, right = alike(evaluator, (left, a[1]), (right, b[1]))
    left, right = settled(left, None, a[1], evaluator), settled(right, None, b[1], evaluator)
    sides = broadcast(left, right)
    if sides is None:
        shapes = shape_text(left.shape), shape_text(right.shape)
        notes = (Note(f"shape {shapes[0]}", a[1].span), Note(f"shape {shapes[1]}", b[1].span))
        problem = f"tensors of shapes {shapes[0]} and {shapes[1]} cannot be compared"
        raise evaluator.reject(codes.DIMENSION, problem, a[1].span.to(b[1].span), None, notes)
    _, first, second = sides
    if relation in _EQUALITY:
        pairs = zip(first, second, strict=True)
        equal = _all(tuple(translator.equal(difference(x, y), clause) for x, y in pairs))
        return equal if relation is ast.Comparison.EQ else negated(equal)
    strict = relation in (ast.Comparison.LT, ast.Comparison.GT)
    if relation in (ast.Comparison.GE, ast.Comparison.GT):
        first, second = second, first
    pairs = zip(first, second, strict=True)
    return _all(tuple(translator.below(difference(x, y), strict, clause) for x, y in pairs))


def _all(parts: tuple[Condition, ...]) -> Condition:
    return parts[0] if len(parts) == 1 else All(parts)


# -- points and regions --------------------------------------------------------------------------------


def _membership(translator: Translator, a: ast.Expr, b: ast.Expr, clause: Clause) -> Condition:
    evaluator = translator.evaluator
    if _denotes_positions(translator, b):
        extremisers = evaluator.value(b)
        if isinstance(extremisers, Topmost):
            problem = "whether one element is among the greatest is not decided, only which they all are"
            fix = "write `argtop(v, 5) == argtop(w, 5)`"
            raise evaluator.reject(codes.COMPARISON, problem, b.span, fix)
        if isinstance(extremisers, Extremisers):
            label = label_of(translator, extremisers.tensor, a)
            return _wins(translator, extremisers, label, strictly=False, clause=clause)
    left = evaluator.value(a)
    if isinstance(left, Extremisers | Topmost):
        problem = "a set of positions stands left of `in`"
        raise evaluator.reject(codes.COMPARISON, problem, a.span, "the label comes first: `k in argmax(y)`")
    point = evaluator.as_tensor(left, a.span)
    if isinstance(b, ast.TensorLiteral) and len(b.elements) == 2:
        return _interval(translator, point, a, b, clause)
    return translator.surroundings.inside(b, point, translator)


def _interval(
    translator: Translator, value: Tensor, a: ast.Expr, interval: ast.TensorLiteral, clause: Clause
) -> Condition:
    """`number in [lower, upper]`, both included."""
    evaluator = translator.evaluator
    if value.size != 1:
        problem = f"`[lower, upper]` is an interval of numbers; this is {describe(value)}"
        raise evaluator.reject(codes.COMPARISON, problem, a.span, "write `x in box(lower, upper)`")
    ends = [settled(evaluator.operand(end), value.units, end, evaluator) for end in interval.elements]
    for end, expr in zip(ends, interval.elements, strict=True):
        if end.size != 1:
            problem = f"an end of an interval is one number; this is {describe(end)}"
            raise evaluator.reject(codes.DIMENSION, problem, expr.span)
    (element,), (lower,), (upper,) = value.elements, ends[0].elements, ends[1].elements
    above = translator.below(difference(lower, element), False, clause)
    return All((above, translator.below(difference(element, upper), False, clause)))


# -- sets of positions ---------------------------------------------------------------------------------


def _denotes_positions(translator: Translator, expr: ast.Expr) -> bool:
    """Whether `expr` is `argmax(…)`, `argmin(…)`, or a name for one."""
    if is_extremum(expr):
        return True
    known = translator.evaluator.names.get(expr.text) if isinstance(expr, ast.Name) else None
    return isinstance(known, Extremisers | Topmost)


def _positions_equal(translator: Translator, side: ast.Expr, label: ast.Expr, clause: Clause) -> Condition:
    evaluator = translator.evaluator
    value = evaluator.value(side)
    if isinstance(value, Topmost):
        return same_top(translator, value, label, clause)
    if not isinstance(value, Extremisers):  # pragma: no cover - the caller has looked
        raise evaluator.reject(codes.KIND, f"{describe(value)} is not a set of positions", side.span)
    if _denotes_positions(translator, label):
        return _same_positions(translator, value, label, clause)
    return _wins(translator, value, label_of(translator, value.tensor, label), strictly=True, clause=clause)


def _same_positions(translator: Translator, first: Extremisers, expr: ast.Expr, clause: Clause) -> Condition:
    """Both sets have the same members."""
    from spec_lang.semantics.formulas.translate import negated  # noqa: PLC0415

    second = translator.evaluator.value(expr)
    if not isinstance(second, Extremisers):
        problem = "sets of positions of two kinds are compared"
        raise translator.evaluator.reject(codes.COMPARISON, problem, clause.span)
    if first.tensor.size != second.tensor.size:
        sizes = first.tensor.size, second.tensor.size
        problem = f"positions in {sizes[0]} elements are compared with positions in {sizes[1]}"
        raise translator.evaluator.reject(codes.DIMENSION, problem, clause.span)
    parts: list[Condition] = []
    for position in range(first.tensor.size):
        left, right = (
            _wins(translator, side, position, strictly=False, clause=clause) for side in (first, second)
        )
        parts.append(Any((All((left, right)), All((negated(left), negated(right))))))
    return All(tuple(parts))


def _wins(
    translator: Translator, extremisers: Extremisers, label: int, *, strictly: bool, clause: Clause
) -> Condition:
    """`label` is an extremiser; with `strictly`, the only one."""
    elements = extremisers.tensor.elements
    sign = ONE if extremisers.which is Extremum.ARGMAX else -ONE
    own: Element = scaled(elements[label], sign)
    rivals = (scaled(rival, sign) for j, rival in enumerate(elements) if j != label)
    return All(tuple(translator.below(difference(rival, own), strictly, clause) for rival in rivals))


def label_of(translator: Translator, tensor: Tensor, expr: ast.Expr) -> int:
    """The position that a label names, or the number that it is.  Raises `Rejected`."""
    evaluator = translator.evaluator
    if isinstance(expr, ast.Name) and tensor.names is not None and expr.text in tensor.names.names:
        return tensor.names.names.index(expr.text)
    if isinstance(expr, ast.Name) and tensor.names is not None and not evaluator.knows(expr.text):
        if evaluator.is_broken(expr.text):
            raise Rejected
        known = tensor.names.names
        problem = f"`{expr.text}` is not one of the labels of {tensor.names.owner}"
        fix = did_you_mean(expr.text, known) or f"they are {listed(known)}"
        raise evaluator.reject(codes.LABEL, problem, expr.span, fix)
    position = evaluator.integer(expr, "a label")
    if 0 <= position < tensor.size:
        return position
    problem = f"there is no label {position}: the tensor has shape {shape_text(tensor.shape)}"
    text = clause_text(expr)
    fix = f"labels run from 0 to {tensor.size - 1}" + ("" if text == str(position) else f"; this is `{text}`")
    raise evaluator.reject(codes.LABEL, problem, expr.span, fix)
