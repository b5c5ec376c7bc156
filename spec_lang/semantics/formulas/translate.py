"""Formulas to conditions: and/or trees of strict or closed linear atoms, negations pushed to the leaves.

In: a formula, and whether it is to hold or to fail.  Out: a `Condition` that is true exactly where it does;
what no backend takes is reported to the surroundings as a need, and the condition is not to be used then.
Every atom carries the clause that it comes from: the conjunct of the claim, as the user wrote it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import Final, TypeVar

from spec_lang.diagnostics import Span
from spec_lang.obligations.model import All, Any, Condition, LinearAtom
from spec_lang.semantics import codes
from spec_lang.semantics.formulas.clauses import Clause, clause_of, pair_clause
from spec_lang.semantics.formulas.comparisons import compare
from spec_lang.semantics.formulas.indices import index_values, is_index
from spec_lang.semantics.formulas.many_kinks import MAX_KINKS, by_values
from spec_lang.semantics.formulas.roots import squared
from spec_lang.semantics.formulas.surroundings import PartCount, Surroundings
from spec_lang.semantics.rejection import Rejected
from spec_lang.semantics.terms.elements import (
    ONE,
    Either,
    Element,
    Fragment,
    Greatest,
    Linear,
    Need,
    Opaque,
    Piecewise,
    Root,
    combine,
    scaled,
)
from spec_lang.semantics.terms.expressions import Evaluator
from spec_lang.semantics.terms.values import FormulaValue, NetworkValue, Tensor, Value
from spec_lang.semantics.traverse import substitute, walk
from spec_lang.semantics.wording import describe
from spec_lang.syntax import ast

# `<=>` doubles its operands; past this many parts a formula is a mistake or an attack.
MAX_PARTS: Final = 100_000
T = TypeVar("T")

__all__ = ["PartCount", "Surroundings", "Translator", "every", "negated"]


class Translator:
    """Translates formulas."""

    __slots__ = ("_multiples", "count", "evaluator", "surroundings")

    def __init__(
        self, evaluator: Evaluator, surroundings: Surroundings, count: PartCount | None = None
    ) -> None:
        self.evaluator = evaluator
        self.surroundings = surroundings
        self.count = count or PartCount()
        # By the identity of the maximum, kept with them; to find an equal one would take all its terms.
        self._multiples: dict[tuple[int, Fraction], tuple[Greatest, tuple[Element, ...]]] = {}

    def reading(self, evaluator: Evaluator) -> Translator:
        """The same translator with another evaluator."""
        return Translator(evaluator, self.surroundings, self.count)

    def with_name(self, name: str, value: Value) -> Translator:
        return self.reading(self.evaluator.with_name(name, value))

    def with_names(self, names: Mapping[str, Value]) -> Translator:
        return self.reading(self.evaluator.with_names(names))

    def condition(self, expr: ast.Expr, holds: bool, clause: Clause | None = None) -> Condition:
        """True exactly where `expr` holds (or fails, without `holds`).

        All operands are looked at before `Rejected` is raised, so that each reports its own mistake.
        """
        self.take_one(expr.span)
        match expr:
            case ast.And(operands=operands):
                return self._junction(operands, holds, conjunctive=holds, clause=clause)
            case ast.Or(operands=operands):
                return self._junction(
                    operands, holds, conjunctive=not holds, clause=clause or clause_of(expr)
                )
            case ast.Not(operand=operand):
                return self.condition(operand, not holds, clause or clause_of(expr))
            case ast.Implies(premise=premise, conclusion=conclusion):
                clause = clause or clause_of(expr)
                left = partial(self.condition, premise, not holds, clause)
                right = partial(self.condition, conclusion, holds, clause)
                parts = every(left, right)
                return Any(parts) if holds else All(parts)
            case ast.Iff(left=left_side, right=right_side):
                return self._iff(left_side, right_side, holds, clause or clause_of(expr))
            case ast.Compare():
                return self._chain(expr, holds, clause)
            case ast.Quantified():
                return self._quantified(expr, holds, clause)
            case ast.If():
                return self._if(expr, holds, clause or clause_of(expr))
            case ast.Let():
                inner = self.reading(self.evaluator.within(expr))
                return inner.condition(expr.body, holds, clause)
            case ast.Name(text=text) if isinstance(self.evaluator.names.get(text), FormulaValue):
                return self._named(text, holds, clause)
            case _:
                raise self._not_a_formula(expr)

    def _named(self, name: str, holds: bool, clause: Clause | None) -> Condition:
        value = self.evaluator.names[name]
        if not isinstance(value, FormulaValue):  # pragma: no cover - the caller has looked
            raise Rejected
        return self.with_names(value.names).condition(value.formula, holds, clause)

    def _junction(
        self, operands: tuple[ast.Expr, ...], holds: bool, *, conjunctive: bool, clause: Clause | None
    ) -> Condition:
        parts = every(*(partial(self.condition, part, holds, clause) for part in operands))
        return All(parts) if conjunctive else Any(parts)

    def _iff(self, left: ast.Expr, right: ast.Expr, holds: bool, clause: Clause) -> Condition:
        """Both sides hold or both fail; without `holds`, one of them alone holds."""
        (left_true, left_false), (right_true, right_false) = every(
            partial(self.branches, left, clause), partial(self.branches, right, clause)
        )
        if not holds:
            right_true, right_false = right_false, right_true
        return Any((All((left_true, right_true)), All((left_false, right_false))))

    def branches(self, expr: ast.Expr, clause: Clause | None = None) -> tuple[Condition, Condition]:
        """Where `expr` holds, and where it does not."""
        if any(isinstance(node, ast.Quantified) for node in walk(expr)):
            # A point that must exist for the one must not for the other, which is reported.
            return self.condition(expr, True, clause), self.condition(expr, False, clause)
        yes = self.condition(expr, True, clause)
        return yes, negated(yes, partial(self.take_one, expr.span))

    def _if(self, expr: ast.If, holds: bool, clause: Clause) -> Condition:
        (yes, no), (then,), (otherwise,) = every(
            partial(self.branches, expr.condition, clause),
            lambda: (self.condition(expr.then, holds, clause),),
            lambda: (self.condition(expr.otherwise, holds, clause),),
        )
        return Any((All((yes, then)), All((no, otherwise))))

    def _not_a_formula(self, expr: ast.Expr) -> Rejected:
        reject = self.evaluator.reject
        if isinstance(expr, ast.SetBuilder | ast.Meet | ast.Join):
            problem = "a region stands where a condition is needed"
            return reject(codes.KIND, problem, expr.span, "write `x in …`")
        problem = f"{describe(self.evaluator.value(expr))} stands where a condition is needed"
        return reject(codes.KIND, problem, expr.span, "compare it with something")

    # -- quantifiers ---------------------------------------------------------------------------------

    def _quantified(self, expr: ast.Quantified, holds: bool, clause: Clause | None) -> Condition:
        binding, *others = expr.bindings
        rest = replace(expr, bindings=tuple(others)) if others else expr.body
        name = binding.variable.text
        universal = expr.quantifier is ast.Quantifier.FORALL
        if is_index(binding):
            values = index_values(binding, rest, self)
            spelled = (substitute(rest, {name: value}) for value in values)
            parts = every(*(partial(self.condition, part, holds, clause) for part in spelled))
            return All(parts) if universal is holds else Any(parts)
        if universal is holds:  # the point is searched for, so that it can only be one that must exist
            word = expr.quantifier.value
            problem = f"this `{word}` stands where the points of the claim alternate between all and some"
            self.surroundings.beyond(Need(Fragment.ALTERNATION, problem, expr.span))
        point = self.surroundings.bind(binding, rest, self)
        inner = self.with_name(name, point)
        region, body = every(
            partial(self.region_of, binding, point), partial(inner.condition, rest, holds, clause)
        )
        return All((region, body))

    def region_of(self, binding: ast.Binding, point: Tensor | NetworkValue) -> Condition:
        """What it means for a variable to lie where its binding says."""
        domain = binding.domain
        if isinstance(point, NetworkValue) or domain is None:
            return All(())
        if isinstance(domain, ast.IndexRange | ast.IndexSet):  # pragma: no cover - that is an index
            raise Rejected
        return self.surroundings.inside(domain, point, self)

    # -- comparisons -------------------------------------------------------------------------------

    def _chain(self, expr: ast.Compare, holds: bool, clause: Clause | None) -> Condition:
        operands = (expr.first, *(operand for _, operand in expr.rest))
        single = len(expr.rest) == 1
        pairs = [
            partial(
                compare, self, (a, relation, b), holds, clause or pair_clause(expr, a, relation, b, single)
            )
            for a, (relation, b) in zip(operands, expr.rest, strict=False)
        ]
        parts = every(*pairs)
        if single:
            return parts[0]
        return All(parts) if holds else Any(parts)

    def below(self, element: Element, strict: bool, clause: Clause) -> Condition:
        """`element <= 0`, or `element < 0`; exact."""
        self.take_one(clause.span)
        match element:
            case Linear(constant, inputs, outputs):
                return LinearAtom(inputs, outputs, constant, strict, clause, clause.span)
            case Opaque(need):
                self.surroundings.beyond(need)
                return All(())
            case Piecewise(linear, kinks):
                self.surroundings.uses(Fragment.PIECEWISE, clause.span)
                if (known := by_values(element, self.surroundings.greater)) is not None:
                    return self.below(known, strict, clause)
                if len(kinks) > MAX_KINKS:
                    problem = f"`{clause}` adds up {len(kinks)} absolute values, maxima or branches; "
                    problem += f"this version spells out {MAX_KINKS}"
                    self.surroundings.beyond(Need(Fragment.PIECEWISE, problem, clause.span))
                    return All(())
                for place, (factor, kink) in enumerate(kinks):
                    if not isinstance(kink, Root):
                        others = (*kinks[:place], *kinks[place + 1 :])
                        rest = Piecewise(linear, others) if others else linear
                        return self._spelled(rest, (factor, kink), strict, clause)
                return self._roots(element, strict, clause)

    def _spelled(
        self, rest: Element, part: tuple[Fraction, Greatest | Either], strict: bool, clause: Clause
    ) -> Condition:
        """`rest + factor · kink <= 0`, or `< 0`, piece by piece."""
        factor, kink = part

        def with_kink(multiple: Element) -> Condition:
            return self.below(combine(((ONE, rest), (ONE, multiple))), strict, clause)

        if isinstance(kink, Greatest):
            parts = tuple(map(with_kink, self._options(factor, kink)))
            return All(parts) if factor > 0 else Any(parts)
        then, otherwise = (with_kink(scaled(option, factor)) for option in (kink.then, kink.otherwise))
        return Any((All((kink.condition, then)), All((kink.negation, otherwise))))

    def _options(self, factor: Fraction, kink: Greatest) -> tuple[Element, ...]:
        """The multiples of its options, made once: a maximum is met with every option of those before it."""
        known = self._multiples
        if (id(kink), factor) not in known:
            known[id(kink), factor] = kink, tuple(scaled(option, factor) for option in kink.options)
        return known[id(kink), factor][1]

    def _roots(self, element: Piecewise, strict: bool, clause: Clause) -> Condition:
        """`element <= 0`, or `element < 0`, where roots alone are not linear, by squaring both sides."""
        found = squared(element, self.surroundings.squares)
        if isinstance(found, str):
            self.surroundings.beyond(Need(Fragment.SMOOTH, f"`{clause}` {found}", clause.span))
            return All(())
        parts = tuple(self.below(form, strict, clause) for form in found.forms)
        return All(parts) if found.conjunctive else Any(parts)

    def equal(self, element: Element, clause: Clause) -> Condition:
        """`element == 0`; exact."""
        return All((self.below(element, False, clause), self.below(scaled(element, -ONE), False, clause)))

    def take_one(self, span: Span) -> None:
        """Counts a part.  Raises `Rejected` past the limit, which is reported once."""
        self.count.made += 1
        if self.count.made == MAX_PARTS + 1:
            problem = f"this formula has more than {MAX_PARTS:,} parts once it is spelled out"
            raise self.evaluator.reject(codes.TOO_MANY_CASES, problem, span, "split it into several claims")
        if self.count.made > MAX_PARTS:
            raise Rejected


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


def negated(condition: Condition, take_one: Callable[[], None] = lambda: None) -> Condition:
    """True exactly where `condition` is false; `take_one` is called for every part."""
    take_one()
    match condition:
        case LinearAtom():
            return condition.negated()
        case All(parts=parts):
            return Any(tuple(negated(part, take_one) for part in parts))
        case Any(parts=parts):
            return All(tuple(negated(part, take_one) for part in parts))
