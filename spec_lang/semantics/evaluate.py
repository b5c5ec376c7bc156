"""The reference meaning of a formula at one concrete point: what the words say, step by step.

In: a core formula, a problem-space point, and a function that runs the network in its own space.  Out:
whether the point lies in the region, and whether the body holds there.  Shares no code with type-checking
and lowering, so that the tests may hold the two against each other; the formula has been type-checked.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import reduce
from itertools import pairwise
from math import prod
from typing import Final

from spec_lang.diagnostics import InternalError
from spec_lang.semantics.scope import Scope
from spec_lang.semantics.traverse import substitute
from spec_lang.semantics.values import Tensor
from spec_lang.syntax import ast

Number = Fraction | float
Run = Callable[[Sequence[Number]], Sequence[Number]]


@dataclass(frozen=True, slots=True)
class Array:
    """Row-major elements; `names` where components have them."""

    shape: tuple[int, ...]
    elements: tuple[Number, ...]
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class World:
    """A network and the file that speaks of it.  `run` and `hidden` are in network space; `hidden` is by the
    name of the declared layer.  `number` turns the rationals of a spec into the numbers to compute with."""

    scope: Scope
    declaration: ast.NetworkDecl
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    run: Run
    hidden: Mapping[str, tuple[tuple[int, ...], Run]]
    number: Callable[[Fraction], Number] = Fraction


@dataclass(frozen=True, slots=True)
class Meaning:
    in_region: bool
    body: bool


def evaluate(formula: ast.Forall, point: Sequence[Number], world: World) -> Meaning:
    """What `formula` says of `point` (problem space): exact over `Fraction`, rounded over `float`."""
    binding = formula.bindings[0]
    x = Array(world.input_shape, tuple(point), _names(world.declaration, ast.Inputs))
    reader = _Reader(world, x, {})
    return Meaning(reader.inside(binding.domain), reader.bind(binding.variable.text).holds(formula.body))


_RELATIONS: Final[Mapping[ast.Comparison, Callable[[Number, Number], bool]]] = {
    ast.Comparison.LE: operator.le,
    ast.Comparison.LT: operator.lt,
    ast.Comparison.GE: operator.ge,
    ast.Comparison.GT: operator.gt,
    ast.Comparison.EQ: operator.eq,
    ast.Comparison.NE: operator.ne,
}


@dataclass(frozen=True, slots=True)
class _Reader:
    world: World
    point: Array
    bound: Mapping[str, Array]

    def bind(self, name: str, value: Array | None = None) -> _Reader:
        return replace(self, bound={**self.bound, name: self.point if value is None else value})

    # -- formulas ------------------------------------------------------------------------------------

    def holds(self, expr: ast.Expr) -> bool:
        match expr:
            case ast.And(operands=operands):
                return all(self.holds(part) for part in operands)
            case ast.Or(operands=operands):
                return any(self.holds(part) for part in operands)
            case ast.Not(operand=operand):
                return not self.holds(operand)
            case ast.Implies(premise=premise, conclusion=conclusion):
                return not self.holds(premise) or self.holds(conclusion)
            case ast.Iff(left=left, right=right):
                return self.holds(left) is self.holds(right)
            case ast.Compare():
                operands = (expr.first, *(operand for _, operand in expr.rest))
                relations = (relation for relation, _ in expr.rest)
                return all(
                    self._compare(a, relation, b)
                    for (a, b), relation in zip(pairwise(operands), relations, strict=True)
                )
            case _:
                raise InternalError(f"{type(expr).__name__} is not a formula")

    def _compare(self, a: ast.Expr, relation: ast.Comparison, b: ast.Expr) -> bool:
        for side, label in ((b, a), (a, b)):
            extremisers = self._extremisers(side)
            if extremisers is not None:
                positions, names = extremisers
                position = self._label(label, names)
                if relation is ast.Comparison.IN:
                    return position in positions
                return (positions == {position}) is (relation is ast.Comparison.EQ)
        if relation is ast.Comparison.IN:
            return self.inside(b)
        (left,), (right,) = self.value(a).elements, self.value(b).elements
        return _RELATIONS[relation](left, right)

    def _extremisers(self, expr: ast.Expr) -> tuple[set[int], tuple[str, ...]] | None:
        match expr:
            case ast.Call(function=ast.Name(text="argmax" | "argmin" as word), arguments=(argument,)):
                array = self.value(argument.value)
                best = max(array.elements) if word == "argmax" else min(array.elements)
                return {i for i, e in enumerate(array.elements) if e == best}, array.names
            case _:
                return None

    def _label(self, expr: ast.Expr, names: tuple[str, ...]) -> int:
        if isinstance(expr, ast.Name) and expr.text in names:
            return names.index(expr.text)
        (value,) = self.value(expr).elements
        return int(value)

    # -- regions -------------------------------------------------------------------------------------

    def inside(self, expr: ast.Expr) -> bool:
        """Whether the point lies in the region `expr`."""
        match expr:
            case ast.Meet(operands=operands):
                return all(self.inside(part) for part in operands)
            case ast.SetBuilder(variable=variable, condition=condition):
                return self._in_domain() and self.bind(variable.text).holds(condition)
            case ast.Attribute(name=ast.Name(text="domain")):
                return self._in_domain()
            case ast.Call(function=ast.Name(text="box"), arguments=arguments):
                given = _arguments(arguments, ("lower", "upper"))
                lower, upper = (self._spread(given[side]) for side in ("lower", "upper"))
                return all(
                    low <= e <= high for low, e, high in zip(lower, self.point.elements, upper, strict=True)
                )
            case ast.Call(function=ast.Name(text="ball"), arguments=arguments):
                given = _arguments(arguments, ("center", "radius", "norm"))
                center = self._spread(given["center"])
                (radius,) = self.value(given["radius"]).elements
                gaps = list(map(_distance, self.point.elements, center))
                norm = given["norm"]
                sums = isinstance(norm, ast.Name) and norm.text == "l1"
                total: Number = reduce(operator.add, gaps) if sums else max(gaps)
                return total <= radius
            case ast.Name() | ast.Index():
                return self._in_named(expr)
            case _:
                raise InternalError(f"{type(expr).__name__} is not a region")

    def _in_named(self, expr: ast.Name | ast.Index) -> bool:
        name, indices = (expr, ()) if isinstance(expr, ast.Name) else (expr.base, expr.indices)
        if not isinstance(name, ast.Name):
            raise InternalError("a region's name is a name")
        symbol = self.world.scope.regions[name.text]
        numbers = dict(zip(symbol.family.indices, indices, strict=True))
        return replace(self, bound={}).inside(substitute(symbol.value, numbers))

    def _in_domain(self) -> bool:
        for item in self.world.declaration.items:
            for part in item.items if isinstance(item, ast.Domain) else ():
                element = self.point.elements[self.point.names.index(part.component.text)]
                (lower,), (upper,) = self.value(part.lower).elements, self.value(part.upper).elements
                if not lower <= element <= upper:
                    return False
        return True

    def _spread(self, expr: ast.Expr) -> tuple[Number, ...]:
        elements = self.value(expr).elements
        return elements * len(self.point.elements) if len(elements) == 1 else elements

    # -- values --------------------------------------------------------------------------------------

    def value(self, expr: ast.Expr) -> Array:
        match expr:
            case ast.Number(value=value):
                return Array((), (self.world.number(value),))
            case ast.Name(text=text):
                return self._named(text)
            case ast.TensorLiteral(elements=parts):
                arrays = [self.value(part) for part in parts]
                return Array((len(arrays), *arrays[0].shape), tuple(e for a in arrays for e in a.elements))
            case ast.Negate(operand=operand):
                array = self.value(operand)
                return Array(array.shape, tuple(-e for e in array.elements))
            case ast.Sum(terms=terms):
                signed = [(operator.sub if minus else operator.add, self.value(t)) for minus, t in terms]
                return reduce(
                    lambda total, term: _elementwise(term[0], total, term[1]), signed[1:], signed[0][1]
                )
            case ast.Product(factors=factors):
                signed = [(operator.truediv if over else operator.mul, self.value(f)) for over, f in factors]
                return reduce(
                    lambda total, part: _elementwise(part[0], total, part[1]), signed[1:], signed[0][1]
                )
            case ast.Attribute(base=base, name=name):
                array = self.value(base)
                return Array((), (array.elements[array.names.index(name.text)],))
            case ast.Index(base=base, indices=indices):
                return reduce(_row, (self.value(index) for index in indices), self.value(base))
            case ast.Call():
                return self._call(expr)
            case _:
                raise InternalError(f"{type(expr).__name__} has no value")

    def _named(self, name: str) -> Array:
        if name in self.bound:
            return self.bound[name]
        parameter = self.world.scope.parameters[name]
        if not isinstance(parameter, Tensor):
            raise InternalError(f"{name} is not a value")
        return Array(parameter.shape, tuple(map(self.world.number, parameter.constants)))

    def _call(self, expr: ast.Call) -> Array:
        arrays = [self.value(argument.value) for argument in expr.arguments]
        match expr.function:
            case ast.Name(text="flat"):
                return Array((len(arrays[0].elements),), arrays[0].elements)
            case ast.Name(text="sum"):
                return Array((), (sum(arrays[0].elements),))
            case ast.Name(text="mean"):
                return Array((), (sum(arrays[0].elements) / len(arrays[0].elements),))
            case ast.Name(text="dot"):
                return Array((), (sum(map(operator.mul, arrays[0].elements, arrays[1].elements)),))
            case ast.Attribute(name=ast.Name(text=layer)):
                shape, run = self.world.hidden[layer]
                return Array(shape, tuple(run(self._encoded(arrays[0]))))
            case _:
                names = _names(self.world.declaration, ast.Outputs)
                results = tuple(self.world.run(self._encoded(arrays[0])))
                outputs = Array(self.world.output_shape, results, names)
                return Array(outputs.shape, self._scaled(ast.Decode, outputs).elements, names)

    def _encoded(self, x: Array) -> tuple[Number, ...]:
        return self._scaled(ast.Encode, x).elements

    def _scaled(self, kind: type[ast.Encode] | type[ast.Decode], array: Array) -> Array:
        for item in self.world.declaration.items:
            if isinstance(item, kind):
                return self.bind(item.variable.text, array).value(item.value)
        return array


def _distance(a: Number, b: Number) -> Number:
    return a - b if a > b else b - a


def _elementwise(operation: Callable[[Number, Number], Number], a: Array, b: Array) -> Array:
    size = max(len(a.elements), len(b.elements))
    left, right = (e.elements * (size // len(e.elements)) for e in (a, b))
    shape = a.shape if len(a.elements) == size and (a.shape or not b.shape) else b.shape
    return Array(shape, tuple(map(operation, left, right)))


def _row(array: Array, index: Array) -> Array:
    (position,) = index.elements
    rest = array.shape[1:]
    start = int(position) * prod(rest)
    return Array(rest, array.elements[start : start + prod(rest)])


def _arguments(arguments: Sequence[ast.Argument], names: Sequence[str]) -> dict[str, ast.Expr]:
    return {
        argument.name.text if argument.name else name: argument.value
        for name, argument in zip(names, arguments, strict=True)
    }


def _names(declaration: ast.NetworkDecl, kind: type[ast.Inputs] | type[ast.Outputs]) -> tuple[str, ...]:
    for item in declaration.items:
        if isinstance(item, kind):
            return tuple(component.name.text for component in item.components)
    return ()
