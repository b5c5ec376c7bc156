"""The image of a polygon's boundary under a network, exactly, and whether it meets itself.

In: a network that is affine and ReLUs, two rows over its outputs, and the corners of a polygon in the plane.
Out: whether different points of the boundary have different images.  Along an edge every value is affine in t
between the places where some neuron changes its phase; these are ratios of integers, and nothing is rounded.
Floats only choose which edges of the image are compared, rounded outward.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from fractions import Fraction
from math import lcm
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.kernel.dyadics import float_above, float_below
from spec_lang.kernel.exact import Dyadic, ExactMap, dyadic, objects
from spec_lang.kernel.network import AffineStep, Network, ReluStep, Unchecked
from spec_lang.kernel.polygon import Point
from spec_lang.kernel.tracing import columns_of

Objects = NDArray[Any]

MOST_PIECES: Final = 20_000  # of the image


@dataclass(frozen=True, slots=True, eq=False)
class Boundary:
    """The edges of a polygon in the free inputs; `fixed` has the values of the others, None for the free."""

    corners: tuple[Point, ...]
    fixed: tuple[Fraction | None, ...]

    def start(self) -> tuple[Objects, Objects]:
        """For every edge `corner + t (next − corner)`, 0 <= t <= 1, over all inputs: (edges, 2, inputs), and
        the factor of each edge by which these are too many."""
        count = len(self.corners)
        rows = np.zeros((count, 2, len(self.fixed)), dtype=object)
        factors = np.zeros(count, dtype=object)
        for edge, corner in enumerate(self.corners):
            after = self.corners[(edge + 1) % count]
            here, there = iter(corner), iter(after)
            ends = [(v, v) if v is not None else (next(here), next(there)) for v in self.fixed]
            factor = lcm(*(v.denominator for pair in ends for v in pair))
            factors[edge] = factor
            rows[edge, 0] = [int(a * factor) for a, _ in ends]
            rows[edge, 1] = [int((b - a) * factor) for a, b in ends]
        return rows, factors


def image_is_simple(
    network: Network,
    boundary: Boundary,
    rows: Sequence[Mapping[int, Fraction]],
    check_time: Callable[[], None],
) -> bool:
    """Whether no two points of the boundary have the same `rows`.  Raises `Unchecked`."""
    if len(boundary.corners) < 3:
        return False
    pieces = _Pieces(network, boundary, check_time)
    return _is_simple(pieces.vertices(rows))


@dataclass(slots=True, eq=False)
class _Pieces:
    """Intervals of t on edges: from `lower` to `upper`; `values`, by value: numerators (intervals, 2, size)
    of what is affine in t there, over `factor · 2**shift`."""

    network: Network
    boundary: Boundary
    check_time: Callable[[], None]
    lower: list[Fraction] = field(default_factory=list)
    upper: list[Fraction] = field(default_factory=list)
    factor: Objects = field(default_factory=lambda: np.zeros(0, dtype=object))
    values: dict[int, tuple[Objects, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        start, self.factor = self.boundary.start()
        for number, where in enumerate(self.network.inputs):
            self.values[number] = start[:, :, where], 0
        self.lower = [Fraction(0)] * len(self.factor)
        self.upper = [Fraction(1)] * len(self.factor)

    def vertices(self, rows: Sequence[Mapping[int, Fraction]]) -> list[Point]:
        """The image's corners, in order."""
        relus = {step.value for step in self.network.steps if isinstance(step, ReluStep)}
        for step in self.network.steps:
            self.check_time()
            if isinstance(step, AffineStep):
                self.values[step.value] = self._affine(step, relus)
            elif isinstance(step, ReluStep):
                self._cut(step)
            else:
                raise Unchecked("a smooth function has no exact image")
        shift = max(self.values[output][1] for output in self.network.outputs)
        parts = (self.values[output] for output in self.network.outputs)
        whole = np.concatenate([n * (1 << (shift - s)) for n, s in parts], axis=2)
        found = []
        for t, factor, (first, slope) in zip(self.lower, self.factor, whole, strict=True):
            unit = Fraction(1, int(factor) << shift)
            corner = []
            for terms in rows:
                a, b = (sum(int(v[i]) * c for i, c in terms.items()) for v in (first, slope))
                corner.append((a + b * t) * unit)
            found.append(tuple(corner))
        return found

    def _affine(self, step: AffineStep, relus: set[int]) -> tuple[Objects, int]:
        bias = dyadic(step.bias)
        full, shift = np.zeros((len(self.factor), 2, len(step.bias)), dtype=object), bias.shift
        full[:, 0] = bias.numbers[None] * self.factor[:, None]
        for operand, linear in zip(step.operands, step.maps, strict=True):
            exact = ExactMap.of(linear)
            numbers, own = self.values[operand]
            found, own = self._forward(exact, numbers, sparse=operand in relus), own + exact.shift
            if own < shift:
                found = found * (1 << (shift - own))
            elif own > shift:
                full, shift = full * (1 << (own - shift)), own
            full = full + found
        return full, shift

    def _forward(self, exact: ExactMap, numbers: Objects, *, sparse: bool) -> Objects:
        """The map on every interval; behind a ReLU neighbours differ in few elements, and only these are
        multiplied out."""
        count, _, size = numbers.shape
        if not sparse or count < 2:
            flat = exact.forward(Dyadic(numbers.reshape(-1, size), 0)).numbers
            return flat.reshape(count, 2, -1)
        step = numbers[1:] - numbers[:-1]
        changed = (step != 0).any(axis=1)  # (intervals − 1, size)
        few = np.count_nonzero(changed, axis=1) * 4 <= size
        anew = np.concatenate([[0], np.flatnonzero(~few) + 1])
        flat = exact.forward(Dyadic(numbers[anew].reshape(-1, size), 0)).numbers
        base = flat.reshape(len(anew), 2, -1)
        result = np.zeros((count, 2, base.shape[2]), dtype=object)
        result[anew] = base
        chosen = np.flatnonzero(changed[few].any(axis=0))
        place = np.full(size, -1)
        place[chosen] = np.arange(len(chosen))
        columns = columns_of(exact, chosen, size)
        for row in (np.flatnonzero(few) + 1).tolist():
            here = np.flatnonzero(changed[row - 1])
            result[row] = result[row - 1] + step[row - 1][:, here] @ columns[place[here]]
        return result

    def _cut(self, step: ReluStep) -> None:
        """Cut the intervals where neurons change their phase, and switch off those that are below 0."""
        numbers, shift = self.values[step.operand]
        first, last = self._at(numbers, self.lower), self._at(numbers, self.upper)
        crossing = ((first < 0) & (last > 0)) | ((first > 0) & (last < 0))
        owners: list[int] = []
        lower: list[Fraction] = []
        upper: list[Fraction] = []
        for row in range(len(self.lower)):
            neurons = np.flatnonzero(crossing[row])
            found = {Fraction(-int(numbers[row, 0, j]), int(numbers[row, 1, j])) for j in neurons}
            ends = [self.lower[row], *sorted(found), self.upper[row]]
            owners += [row] * (len(ends) - 1)
            lower += ends[:-1]
            upper += ends[1:]
        if len(owners) > MOST_PIECES:
            raise Unchecked(f"the image of the boundary has more than {MOST_PIECES} pieces")
        self.lower, self.upper, self.factor = lower, upper, self.factor[owners]
        self.values = {value: (rows[owners], s) for value, (rows, s) in self.values.items()}
        numbers = numbers[owners]
        active = (self._at(numbers, lower) > 0) | (self._at(numbers, upper) > 0)
        self.values[step.value] = np.where(active[:, None, :], numbers, 0), shift

    @staticmethod
    def _at(numbers: Objects, times: Sequence[Fraction]) -> Objects:
        """A positive multiple of the values at these times: (intervals, size)."""
        tops = objects([t.numerator for t in times])[:, None]
        bottoms = objects([t.denominator for t in times])[:, None]
        found: Objects = numbers[:, 0] * bottoms + numbers[:, 1] * tops
        return found


def _is_simple(vertices: Sequence[Point]) -> bool:
    """Whether a closed polygonal curve meets itself nowhere: edges that are neighbours only where they join,
    others not at all."""
    count = len(vertices)
    after = [*vertices[1:], vertices[0]]
    if any(a == b for a, b in zip(vertices, after, strict=True)) or count < 3:
        return False
    for here in range(count):
        a, b, c = vertices[here], after[here], after[(here + 1) % count]
        if _cross(a, b, c) == 0 and (b[0] - a[0]) * (c[0] - b[0]) + (b[1] - a[1]) * (c[1] - b[1]) < 0:
            return False
    low = np.array([[float_below(v) for v in vertex] for vertex in vertices])
    high = np.array([[float_above(v) for v in vertex] for vertex in vertices])
    low, high = np.minimum(low, np.roll(low, -1, axis=0)), np.maximum(high, np.roll(high, -1, axis=0))
    for one in range(count - 2):
        last = count - 1 if one == 0 else count  # the last edge is a neighbour of the first
        near = (low[one + 2 : last] <= high[one]) & (high[one + 2 : last] >= low[one])
        for other in (np.flatnonzero(near.all(axis=1)) + one + 2).tolist():
            if _meet(vertices[one], after[one], vertices[other], after[other]):
                return False
    return True


def _meet(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Whether two segments whose boxes overlap have a point in common; segments on one line do then."""
    first, second = _cross(a, b, c), _cross(a, b, d)
    if (first > 0 and second > 0) or (first < 0 and second < 0):
        return False
    first, second = _cross(c, d, a), _cross(c, d, b)
    return not ((first > 0 and second > 0) or (first < 0 and second < 0))


def _cross(a: Point, b: Point, c: Point) -> Fraction:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
