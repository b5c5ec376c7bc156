"""Comparisons of `cosine(a, b)` with numbers, as quadratic conditions; exact.

In: two vectors over the claim's graph, a number c, and whether the cosine is to be at least c or above it.
Out: a condition.  With s = a·b, for c > 0 the cosine is at least c where s > 0 and s² >= c² |a|² |b|², for
c < 0 where s >= 0 or s² <= c² |a|² |b|²; the cosine with a vector that is 0 is 0.

Where b is constant, all is said of how far a stands off the line of b: with any P and γ, and u = a − γP,
|a|² = |u|² + 2P (γ·u) + P² |γ|².  Here γ is nearly b, and P nearly s/|b|², so that what follows is made of
squares of small numbers, but for one of P with a weight near −(1 − c²): that is what bounds are good at.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from spec_lang.diagnostics import Span
from spec_lang.obligations.model import All, Any, Condition
from spec_lang.semantics import codes
from spec_lang.semantics.formulas.clauses import Clause
from spec_lang.semantics.terms.elements import (
    ONE,
    ZERO,
    Element,
    Fragment,
    Linear,
    Need,
    Opaque,
    combine,
    difference,
    scaled,
)
from spec_lang.semantics.terms.functions import products
from spec_lang.semantics.terms.values import Cosine
from spec_lang.syntax import ast

if TYPE_CHECKING:
    from spec_lang.semantics.formulas.translate import Translator

_MIRRORED = {
    ast.Comparison.LE: ast.Comparison.GE,
    ast.Comparison.LT: ast.Comparison.GT,
    ast.Comparison.GE: ast.Comparison.LE,
    ast.Comparison.GT: ast.Comparison.LT,
}


def compare_cosine(
    translator: Translator,
    cosine: Cosine,
    relation: ast.Comparison,
    other: ast.Expr,
    clause: Clause,
) -> Condition:
    """`cosine relation other`."""
    from spec_lang.semantics.formulas.translate import negated  # noqa: PLC0415 - they use each other

    evaluator = translator.evaluator
    if relation not in _MIRRORED:
        problem = f"a cosine cannot be compared by `{relation.value}`"
        raise evaluator.reject(codes.COMPARISON, problem, clause.span, "use `>=`, `>`, `<=` or `<`")
    limit = evaluator.tensor(other)
    if not limit.is_constant:  # as the variable of a measure, before a number stands in its place
        need = Need(Fragment.SMOOTH, f"`{clause}` compares a cosine with what varies", clause.span)
        translator.surroundings.beyond(need)
        return All(())
    number = evaluator.number(other, "what a cosine is compared with")
    if not -1 <= number <= 1:
        problem = f"a cosine is between −1 and 1, and is compared with {float(number):g}"
        raise evaluator.reject(codes.COMPARISON, problem, other.span)
    for side, vector in zip(cosine.written, (cosine.a, cosine.b), strict=True):
        if vector.is_constant and not any(vector.constants):
            problem = "this vector is 0 in every element: it has no direction"
            fix = "leave such a point out, or bound the distance: `norm(a - b, l2) <= 0.1`"
            raise evaluator.reject(codes.GRADIENT, problem, side, fix)
    strict = relation in (ast.Comparison.GT, ast.Comparison.LE)
    above = _above(translator, cosine, number, strict, clause)
    return above if relation in (ast.Comparison.GE, ast.Comparison.GT) else negated(above)


def mirrored(relation: ast.Comparison) -> ast.Comparison:
    """`b R' a` for `a R b`."""
    return _MIRRORED.get(relation, relation)


def _above(
    translator: Translator, cosine: Cosine, number: Fraction, strict: bool, clause: Clause
) -> Condition:
    """The cosine is at least `number`, or above it."""
    vectors = _forms(cosine)
    if isinstance(vectors, Opaque):
        return translator.below(vectors, strict, clause)
    a, b = vectors
    need = _need(clause.span)
    along, excess = _sides(translator, (a, b), number**2, need)
    if number == 0:
        return translator.below(scaled(along, -ONE), strict, clause)
    if number > 0:  # excess is c² |a|² |b|² − s²
        ahead = translator.below(scaled(along, -ONE), True, clause)
        return All((ahead, translator.below(excess, strict, clause)))
    ahead = translator.below(scaled(along, -ONE), False, clause)
    return Any((ahead, translator.below(scaled(excess, -ONE), strict, clause)))


def _forms(cosine: Cosine) -> tuple[Sequence[Linear], Sequence[Linear]] | Opaque:
    """The elements; where one is not linear, what that needs."""
    found: list[list[Linear]] = []
    for vector in (cosine.a, cosine.b):
        opaque = next((e for e in vector.elements if isinstance(e, Opaque)), None)
        if opaque is not None:
            return opaque
        forms = [e for e in vector.elements if isinstance(e, Linear)]
        if len(forms) < vector.size:
            return Opaque(_need(cosine.written[0]))
        found.append(forms)
    return found[0], found[1]


def _need(span: Span) -> Need:
    return Need(Fragment.SMOOTH, "the cosine of vectors with absolute values, maxima or branches", span)


def _sides(
    translator: Translator,
    vectors: tuple[Sequence[Linear], Sequence[Linear]],
    share: Fraction,
    need: Need,
) -> tuple[Element, Element]:
    """`a·b`, and `share |a|² |b|² − (a·b)²` or a positive multiple of it."""
    a, b = vectors
    if all(form.is_constant for form in a):
        a, b = b, a
    if all(form.is_constant for form in b):
        direction = [form.constant for form in b]
        along = combine(zip(direction, a, strict=True))
        if isinstance(along, Linear):
            return along, _off_the_line(translator, a, direction, share, need)
    values = translator.evaluator.networks

    def dot(x: Sequence[Element], y: Sequence[Element]) -> Element:
        return combine((ONE, e) for e in products(x, y, need, values))

    along, lengths = dot(a, b), (dot(a, a), dot(b, b))
    (whole,) = products(lengths[:1], lengths[1:], need, values)
    return along, combine(((share, whole), (-ONE, dot((along,), (along,)))))


def _off_the_line(
    translator: Translator, a: Sequence[Linear], b: Sequence[Fraction], share: Fraction, need: Need
) -> Element:
    """`share |a|² − s²/|b|²`, over |b|²: with P, u and γ as above, E = γ·u and D = s − |b|² P it is
    `share |u|² + (share |γ|² − |b|²) P² + P (2 share E − 2 D) − D²/|b|²`."""
    networks = translator.evaluator.networks
    size = sum((c * c for c in b), ZERO)
    along = combine((c / size, form) for c, form in zip(b, a, strict=True))
    near = _rounded(along)
    place = None if near is None or networks is None else networks.summed(near)
    if near is None or place is None or networks is None:
        return Opaque(need)
    gamma = [_near(c, _lead(form)) for c, form in zip(b, a, strict=True)]
    off = [difference(form, scaled(place, g)) for form, g in zip(a, gamma, strict=True)]
    length = sum((g * g for g in gamma), ZERO)
    leaning = combine((*zip(gamma, a, strict=True), (-length, near)))  # γ·u
    missed = combine(((size, along), (-size, near)))  # s − |b|² P
    tilt = combine(((2 * share, leaning), (Fraction(-2), missed)))
    forms = [form for form in (*off, place, missed) if isinstance(form, Linear)]
    squares = networks.squares(forms) if len(forms) == len(off) + 2 else None
    if squares is None:
        return Opaque(need)
    *stood_off, ahead, lost = squares
    (crossed,) = products((place,), (tilt,), need, networks)
    return combine(
        (
            *((share, square) for square in stood_off),
            (share * length - size, ahead),
            (ONE, crossed),
            (-1 / size, lost),
        )
    )


def _lead(form: Linear) -> Fraction:
    """A coefficient of `form`, 1 where it has none: what it is a multiple of, as far as floats go."""
    return next((c for _, c in (*form.inputs, *form.outputs)), ONE)


def _near(number: Fraction, unit: Fraction) -> Fraction:
    """A multiple of `unit` by a float, nearly `number`."""
    return Fraction(float(number / unit)) * unit


def _rounded(form: Element) -> Linear | None:
    """A form with coefficients that floats hold, nearly `form`; without the constant's small change."""
    if not isinstance(form, Linear):
        return None
    try:
        sides = [tuple((i, Fraction(float(c))) for i, c in side) for side in (form.inputs, form.outputs)]
        return Linear(Fraction(float(form.constant)), *sides)
    except OverflowError:
        return None
