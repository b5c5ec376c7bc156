"""The values of a network of ReLUs and affine maps at many points, in floats with bounds of their errors.

In: a compiled network, and points of rationals.  Out: floats, and by how much each may be off.  What
overflows is NaN or infinite, or has an error that is: it decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import partial
from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.diagnostics import InternalError
from spec_lang.kernel.maps import absolute
from spec_lang.kernel.network import F64, AffineStep, Network, ReluStep, Step, Unchecked, compiled
from spec_lang.kernel.rounding import UNDERFLOW, UNIT
from spec_lang.network.graph import Graph

Point = Sequence[Fraction]
Numbers = tuple[F64, F64]  # what floats say, and by how much that may be off

LONG: Final = 1e-6  # from here on a sum's γ is too large for the factors below
SLACK: Final = 1.0001  # what rounds the computation of errors
_ROOM: Final = 2**20  # numbers of one value of a block of points
_KEPT: Final = 2**23  # numbers of all values at all points, and as many of their errors


@dataclass(frozen=True, slots=True, eq=False)
class FloatValues:
    """By value of the network: what floats say, and by how much that may be off, (points, size)."""

    at: dict[int, F64]
    off: dict[int, F64]


def relu_network(graph: Graph) -> Network:
    """`graph` without what no output needs.  Raises `Unchecked`."""
    network = compiled(graph)
    if not all(isinstance(step, AffineStep | ReluStep) for step in network.steps):
        raise Unchecked("a network with smooth functions or gates has no linear regions")
    return network


def blocks(network: Network, count: int) -> Iterator[slice]:
    """So many rows, in parts that find room."""
    step = max(1, _ROOM // max(1, *network.sizes))
    return (slice(start, min(start + step, count)) for start in range(0, count, step))


def gamma_of(network: Network) -> float:
    """γ of the longest sum."""
    return gamma(network.longest_sum * max([1, *(len(s.operands) for s in network.producer.values())]))


def gamma(terms: int) -> float:
    """γ of a sum of so many products: `k·u / (1 − k·u)`, for some more."""
    k = terms + 16
    return 1.01 * k * UNIT / (1 - k * UNIT) if k * UNIT < LONG else 1.0


def nearest(points: Sequence[Point]) -> F64:
    """The nearest floats."""
    found = np.array([[_nearest(number) for number in point] for point in points], dtype=np.float64)
    return found.reshape(len(points), -1)


def float_values(network: Network, points: F64) -> FloatValues:
    """The values at points of which `points` are the nearest floats; `gamma_of` must be below `LONG`.

    Sound because a float is off from what it stands for by at most what is carried along with it: what its
    operands are off, times the weights, and γ times the sizes that are added up.
    """
    share = gamma_of(network)
    found = FloatValues({}, {})
    for value, where in enumerate(network.inputs):
        _put(found, value, _inputs(points, where))
    for step in network.steps:
        _put(found, step.value, _after(step, network, found, share))
    return found


def _put(found: FloatValues, value: int, numbers: Numbers) -> None:
    found.at[value], found.off[value] = numbers


def _inputs(points: F64, where: slice) -> Numbers:
    at = points[:, where]
    return at, UNIT * abs(at) + UNDERFLOW


def _after(step: Step, network: Network, found: FloatValues, share: float) -> Numbers:
    """The values that a step gives, from those that it takes."""
    at, off = found.at, found.off
    with np.errstate(all="ignore"):  # what overflows is left to integers
        if isinstance(step, AffineStep):
            total, spread, size = step.bias, np.zeros(1), abs(step.bias)
            for operand, linear in zip(step.operands, step.maps, strict=True):
                sizes = absolute(linear)
                total = total + linear.forward(at[operand])
                spread = spread + sizes.forward(off[operand])
                size = size + sizes.forward(abs(at[operand]))
            count = len(at[step.operands[0]])
            total = np.broadcast_to(total, (count, network.sizes[step.value]))
            error = SLACK * (SLACK * spread + share * SLACK * size) + UNDERFLOW
            return total, np.broadcast_to(error, total.shape)
        if isinstance(step, ReluStep):
            z, error = at[step.operand], off[step.operand]
            return np.maximum(z, 0.0), np.where(z < -error, 0.0, error)  # it is 0 then, exactly
    raise InternalError("a step that floats do not follow")


class FloatsAt:
    """What floats say at some points: once for all graphs that begin with the same layers.

    A value is the same in two graphs where the same primitive makes it of the same values, and sums are as
    long: by that it is found again.
    """

    __slots__ = ("_found", "_held", "_made", "_primitives", "points")

    def __init__(self, points: Sequence[Point]) -> None:
        self.points = nearest(points)
        self._found: dict[tuple[object, ...], tuple[int, Numbers]] = {}
        self._primitives: list[object] = []  # kept, so that no identity is used twice
        self._made = self._held = 0

    def values(self, graph: Graph, network: Network) -> FloatValues | None:
        """At all of the points, of a graph that `network` is compiled from; None where there is no room."""
        if len(self.points) * sum(network.sizes) > _KEPT:
            return None
        share, names = gamma_of(network), dict[int, int]()
        found = FloatValues({}, {})
        for value, where in enumerate(network.inputs):
            key: tuple[object, ...] = ("input", where.start, where.stop)
            names[value] = self._once(key, found, value, partial(_inputs, self.points, where))
        for step in network.steps:
            node = graph.nodes[step.value - len(graph.inputs)]
            key = (id(node.primitive), share, *(names[operand] for operand in node.operands))
            if key not in self._found:
                self._primitives.append(node.primitive)
            after = partial(_after, step, network, found, share)
            names[step.value] = self._once(key, found, step.value, after)
        return found

    def _once(
        self, key: tuple[object, ...], found: FloatValues, value: int, make: Callable[[], Numbers]
    ) -> int:
        """Puts a value in its place; the answer is a name of it that no other has."""
        if key not in self._found:
            made = make()
            self._held += made[0].size
            if self._held > _KEPT:
                self._found.clear()
                self._held = made[0].size
            self._found[key] = (self._made, made)
            self._made += 1
        name, numbers = self._found[key]
        _put(found, value, numbers)
        return name


def _nearest(number: Fraction) -> float:
    """The nearest float; infinite beyond all of them, which decides nothing."""
    try:
        return float(number)
    except OverflowError:
        return float("inf")
