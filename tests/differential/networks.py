"""Random tiny networks with what float arithmetic finds hard: sizes 10^±4, ties, dead and duplicate neurons.

In: a source of random numbers, and points of the region.  Out: a `Graph` with one to four hidden layers and
at most twelve neurons, most of which change their phase between those points.  What makes networks other than
dense ones is in `layers`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from random import Random

import numpy as np
from numpy.typing import NDArray

from spec_lang.network.graph import Graph, TensorSpec
from spec_lang.network.primitives import Dense, Floats, LinearMap, Scale, frozen
from tests.differential.layers import Sketch, absolute, clipped, convolved, greatest, joined, moved

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
    """Layer upon layer, dense or convolutional, with ReLUs, maxima, absolute values, clipping, shortcuts and
    index maps; now and then two input tensors, or hidden tensors as outputs."""
    how = style(rng)
    inputs = points.shape[1]
    parts = [inputs]
    if inputs > 1 and rng.random() < 0.15:
        first = rng.randrange(1, inputs)
        parts = [first, inputs - first]
    ends = np.cumsum(parts)[:-1]
    sketch = Sketch(len(parts), list(np.split(points, ends, axis=1)), MAX_NEURONS)
    at = tuple(range(len(parts)))  # the values that the next layer reads
    plain = rng.random() < 0.4  # what a network is made of as a rule: dense layers and ReLUs
    for size in hidden_sizes(rng):
        value = None
        if not plain and len(at) == 1 and rng.random() < 0.5:
            value = convolved(rng, lambda shape: _array(rng, how, shape), sketch, at[0])
        if value is None or sketch.size(value) > sketch.neurons:
            value = _add_dense(rng, how, sketch, at, min(size, max(1, sketch.neurons)))
        if sketch.size(value) > sketch.neurons:
            break
        value = sketch.relu(value) if plain else _bent(rng, sketch, value)
        if rng.random() < 0.1:
            value = _shortcut(rng, how, sketch, value)
        if not plain:
            value = _varied(rng, how, sketch, value)
        at = (value,)
    _add_dense(rng, how, sketch, at, rng.choices([1, 2, 3], [4, 3, 1])[0])
    specs = tuple(TensorSpec(f"x{i}", (size,)) for i, size in enumerate(parts))
    return Graph(specs, tuple(sketch.nodes), _outputs(rng, len(specs), len(sketch.nodes)))


def _bent(rng: Random, sketch: Sketch, value: int) -> int:
    """The value through neurons of some kind."""
    kind = rng.choices(["relu", "max", "abs", "clip"], [6, 3, 1, 1])[0]
    found = None
    if kind == "max":
        found = greatest(rng, sketch, value)
    elif kind == "abs":
        found = absolute(sketch, value)
    elif kind == "clip":
        found = clipped(rng, sketch, value)
    return sketch.relu(value) if found is None else found


def _varied(rng: Random, how: Style, sketch: Sketch, value: int) -> int:
    """The value, added to another, with its elements elsewhere, or as it is."""
    kind = rng.choices(["as it is", "joined", "moved"], [4, 2, 2])[0]
    found = None
    if kind == "joined":
        found = joined(rng, lambda shape: _array(rng, how, shape), sketch, value)
    elif kind == "moved":
        found = moved(rng, sketch, value)
    return value if found is None else found


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


def _shortcut(rng: Random, how: Style, sketch: Sketch, value: int) -> int:
    """Adds a scaled earlier value of the same size to the last one, or scales the last one."""
    size = sketch.size(value)
    operands, maps = [value], [Scale(_numbers(rng, how, size))]
    before = sketch.nodes[-1].operands[0]  # what entered the ReLU
    if rng.random() < 0.5 and sketch.size(before) == size:
        operands.append(before)
        maps.append(Scale(_numbers(rng, how, size)))
    return sketch.affine(maps, operands, _numbers(rng, how, size))


def _add_dense(rng: Random, how: Style, sketch: Sketch, at: tuple[int, ...], size: int) -> int:
    """A dense layer over the values `at`."""
    points = np.concatenate([sketch.points[value] for value in at], axis=1)
    weight, bias = _dense(rng, how, points.shape[1], size, points)
    maps: list[LinearMap] = []
    start = 0
    for value in at:
        maps.append(Dense(frozen(weight[:, start : start + sketch.size(value)])))
        start += sketch.size(value)
    return sketch.affine(maps, at, frozen(bias))


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


def _array(rng: Random, how: Style, shape: tuple[int, ...]) -> Floats:
    return frozen(_numbers(rng, how, prod(shape)).reshape(shape))


def _numbers(rng: Random, how: Style, count: int) -> Floats:
    return frozen(np.array([_number(rng, how) for _ in range(count)], dtype=np.float64).astype(how.dtype))


def _number(rng: Random, how: Style) -> float:
    if rng.random() < 0.12:
        return 0.0
    number = rng.choice([-2, -1.5, -1, -0.5, 0.5, 1, 1.5, 2]) if how.short else rng.gauss(0, 1)
    return number * 10 ** rng.uniform(-how.spread, how.spread) if how.by == "weight" else number
