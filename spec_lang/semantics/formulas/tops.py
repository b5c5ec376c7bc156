"""Which elements of a tensor are the greatest: comparisons of `argtop(…)` with another such set; exact.

In: a set of positions and the expression that it is compared with, of which one is of constants.  Out: a
condition: every element of the known set is above all others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spec_lang.obligations.model import All, Condition
from spec_lang.semantics import codes
from spec_lang.semantics.formulas.clauses import Clause
from spec_lang.semantics.terms.elements import Fragment, Need, difference
from spec_lang.semantics.terms.values import Topmost
from spec_lang.syntax import ast

if TYPE_CHECKING:
    from spec_lang.semantics.formulas.translate import Translator


def same_top(translator: Translator, first: Topmost, other: ast.Expr, clause: Clause) -> Condition:
    """Both sets have the same members."""
    evaluator = translator.evaluator
    second = evaluator.value(other)
    if not isinstance(second, Topmost) or second.tensor.size != first.tensor.size:
        problem = "`argtop(…)` is compared with something else"
        fix = "compare it with the `argtop` of a tensor of as many elements"
        raise evaluator.reject(codes.COMPARISON, problem, other.span, fix)
    if first.count != second.count:
        problem = f"the {first.count} greatest elements are compared with the {second.count} greatest"
        raise evaluator.reject(codes.COMPARISON, problem, clause.span)
    if first.tensor.is_constant:
        first, second = second, first
    if not second.tensor.is_constant:
        problem = f"`{clause}` compares which elements are the greatest, and neither side is constant"
        translator.surroundings.beyond(Need(Fragment.PIECEWISE, problem, clause.span))
        return All(())
    members = _members(second)
    if len(members) != second.count:
        problem = f"elements tie for place {second.count}: which are the greatest is not determined"
        raise evaluator.reject(codes.GRADIENT, problem, clause.span, "ask for more or fewer of them")
    elements = first.tensor.elements
    return All(
        tuple(
            translator.below(difference(elements[rival], elements[member]), True, clause)
            for member in members
            for rival in range(len(elements))
            if rival not in members
        )
    )


def _members(known: Topmost) -> tuple[int, ...]:
    """Those with fewer greater elements than `count`."""
    constants = known.tensor.constants
    least = sorted(constants, reverse=True)[known.count - 1]
    return tuple(place for place, value in enumerate(constants) if value >= least)
