"""Tensors of concrete numbers: arithmetic element by element, comparison, parts.

In: `Array` values.  Out: new ones, or a truth value.  Two arrays go together when their shapes are equal or
one of them has a single element; quantities are converted to the unit of what they meet.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from math import prod
from typing import Any, Final, TypeVar

from spec_lang._values import dataclass
from spec_lang.diagnostics import InternalError
from spec_lang.semantics.evaluate.surds import Surd
from spec_lang.syntax import ast

T = TypeVar("T")

Number = Fraction | float
Real = Fraction | float | Surd

Convert = Callable[[Real, str, str], Real]
"""The number of a second unit that is as much as a number of a first one."""


@dataclass(frozen=True, slots=True)
class Unit:
    """The unit of an element; `written` when it stands behind a number of the spec: that is converted."""

    symbol: str
    written: bool


Units = tuple[Unit | None, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """One of several ONNX outputs, as a stretch of the flat elements."""

    name: str
    start: int
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Array:
    """Row-major elements.

    `names` and `units` are those of the elements, empty where there are none.  `labels` are the outputs that
    a number stands for as a position.  `space` is the declared network whose inputs these are.
    """

    shape: tuple[int, ...]
    elements: tuple[Real, ...]
    names: tuple[str, ...] = ()
    units: Units = ()
    labels: tuple[str, ...] = ()
    space: str = ""
    parts: tuple[Part, ...] = ()

    @property
    def size(self) -> int:
        return len(self.elements)

    @property
    def scalar(self) -> Real:
        if self.size != 1:
            raise InternalError(f"{self.size} elements stand where one number is needed")
        return self.elements[0]

    def position(self) -> int:
        """The index or label that this is."""
        value = self.scalar
        if isinstance(value, Surd) or value != int(value):
            raise InternalError(f"{value} is no position")
        return int(value)

    def with_elements(self, elements: Sequence[Real]) -> Array:
        """Other elements at the same places: no point of a network's inputs any more."""
        return replace(self, elements=tuple(elements), labels=(), space="")


def scalar(value: Real, unit: Unit | None = None) -> Array:
    """One number."""
    return Array((), (value,), units=(unit,) if unit else ())


def plus(a: Real, b: Real) -> Real:
    result: Real = operator.add(a, b)
    return result


def times(a: Real, b: Real) -> Real:
    result: Real = operator.mul(a, b)
    return result


def stacked(arrays: Sequence[Array]) -> Array:
    """`[a, b, …]`: tensors of one shape along a new first dimension."""
    if len({array.shape for array in arrays}) != 1:
        raise InternalError("the elements of a tensor have different shapes")
    units = [array.units or (None,) * array.size for array in arrays]
    return Array(
        (len(arrays), *arrays[0].shape),
        tuple(e for array in arrays for e in array.elements),
        units=tuple(unit for of in units for unit in of) if any(map(any, units)) else (),
    )


# -- element by element --------------------------------------------------------------------------------

Operation = Callable[[Any, Any], Any]


def elementwise(operation: Operation, a: Array, b: Array, convert: Convert) -> Array:
    """`operation` of the elements side by side; names stay when both have the same or one has none."""
    a, b = _common_shape(a, b)
    left, right, units = _aligned(a, b, operation, convert)
    widest = a if (a.size, len(a.shape)) >= (b.size, len(b.shape)) else b
    return Array(
        widest.shape,
        tuple(map(operation, left, right)),
        _shared(a.names, b.names, widest.size),
        units,
        space=_space(a, b, widest.size),
    )


def _common_shape(a: Array, b: Array) -> tuple[Array, Array]:
    """Both repeated along the dimensions that they lack or have once; single elements stay as they are."""
    if a.shape == b.shape or 1 in (a.size, b.size):
        return a, b
    rank = max(len(a.shape), len(b.shape))
    for axis in range(-1, -rank - 1, -1):
        own, other = (array.shape[axis] if -axis <= len(array.shape) else None for array in (a, b))
        if own in (None, 1) and other not in (None, 1):
            a = _repeated(a, axis, other or 1)
        elif other in (None, 1) and own not in (None, 1):
            b = _repeated(b, axis, own or 1)
    shape = (1,) * (rank - len(a.shape)) + a.shape
    other_shape = (1,) * (rank - len(b.shape)) + b.shape
    return replace(a, shape=shape), replace(b, shape=other_shape)


def _repeated(array: Array, axis: int, times_over: int) -> Array:
    """The array, whose extent at `axis` (from the end) is 1 or missing, repeated there."""
    shape = (1,) * (-axis - len(array.shape)) + array.shape
    inner = prod(shape[len(shape) + axis + 1 :])
    blocks = [range(start, start + inner) for start in range(0, array.size, inner)]
    positions = [p for block in blocks for _ in range(times_over) for p in block]
    place = len(shape) + axis
    shape = (*shape[:place], times_over, *shape[place + 1 :])
    units = _picked(array.units, positions) if array.units else ()
    return replace(array, shape=shape, elements=_picked(array.elements, positions), names=(), units=units)


_RELATIONS: Final[Mapping[ast.Comparison, Operation]] = {
    ast.Comparison.LE: operator.le,
    ast.Comparison.LT: operator.lt,
    ast.Comparison.GE: operator.ge,
    ast.Comparison.GT: operator.gt,
    ast.Comparison.EQ: operator.eq,
}


def compare(a: Array, relation: ast.Comparison, b: Array, convert: Convert) -> bool:
    """Whether every element compares so; `!=` is the negation of `==`."""
    if relation is ast.Comparison.NE:
        return not compare(a, ast.Comparison.EQ, b, convert)
    operation = _RELATIONS[relation]
    a, b = _common_shape(a, b)
    left, right, _ = _aligned(a, b, operation, convert)
    return all(map(operation, left, right))


def _aligned(
    a: Array, b: Array, operation: Operation, convert: Convert
) -> tuple[Sequence[Real], Sequence[Real], Units]:
    """Elements side by side in common units, and the units of the result."""
    if a.shape != b.shape and a.size != 1 and b.size != 1:
        raise InternalError(f"shapes {a.shape} and {b.shape} do not fit together")
    size = max(a.size, b.size)
    left, right = (array.elements * (size // array.size) for array in (a, b))
    if not a.units and not b.units:
        return left, right, ()
    sides = [(array.units or (None,) * array.size) * (size // array.size) for array in (a, b)]
    rows = [
        _met(x, y, (u, v), operation, convert)
        for x, y, u, v in zip(left, right, sides[0], sides[1], strict=True)
    ]
    units = tuple(unit for _, _, unit in rows)
    return [x for x, _, _ in rows], [y for _, y, _ in rows], units if any(units) else ()


def _met(
    x: Real, y: Real, units: tuple[Unit | None, Unit | None], operation: Operation, convert: Convert
) -> tuple[Real, Real, Unit | None]:
    """Two numbers in one unit, and the unit of what `operation` makes of them.

    A written quantity is converted to the declared unit that it meets, of two the second to the first;
    declared units are printed labels, and never converted.  Factors keep their units.
    """
    u, v = units
    if operation in (operator.mul, operator.truediv):
        return x, y, u or v
    if u is None or v is None:
        unit = u or v
        if unit is not None and unit.written:
            raise InternalError(f"a quantity in {unit.symbol} meets a number without a unit")
        return x, y, unit
    if v.written:
        return x, convert(y, v.symbol, u.symbol), u
    if u.written:
        return convert(x, u.symbol, v.symbol), y, v
    return x, y, u


def _shared(a: tuple[str, ...], b: tuple[str, ...], size: int) -> tuple[str, ...]:
    whole = [names for names in (a, b) if len(names) == size]
    return whole[0] if len(set(whole)) == 1 else ()


def _space(a: Array, b: Array, size: int) -> str:
    """Where a sum of points belongs: where all do that belong anywhere."""
    spaces = {array.space for array in (a, b) if array.space and array.size == size}
    return spaces.pop() if len(spaces) == 1 else ""


# -- parts -----------------------------------------------------------------------------------------------


def component(array: Array, name: str) -> Array:
    """The element, or else the ONNX output, of this name."""
    if name in array.names:
        return element(array, array.names.index(name))
    for part in array.parts:
        if part.name == name:
            positions = range(part.start, part.start + prod(part.shape))
            return _gathered(array, part.shape, positions)
    raise InternalError(f"no component is called {name}")


def element(array: Array, position: int) -> Array:
    """The element at a flat position, with its unit."""
    return _gathered(array, (), (position,))


def take(array: Array, indices: Sequence[int | slice]) -> Array:
    """`array[i, j:k]`, as Python does it; a single number is a vector of one."""
    shape = array.shape or (1,)
    if len(indices) > len(shape):
        raise InternalError(f"{len(indices)} indices for shape {shape}")
    positions: Sequence[int] = [0]
    kept: list[int] = []
    for axis, extent in enumerate(shape):
        index = indices[axis] if axis < len(indices) else slice(None)
        if isinstance(index, int) and not -extent <= index < extent:
            raise InternalError(f"no element {index} along an extent of {extent}")
        chosen = range(extent)[index]
        if isinstance(chosen, range):
            kept.append(len(chosen))
        along = chosen if isinstance(chosen, range) else (chosen,)
        positions = [start * extent + step for start in positions for step in along]
    return _gathered(array, tuple(kept), positions)


def _gathered(array: Array, shape: tuple[int, ...], positions: Sequence[int]) -> Array:
    elements = tuple(array.elements[p] for p in positions)
    names = _picked(array.names, positions) if shape else ()
    return Array(shape, elements, names, _picked(array.units, positions))


def _picked(values: Sequence[T], positions: Sequence[int]) -> tuple[T, ...]:
    return tuple(values[p] for p in positions) if values else ()
