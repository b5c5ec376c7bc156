"""Formulas to conditions: and/or trees of strict or closed linear atoms, negations pushed to the leaves.

In: a formula, and whether it is to hold or to fail.  Out: a `Condition` that is true exactly where it does.
Every atom carries the clause that it comes from: the conjunct of the claim, as the user wrote it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

from spec_lang.diagnostics import Span, did_you_mean
from spec_lang.obligations.model import All, Any, Condition, LinearAtom
from spec_lang.semantics import codes
from spec_lang.semantics.clauses import clause_text
from spec_lang.semantics.expressions import Evaluator, Rejected
from spec_lang.semantics.traverse import is_extremum
from spec_lang.semantics.values import ONE, Extremisers, Extremum, Linear, Tensor, Value, combine
from spec_lang.semantics.wording import describe, listed, shape_text
from spec_lang.syntax import ast

# `<=>` doubles its operands; past this many parts a formula is a mistake or an attack.
MAX_PARTS: Final = 100_000

T = TypeVar("T")

RegionRule = Callable[[ast.Expr, "Translator"], Condition]


@dataclass(frozen=True, slots=True)
class Clause:
    """What a reader is shown when an atom decides."""

    text: str
    span: Span


@dataclass(slots=True)
class PartCount:
    """Parts looked at so far, over all the formulas of one claim."""

    made: int = 0


class Translator:
    """Translates formulas; `region` says what it means for the point to lie in a region."""

    __slots__ = ("count", "evaluator", "region_rule")

    def __init__(self, evaluator: Evaluator, region: RegionRule, count: PartCount | None = None) -> None:
        self.evaluator = evaluator
        self.region_rule = region
        self.count = count or PartCount()

    def with_name(self, name: str, value: Value) -> Translator:
        return Translator(self.evaluator.with_name(name, value), self.region_rule, self.count)

    def condition(self, expr: ast.Expr, holds: bool, clause: Clause | None = None) -> Condition:
        """True exactly where `expr` holds (or fails, without `holds`).

        All operands are looked at before `Rejected` is raised, so that each reports its own mistake.
        """
        self._take_one(expr.span)
        match expr:
            case ast.And(operands=operands):
                return self._junction(operands, holds, conjunctive=holds, clause=clause)
            case ast.Or(operands=operands):
                return self._junction(operands, holds, conjunctive=not holds, clause=clause or _clause(expr))
            case ast.Not(operand=operand):
                return self.condition(operand, not holds, clause or _clause(expr))
            case ast.Implies(premise=premise, conclusion=conclusion):
                clause = clause or _clause(expr)
                left = partial(self.condition, premise, not holds, clause)
                right = partial(self.condition, conclusion, holds, clause)
                parts = every(left, right)
                return Any(parts) if holds else All(parts)
            case ast.Iff(left=left_side, right=right_side):
                return self._iff(left_side, right_side, holds, clause or _clause(expr))
            case ast.Compare():
                return self._chain(expr, holds, clause)
            case _:
                raise self._not_a_formula(expr)

    def _junction(
        self, operands: tuple[ast.Expr, ...], holds: bool, *, conjunctive: bool, clause: Clause | None
    ) -> Condition:
        parts = every(*(partial(self.condition, part, holds, clause) for part in operands))
        return All(parts) if conjunctive else Any(parts)

    def _iff(self, left: ast.Expr, right: ast.Expr, holds: bool, clause: Clause) -> Condition:
        """Both sides hold or both fail; without `holds`, one of them alone holds."""
        cases = [
            partial(self.condition, side, polarity, clause)
            for polarity in (True, False)
            for side, polarity in ((left, polarity), (right, polarity is holds))
        ]
        left_true, right_with, left_false, right_without = every(*cases)
        return Any((All((left_true, right_with)), All((left_false, right_without))))

    def _not_a_formula(self, expr: ast.Expr) -> Rejected:
        reject = self.evaluator.reject
        if isinstance(expr, ast.Forall):
            problem = "this version takes one `forall`, at the front of a claim"
            return reject(codes.QUANTIFIER, problem, expr.span, "make it a claim of its own")
        if isinstance(expr, ast.SetBuilder | ast.Meet):
            problem = "a region stands where a condition is needed"
            return reject(codes.KIND, problem, expr.span, "write `x in …`")
        problem = f"{describe(self.evaluator.value(expr))} stands where a condition is needed"
        return reject(codes.KIND, problem, expr.span, "compare it with something")

    # -- comparisons -------------------------------------------------------------------------------

    def _chain(self, expr: ast.Compare, holds: bool, clause: Clause | None) -> Condition:
        operands = (expr.first, *(operand for _, operand in expr.rest))
        single = len(expr.rest) == 1
        pairs = [
            partial(self._pair, a, relation, b, holds, clause or _pair_clause(expr, a, relation, b, single))
            for a, (relation, b) in zip(operands, expr.rest, strict=False)
        ]
        parts = every(*pairs)
        if single:
            return parts[0]
        return All(parts) if holds else Any(parts)

    def _pair(
        self, a: ast.Expr, relation: ast.Comparison, b: ast.Expr, holds: bool, clause: Clause
    ) -> Condition:
        if relation is ast.Comparison.IN:
            return self._membership(a, b, holds, clause)
        if relation in (ast.Comparison.EQ, ast.Comparison.NE):
            for side, label in ((a, b), (b, a)):
                if is_extremum(side):
                    alone = self._extremum(self.evaluator.value(side), label, clause, side)
                    return alone if holds is (relation is ast.Comparison.EQ) else negated(alone)
        for side in (a, b):
            if is_extremum(side):
                problem = f"a set of positions cannot be compared by `{relation.value}`"
                raise self.evaluator.reject(codes.COMPARISON, problem, side.span, "use `==`, `!=` or `in`")
        left, right = every(partial(self.evaluator.value, a), partial(self.evaluator.value, b))
        return self._compare((left, a), relation, (right, b), holds, clause)

    def _compare(
        self,
        a: tuple[Value, ast.Expr],
        relation: ast.Comparison,
        b: tuple[Value, ast.Expr],
        holds: bool,
        clause: Clause,
    ) -> Condition:
        forms = [self._number(value, relation, expr) for value, expr in (a, b)]
        difference = combine(((ONE, forms[0]), (-ONE, forms[1])))
        result: Condition
        match relation:
            case ast.Comparison.LE:
                result = self._atom(difference, False, clause)
            case ast.Comparison.LT:
                result = self._atom(difference, True, clause)
            case ast.Comparison.GE:
                result = self._atom(difference.scaled(-ONE), False, clause)
            case ast.Comparison.GT:
                result = self._atom(difference.scaled(-ONE), True, clause)
            case _:
                below = self._atom(difference, False, clause)
                above = self._atom(difference.scaled(-ONE), False, clause)
                equal = All((below, above))
                return equal if holds is (relation is ast.Comparison.EQ) else negated(equal)
        return result if holds else negated(result)

    def _number(self, value: Value, relation: ast.Comparison, expr: ast.Expr) -> Linear:
        if isinstance(value, Tensor) and value.size == 1:
            return value.elements[0]
        if isinstance(value, Tensor):
            problem = f"`{relation.value}` compares numbers; this is {describe(value)}"
            fix = f"compare its elements, as in `{clause_text(expr)}[0]`"
            if value.names is not None:
                fix = f"compare its components, as in `{clause_text(expr)}.{value.names.names[0]}`"
            if value.is_point:
                fix += ", or say `x in box(…)`"
            raise self.evaluator.reject(codes.COMPARISON, problem, expr.span, fix)
        raise self.evaluator.reject(
            codes.KIND, f"{describe(value)} stands where a number is needed", expr.span
        )

    def _atom(self, form: Linear, strict: bool, clause: Clause) -> LinearAtom:
        """`form <= 0`, or `form < 0`."""
        self._take_one(clause.span)
        return LinearAtom(form.inputs, form.outputs, form.constant, strict, clause.text, clause.span)

    def _take_one(self, span: Span) -> None:
        self.count.made += 1
        if self.count.made == MAX_PARTS + 1:
            problem = f"this formula has more than {MAX_PARTS:,} parts once `<=>` is spelled out"
            raise self.evaluator.reject(codes.TOO_MANY_CASES, problem, span, "split it into several claims")
        if self.count.made > MAX_PARTS:
            raise Rejected

    # -- membership and extrema ----------------------------------------------------------------------

    def _membership(self, a: ast.Expr, b: ast.Expr, holds: bool, clause: Clause) -> Condition:
        if is_extremum(b):
            extremisers = self.evaluator.value(b)
            if isinstance(extremisers, Extremisers):
                label = self._label(extremisers, a)
                among = self._wins(extremisers, label, strictly=False, clause=clause)
                return among if holds else negated(among)
        left = self.evaluator.value(a)
        if not isinstance(left, Tensor) or not left.is_point:
            problem = "left of `in` stands the quantified point, or a label with `argmax(…)` on the right"
            fix = f"write `lower <= {clause_text(a)} <= upper` for an interval"
            raise self.evaluator.reject(codes.COMPARISON, problem, a.span, fix)
        inside = self.region_rule(b, self)
        return inside if holds else negated(inside)

    def _extremum(self, value: Value, label: ast.Expr, clause: Clause, side: ast.Expr) -> Condition:
        if not isinstance(value, Extremisers):  # pragma: no cover - `is_extremum` saw the call
            raise self.evaluator.reject(codes.KIND, f"{describe(value)} is not a set of positions", side.span)
        if is_extremum(label):
            problem = "this version does not compare two sets of positions"
            raise self.evaluator.reject(
                codes.UNSUPPORTED, problem, label.span, "name the label: `argmax(y) == 0`"
            )
        return self._wins(value, self._label(value, label), strictly=True, clause=clause)

    def _wins(self, extremisers: Extremisers, label: int, *, strictly: bool, clause: Clause) -> Condition:
        """`label` is an extremiser; with `strictly`, the only one."""
        elements = extremisers.tensor.elements
        sign = ONE if extremisers.which is Extremum.ARGMAX else -ONE
        rivals = (j for j in range(len(elements)) if j != label)
        return All(
            tuple(
                self._atom(combine(((sign, elements[j]), (-sign, elements[label]))), strictly, clause)
                for j in rivals
            )
        )

    def _label(self, extremisers: Extremisers, expr: ast.Expr) -> int:
        tensor = extremisers.tensor
        if isinstance(expr, ast.Name) and tensor.names is not None and expr.text in tensor.names.names:
            return tensor.names.names.index(expr.text)
        if isinstance(expr, ast.Name) and tensor.names is not None and not self.evaluator.knows(expr.text):
            if self.evaluator.is_broken(expr.text):
                raise Rejected
            known = tensor.names.names
            problem = f"`{expr.text}` is not one of the labels of {tensor.names.owner}"
            fix = did_you_mean(expr.text, known) or f"they are {listed(known)}"
            raise self.evaluator.reject(codes.LABEL, problem, expr.span, fix)
        position = self.evaluator.integer(expr, "a label")
        if 0 <= position < tensor.size:
            return position
        problem = f"there is no label {position}: the tensor has shape {shape_text(tensor.shape)}"
        fix = f"labels run from 0 to {tensor.size - 1}"
        raise self.evaluator.reject(codes.LABEL, problem, expr.span, fix)


def every(*parts: Callable[[], T]) -> tuple[T, ...]:
    """All results; each part is tried before `Rejected` is raised."""
    results: list[T] = []
    rejected = False
    for part in parts:
        try:
            results.append(part())
        except Rejected:
            rejected = True
    if rejected:
        raise Rejected
    return tuple(results)


def negated(condition: Condition) -> Condition:
    """True exactly where `condition` is false."""
    match condition:
        case LinearAtom():
            return condition.negated()
        case All(parts=parts):
            return Any(tuple(map(negated, parts)))
        case Any(parts=parts):
            return All(tuple(map(negated, parts)))


def _clause(expr: ast.Expr) -> Clause:
    return Clause(clause_text(expr), expr.span)


def _pair_clause(
    chain: ast.Compare, a: ast.Expr, relation: ast.Comparison, b: ast.Expr, single: bool
) -> Clause:
    if single:
        return _clause(chain)
    return _clause(ast.Compare(chain.span, a, ((relation, b),)))
