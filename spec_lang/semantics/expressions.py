"""Expressions to values: arithmetic, components, elements, applications, all exact.

In: an expression and what its names denote.  Out: a `Value`; a tensor's elements are linear forms over
network-space inputs and outputs.  What the user got wrong is logged once, and `Rejected` unwinds to the
nearest clause, so that the other clauses are still checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import prod
from typing import Protocol

from spec_lang.diagnostics import DiagnosticLog, Note, Span, did_you_mean
from spec_lang.semantics import codes
from spec_lang.semantics.arguments import Signed, bind_arguments
from spec_lang.semantics.clauses import clause_text
from spec_lang.semantics.functions import FUNCTIONS, LATER_FUNCTIONS, REGION_FUNCTIONS, apply
from spec_lang.semantics.values import (
    ONE,
    FamilyValue,
    LayerValue,
    Linear,
    NetworkValue,
    Tensor,
    Value,
    broadcast,
    combine,
    offset_of,
    scalar,
)
from spec_lang.semantics.wording import describe, listed, shape_text, unknown_name
from spec_lang.syntax import ast


class Rejected(Exception):
    """The user's mistake, already in the log; unwinds to the nearest place that can go on without."""


class Networks(Protocol):
    """What an evaluator must know of the network families and of the network that the claim speaks of."""

    def member(self, name: ast.Name, indices: tuple[int, ...], span: Span) -> Value:
        """A family's member.  Raises `Rejected`."""

    def apply(self, function: NetworkValue | LayerValue, span: Span) -> Tensor:
        """The outputs, or a hidden tensor, at the quantified point.  Raises `Rejected`."""

    def layer(self, network: NetworkValue, name: ast.Name) -> LayerValue:
        """A network's hidden tensor.  Raises `Rejected`."""


class Evaluator:
    """Evaluates expressions whose names denote `names`; without `networks`, constants alone."""

    __slots__ = ("_broken", "_names", "_networks", "log")

    def __init__(
        self,
        log: DiagnosticLog,
        names: Mapping[str, Value],
        networks: Networks | None = None,
        broken: frozenset[str] = frozenset(),
    ) -> None:
        self.log = log
        self._names = names
        self._networks = networks
        self._broken = broken

    def with_name(self, name: str, value: Value) -> Evaluator:
        return Evaluator(self.log, {**self._names, name: value}, self._networks, self._broken)

    @property
    def names(self) -> Mapping[str, Value]:
        return self._names

    def knows(self, name: str) -> bool:
        return name in self._names

    def is_broken(self, name: str) -> bool:
        """Whether a declaration of this name did not parse, which has been reported."""
        return name in self._broken

    def reject(
        self, code: str, problem: str, span: Span, fix: str | None = None, notes: tuple[Note, ...] = ()
    ) -> Rejected:
        """Logs the problem; what it returns is to be raised."""
        self.log.error(code, problem, span, fix, notes)
        return Rejected()

    def reject_name(self, name: ast.Name, known: Iterable[str], otherwise: str | None = None) -> Rejected:
        """Logs that nothing declares `name`; what it returns is to be raised."""
        self.log.add(unknown_name(name, known, otherwise))
        return Rejected()

    # -- entry points --------------------------------------------------------------------------

    def tensor(self, expr: ast.Expr) -> Tensor:
        """The value of `expr`, which must be a number or a tensor."""
        value = self.value(expr)
        if isinstance(value, Tensor):
            return value
        raise self.reject(codes.KIND, f"{describe(value)} stands where a number is needed", expr.span)

    def constant(self, expr: ast.Expr, what: str) -> Tensor:
        """The value of `expr`, which must not depend on the quantified point."""
        value = self.tensor(expr)
        if value.is_constant:
            return value
        raise self.reject(codes.KIND, f"{what} must be constant", expr.span)

    def number(self, expr: ast.Expr, what: str) -> Fraction:
        """The value of `expr`, which must be one constant."""
        value = self.constant(expr, what)
        if value.size == 1:
            return value.elements[0].constant
        raise self.reject(codes.DIMENSION, f"{what} must be one number, this has {value.size}", expr.span)

    def integer(self, expr: ast.Expr, what: str) -> int:
        """The value of `expr`, which must be one constant integer."""
        value = self.number(expr, what)
        if value.denominator == 1:
            return value.numerator
        raise self.reject(codes.KIND, f"{what} must be an integer, this is {value}", expr.span)

    def value(self, expr: ast.Expr) -> Value:
        match expr:
            case ast.Number(value=value, unit=None):
                return scalar(value)
            case ast.Number(unit=unit):
                raise self.reject(
                    codes.KIND, f"the unit `{unit}` has no meaning here", expr.span, "leave it out"
                )
            case ast.Name():
                return self._name(expr)
            case ast.Attribute():
                return self._attribute(expr)
            case ast.Index():
                return self._index(expr)
            case ast.Call():
                return self._call(expr)
            case ast.TensorLiteral():
                return self._literal(expr)
            case ast.Negate(operand=operand):
                tensor = self.tensor(operand)
                return Tensor(tensor.shape, tuple(e.scaled(-ONE) for e in tensor.elements))
            case ast.Sum(terms=terms):
                return self._sum(terms, expr.span)
            case ast.Product(factors=factors):
                return self._product(factors, expr.span)
            case ast.String():
                raise self.reject(codes.KIND, "text stands where a number is needed", expr.span)
            case ast.SetBuilder() | ast.Meet():
                raise self.reject(codes.KIND, "a region stands where a number is needed", expr.span)
            case _:
                raise self.reject(codes.KIND, "a condition stands where a number is needed", expr.span)

    # -- names, components, elements ---------------------------------------------------------------

    def _name(self, name: ast.Name) -> Value:
        found = self._names.get(name.text)
        if found is not None:
            return found
        if name.text in self._broken:
            raise Rejected
        raise self.reject_name(name, self._names)

    def _attribute(self, expr: ast.Attribute) -> Value:
        base = self.value(expr.base)
        name = expr.name
        if isinstance(base, NetworkValue) and self._networks is not None:
            if name.text == "domain":
                raise self.reject(codes.KIND, "a region stands where a number is needed", expr.span)
            return self._networks.layer(base, name)
        if not isinstance(base, Tensor):
            raise self.reject(codes.COMPONENT, f"{describe(base)} has no component `{name.text}`", name.span)
        if base.names is None:
            text = clause_text(expr.base)
            problem = f"the elements of `{text}` have no names"
            raise self.reject(codes.COMPONENT, problem, name.span, f"write `{text}[0]` for the first one")
        if name.text not in base.names.names:
            problem = f"{base.names.owner} has no component `{name.text}`"
            names = base.names.names
            fix = did_you_mean(name.text, names) or f"its components are {listed(names)}"
            raise self.reject(codes.COMPONENT, problem, name.span, fix)
        return Tensor((), (base.elements[base.names.names.index(name.text)],))

    def _index(self, expr: ast.Index) -> Value:
        indices = tuple(self.integer(index, "an index") for index in expr.indices)
        if isinstance(expr.base, ast.Name) and self._networks is not None:
            family = self._names.get(expr.base.text)
            if isinstance(family, FamilyValue):
                return self._networks.member(expr.base, indices, expr.span)
        base = self.value(expr.base)
        if not isinstance(base, Tensor):
            raise self.reject(codes.KIND, f"{describe(base)} cannot be indexed", expr.span)
        return self._element(base, indices, expr)

    def _element(self, base: Tensor, indices: tuple[int, ...], expr: ast.Index) -> Tensor:
        shape = base.shape or (1,)  # a single number may be indexed like a vector of one
        if len(indices) > len(shape):
            problem = (
                f"`{clause_text(expr.base)}` has shape {shape_text(shape)}, not {len(indices)} dimensions"
            )
            raise self.reject(codes.ELEMENT, problem, expr.span)
        for index, extent, part in zip(indices, shape, expr.indices, strict=False):
            if not 0 <= index < extent:
                problem = (
                    f"`{clause_text(expr.base)}` has no element {index}: its shape is {shape_text(shape)}"
                )
                raise self.reject(codes.ELEMENT, problem, part.span, f"indices run from 0 to {extent - 1}")
        rest = shape[len(indices) :]
        start = offset_of(shape[: len(indices)], indices) * prod(rest)
        return Tensor(rest, base.elements[start : start + prod(rest)])

    def _literal(self, expr: ast.TensorLiteral) -> Tensor:
        parts = [self.tensor(element) for element in expr.elements]
        if not parts:
            raise self.reject(codes.DIMENSION, "a tensor needs an element", expr.span)
        for part, element in zip(parts, expr.elements, strict=True):
            if part.shape != parts[0].shape:
                shapes = shape_text(part.shape), shape_text(parts[0].shape)
                problem = f"this element has shape {shapes[0]}, the first one {shapes[1]}"
                raise self.reject(codes.DIMENSION, problem, element.span)
        elements = tuple(e for part in parts for e in part.elements)
        return Tensor((len(parts), *parts[0].shape), elements)

    # -- arithmetic --------------------------------------------------------------------------------

    def _sum(self, terms: Sequence[tuple[bool, ast.Expr]], span: Span) -> Tensor:
        first = terms[0][1]
        total = self.tensor(first)
        for subtracted, expr in terms[1:]:
            term = self.tensor(expr)
            shape, left, right = self._side_by_side((total, first.span), (term, expr.span), span)
            sign = -ONE if subtracted else ONE
            total = Tensor(
                shape, tuple(combine(((ONE, a), (sign, b))) for a, b in zip(left, right, strict=True))
            )
        return total

    def _product(self, factors: Sequence[tuple[bool, ast.Expr]], span: Span) -> Tensor:
        first = factors[0][1]
        total, variable = self.tensor(first), first
        for divides, expr in factors[1:]:
            factor = self.tensor(expr)
            shape, left, right = self._side_by_side((total, first.span), (factor, expr.span), span)
            if divides:
                right = self._reciprocals(right, factor, expr)
            elif not factor.is_constant:
                if not total.is_constant:
                    raise self.reject_product(variable, expr, span)
                variable = expr
                left, right = right, left
            pairs = zip(left, right, strict=True)
            total = Tensor(shape, tuple(a.scaled(b.constant) for a, b in pairs))
        return total

    def _reciprocals(self, elements: Sequence[Linear], factor: Tensor, expr: ast.Expr) -> Sequence[Linear]:
        if not factor.is_constant:
            problem = f"`{clause_text(expr)}` divides, but it is not constant"
            raise self.reject(
                codes.NONLINEAR, problem, expr.span, "multiply both sides of the comparison by it"
            )
        if any(element.constant == 0 for element in factor.elements):
            raise self.reject(codes.DIVISION_BY_ZERO, "division by zero", expr.span)
        return tuple(Linear(1 / element.constant) for element in elements)

    def reject_product(self, a: ast.Expr, b: ast.Expr, span: Span) -> Rejected:
        """Logs that two factors vary; what it returns is to be raised."""
        texts = clause_text(a), clause_text(b)
        problem = f"`{texts[0]}` times `{texts[1]}` is not linear: both depend on the quantified point"
        notes = (Note(f"`{texts[0]}` varies", a.span), Note(f"`{texts[1]}` varies", b.span))
        return self.reject(codes.NONLINEAR, problem, span, "at most one factor may vary", notes)

    def _side_by_side(
        self, a: tuple[Tensor, Span], b: tuple[Tensor, Span], span: Span
    ) -> tuple[tuple[int, ...], Sequence[Linear], Sequence[Linear]]:
        sides = broadcast(a[0], b[0])
        if sides is None:
            shapes = shape_text(a[0].shape), shape_text(b[0].shape)
            notes = (Note(f"shape {shapes[0]}", a[1]), Note(f"shape {shapes[1]}", b[1]))
            problem = f"tensors of shapes {shapes[0]} and {shapes[1]} do not fit together"
            raise self.reject(codes.DIMENSION, problem, span, None, notes)
        return sides

    # -- functions ---------------------------------------------------------------------------------

    def _call(self, expr: ast.Call) -> Value:
        if isinstance(expr.function, ast.Name) and expr.function.text not in self._names:
            return self._function(expr, expr.function)
        function = self.value(expr.function)
        if isinstance(function, FamilyValue):
            article = "is a network family" if function.kind == "network family" else "cannot be applied"
            fix = f"say which member: `{function.name}[…]`" if function.kind == "network family" else None
            raise self.reject(codes.KIND, f"`{function.name}` {article}", expr.function.span, fix)
        if not isinstance(function, NetworkValue | LayerValue) or self._networks is None:
            raise self.reject(codes.KIND, f"{describe(function)} cannot be applied", expr.function.span)
        if len(expr.arguments) != 1 or expr.arguments[0].name is not None:
            raise self.reject(codes.ARGUMENTS, "a network is applied to one point: `f(x)`", expr.span)
        argument = self.value(expr.arguments[0].value)
        if not isinstance(argument, Tensor) or not argument.is_point:
            problem = "this version applies a network to the quantified variable alone"
            raise self.reject(codes.UNSUPPORTED, problem, expr.arguments[0].span)
        return self._networks.apply(function, expr.span)

    def _function(self, expr: ast.Call, name: ast.Name) -> Value:
        if name.text in self._broken:
            raise Rejected
        if name.text in LATER_FUNCTIONS:
            raise self.reject(codes.UNSUPPORTED, f"`{name.text}` is not decided by this version", name.span)
        if name.text in REGION_FUNCTIONS:
            raise self.reject(codes.KIND, "a region stands where a number is needed", expr.span)
        if name.text not in FUNCTIONS:
            raise self.reject_name(name, (*self._names, *FUNCTIONS, *REGION_FUNCTIONS))
        parameters = FUNCTIONS[name.text]
        bound = bind_arguments(expr, Signed(name.text, parameters, parameters, parameters), self.log)
        if bound is None:
            raise Rejected
        operands = tuple(self.tensor(bound[parameter]) for parameter in parameters)
        if name.text == "dot":
            self._check_dot(expr, operands, tuple(bound.values()))
        return apply(name.text, operands)

    def _check_dot(self, expr: ast.Call, operands: Sequence[Tensor], written: Sequence[ast.Expr]) -> None:
        a, b = operands
        if a.size != b.size:
            problem = f"`dot` of tensors of {a.size} and of {b.size} elements"
            raise self.reject(codes.DIMENSION, problem, expr.span)
        if not a.is_constant and not b.is_constant:
            raise self.reject_product(written[0], written[1], expr.span)
