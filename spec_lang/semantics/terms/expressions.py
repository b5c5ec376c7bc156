"""Expressions to values: arithmetic, components, elements, applications, all exact.

In: an expression and what its names denote.  Out: a `Value`; a tensor's elements are functions of the flat
inputs and outputs of the claim's graph.  What the user got wrong is logged once, and `Rejected` unwinds to
the nearest clause, so that the other clauses are still checked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Protocol

from spec_lang.diagnostics import DiagnosticLog, Note, Span, did_you_mean
from spec_lang.obligations.model import Condition
from spec_lang.semantics import codes
from spec_lang.semantics.formulas.clauses import clause_text
from spec_lang.semantics.formulas.formula_kind import is_formula
from spec_lang.semantics.rejection import Rejected
from spec_lang.semantics.terms import arithmetic
from spec_lang.semantics.terms.calls import call
from spec_lang.semantics.terms.elements import ONE, either, scaled
from spec_lang.semantics.terms.elements_of import element_of, part_of
from spec_lang.semantics.terms.functions import Values
from spec_lang.semantics.terms.units_of import settled
from spec_lang.semantics.terms.values import (
    ArrayValue,
    Cosine,
    DataValue,
    FamilyValue,
    FormulaValue,
    LayerValue,
    NetworkValue,
    OutputsValue,
    OutputValue,
    Tensor,
    Value,
    scalar,
)
from spec_lang.semantics.wording import describe, listed, shape_text, unknown_name
from spec_lang.syntax import ast
from spec_lang.syntax.words import TRUTH_VALUES

__all__ = ["Evaluator", "Networks", "Rejected"]

Observer = Callable[[ast.Expr, Value], None]
Arguments = Sequence[tuple[ast.Name | None, Tensor, ast.Expr]]


class Networks(Values, Protocol):
    """What an evaluator must know of the networks, and of the claim that it reads."""

    def label(self, name: str) -> int | None:
        """The position of the output of that name, where all networks that have one agree."""

    def member(self, name: ast.Name, indices: tuple[int, ...], span: Span) -> Value:
        """A family's member.  Raises `Rejected`."""

    def apply(self, function: NetworkValue | LayerValue, arguments: Arguments, span: Span) -> Value:
        """The outputs, or a hidden tensor, at a point.  Raises `Rejected`."""

    def part(self, network: NetworkValue, name: ast.Name) -> LayerValue | OutputValue:
        """A network's hidden tensor or output, not applied.  Raises `Rejected`."""

    def output(self, network: NetworkValue, position: int, span: Span) -> OutputValue:
        """One output by its number.  Raises `Rejected`."""

    def special(self, name: str, written: ast.Call, arguments: Sequence[Value]) -> Value:
        """`grad`, `preactivations` and their like.  Raises `Rejected`."""

    def branches(self, condition: ast.Expr, evaluator: Evaluator) -> tuple[Condition, Condition]:
        """Where a condition holds, and where it does not.  Raises `Rejected`."""


class Evaluator:
    """Evaluates expressions whose names denote `names`; without `networks`, constants alone."""

    __slots__ = ("_broken", "_is_silent", "_names", "log", "networks", "observer")

    def __init__(
        self,
        log: DiagnosticLog,
        names: Mapping[str, Value],
        networks: Networks | None = None,
        broken: frozenset[str] = frozenset(),
        observer: Observer | None = None,
    ) -> None:
        self.log = log
        self._names = names
        self.networks = networks
        self._broken = broken
        self._is_silent = False
        self.observer = observer

    def with_name(self, name: str, value: Value) -> Evaluator:
        return self.with_names({**self._names, name: value})

    def with_names(self, names: Mapping[str, Value]) -> Evaluator:
        """The same evaluator where names denote `names`, and nothing else."""
        other = Evaluator(self.log, names, self.networks, self._broken, self.observer)
        other._is_silent = self._is_silent
        return other

    def silent(self) -> Evaluator:
        """The same evaluator, for a trial: what it gets wrong is put into words for nobody."""
        other = Evaluator(DiagnosticLog(), self._names, self.networks, self._broken)
        other._is_silent = True
        return other

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
        if self._is_silent:
            return Rejected()
        self.log.add(unknown_name(name, known, otherwise))
        return Rejected()

    # -- entry points --------------------------------------------------------------------------

    def tensor(self, expr: ast.Expr) -> Tensor:
        """The value of `expr`, which must be a number or a tensor, no unit of it still to be converted."""
        return settled(self.operand(expr), None, expr, self)

    def operand(self, expr: ast.Expr) -> Tensor:
        """The value of `expr`, which must be a number or a tensor; quantities are as they are written."""
        return self.as_tensor(self.value(expr), expr.span)

    def as_tensor(self, value: Value, span: Span) -> Tensor:
        """`value`, which must be a number or a tensor."""
        if isinstance(value, ArrayValue):
            try:
                return value.tensor()
            except ValueError as error:
                raise self.reject(codes.DATA_VALUE, str(error), span) from None
        if isinstance(value, Tensor):
            return value
        fix = None
        if isinstance(value, OutputValue):
            fix = "apply the network to a point first: `f(x).speed`, `f(x)[0]`"
        if isinstance(value, Cosine):
            fix = "compare it with a number, by itself: `cosine(a, b) >= 0.9`"
        raise self.reject(codes.KIND, f"{describe(value)} stands where a number is needed", span, fix)

    def constant(self, expr: ast.Expr, what: str, units: tuple[str | None, ...] | None = None) -> Tensor:
        """The value of `expr`, which must not depend on the quantified points; in `units`, if given."""
        value = settled(self.operand(expr), units, expr, self)
        if value.is_constant:
            return value
        raise self.reject(codes.KIND, f"{what} must be constant", expr.span)

    def number(self, expr: ast.Expr, what: str, unit: str | None = None) -> Fraction:
        """The value of `expr`, which must be one constant."""
        value = self.constant(expr, what, (unit,))
        if value.size == 1:
            return value.constants[0]
        raise self.reject(codes.DIMENSION, f"{what} must be one number, this has {value.size}", expr.span)

    def integer(self, expr: ast.Expr, what: str) -> int:
        """The value of `expr`, which must be one constant integer."""
        value = self.number(expr, what)
        if value.denominator == 1:
            return value.numerator
        raise self.reject(codes.KIND, f"{what} must be an integer, this is {value}", expr.span)

    def value(self, expr: ast.Expr) -> Value:
        """What `expr` denotes.  Raises `Rejected`."""
        value = self._value(expr)
        if self.observer is not None:
            self.observer(expr, value)
        return value

    def _value(self, expr: ast.Expr) -> Value:
        match expr:
            case ast.Number(value=value, unit=None):
                return scalar(value)
            case ast.Number(value=value, unit="%"):
                return scalar(value / 100)
            case ast.Number(value=value, unit=unit):
                return replace(scalar(value), units=(unit,), written=True)
            case ast.Name():
                return self._name(expr)
            case ast.Attribute():
                return self._attribute(expr)
            case ast.Index():
                return self._index(expr)
            case ast.Call():
                return call(self, expr)
            case ast.TensorLiteral():
                return self._literal(expr)
            case ast.Negate(operand=operand):
                return self._negated(self.operand(operand))
            case ast.Sum(terms=terms):
                return arithmetic.total(self, terms, expr.span)
            case ast.Product(factors=factors):
                return arithmetic.product(self, factors, expr.span)
            case ast.If():
                return self._if(expr)
            case ast.Let():
                return self.within(expr).value(expr.body)
            case ast.String():
                raise self.reject(codes.KIND, "text stands where a number is needed", expr.span)
            case ast.SetBuilder() | ast.Meet() | ast.Join():
                raise self.reject(codes.KIND, "a region stands where a number is needed", expr.span)
            case _:
                raise self.reject(codes.KIND, "a condition stands where a number is needed", expr.span)

    def within(self, let: ast.Let) -> Evaluator:
        """The evaluator of a `let`'s body."""
        inner = self
        for definition in let.definitions:
            value: Value
            if is_formula(definition.value, inner.names):
                value = FormulaValue(definition.value, inner.names)
            else:
                value = inner.value(definition.value)
            inner = inner.with_name(definition.name.text, value)
        return inner

    # -- names, components, elements ---------------------------------------------------------------

    def _name(self, name: ast.Name) -> Value:
        found = self._names.get(name.text)
        if found is not None:
            return found
        if name.text in self._broken or name.text in TRUTH_VALUES:
            raise Rejected  # reported where it was read
        label = self.networks.label(name.text) if self.networks is not None else None
        if label is not None:
            return scalar(Fraction(label))
        raise self.reject_name(name, self._names)

    def _attribute(self, expr: ast.Attribute) -> Value:
        base = self.value(expr.base)
        name = expr.name
        match base:
            case NetworkValue() if self.networks is not None:
                if name.text == "domain":
                    raise self.reject(codes.KIND, "a region stands where a number is needed", expr.span)
                return self.networks.part(base, name)
            case DataValue(name=owner, arrays=parts) | OutputsValue(name=owner, tensors=parts):
                if name.text in parts:
                    return parts[name.text]
                fix = did_you_mean(name.text, parts) or f"there is {listed(parts)}"
                raise self.reject(codes.COMPONENT, f"`{owner}` has no `{name.text}`", name.span, fix)
            case Tensor():
                return self._component(base, expr)
            case _:
                problem = f"{describe(base)} has no component `{name.text}`"
                raise self.reject(codes.COMPONENT, problem, name.span)

    def _component(self, base: Tensor, expr: ast.Attribute) -> Tensor:
        name = expr.name
        if base.names is None:
            text = clause_text(expr.base)
            problem = f"the elements of `{text}` have no names"
            raise self.reject(codes.COMPONENT, problem, name.span, f"write `{text}[0]` for the first one")
        if name.text not in base.names.names:
            problem = f"{base.names.owner} has no component `{name.text}`"
            names = base.names.names
            fix = did_you_mean(name.text, names) or f"its components are {listed(names)}"
            raise self.reject(codes.COMPONENT, problem, name.span, fix)
        return element_of(base, base.names.names.index(name.text))

    def _index(self, expr: ast.Index) -> Value:
        if isinstance(expr.base, ast.Name) and self.networks is not None:
            family = self._names.get(expr.base.text)
            if isinstance(family, FamilyValue):
                return self.networks.member(expr.base, self.integers(expr), expr.span)
        base = self.value(expr.base)
        match base:
            case Tensor() | ArrayValue():
                return part_of(self, base, expr)
            case NetworkValue() if self.networks is not None:
                indices = self.integers(expr)
                if len(indices) == 1:
                    return self.networks.output(base, indices[0], expr.span)
                raise self.reject(codes.ELEMENT, "an output has one number: `f[2]`", expr.span)
            case _:
                raise self.reject(codes.KIND, f"{describe(base)} cannot be indexed", expr.span)

    def integers(self, expr: ast.Index) -> tuple[int, ...]:
        """The indices of `expr`, none of them a slice."""
        found: list[int] = []
        for index in expr.indices:
            if isinstance(index, ast.Slice):
                problem = "a slice cannot stand here: one number is needed"
                raise self.reject(codes.KIND, problem, index.span)
            found.append(self.integer(index, "an index"))
        return tuple(found)

    def _literal(self, expr: ast.TensorLiteral) -> Tensor:
        parts = [self.operand(element) for element in expr.elements]
        if not parts:
            raise self.reject(codes.DIMENSION, "a tensor needs an element", expr.span)
        for part, element in zip(parts, expr.elements, strict=True):
            if part.shape != parts[0].shape:
                shapes = shape_text(part.shape), shape_text(parts[0].shape)
                problem = f"this element has shape {shapes[0]}, the first one {shapes[1]}"
                raise self.reject(codes.DIMENSION, problem, element.span)
        elements = tuple(e for part in parts for e in part.elements)
        written = any(part.written for part in parts)
        units = tuple(u for part in parts for u in part.units or (None,) * part.size) if written else None
        return Tensor((len(parts), *parts[0].shape), elements, units=units, written=written)

    def _negated(self, tensor: Tensor) -> Tensor:
        return replace(tensor, elements=tuple(scaled(e, -ONE) for e in tensor.elements), space=None)

    def _if(self, expr: ast.If) -> Tensor:
        if self.networks is None:
            raise self.reject(codes.KIND, "`if` cannot stand in a constant", expr.span)
        holds, fails = self.networks.branches(expr.condition, self)
        then, otherwise = self.tensor(expr.then), self.tensor(expr.otherwise)
        if then.shape != otherwise.shape:
            shapes = shape_text(then.shape), shape_text(otherwise.shape)
            problem = f"the branches have shapes {shapes[0]} and {shapes[1]}"
            raise self.reject(codes.DIMENSION, problem, expr.span, "both branches need one shape")
        pairs = zip(then.elements, otherwise.elements, strict=True)
        return Tensor(then.shape, tuple(either(holds, fails, a, b) for a, b in pairs))
