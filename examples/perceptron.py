"""Trains a small ReLU perceptron in plain numpy and writes it as an ONNX file.

In: examples and a loss.  Out: the layers' weights and biases, and a file of `Gemm` and `Relu` nodes with
float32 weights.  The same seed gives the same weights, up to the rounding of another BLAS library.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Array = NDArray[np.float64]
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


def train(x: Array, y: Array, loss: LossGradient, recipe: Recipe) -> list[Layer]:
    """Layers that fit `y` (batch, out) to `x` (batch, in)."""
    random = np.random.default_rng(recipe.seed)
    pairs = zip(recipe.sizes, recipe.sizes[1:], strict=False)
    parameters: list[Array] = []
    for inputs, outputs in pairs:
        parameters += [random.normal(0.0, np.sqrt(2.0 / inputs), (inputs, outputs)), np.zeros(outputs)]
    moments = [(np.zeros_like(p), np.zeros_like(p)) for p in parameters]
    steps = recipe.epochs * (len(x) // recipe.batch)
    step = 0
    for _ in range(recipe.epochs):
        order = random.permutation(len(x))
        for start in range(0, len(x) - recipe.batch + 1, recipe.batch):
            chosen = order[start : start + recipe.batch]
            gradients = _gradients(_layers(parameters), x[chosen], y[chosen], loss)
            rate = recipe.rate * (1.0 - step / steps)
            step += 1
            for parameter, gradient, (first, second) in zip(parameters, gradients, moments, strict=True):
                first[:] = 0.9 * first + 0.1 * gradient
                second[:] = 0.999 * second + 0.001 * gradient**2
                scale = np.sqrt(second / (1.0 - 0.999**step)) + 1e-8
                parameter[:] -= rate * (first / (1.0 - 0.9**step) / scale + recipe.decay * parameter)
    return _layers(parameters)


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
