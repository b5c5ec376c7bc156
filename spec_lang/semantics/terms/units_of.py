"""Units of measurement: quantities in a spec are converted to the unit of what they meet.

In: tensors, some with units that the spec declares, some with quantities as written (`3 km`).  Out: tensors
in the declared units, exact.  A quantity that meets nothing with a unit is a mistake, and said to be one.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from spec_lang.semantics import codes
from spec_lang.semantics.formulas.clauses import clause_text
from spec_lang.semantics.terms.elements import scaled
from spec_lang.semantics.terms.values import Tensor
from spec_lang.syntax import ast

if TYPE_CHECKING:
    from spec_lang.semantics.terms.expressions import Evaluator

Units = tuple[str | None, ...]


def settled(tensor: Tensor, units: Units | None, expr: ast.Expr, evaluator: Evaluator) -> Tensor:
    """`tensor` with its quantities converted to `units`, which go round when there are fewer.

    Raises `Rejected` for a quantity where no unit is wanted, or one of another kind.
    """
    if not tensor.written or tensor.units is None:
        return tensor
    wanted = (units or (None,)) * tensor.size
    factors = [_factor(unit, to, expr, evaluator) for unit, to in zip(tensor.units, wanted, strict=False)]
    elements = tuple(scaled(e, factor) for e, factor in zip(tensor.elements, factors, strict=True))
    return replace(tensor, elements=elements, units=tuple(wanted[: tensor.size]), written=False)


def alike(
    evaluator: Evaluator, a: tuple[Tensor, ast.Expr], b: tuple[Tensor, ast.Expr]
) -> tuple[Tensor, Tensor]:
    """Both operands of a sum or a comparison, in the same units."""
    (left, left_expr), (right, right_expr) = a, b
    if left.written and right.written and left.units is not None:
        converted = settled(right, left.units, right_expr, evaluator)
        return left, replace(converted, written=True)
    if left.written:
        return settled(left, right.units, left_expr, evaluator), right
    if right.written:
        return left, settled(right, left.units, right_expr, evaluator)
    return left, right


def _factor(unit: str | None, wanted: str | None, expr: ast.Expr, evaluator: Evaluator) -> Fraction:
    if unit is None or unit == wanted:
        return Fraction(1)
    if wanted is None:
        problem = f"`{clause_text(expr)}` has a unit, and nothing here says which one is wanted"
        fix = 'declare one, as in `input speed "km/h"`, or leave the unit out'
        raise evaluator.reject(codes.UNIT, problem, expr.span, fix)
    from spec_lang.semantics.terms.units import convert  # noqa: PLC0415 - few specs have quantities

    factor = convert(Fraction(1), unit, wanted)
    if isinstance(factor, Fraction):
        return factor
    raise evaluator.reject(codes.UNIT, factor.problem, expr.span, factor.fix)
