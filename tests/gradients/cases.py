"""Random tiny networks with kinks on purpose, and regions whose corners, edges and middles the kinks meet.

In: a number.  Out: always the same case for the same number.  Weights are halves up to 1, biases put zeros of
neurons on chosen points and faces of the region; rows are repeated, opposite, or nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from random import Random

from spec_lang.network.graph import Graph
from spec_lang.network.primitives import RELU, Affine, PiecewiseLinear
from tests.gradients.faces import HalfSpace, Region
from tests.gradients.forms import Vector
from tests.gradients.oracle import inner
from tests.tiny_networks import chain, dense

Neuron = tuple[Vector, Fraction]  # weights and bias
SIZES = ((1, 3, 1), (1, 4, 4, 1), (2, 3, 1), (2, 4, 2), (2, 4, 4, 1), (2, 4, 4, 2), (3, 4, 1), (3, 4, 3, 2))


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A network, a convex region that is not empty, and a point of it, with kinks in half of the cases."""

    graph: Graph
    region: Region
    point: Vector


def case(number: int, sizes: Sequence[int] | None = None) -> Case:
    """The same one for the same number, of these sizes or of any."""
    rng = Random(f"gradients/{number}/{sizes}")  # noqa: S311 - to be repeated
    sizes = sizes or rng.choice(SIZES)
    lower, upper = zip(*(_side(rng) for _ in range(sizes[0])), strict=True)
    points = [_point(rng, lower, upper) for _ in range(3)]
    number_of_rows = rng.choices((0, 1, 2), (6, 2, 1))[0]
    half_spaces = tuple(_half_space(rng, points[0], through=False) for _ in range(number_of_rows))
    if sizes[0] > 1 and rng.random() < 0.1:  # an equation
        row = _half_space(rng, points[0], through=True)
        half_spaces = (row, tuple(-e for e in row))
    region = Region(lower, upper, half_spaces)
    points = [point for point in points if region.contains(point)]
    graph = network(rng, sizes, region, points)
    other = _point(rng, lower, upper, parts=64)
    return Case(graph, region, other if rng.random() < 0.5 and region.contains(other) else points[0])


def network(rng: Random, sizes: Sequence[int], region: Region, points: Sequence[Vector]) -> Graph:
    """Affine maps with ReLUs between them; many neurons are 0 at one of the points."""
    steps: list[Affine | PiecewiseLinear] = []
    values = list(points)
    kinks = rng.choice((0.1, 0.4, 0.8))
    for layer, (taken, given) in enumerate(pairwise(sizes)):
        neurons = [_neuron(rng, taken, values, kinks) for _ in range(given)]
        if layer == 0:  # some are 0 on a side of the box
            neurons = [_of_side(rng, region) if rng.random() < kinks / 4 else neuron for neuron in neurons]
        if layer < len(sizes) - 2 and rng.random() < 0.3:
            neurons[rng.randrange(given)] = _twin(rng, rng.choice(neurons))
        steps.append(dense([list(map(float, row)) for row, _ in neurons], [float(b) for _, b in neurons]))
        steps.append(RELU)
        values = [tuple(max(inner(row, v) + b, Fraction(0)) for row, b in neurons) for v in values]
    return chain(sizes[0], *steps[:-1])


def _neuron(rng: Random, taken: int, values: Sequence[Vector], kinks: float) -> Neuron:
    """Weights and bias; this share of the neurons is 0 at a point, and one in twenty is dead."""
    if rng.random() < 0.05:
        return (Fraction(0),) * taken, Fraction(rng.randint(-1, 1), 2)
    row = tuple(Fraction(rng.randint(-2, 2), 2) for _ in range(taken))
    beside = Fraction(0) if rng.random() < kinks else Fraction(rng.randint(-4, 4), 8)
    return row, beside - inner(row, rng.choice(values))


def _of_side(rng: Random, region: Region) -> Neuron:
    axis, sign = rng.randrange(len(region.lower)), rng.choice((-1, 1))
    row = tuple(Fraction(sign * (j == axis)) for j in range(len(region.lower)))
    return row, -sign * rng.choice((region.lower[axis], region.upper[axis]))


def _twin(rng: Random, neuron: Neuron) -> Neuron:
    """The same or the opposite one, or twice as large."""
    row, bias = neuron
    factor = rng.choice((-1, 1, 2))
    return tuple(factor * e for e in row), factor * bias


# -- regions -------------------------------------------------------------------------------------------


def _side(rng: Random) -> tuple[Fraction, Fraction]:
    lower = Fraction(rng.randint(-4, 2), 4)
    return lower, lower + rng.choice((Fraction(0), Fraction(1, 8), *[Fraction(1)] * 4, *[Fraction(2)] * 4))


def _point(rng: Random, lower: Vector, upper: Vector, parts: int = 4) -> Vector:
    """A corner, a middle, a point of a side, or another one; of more parts, most probably another one."""
    likely = [3 if k in (0, parts // 2, parts) else 1 for k in range(parts + 1)]
    shares = [Fraction(k, parts) for k in rng.choices(range(parts + 1), likely, k=len(lower))]
    return tuple(lo + share * (hi - lo) for lo, hi, share in zip(lower, upper, shares, strict=True))


def _half_space(rng: Random, point: Vector, *, through: bool) -> HalfSpace:
    """One with the point in it, or on its border."""
    row = tuple(Fraction(rng.randint(-2, 2)) for _ in point)
    slack = Fraction(0) if through else Fraction(rng.randint(0, 3), 4)
    return (-inner(row, point) - slack, *row)
