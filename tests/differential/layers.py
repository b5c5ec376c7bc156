"""Layers of random networks beyond dense ones: convolutions, index maps, shortcuts, and what maxima, absolute
values and clipping are made of.

In: a source of random numbers, and a `Sketch` of a network so far.  Out: the number of the value that the
layer makes, or None where none of its kind fits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import prod
from random import Random

import numpy as np
from numpy.typing import NDArray

from spec_lang.network.graph import Node, TensorSpec
from spec_lang.network.primitives import RELU, Affine, Convolution, Floats, LinearMap, Scale, frozen
from tests.maps import as_dense, as_entries, index_map

Array = NDArray[np.float64]
Numbers = Callable[[tuple[int, ...]], Floats]  # random ones of a shape

# The layers of an Affine alone, and those that have neurons.
WIDEST = 8


@dataclass(slots=True)
class Sketch:
    """The nodes so far; `points` has what every value is at a few points, `neurons` how many more may be."""

    inputs: int  # tensors
    points: list[Array]
    neurons: int
    nodes: list[Node] = field(default_factory=list)

    def size(self, value: int) -> int:
        return int(self.points[value].shape[1])

    def affine(
        self, maps: Sequence[LinearMap], operands: Sequence[int], bias: Floats, *, glue: bool = False
    ) -> int:
        total: Array = np.tile(np.asarray(bias, dtype=np.float64), (len(self.points[0]), 1))
        for linear, operand in zip(maps, operands, strict=True):
            total = total + self.moved(linear, operand)
        spec = TensorSpec(f"t{len(self.nodes)}", (len(bias),))
        return self._add(Node(Affine(tuple(maps), bias), tuple(operands), spec, glue=glue), total)

    def relu(self, value: int, *, glue: bool = False) -> int:
        self.neurons -= self.size(value)
        spec = TensorSpec(f"t{len(self.nodes)}", (self.size(value),))
        return self._add(Node(RELU, (value,), spec, glue=glue), np.maximum(self.points[value], 0))

    def moved(self, linear: LinearMap, operand: int) -> Array:
        """What a map makes of a value."""
        result: Array = self.points[operand] @ as_dense(linear).weight.T.astype(np.float64)
        return result

    def _add(self, node: Node, points: Array) -> int:
        self.nodes.append(node)
        self.points.append(points)
        return self.inputs + len(self.nodes) - 1


# -- affine layers -------------------------------------------------------------------------------------


def convolved(rng: Random, numbers: Numbers, sketch: Sketch, value: int) -> int | None:
    """A convolution or the transpose of one, now and then written as a matrix, with one bias a channel that
    puts a kink between two of the points."""
    linear = _geometry(rng, numbers, sketch.size(value))
    if linear is None:
        return None
    sums = sketch.moved(linear, value)
    channels = linear.channels[0] if linear.adjoint else linear.channels[1]
    by_channel = sums.reshape(len(sums), channels, -1)
    bias = [-_between(rng, by_channel[:, channel].ravel()) for channel in range(channels)]
    each = np.repeat(np.array(bias), by_channel.shape[2]).astype(linear.weight.dtype)
    forms: list[LinearMap] = [linear, as_dense(linear), as_entries(linear)]
    form = rng.choices(forms, [6, 1, 1])[0]
    return sketch.affine([form], [value], frozen(each))


def _between(rng: Random, sums: Array) -> float:
    return float(rng.choice(list(sums)) + rng.choice(list(sums))) / 2


def _geometry(rng: Random, numbers: Numbers, size: int) -> Convolution | None:
    """Some convolution of a tensor of `size` elements that makes at most `WIDEST` of them."""
    for _ in range(20):
        mine, *axes = rng.choice(list(_shapes(size)))
        groups = rng.choice([g for g in range(1, mine + 1) if mine % g == 0])
        kernel = tuple(rng.randint(1, min(3, length + 1)) for length in axes)
        strides, dilations = (tuple(rng.choice([1, 1, 2]) for _ in axes) for _ in range(2))
        pads = tuple(rng.randint(0, 1) for _ in axes)
        reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
        adjoint = rng.random() < 0.3
        if adjoint:
            ends = [(n - 1) * s + r for n, s, r in zip(axes, strides, reach, strict=True)]
            others = [end - pad - rng.randint(0, 1) for end, pad in zip(ends, pads, strict=True)]
        else:
            whole = [n + pad + rng.randint(0, 1) for n, pad in zip(axes, pads, strict=True)]
            others = [(w - r) // s + 1 for w, r, s in zip(whole, reach, strides, strict=True)]
        if min(others) < 1 or groups * prod(others) > WIDEST:
            continue
        theirs = groups * rng.randint(1, min(3, WIDEST // (groups * prod(others))))
        given, taken = (mine, theirs) if adjoint else (theirs, mine)
        ends_of = (tuple(others), tuple(axes)) if adjoint else (tuple(axes), tuple(others))
        weight = numbers((given, taken // groups, *kernel))
        return Convolution(weight, groups, *ends_of, strides, dilations, pads, adjoint)
    return None


def _shapes(size: int) -> Iterator[tuple[int, ...]]:
    """Channels and one or two axes that make up `size`."""
    divisors = [d for d in range(1, size + 1) if size % d == 0]
    yield from ((size // length, length) for length in divisors)
    for height, width in product(divisors, divisors):
        if size % (height * width) == 0:
            yield size // (height * width), height, width


def moved(rng: Random, sketch: Sketch, value: int) -> int | None:
    """The elements in another order, some of them, some twice, with zeros in between."""
    size = sketch.size(value)
    order = list(range(size))
    kind = rng.choice(["order", "slice", "pad", "any"])
    sources: list[int | None] = list(order)
    if kind == "order":
        rng.shuffle(order)
        sources = list(order)
    elif kind == "slice":
        sources = list(order[rng.randrange(size) :: rng.choice([1, 1, 2, -1])]) or [0]
    elif kind == "pad":
        sources = [*([None] * rng.randint(0, 1)), *order, *([None] * rng.randint(0, 1))]
    else:
        sources = [rng.choice([None, *order, *order]) for _ in range(rng.randint(1, size + 1))]
    if len(sources) > WIDEST:
        return None
    bias = frozen(np.zeros(len(sources), dtype=np.float32))
    return sketch.affine([index_map(sources, size)], [value], bias, glue=True)


def joined(rng: Random, numbers: Numbers, sketch: Sketch, value: int) -> int | None:
    """The value and an earlier one, or itself, added up: a shortcut."""
    size = sketch.size(value)
    same = [other for other in range(len(sketch.points)) if sketch.size(other) == size]
    other = rng.choice(same)
    maps: list[LinearMap] = [Scale(frozen(np.ones(size, dtype=np.float32)))] * 2
    if rng.random() < 0.5:
        maps[1] = Scale(numbers((size,)))
    if rng.random() < 0.3:
        maps[0] = as_entries(maps[0])
    return sketch.affine(maps, [value, other], numbers((size,)))


# -- layers with neurons -------------------------------------------------------------------------------


def greatest(rng: Random, sketch: Sketch, value: int) -> int | None:
    """Greatest, or least, of pairs of elements: `a + relu(b − a)`, `a − relu(a − b)`, all of it exact."""
    size = sketch.size(value)
    count = size // 2 if rng.random() < 0.5 else size - 1
    if not 0 < count <= sketch.neurons:
        return None
    pairs = [(2 * i, 2 * i + 1) if count == size // 2 else (i, i + 1) for i in range(count)]
    sign = rng.choice([1.0, -1.0])
    kept = index_map([a for a, _ in pairs], size)
    weight = np.zeros((count, size), dtype=np.float32)
    for i, (a, b) in enumerate(pairs):
        weight[i, a], weight[i, b] = -sign, sign
    nothing = frozen(np.zeros(count, dtype=np.float32))
    rises = sketch.affine([_without_zeros(weight)], [value], nothing, glue=True)
    over = sketch.relu(rises, glue=True)
    factor = Scale(frozen(np.full(count, sign, dtype=np.float32)))
    return sketch.affine([kept, factor], [value, over], nothing, glue=True)


def _without_zeros(weight: Floats) -> LinearMap:
    row, column = np.nonzero(weight)
    everything = index_map([0] * len(row), weight.shape[1])
    return type(everything)((len(weight), weight.shape[1]), row, column, frozen(weight[row, column]))


def absolute(sketch: Sketch, value: int) -> int | None:
    """`2 relu(x) − x`"""
    size = sketch.size(value)
    if size > sketch.neurons:
        return None
    over = sketch.relu(value, glue=True)
    maps = [Scale(frozen(np.full(size, number, dtype=np.float32))) for number in (2.0, -1.0)]
    return sketch.affine(maps, [over, value], frozen(np.zeros(size, dtype=np.float32)), glue=True)


def clipped(rng: Random, sketch: Sketch, value: int) -> int | None:
    """`lo + relu(x − lo) − relu(x − hi)`, between two values that x takes."""
    size = sketch.size(value)
    if 2 * size > sketch.neurons:
        return None
    with np.errstate(over="ignore"):
        low, high = sorted(np.float32(rng.choice(list(sketch.points[value].ravel()))) for _ in range(2))
    one = Scale(frozen(np.ones(size, dtype=np.float32)))
    over = [
        sketch.relu(sketch.affine([one], [value], frozen(np.full(size, -end)), glue=True), glue=True)
        for end in (low, high)
    ]
    signs = [Scale(frozen(np.full(size, sign, dtype=np.float32))) for sign in (1.0, -1.0)]
    return sketch.affine(signs, over, frozen(np.full(size, low)), glue=True)
