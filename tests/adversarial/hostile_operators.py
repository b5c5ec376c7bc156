"""Nodes with absurd attributes: what each of them is, and a model of it.

In: nothing.  Out: models that no network can be read from, by what is wrong with them: each is to be refused,
without much memory and without waiting.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx
from onnx import helper

from tests.tiny_networks import onnx_model

Model = onnx.ModelProto
HUGE = (2**31, 2**62, 2**63 - 1)
IMAGE = [1, 2, 4, 4]


def model(
    kind: str,
    shape: list[int],
    stored: dict[str, np.ndarray[Any, Any]] | None = None,
    opset: int = 13,
    **attributes: Any,  # noqa: ANN401 - as onnx has it
) -> Model:
    """One node that reads the input `x`, and then what is stored, in its order."""
    stored = stored or {}
    node = helper.make_node(kind, ["x", *stored], ["y"], **attributes)
    return onnx_model([node], {"x": shape}, weights=stored, opset=opset)


def whole(*numbers: int) -> np.ndarray[Any, Any]:
    return np.array(numbers, dtype=np.int64)


def ones(*shape: int) -> np.ndarray[Any, Any]:
    return np.ones(shape, dtype=np.float32)


def models() -> Iterator[tuple[str, Model]]:
    """All of them."""
    yield from _convolutions()
    yield from _pools()
    yield from _places()
    yield from _shapes()
    yield from _numbers()


def _convolutions() -> Iterator[tuple[str, Model]]:
    weight = {"w": ones(3, 2, 2, 2)}
    wrong: dict[str, dict[str, Any]] = {
        "no strides": {"strides": [0, 1]},
        "negative strides": {"strides": [-1, 1]},
        "strides of one axis": {"strides": [1]},
        "no dilations": {"dilations": [0, 0]},
        "negative dilations": {"dilations": [1, -2]},
        "dilations beyond the image": {"dilations": [4, 1]},
        "negative pads": {"pads": [-1, 0, 0, 0]},
        "pads of one side": {"pads": [1, 1]},
        "groups that do not divide": {"group": 3},
        "no groups": {"group": 0},
        "negative groups": {"group": -2},
        "another kernel shape": {"kernel_shape": [3, 3]},
        "padding of no kind": {"auto_pad": "AROUND"},
        "an attribute that there is not": {"winograd": 1},
        "a stride that is no number": {"strides": ["one", "two"]},
    }
    for name, attributes in wrong.items():
        for kind in ("Conv", "ConvTranspose"):
            if kind == "ConvTranspose" and name == "dilations beyond the image":
                continue  # its result is larger, not smaller
            given = {"w": ones(2, 3, 2, 2)} if kind == "ConvTranspose" else weight
            yield f"{kind}: {name}", model(kind, IMAGE, given, **attributes)
    for huge in HUGE:
        yield f"Conv: dilations of {huge}", model("Conv", IMAGE, weight, dilations=[huge, 1])
        yield f"Conv: pads of {huge}", model("Conv", IMAGE, weight, pads=[huge, 0, huge, 0])
        yield (
            f"Conv: {huge} groups",
            model("Conv", IMAGE, weight, group=huge),
        )
        yield (
            f"ConvTranspose: strides of {huge}",
            model("ConvTranspose", IMAGE, {"w": ones(2, 3, 2, 2)}, strides=[huge, 1]),
        )
        yield (
            f"ConvTranspose: a result of {huge}",
            model("ConvTranspose", IMAGE, {"w": ones(2, 3, 2, 2)}, output_shape=[huge, huge]),
        )
    yield "Conv: a kernel larger than the image", model("Conv", IMAGE, {"w": ones(1, 2, 5, 5)})
    yield "Conv: a kernel without elements", model("Conv", IMAGE, {"w": ones(1, 2, 0, 2)})
    yield "Conv: no channels", model("Conv", IMAGE, {"w": ones(0, 2, 2, 2)})
    yield "Conv: other channels", model("Conv", IMAGE, {"w": ones(1, 3, 2, 2)})
    yield "Conv: a kernel of other axes", model("Conv", IMAGE, {"w": ones(1, 2, 2)})
    yield "Conv: of a vector", model("Conv", [1, 2], {"w": ones(1, 2)})
    yield "Conv: of several examples", model("Conv", [2, 2, 4, 4], weight)
    yield "Conv: a bias of another length", model("Conv", IMAGE, {**weight, "b": ones(2)})
    yield "Conv: a kernel that is no number", model("Conv", IMAGE, {"w": np.nan * ones(3, 2, 2, 2)})
    yield "Conv: a bias that is infinite", model("Conv", IMAGE, {**weight, "b": np.inf * ones(3)})
    yield "Conv: whole numbers", model("Conv", IMAGE, {"w": np.ones((3, 2, 2, 2), dtype=np.int64)})
    node = helper.make_node("Conv", ["x", "x"], ["y"])
    yield "Conv: the input with itself", onnx_model([node], {"x": [1, 1, 2, 2]})
    yield "Conv: no kernel", onnx_model([helper.make_node("Conv", ["x"], ["y"])], {"x": IMAGE})


def _pools() -> Iterator[tuple[str, Model]]:
    for kind in ("MaxPool", "AveragePool"):
        wrong: dict[str, dict[str, Any]] = {
            "no kernel": {},
            "an empty kernel": {"kernel_shape": [0, 2]},
            "a negative kernel": {"kernel_shape": [-2, 2]},
            "a kernel of one axis": {"kernel_shape": [2]},
            "a kernel larger than the image": {"kernel_shape": [5, 5]},
            "no strides": {"kernel_shape": [2, 2], "strides": [0, 0]},
            "negative pads": {"kernel_shape": [2, 2], "pads": [0, -1, 0, 0]},
            "padding of no kind": {"kernel_shape": [2, 2], "auto_pad": "AROUND"},
        }
        for huge in HUGE:
            wrong[f"a kernel of {huge}"] = {"kernel_shape": [huge, huge]}
            wrong[f"a padded kernel of {huge}"] = {"kernel_shape": [huge, 1], "pads": [huge, 0, 0, 0]}
        for name, attributes in wrong.items():
            yield f"{kind}: {name}", model(kind, IMAGE, **attributes)
    indices = helper.make_node("MaxPool", ["x"], ["y", "places"], kernel_shape=[2, 2])
    yield "MaxPool: places, too", onnx_model([indices], {"x": IMAGE}, ["y", "places"])
    # Runtimes do not agree on what these mean.
    disputed: dict[str, dict[str, Any]] = {
        "MaxPool: rounded up by 2": {"strides": [3, 3], "ceil_mode": 2},
        "MaxPool: pads, and automatic ones": {"pads": [1, 1, 1, 1], "auto_pad": "SAME_UPPER"},
        "MaxPool: automatic pads of dilated windows": {"dilations": [2, 2], "auto_pad": "SAME_LOWER"},
        "AveragePool: automatic pads that are negative": {"strides": [4, 4], "auto_pad": "SAME_UPPER"},
    }
    for name, attributes in disputed.items():
        yield name, model(name.split(":")[0], IMAGE, kernel_shape=[2, 2], **attributes)


def _places() -> Iterator[tuple[str, Model]]:
    """Operators that move elements."""
    for index in (4, -5, *HUGE):
        yield f"Gather: element {index} of 4", model("Gather", [1, 4], {"i": whole(index)}, axis=1)
    yield "Gather: an axis that there is not", model("Gather", [1, 4], {"i": whole(0)}, axis=2)
    yield "Gather: nothing", model("Gather", [1, 4], {"i": whole()}, axis=1)
    for step in (0, *HUGE):
        parts = {"s": whole(3), "e": whole(1), "a": whole(1), "t": whole(step)}
        yield f"Slice: nothing, in steps of {step}", model("Slice", [1, 4], parts)
    yield (
        "Slice: an axis that there is not",
        model("Slice", [1, 4], {"s": whole(0), "e": whole(1), "a": whole(7)}),
    )
    yield (
        "Slice: more starts than ends",
        model("Slice", [1, 4], {"s": whole(0, 0), "e": whole(1)}),
    )
    twice = {"s": whole(0, 1), "e": whole(2, 3), "a": whole(1, 1)}
    yield "Slice: an axis twice", model("Slice", [1, 4], twice)
    for huge in HUGE:
        yield f"Pad: by {huge}", model("Pad", [1, 4], {"p": whole(0, huge, 0, huge)})
        yield f"Pad: by −{huge}", model("Pad", [1, 4], {"p": whole(0, -huge, 0, 0)})
        yield f"Tile: {huge} times", model("Tile", [1, 4], {"r": whole(1, huge)})
        yield f"Tile: {huge} times nothing", model("Tile", [1, 2, 3], {"r": whole(huge, huge, 0)})
        yield f"Expand: to {huge}", model("Expand", [1, 1], {"s": whole(1, huge)})
    yield "Pad: away more than there is", model("Pad", [1, 4], {"p": whole(0, 2, 0, -5)})
    yield "Pad: away before more than there is", model("Pad", [1, 4], {"p": whole(0, -5, 0, 3)})
    yield "Pad: of one axis", model("Pad", [1, 4], {"p": whole(1, 1)})
    yield "Pad: with what is no number", model("Pad", [1, 4], {"p": whole(0, 1, 0, 1), "v": np.nan * ones()})
    yield "Pad: reflecting more than there is", model("Pad", [1, 4], {"p": whole(0, 4, 0, 4)}, mode="reflect")
    yield "Pad: in no mode", model("Pad", [1, 4], {"p": whole(0, 1, 0, 1)}, mode="mirror")
    yield "Tile: −1 times", model("Tile", [1, 4], {"r": whole(1, -1)})
    yield "Transpose: an axis twice", model("Transpose", IMAGE, perm=[0, 1, 1, 3])
    yield "Transpose: too few axes", model("Transpose", IMAGE, perm=[0, 1])
    yield "Transpose: an axis that there is not", model("Transpose", IMAGE, perm=[0, 1, 2, 4])
    for axis in (9, -9, 2**62):
        node = helper.make_node("Concat", ["x", "x"], ["y"], axis=axis)
        yield f"Concat: along axis {axis}", onnx_model([node], {"x": [1, 4]})
        yield f"Flatten: at axis {axis}", model("Flatten", IMAGE, axis=axis)
        yield f"Split: along axis {axis}", model("Split", [1, 4], {"s": whole(4)}, axis=axis)
        yield f"Unsqueeze: axis {axis}", model("Unsqueeze", [1, 4], {"a": whole(axis)})
        yield f"Squeeze: axis {axis}", model("Squeeze", [1, 4], {"a": whole(axis)})
        yield f"ReduceMean: over axis {axis}", model("ReduceMean", [1, 4], axes=[axis])
    apart = onnx_model([helper.make_node("Concat", ["x", "w"], ["y"], axis=1)], {"x": [1, 2, 3]})
    apart.graph.initializer.append(onnx.numpy_helper.from_array(ones(1, 2, 4), "w"))
    yield "Concat: of other shapes", apart
    yield "Concat: of nothing", onnx_model([helper.make_node("Concat", [], ["y"], axis=1)], {"x": [1, 2]})
    yield "Split: in parts that are too long", model("Split", [1, 4], {"s": whole(5)}, axis=1)
    yield "Split: in negative parts", model("Split", [1, 4], {"s": whole(-4)}, axis=1)


def _shapes() -> Iterator[tuple[str, Model]]:
    for shape in ([-2, 2], [-1, -1], [0, 3], [5], [2**62, 4], [-(2**62)], [0, 0, 0, 0, 0]):
        yield f"Reshape: to {shape}", model("Reshape", IMAGE, {"s": whole(*shape)})
    for shape in ([-1], [-2, 4], [0, 4], [3]):
        yield f"Expand: to {shape}", model("Expand", [1, 4], {"s": whole(*shape)})
    for scale in (0.0, -1.0, 1e30, np.nan, np.inf):
        stored = {"scales": np.array([1, 1, scale, 1], dtype=np.float32)}
        yield f"Upsample: by {scale}", model("Upsample", IMAGE, stored, opset=9, mode="nearest")
    yield "ConstantOfShape: of what depends on the input", model("ConstantOfShape", [1])
    shape = helper.make_node("ConstantOfShape", ["s"], ["c"])
    plus = helper.make_node("Add", ["x", "c"], ["y"])
    for huge in ([2**40], [2**62, 2**62], [-1]):
        weights = {"s": whole(*huge)}
        yield f"ConstantOfShape: {huge}", onnx_model([shape, plus], {"x": [1, 1]}, weights=weights)


def _numbers() -> Iterator[tuple[str, Model]]:
    four = {name: ones(2) for name in ("scale", "bias", "mean", "variance")}
    yield "BatchNormalization: in training", model("BatchNormalization", IMAGE, four, 15, training_mode=1)
    negative = {**four, "variance": -ones(2)}
    yield "BatchNormalization: a negative variance", model("BatchNormalization", IMAGE, negative, 15)
    flat = {**four, "variance": 0 * ones(2)}
    yield "BatchNormalization: a division by 0", model("BatchNormalization", IMAGE, flat, 15, epsilon=0.0)
    yield (
        "BatchNormalization: what is no number",
        model("BatchNormalization", IMAGE, {**four, "mean": np.nan * ones(2)}, 15),
    )
    other = {**four, "mean": ones(3)}
    yield "BatchNormalization: of other channels", model("BatchNormalization", IMAGE, other, 15)
    for alpha in (np.nan, np.inf):
        yield f"LeakyRelu: a slope of {alpha}", model("LeakyRelu", [1, 4], alpha=float(alpha))
        yield f"HardSigmoid: a slope of {alpha}", model("HardSigmoid", [1, 4], alpha=float(alpha))
    for operator in ("Softmax", "LogSoftmax"):
        yield f"{operator}: of one class", model(operator, [1, 4], axis=0)
        yield f"{operator}: along an axis that there is not", model(operator, [1, 4], axis=2)
        yield f"{operator}: of more classes than pairs can be told", model(operator, [1, 2**20], axis=1)
    ends = {"low": 2 * ones(), "high": ones()}
    yield "Clip: between ends in the wrong order", model("Clip", [1, 4], ends)
    yield "Clip: between what is no number", model("Clip", [1, 4], {"low": np.nan * ones()})
    yield "PRelu: slopes of another shape", model("PRelu", [1, 4], {"s": ones(3)})
