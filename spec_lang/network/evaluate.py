"""A graph as a function of floats, many points at once.

In: a graph, and points of shape (batch, in).  Out: float64 values of shape (batch, out), rounded as
numpy rounds, in float64 or, twice as fast, in float32: good for attacks and heuristics, evidence of nothing.
The weights are converted once, in the `Evaluator`, and the graph stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, assert_never

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.diagnostics import InternalError
from spec_lang.network.graph import Graph
from spec_lang.network.operators import Diagonal, Operator, operator_of
from spec_lang.network.operators.cast import Apply, Float, cast
from spec_lang.network.primitives import RELU, Affine, Binary, Floats, PiecewiseLinear, Primitive, Smooth

Array = NDArray[np.float64]
_Float = TypeVar("_Float", bound=np.floating[Any])
_Kind = type[np.floating[Any]]
_Step = Callable[[list[Float]], Float]


@dataclass(frozen=True, slots=True)
class _Sum:
    """`Σ map(operand) + bias`.  Nothing is multiplied by 1: sums of two values stand in every layer of two
    networks that are compared."""

    maps: tuple[Apply, ...]
    bias: Float | None  # None where it is 0
    signs: tuple[int, ...]  # 1 and −1 for the maps that are these, 0 for others

    @classmethod
    def of(cls, primitive: Affine, kind: _Kind) -> _Sum:
        maps = tuple(map(operator_of, primitive.maps))
        bias = primitive.bias.astype(kind) if primitive.bias.any() else None
        return cls(tuple(cast(linear, kind)[0] for linear in maps), bias, tuple(map(_sign, maps)))

    def __call__(self, operands: list[Float]) -> Float:
        total: Float | None = None
        for linear, sign, points in zip(self.maps, self.signs, operands, strict=True):
            if total is not None and sign:
                total = total + points if sign > 0 else total - points
                continue
            part = points if sign > 0 else linear(points)
            total = part if total is None else total + part
        if total is None:
            raise InternalError("a sum of nothing")
        return total if self.bias is None else total + self.bias


def _sign(linear: Operator) -> int:
    """1 or −1 where a map is that times each element, otherwise 0."""
    if not isinstance(linear, Diagonal):
        return 0
    return next((sign for sign in (1, -1) if bool((linear.factor == sign).all())), 0)


@dataclass(frozen=True, slots=True)
class _Piecewise:
    knots: Array
    slopes: Array
    points: Array  # a point on each piece's line: the piece's left knot, for the first its right one
    values: Array  # the function there

    def __call__(self, operands: list[Float]) -> Float:
        (points,) = operands
        piece = np.searchsorted(self.knots, points)
        return self.values[piece] + self.slopes[piece] * (points - self.points[piece])


def _relu(operands: list[Float]) -> Float:
    (points,) = operands
    return np.maximum(points, 0.0)


def smooth_values(function: Smooth, points: NDArray[_Float]) -> NDArray[_Float]:
    """`function` at points of either float type, and in it."""
    half = points.dtype.type(0.5)
    if function is Smooth.SQUARE:
        return points * points
    if function is Smooth.SPREAD:
        return np.zeros_like(points)
    if function is Smooth.SOFTPLUS:
        above: NDArray[_Float] = np.logaddexp(points.dtype.type(0), points)
        return above
    is_tanh = function is Smooth.TANH
    found: NDArray[_Float] = np.tanh(points) if is_tanh else half * np.tanh(half * points) + half
    return found


def smooth_slopes(function: Smooth, points: NDArray[_Float], values: NDArray[_Float]) -> NDArray[_Float]:
    """The slopes of `function` at points where it has these values."""
    if function is Smooth.SQUARE:
        return points + points
    if function is Smooth.SPREAD:
        return values
    if function is Smooth.SOFTPLUS:
        return smooth_values(Smooth.SIGMOID, points)
    return 1 - values * values if function is Smooth.TANH else values * (1 - values)


def _gate(operands: list[Float]) -> Float:
    """Of the values that a gate has where z is 0, the one of a dead neuron."""
    z, g = operands
    return np.where(z > 0, g, np.zeros((), dtype=g.dtype))


def _product(operands: list[Float]) -> Float:
    x, y = operands
    return x * y


def _smooth(function: Smooth) -> _Step:
    return lambda operands: smooth_values(function, operands[0])


class Evaluator:
    """`graph` with its weights in the floats of `kind`; call it with points of shape (batch, in)."""

    def __init__(self, graph: Graph, kind: _Kind = np.float64) -> None:
        self._graph, self._kind = graph, kind
        self._steps = [_compiled(node.primitive, kind) for node in graph.nodes]
        sizes = [spec.size for spec in graph.inputs]
        self._cuts = np.cumsum(sizes)[:-1]

    def values(self, points: Array) -> tuple[Array, ...]:
        """Every value of the graph, in the order of its numbers, each of shape (batch, size)."""
        return tuple(value.astype(np.float64, copy=False) for value in self._values(points))

    def _values(self, points: Array) -> list[Float]:
        given: Float = np.asarray(points, dtype=self._kind)
        if given.ndim != 2 or given.shape[1] != self._graph.input_size:
            raise InternalError(f"points of shape {given.shape} for {self._graph.input_size} inputs")
        known: list[Float] = np.split(given, self._cuts, axis=1)
        with np.errstate(over="ignore", invalid="ignore"):
            for node, step in zip(self._graph.nodes, self._steps, strict=True):
                known.append(step([known[operand] for operand in node.operands]))
        return known

    def __call__(self, points: Array) -> Array:
        known = self._values(points)
        outputs = [known[output].astype(np.float64, copy=False) for output in self._graph.outputs]
        return outputs[0] if len(outputs) == 1 else np.concatenate(outputs, axis=1)


def evaluate(graph: Graph, points: Array) -> Array:
    """The outputs at `points`; for many calls on one graph, keep an `Evaluator`."""
    return Evaluator(graph)(points)


def _compiled(primitive: Primitive, kind: _Kind) -> _Step:
    match primitive:
        case Affine():
            return _Sum.of(primitive, kind)
        case PiecewiseLinear():
            return _relu if primitive == RELU else _piecewise(primitive)
        case Smooth():
            return _smooth(primitive)
        case Binary.GATE:
            return _gate
        case Binary.PRODUCT:
            return _product
        case _ as unreachable:
            assert_never(unreachable)


def _piecewise(function: PiecewiseLinear) -> _Piecewise:
    values = [function.anchor]
    for i in range(1, len(function.knots)):
        values.append(values[-1] + function.slopes[i] * (function.knots[i] - function.knots[i - 1]))
    knots, values = list(function.knots), [values[0], *values]
    return _Piecewise(
        _wide(np.array(knots)),
        _wide(np.array(function.slopes)),
        _wide(np.array([knots[0], *knots])),
        _wide(np.array(values)),
    )


def _wide(array: Floats) -> Array:
    return np.ascontiguousarray(array, dtype=np.float64)
