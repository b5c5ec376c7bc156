"""Trains a small convolutional classifier in plain numpy and writes it as an ONNX file.

In: square grey images and one-hot labels.  Out: kernels and a last dense layer, and a file of `Conv`, `Relu`,
`Flatten` and `Gemm` nodes with float32 weights.  Kernels are 3 by 3, without padding.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from examples.perceptron import Array, Indices, Recipe, cross_entropy, descend

KERNEL: Final = 3


@dataclass(frozen=True, slots=True)
class Convolution:
    """Weights (3·3·in, out), rows by kernel position and then channel, and how far the kernel steps."""

    weight: Array
    bias: Array
    stride: int


@dataclass(frozen=True, slots=True)
class Classifier:
    """Convolutions with a ReLU each, and a dense layer of all that the last one gives."""

    convolutions: tuple[Convolution, ...]
    weight: Array  # (positions · channels, out), rows by channel first, as ONNX flattens
    bias: Array

    @property
    def parameters(self) -> list[Array]:
        found = [array for c in self.convolutions for array in (c.weight, c.bias)]
        return [*found, self.weight, self.bias]


def _parts(size: int, stride: int) -> Iterator[tuple[slice, slice]]:
    """For every position of the kernel, the pixels that it meets as the kernel moves."""
    end = size - KERNEL
    for row in range(KERNEL):
        for column in range(KERNEL):
            yield slice(row, row + end + 1, stride), slice(column, column + end + 1, stride)


def _patches(images: Array, stride: int) -> Array:
    """What the kernel sees at every place: (batch, places, places, 9·channels)."""
    seen = [images[:, rows, columns] for rows, columns in _parts(images.shape[1], stride)]
    result: Array = np.concatenate(seen, axis=-1)
    return result


def _values(network: Classifier, images: Array) -> tuple[list[Array], Array]:
    """The images, each convolution's result after its ReLU, and the outputs."""
    values = [images]
    for layer in network.convolutions:
        pre = _patches(values[-1], layer.stride) @ layer.weight + layer.bias
        values.append(np.maximum(pre, 0.0))
    return values, _flat(values[-1]) @ network.weight + network.bias


def _flat(value: Array) -> Array:
    """Channel by channel, as ONNX lays an image out."""
    result: Array = value.transpose(0, 3, 1, 2).reshape(len(value), -1)
    return result


def outputs(network: Classifier, images: Array) -> Array:
    """The logits (batch, classes) of images (batch, height, width)."""
    return _values(network, images[..., None])[1]


def _gradients(network: Classifier, images: Array, wanted: Array) -> list[Array]:
    values, logits = _values(network, images)
    back = cross_entropy(logits, wanted)
    found = [_flat(values[-1]).T @ back, back.sum(axis=0)]
    count, height, width, channels = values[-1].shape
    back = (back @ network.weight.T).reshape(count, channels, height, width).transpose(0, 2, 3, 1)
    for layer, before, after in zip(
        reversed(network.convolutions), reversed(values[:-1]), reversed(values[1:]), strict=True
    ):
        back = back * (after > 0.0)
        rows = back.reshape(-1, back.shape[-1])
        patches = _patches(before, layer.stride).reshape(len(rows), -1)
        found = [patches.T @ rows, rows.sum(axis=0), *found]
        back = _spread(back @ layer.weight.T, before.shape, layer.stride)
    return found


def _spread(patches: Array, shape: tuple[int, ...], stride: int) -> Array:
    """The transpose of `_patches`: every pixel gets the sum of what the places that see it say."""
    result = np.zeros(shape)
    channels = shape[-1]
    for number, (rows, columns) in enumerate(_parts(shape[1], stride)):
        result[:, rows, columns] += patches[..., number * channels : (number + 1) * channels]
    return result


def train(images: Array, wanted: Array, strides: Sequence[int], recipe: Recipe) -> Classifier:
    """A classifier of images (batch, side, side); `recipe.sizes` are channels, from 1, and then classes."""
    random = np.random.default_rng(recipe.seed)
    side, channels = images.shape[1], recipe.sizes[:-1]
    layers = []
    for (before, after), stride in zip(pairwise(channels), strides, strict=True):
        count = KERNEL * KERNEL * before
        weight = random.normal(0.0, np.sqrt(2.0 / count), (count, after))
        layers.append(Convolution(weight, np.zeros(after), stride))
        side = (side - KERNEL) // stride + 1
    count = side * side * channels[-1]
    weight = random.normal(0.0, np.sqrt(2.0 / count), (count, recipe.sizes[-1]))
    network = Classifier(tuple(layers), weight, np.zeros(recipe.sizes[-1]))

    def gradients(chosen: Indices) -> list[Array]:
        return _gradients(network, images[chosen][..., None], wanted[chosen])

    descend(network.parameters, gradients, len(images), recipe, random)
    return network


def write_onnx(path: Path, network: Classifier, name: str, side: int) -> None:
    """Write the network of images (1, 1, side, side); the same weights give the same bytes."""
    nodes, stored, value = [], [], "input"

    def store(name: str, array: Array) -> str:
        stored.append(numpy_helper.from_array(np.ascontiguousarray(array, dtype=np.float32), name))
        return name

    for number, layer in enumerate(network.convolutions):
        channels = layer.weight.shape[0] // KERNEL**2
        kernel = layer.weight.reshape(KERNEL, KERNEL, channels, -1).transpose(3, 2, 0, 1)
        named = [value, store(f"K{number}", kernel), store(f"c{number}", layer.bias)]
        strides = [layer.stride, layer.stride]
        nodes.append(helper.make_node("Conv", named, [f"pre_{number}"], strides=strides))
        nodes.append(helper.make_node("Relu", [f"pre_{number}"], [f"hidden_{number}"]))
        value = f"hidden_{number}"
    nodes.append(helper.make_node("Flatten", [value], ["flat"]))
    named = ["flat", store("W", network.weight), store("b", network.bias)]
    nodes.append(helper.make_node("Gemm", named, ["output"]))
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 1, side, side])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, len(network.bias)])],
        stored,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString(deterministic=True))
