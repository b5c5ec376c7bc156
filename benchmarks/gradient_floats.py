"""Gradients of a perceptron in plain floats, and what intervals say of them: the baseline, not the engine.

In: a file of `Gemm` and `Relu` nodes, and batches of points or boxes (batch, in).  Out: gradients of one
output (batch, in), and enclosures of them over boxes or over weights.  Nothing is rounded outward; a neuron
at 0 counts as off in `gradients`, and as either in an enclosure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from examples.perceptron import Array, Layer

Ends = tuple[Array, Array]  # lower and upper ends of the same shape


@dataclass(frozen=True, slots=True)
class Logit:
    """One output of a network."""

    layers: Sequence[Layer]
    output: int

    @property
    def last(self) -> Array:
        """Its weights in the last layer (n,)."""
        return self.layers[-1][0][:, self.output]

    @property
    def backwards(self) -> list[Layer]:
        """The other layers, last to first."""
        return list(reversed(self.layers[:-1]))


def layers_of(path: Path) -> list[Layer]:
    """The weights (in, out) and biases of the file's `Gemm` nodes, as floats of twice the precision."""
    graph = onnx.load(path).graph
    stored = {tensor.name: numpy_helper.to_array(tensor).astype(np.float64) for tensor in graph.initializer}
    dense = [node for node in graph.node if node.op_type == "Gemm"]
    return [(stored[node.input[1]], stored[node.input[2]]) for node in dense]


def pre_activations(layers: Sequence[Layer], x: Array) -> tuple[list[Array], Array]:
    """What enters every ReLU, layer by layer (batch, n), and the output (batch, out)."""
    found = []
    for weight, bias in layers[:-1]:
        found.append(x @ weight + bias)
        x = np.maximum(found[-1], 0.0)
    weight, bias = layers[-1]
    return found, x @ weight + bias


def gradients(logit: Logit, x: Array) -> Array:
    """The gradient of the output at each point (batch, in)."""
    entering, _ = pre_activations(logit.layers, x)
    back = np.broadcast_to(logit.last, entering[-1].shape)
    for (weight, _), z in zip(logit.backwards, reversed(entering), strict=True):
        back = (back * (z > 0.0)) @ weight.T
    return back


def image(ends: Ends, matrix: Array, bias: Array | float = 0.0) -> Ends:
    """What `x @ matrix + bias` lies between, for `x` between the ends."""
    middle, radius = (ends[0] + ends[1]) / 2.0, (ends[1] - ends[0]) / 2.0
    center, reach = middle @ matrix + bias, radius @ abs(matrix)
    return center - reach, center + reach


def phase_intervals(layers: Sequence[Layer], box: Ends) -> list[Ends]:
    """What enters every ReLU lies between these, layer by layer."""
    found = []
    for weight, bias in layers[:-1]:
        found.append(image(box, weight, bias))
        box = np.maximum(found[-1][0], 0.0), np.maximum(found[-1][1], 0.0)
    return found


def gated(ends: Ends, z: Ends) -> Ends:
    """A number between `ends` where z > 0, and 0 where z < 0; either where z is 0."""
    off, on = z[1] < 0.0, z[0] > 0.0
    lower = np.where(off, 0.0, np.where(on, ends[0], np.minimum(ends[0], 0.0)))
    upper = np.where(off, 0.0, np.where(on, ends[1], np.maximum(ends[1], 0.0)))
    return lower, upper


def interval_gradients(logit: Logit, box: Ends) -> Ends:
    """Plain intervals, forward and back: of the gradient at any point of each box (batch, in)."""
    entering = phase_intervals(logit.layers, box)
    seed = np.broadcast_to(logit.last, entering[-1][0].shape)
    back = seed, seed
    for (weight, _), z in zip(logit.backwards, reversed(entering), strict=True):
        back = image(gated(back, z), weight.T)
    return back


def phase_bounds(layers: Sequence[Layer], box: Ends) -> list[Ends]:
    """What enters every ReLU, by backward substitution: to measure how hard a box is, and where to look."""
    found: list[Ends] = []
    for depth, (weight, bias) in enumerate(layers[:-1]):
        upper = _substituted(layers[:depth], found, box, weight, bias)
        lower = _substituted(layers[:depth], found, box, -weight, -bias)
        found.append((-lower, upper))
    return found


def unstable(layers: Sequence[Layer], box: Ends) -> Array:
    """How many neurons may be on and off within each box: never too few."""
    mixed = [((low < 0.0) & (high > 0.0)).sum(axis=1) for low, high in phase_bounds(layers, box)]
    result: Array = np.sum(mixed, axis=0)
    return result


def _substituted(
    layers: Sequence[Layer], known: Sequence[Ends], box: Ends, rows: Array, bias: Array
) -> Array:
    """An upper bound (batch, n) of the last hidden layer times `rows`, plus `bias`."""
    coefficients = np.broadcast_to(rows.T, (len(box[0]), *rows.T.shape))  # (batch, n, in)
    constant = np.broadcast_to(bias, coefficients.shape[:2])
    for (weight, offset), (low, high) in zip(reversed(layers), reversed(known), strict=True):
        spread = np.where((low < 0.0) & (high > 0.0), high - low, 1.0)
        slope = np.where(low >= 0.0, 1.0, np.where(high <= 0.0, 0.0, high / spread))
        over = np.where((low < 0.0) & (high > 0.0), -low * high / spread, 0.0)
        under = np.where(high > -low, 1.0, 0.0)  # a slope below the ReLU: 0 or 1, whichever loses less
        under = np.where(low >= 0.0, 1.0, np.where(high <= 0.0, 0.0, under))
        positive, negative = np.maximum(coefficients, 0.0), np.minimum(coefficients, 0.0)
        constant = constant + np.einsum("bnk,bk->bn", positive, over)
        coefficients = positive * slope[:, None] + negative * under[:, None]
        constant = constant + coefficients @ offset
        coefficients = coefficients @ weight.T
    middle, radius = (box[0] + box[1]) / 2.0, (box[1] - box[0]) / 2.0
    reach = np.einsum("bnk,bk->bn", coefficients, middle) + np.einsum("bnk,bk->bn", abs(coefficients), radius)
    result: Array = reach + constant
    return result


def weight_interval_gradients(logit: Logit, x: Array, share: float) -> Ends:
    """Plain intervals: of the gradient at each point, for all weights and biases within a share of these."""
    entering, value = [], (x, x)
    for weight, bias in logit.layers[:-1]:
        low, high = _product(value, weight, share)
        slack = share * abs(bias)
        entering.append((low + bias - slack, high + bias + slack))
        value = np.maximum(entering[-1][0], 0.0), np.maximum(entering[-1][1], 0.0)
    ends = logit.last - share * abs(logit.last), logit.last + share * abs(logit.last)
    shape = entering[-1][0].shape
    back = np.broadcast_to(ends[0], shape), np.broadcast_to(ends[1], shape)
    for (weight, _), z in zip(logit.backwards, reversed(entering), strict=True):
        back = _product(gated(back, z), weight.T, share)
    return back


def _product(value: Ends, matrix: Array, share: float) -> Ends:
    """The exact interval of `v @ M`, v between the ends and M within a share of the matrix."""
    low, high = value
    positive, negative = np.maximum(matrix, 0.0), np.minimum(matrix, 0.0)
    less, more = 1.0 - share, 1.0 + share

    def greatest(below: Array, above: Array) -> Array:
        """Of v in [below, above]: v·w for w > 0 is greatest at v = above, with the weight that suits its
        sign; for w < 0 at v = below."""
        up, up_small = np.maximum(above, 0.0) * more, np.minimum(above, 0.0) * less
        down, down_small = np.minimum(below, 0.0) * more, np.maximum(below, 0.0) * less
        result: Array = (up + up_small) @ positive + (down + down_small) @ negative
        return result

    return -greatest(-high, -low), greatest(low, high)
