"""Trains a small ReLU perceptron in plain numpy and writes it as an ONNX file.

In: examples and a loss.  Out: the layers' weights and biases, and a file of `Gemm` and `Relu` nodes with
float32 weights.  The same seed gives the same weights, up to the rounding of another BLAS library.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Array = NDArray[np.float64]
Indices = NDArray[np.int64]
Layer = tuple[Array, Array]  # weight (in, out), bias (out,)
LossGradient = Callable[[Array, Array], Array]  # (predicted, wanted), both (batch, out) -> (batch, out)


def squared_error(predicted: Array, wanted: Array) -> Array:
    """The gradient of `mean |predicted - wanted|² / 2` with respect to `predicted`."""
    return (predicted - wanted) / len(wanted)


def cross_entropy(predicted: Array, wanted: Array) -> Array:
    """The gradient of the mean cross-entropy of `softmax(predicted)` against one-hot rows."""
    scores: Array = np.exp(predicted - predicted.max(axis=1, keepdims=True))
    return squared_error(scores / scores.sum(axis=1, keepdims=True), wanted)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train: Adam with a rate that falls linearly to zero, and decoupled weight decay."""

    sizes: tuple[int, ...]  # inputs, hidden layers, outputs
    epochs: int
    batch: int
    rate: float
    decay: float = 0.0
    seed: int = 0


def values(layers: Sequence[Layer], x: Array) -> list[Array]:
    """The input, every hidden layer after its ReLU, and the output."""
    result = [x]
    for number, (weight, bias) in enumerate(layers):
        pre = result[-1] @ weight + bias
        result.append(pre if number == len(layers) - 1 else np.maximum(pre, 0.0))
    return result


@dataclass(frozen=True, slots=True)
class Slopes:
    """How an output should change with the inputs, everywhere in a box: training adds a penalty where, at a
    random point, an input of sign 1 (-1) has a slope below `margin` (above `-margin`); sign 0 asks nothing.
    """

    lower: Array  # (in,)
    upper: Array
    signs: Array
    margin: float
    weight: float

    def draw(self, random: np.random.Generator, count: int) -> Array:
        """Points of the box (count, in), with many on its faces and corners, where slopes go wrong unseen."""
        share = np.clip(random.uniform(-0.5, 1.5, (count, len(self.lower))), 0.0, 1.0)
        result: Array = self.lower + share * (self.upper - self.lower)
        return result


def train(
    x: Array, y: Array, loss: LossGradient, recipe: Recipe, slopes: Slopes | None = None
) -> list[Layer]:
    """Layers that fit `y` (batch, out) to `x` (batch, in), with these slopes where there is one output."""
    random = np.random.default_rng(recipe.seed)
    parameters: list[Array] = []
    for inputs, outputs in pairwise(recipe.sizes):
        parameters += [random.normal(0.0, np.sqrt(2.0 / inputs), (inputs, outputs)), np.zeros(outputs)]
    elsewhere = np.random.default_rng([recipe.seed, 1])

    def gradients(chosen: Indices) -> list[Array]:
        layers = _layers(parameters)
        found = _gradients(layers, x[chosen], y[chosen], loss)
        if slopes is None:
            return found
        added = _slope_gradients(layers, slopes.draw(elsewhere, recipe.batch), slopes)
        return [one + two for one, two in zip(found, added, strict=True)]

    descend(parameters, gradients, len(x), recipe, random)
    return _layers(parameters)


def descend(
    parameters: Sequence[Array],
    gradients: Callable[[Indices], list[Array]],
    count: int,
    recipe: Recipe,
    random: np.random.Generator,
) -> None:
    """Change the parameters in place: `gradients` of the mean loss of some of `count` examples."""
    moments = [(np.zeros_like(p), np.zeros_like(p)) for p in parameters]
    steps = recipe.epochs * (count // recipe.batch)
    step = 0
    for _ in range(recipe.epochs):
        order = random.permutation(count)
        for start in range(0, count - recipe.batch + 1, recipe.batch):
            found = gradients(order[start : start + recipe.batch])
            rate = recipe.rate * (1.0 - step / steps)
            step += 1
            for parameter, gradient, (first, second) in zip(parameters, found, moments, strict=True):
                first[:] = 0.9 * first + 0.1 * gradient
                second[:] = 0.999 * second + 0.001 * gradient**2
                scale = np.sqrt(second / (1.0 - 0.999**step)) + 1e-8
                parameter[:] -= rate * (first / (1.0 - 0.9**step) / scale + recipe.decay * parameter)


def _layers(parameters: Sequence[Array]) -> list[Layer]:
    return list(zip(parameters[::2], parameters[1::2], strict=True))


def _gradients(layers: Sequence[Layer], x: Array, y: Array, loss: LossGradient) -> list[Array]:
    """The gradient for each weight and bias, in the order of the parameters."""
    forward = values(layers, x)
    back = loss(forward[-1], y)
    gradients: list[Array] = []
    for (weight, _), value in zip(reversed(layers), reversed(forward[:-1]), strict=True):
        gradients = [value.T @ back, back.sum(axis=0), *gradients]
        back = (back @ weight.T) * (value > 0.0)
    return gradients


def _slope_gradients(layers: Sequence[Layer], x: Array, slopes: Slopes) -> list[Array]:
    """The gradient of the penalty, for each weight and bias: with the phases of the ReLUs as they are, the
    slope in a direction is a product of the weights, and no bias has a part in it."""
    forward = values(layers, x)
    back = np.ones((len(x), 1))  # of the output by each layer's result
    backs = [back]
    for (weight, _), value in zip(reversed(layers[1:]), reversed(forward[1:-1]), strict=True):
        back = (back @ weight.T) * (value > 0.0)
        backs = [back, *backs]
    slope = back @ layers[0][0].T  # (batch, in)
    missing = slopes.signs * slope < slopes.margin * abs(slopes.signs)
    along = np.where(missing, -slopes.signs, 0.0) * (slopes.weight / len(x))
    gradients: list[Array] = []
    for (weight, bias), value, back in zip(layers, forward[1:], backs, strict=True):
        gradients += [along.T @ back, np.zeros_like(bias)]
        along = (along @ weight) * (value > 0.0)
    return gradients


def write_onnx(path: Path, layers: Sequence[Layer], name: str, shape: tuple[int, ...]) -> None:
    """Write `x -> … relu(x @ W0 + b0) @ W1 + b1`, with `x` the flattened input of this shape.

    The same weights give the same bytes.
    """
    nodes, stored, value = [], [], "input"
    if len(shape) > 1:
        nodes, value = [helper.make_node("Flatten", ["input"], ["flat"])], "flat"
    for number, (weight, bias) in enumerate(layers):
        last = number == len(layers) - 1
        result = "output" if last else f"pre_{number}"
        for tensor, array in ((f"W{number}", weight), (f"b{number}", bias)):
            stored.append(numpy_helper.from_array(array.astype(np.float32), tensor))
        nodes.append(helper.make_node("Gemm", [value, f"W{number}", f"b{number}"], [result]))
        value = result
        if not last:
            value = f"hidden_{number}"
            nodes.append(helper.make_node("Relu", [result], [value]))
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, *shape])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, layers[-1][0].shape[1]])],
        stored,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString(deterministic=True))
