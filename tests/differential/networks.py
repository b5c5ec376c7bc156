"""Random tiny networks with what float arithmetic finds hard: sizes 10^±4, ties, dead and duplicate neurons.

In: a source of random numbers, and points of the region.  Out: a `Graph` with one to four hidden layers and
at most twelve neurons, most of which change their phase between those points.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from random import Random

import numpy as np
from numpy.typing import NDArray

from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.primitives import RELU, Affine, Dense, Floats, LinearMap, Scale, frozen

Array = NDArray[np.float64]

MAX_NEURONS = 12
LAYERS = 4


@dataclass(frozen=True, slots=True)
class Style:
    """How numbers are drawn: `spread` is the exponent of ten that sizes vary by, up and down."""

    spread: float
    by: str  # "layer", "neuron" or "weight": what has a size of its own
    short: bool  # multiples of a half, so that sums meet exactly
    dtype: type[np.float32] | type[np.float64]


def style(rng: Random) -> Style:
    return Style(
        spread=rng.choice([0.0, 0.0, 1.0, 2.0, 4.0, 4.0]),
        by=rng.choice(["layer", "neuron", "weight"]),
        short=rng.random() < 0.4,
        dtype=np.float64 if rng.random() < 0.2 else np.float32,
    )


def network(rng: Random, points: Array) -> Graph:
    """A chain of layers, now and then with a shortcut, two input tensors, or hidden tensors as outputs."""
    how = style(rng)
    inputs = points.shape[1]
    sizes = [inputs, *hidden_sizes(rng), rng.choices([1, 2, 3], [4, 3, 1])[0]]
    parts = [inputs]
    if inputs > 1 and rng.random() < 0.15:
        first = rng.randrange(1, inputs)
        parts = [first, inputs - first]
    specs = tuple(TensorSpec(f"x{i}", (size,)) for i, size in enumerate(parts))
    nodes: list[Node] = []
    at = tuple(range(len(parts)))  # the values that the next layer reads
    for layer, (before, after) in enumerate(pairwise(sizes)):
        weight, bias = _dense(rng, how, before, after, points)
        nodes.append(_node(layer, weight, bias, at, parts))
        points = np.maximum(points @ weight.T.astype(float) + bias, 0)
        at, parts = (len(specs) + len(nodes) - 1,), [after]
        if layer == len(sizes) - 2:
            break
        nodes.append(Node(RELU, at, TensorSpec(f"a{layer}", (after,))))
        at = (at[0] + 1,)
        if rng.random() < 0.1:
            at = _shortcut(rng, how, nodes, at, after)
    return Graph(specs, tuple(nodes), _outputs(rng, len(specs), len(nodes)))


def hidden_sizes(rng: Random) -> list[int]:
    sizes: list[int] = []
    for _ in range(rng.choices(range(1, LAYERS + 1), [3, 5, 3, 2])[0]):
        left = MAX_NEURONS - sum(sizes)
        if left < 1:
            break
        sizes.append(rng.randint(1, min(left, 6)))
    return sizes


def _outputs(rng: Random, inputs: int, nodes: int) -> tuple[int, ...]:
    """The last value; now and then a hidden one beside it, or an input, or a hidden one alone."""
    last = inputs + nodes - 1
    other = rng.randrange(inputs + nodes)
    return rng.choices([(last,), (last, other), (other, last), (other,)], [8, 1, 1, 1])[0]


def _shortcut(rng: Random, how: Style, nodes: list[Node], at: tuple[int, ...], size: int) -> tuple[int, ...]:
    """Adds a scaled earlier value of the same size to the last one, or scales the last one."""
    value = at[0]
    operands, maps = [value], [Scale(_numbers(rng, how, size))]
    if rng.random() < 0.5:
        operands.append(value - 1)  # what entered the ReLU
        maps.append(Scale(_numbers(rng, how, size)))
    affine = Affine(tuple(maps), _numbers(rng, how, size))
    nodes.append(Node(affine, tuple(operands), TensorSpec(f"s{len(nodes)}", (size,))))
    return (value + 1,)


def _node(layer: int, weight: Floats, bias: Floats, at: tuple[int, ...], parts: list[int]) -> Node:
    maps: list[LinearMap] = []
    start = 0
    for size in parts:
        maps.append(Dense(frozen(weight[:, start : start + size])))
        start += size
    return Node(Affine(tuple(maps), frozen(bias)), at, TensorSpec(f"z{layer}", bias.shape))


def _dense(rng: Random, how: Style, before: int, after: int, points: Array) -> tuple[Floats, Floats]:
    weight = np.array([_numbers(rng, how, before) for _ in range(after)], dtype=np.float64)
    sizes = np.ones(after)
    if how.by == "layer":
        sizes *= 10 ** rng.uniform(-how.spread, how.spread)
    elif how.by == "neuron":
        sizes *= [10 ** rng.uniform(-how.spread, how.spread) for _ in range(after)]
    weight *= sizes[:, None]
    bias = np.asarray(_numbers(rng, how, after), dtype=np.float64) * sizes
    for j in range(after):
        _peculiarity(rng, weight, bias, j, points)
    with np.errstate(over="ignore", under="ignore"):
        return weight.astype(how.dtype), bias.astype(how.dtype)


def _peculiarity(rng: Random, weight: Array, bias: Array, j: int, points: Array) -> None:
    """A kink through a point or between two; now and then a dead neuron, one that is always on, a duplicate,
    a mirror image."""
    sums = points @ weight[j]
    kind = rng.choices(["none", "dead", "on", "same", "mirror", "at", "between"], [3, 1, 1, 1, 1, 4, 9])[0]
    if kind == "dead":
        bias[j] = -sums.max() - abs(sums).max() / 4
    elif kind == "on":
        bias[j] = -sums.min() + abs(sums).max() / 4
    elif kind == "same" and j:
        weight[j], bias[j] = weight[j - 1], bias[j - 1]
    elif kind == "mirror" and j:
        weight[j], bias[j] = -weight[j - 1], -bias[j - 1]
    elif kind == "at":
        bias[j] = -rng.choice(list(sums))
    elif kind == "between":
        bias[j] = -(rng.choice(list(sums)) + rng.choice(list(sums))) / 2


def _numbers(rng: Random, how: Style, count: int) -> Floats:
    return frozen(np.array([_number(rng, how) for _ in range(count)], dtype=np.float64).astype(how.dtype))


def _number(rng: Random, how: Style) -> float:
    if rng.random() < 0.12:
        return 0.0
    number = rng.choice([-2, -1.5, -1, -0.5, 0.5, 1, 1.5, 2]) if how.short else rng.gauss(0, 1)
    return number * 10 ** rng.uniform(-how.spread, how.spread) if how.by == "weight" else number
