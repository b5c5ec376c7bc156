"""What every expression denotes, name by name and node by node.

In: expressions that have been type-checked, and what their names stand for.  Out: numbers, sets, networks,
truth values.  What is mistaken raises `InternalError`: a reference meaning has no diagnostics.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from fractions import Fraction
from functools import reduce
from typing import assert_never

from spec_lang._values import dataclass
from spec_lang.diagnostics import InternalError
from spec_lang.semantics.evaluate import functions
from spec_lang.semantics.evaluate.arrays import (
    Array,
    Number,
    Unit,
    component,
    elementwise,
    scalar,
    stacked,
    take,
)
from spec_lang.semantics.evaluate.denotations import (
    Applicable,
    Closure,
    Denotation,
    FamilyName,
    Label,
)
from spec_lang.semantics.evaluate.formulas import truth
from spec_lang.semantics.evaluate.networks import application
from spec_lang.semantics.evaluate.regions import membership
from spec_lang.semantics.evaluate.spaces import point_of
from spec_lang.semantics.evaluate.world import Network, Run, World
from spec_lang.semantics.terms.values import ArrayValue, DataValue, FamilyValue, NetworkValue, Tensor
from spec_lang.syntax import ast

Point = Sequence[Number] | Network
Samples = Callable[[ast.Binding], Sequence[Point]]


@dataclass(frozen=True, slots=True, eq=False)
class ScopedReader:
    """A `Reader` over a world; `samples` are what variables over points are tried with.

    `results` are those of the networks so far, shared by all scopes of one reading.
    """

    world: World
    samples: Samples
    bound: Mapping[str, Denotation | Closure]
    labels: tuple[str, ...] = ()
    results: dict[tuple[Run, tuple[Number, ...]], tuple[Number, ...]] = field(default_factory=dict)

    def bind(self, name: str, value: Denotation | Closure) -> ScopedReader:
        return replace(self, bound={**self.bound, name: value}, labels=())

    def file(self) -> ScopedReader:
        return replace(self, bound={}, labels=())

    def expecting(self, labels: Sequence[str]) -> ScopedReader:
        return replace(self, labels=tuple(labels))

    def holds(self, expr: ast.Expr) -> bool:
        match self.denote(expr):
            case bool() as value:
                return value
            case _:
                raise InternalError(f"{type(expr).__name__} is not a formula")

    def contains(self, region: ast.Expr, point: Array) -> bool:
        if isinstance(region, ast.Let):
            return self._within(region).contains(region.body, point)
        return membership(region, point, self)

    def run(self, function: Run, x: tuple[Number, ...]) -> tuple[Number, ...]:
        if (function, x) not in self.results:
            self.results[function, x] = tuple(function(x))
        return self.results[function, x]

    def given(self, binding: ast.Binding, *uses: ast.Expr) -> Sequence[Array | Applicable]:
        return [
            Applicable(sample) if isinstance(sample, Network) else point_of(sample, binding, uses, self)
            for sample in self.samples(binding)
        ]

    def value(self, expr: ast.Expr) -> Array:
        match self.denote(expr):
            case Array() as array:
                return array
            case ArrayValue() as rows:
                return self._read(rows)
            case Label(text=text):
                return self._position(text)
            case _:
                raise InternalError(f"{type(expr).__name__} is no number")

    def denote(self, expr: ast.Expr) -> Denotation:
        match expr:
            case ast.Name(text=text):
                return self._name(text)
            case ast.If(condition=condition, then=then, otherwise=otherwise):
                return self.denote(then if self.expecting(()).holds(condition) else otherwise)
            case ast.Let(body=body):
                return self._within(expr).expecting(self.labels).denote(body)
            case _ if self.labels:
                return self.expecting(()).denote(expr)
            case ast.Number():
                return self._number(expr)
            case ast.Attribute(base=base, name=name):
                return self._attribute(self.denote(base), name.text)
            case ast.Index():
                return self._index(expr)
            case ast.Call(function=function, arguments=arguments):
                if isinstance(function, ast.Name) and self._is_built_in(function.text):
                    return functions.call(function.text, expr, self)
                applied = self.denote(function)
                if not isinstance(applied, Applicable):
                    raise InternalError(f"{type(applied).__name__} is applied")
                return application(applied, arguments, self)
            case ast.TensorLiteral() | ast.Negate() | ast.Sum() | ast.Product():
                return self._arithmetic(expr)
            case ast.String() | ast.SetBuilder() | ast.Meet() | ast.Join():
                raise InternalError(f"{type(expr).__name__} has no value")
            case (
                ast.And()
                | ast.Or()
                | ast.Not()
                | ast.Implies()
                | ast.Iff()
                | ast.Compare()
                | ast.Quantified()
            ):
                return truth(expr, self)
        assert_never(expr)

    # -- names -----------------------------------------------------------------------------------------

    def _within(self, let: ast.Let) -> ScopedReader:
        """The scope of the body: each definition may use those before it."""
        inner = self.expecting(())
        for definition in let.definitions:
            inner = inner.bind(definition.name.text, Closure(definition.value, inner))
        return inner

    def _name(self, text: str) -> Denotation:
        if text in self.labels:
            return self._numeral(self.labels.index(text))
        found = self.bound.get(text)
        if isinstance(found, Closure):
            if self.labels:
                return found.reader.expecting(self.labels).denote(found.expr)
            return found.denotation
        if found is not None:
            return found
        match self.world.scope.names.get(text):
            case Tensor(shape=shape, constants=constants):
                return Array(shape, tuple(map(self.world.number, constants)))
            case ArrayValue() | DataValue() as data:
                return data
            case NetworkValue(use=use):
                return Applicable(self.world.networks[use.label])
            case FamilyValue() if text in self.world.scope.families:
                return FamilyName(text)
            case None:
                return Label(text)
            case _:
                raise InternalError(f"{text} has no value")

    def _is_built_in(self, name: str) -> bool:
        return name not in self.bound and name not in self.world.scope.names

    def _position(self, text: str) -> Array:
        """A label that nothing types: every network that has an output of this name has it at one place."""
        outputs = [self.world.outputs_named(n.declaration)[0] for n in self.world.networks.values()]
        positions = {names.index(text) for names in outputs if text in names}
        if len(positions) != 1:
            raise InternalError(f"{text} stands for {len(positions)} positions")
        return self._numeral(positions.pop())

    def _read(self, rows: ArrayValue) -> Array:
        numbers = rows.cells.fractions(rows.offset, rows.offset + rows.size)
        return Array(rows.shape, tuple(map(self.world.number, numbers)))

    def _numeral(self, value: int) -> Array:
        return scalar(self.world.number(Fraction(value)))

    def _number(self, expr: ast.Number) -> Array:
        match expr.unit:
            case None:
                return scalar(self.world.number(expr.value))
            case "%":
                return scalar(self.world.number(expr.value / 100))
            case unit:
                return scalar(self.world.number(expr.value), Unit(unit, written=True))

    # -- components and elements -----------------------------------------------------------------------

    def _attribute(self, base: Denotation, name: str) -> Denotation:
        match base:
            case Array():
                return component(base, name)
            case Applicable(part=None):
                return replace(base, part=name)
            case DataValue(arrays=arrays):
                return arrays[name]
            case _:
                raise InternalError(f"{type(base).__name__} has no component {name}")

    def _index(self, expr: ast.Index) -> Denotation:
        base = self.denote(expr.base)
        match base:
            case FamilyName(name=name):
                member = tuple(index for index in self._indices(expr) if isinstance(index, int))
                use = self.world.scope.families[name].uses.get(member)
                if use is None:
                    raise InternalError(f"{name} has no member {member}")
                return Applicable(self.world.networks[use.label])
            case Applicable(network=network, part=None):
                names = self.world.outputs_named(network.declaration)[0]
                match self._indices(expr, names):
                    case [int() as position]:
                        return replace(base, part=position)
                    case _:
                        raise InternalError("an output of a network has one number")
            case ArrayValue(shape=shape):
                first, *rest = self._indices(expr)
                if not isinstance(first, int):
                    return take(self.value(expr.base), (first, *rest))
                row = base.row(range(shape[0])[first])
                return take(self._read(row), rest) if rest else row
            case _:
                array = self.value(expr.base)
                return take(array, self._indices(expr, array.names if len(array.shape) == 1 else ()))

    def _indices(self, expr: ast.Index, labels: Sequence[str] = ()) -> list[int | slice]:
        return [
            slice(self._end(index.first), self._end(index.last))
            if isinstance(index, ast.Slice)
            else self.expecting(labels).value(index).position()
            for index in expr.indices
        ]

    def _end(self, expr: ast.Expr | None) -> int | None:
        return None if expr is None else self.value(expr).position()

    # -- arithmetic ------------------------------------------------------------------------------------

    def _arithmetic(self, expr: ast.TensorLiteral | ast.Negate | ast.Sum | ast.Product) -> Array:
        convert = self.world.converted
        match expr:
            case ast.TensorLiteral(elements=elements):
                return stacked([self.value(element) for element in elements])
            case ast.Negate(operand=operand):
                array = self.value(operand)
                return array.with_elements([-e for e in array.elements])
            case ast.Sum(terms=pairs):
                plain, inverse = operator.add, operator.sub
            case ast.Product(factors=pairs):
                plain, inverse = operator.mul, operator.truediv
        (_, first), *rest = pairs
        steps = [(inverse if inverted else plain, self.value(part)) for inverted, part in rest]
        return reduce(
            lambda array, step: elementwise(step[0], array, step[1], convert), steps, self.value(first)
        )
