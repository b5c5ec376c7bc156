"""ONNX models made to do harm: what each of them is, and the model.

In: a good model, and the folder that it will lie in.  Out: models that no network can be read from.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.tiny_networks import onnx_model, perceptron

Model = onnx.ModelProto
ONES = np.ones((2, 2), dtype=np.float32)


def node(kind: str, inputs: list[str], outputs: list[str], **attributes: Any) -> onnx.NodeProto:  # noqa: ANN401 - as onnx has it
    return helper.make_node(kind, inputs, outputs, **attributes)


def models(folder: Path) -> Iterator[tuple[str, Model]]:
    """All of them; files that they point at lie in or beside `folder`."""
    yield from _external(folder)
    yield from _graphs()
    yield from _weights()
    yield from _shapes()
    yield from _operators()


# -- data kept elsewhere -------------------------------------------------------------------------------


def _external(folder: Path) -> Iterator[tuple[str, Model]]:
    """The file that is named is a pipe: whoever opens it waits for ever."""
    secret = folder.parent / "secret.bin"
    os.mkfifo(secret)
    (folder / "link.bin").symlink_to(secret)
    locations = {
        "beside the model": "link.bin",
        "above the folder": "../secret.bin",
        "through a folder that is not there": "nowhere/../../secret.bin",
        "absolute": str(secret),
        "a device": "/dev/zero",
        "an address": "http://localhost/secret.bin",
        "no name": "",
    }
    for name, location in locations.items():
        yield f"external data, {name}", _elsewhere(perceptron(), location)
    model = perceptron()
    tensor = numpy_helper.from_array(ONES, "c")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../secret.bin")
    model.graph.node.insert(0, node("Constant", [], ["c"], value=tensor))
    yield "external data, in a constant", model
    offset = _elsewhere(perceptron(), "link.bin")
    offset.graph.initializer[0].external_data.add(key="offset", value="-1")
    offset.graph.initializer[0].external_data.add(key="length", value=str(2**63))
    yield "external data, beyond its end", offset


def _elsewhere(model: Model, location: str) -> Model:
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    return model


# -- graphs that are none ------------------------------------------------------------------------------


def _graphs() -> Iterator[tuple[str, Model]]:
    plain = {"x": [1, 2]}
    yield "a cycle", onnx_model([node("Add", ["x", "b"], ["a"]), node("Relu", ["a"], ["b"])], plain, ["b"])
    yield "a node that reads itself", onnx_model([node("Add", ["x", "y"], ["y"])], plain)
    yield (
        "a node that reads a later one",
        onnx_model([node("Relu", ["a"], ["y"]), node("Relu", ["x"], ["a"])], plain),
    )
    yield "a tensor from nowhere", onnx_model([node("Relu", ["ghost"], ["y"])], plain)
    yield "an output from nowhere", onnx_model([node("Relu", ["x"], ["a"])], plain)
    twice = [node("Relu", ["x"], ["y"]), node("Neg", ["x"], ["y"])]
    yield "a tensor computed twice", onnx_model(twice, plain)
    yield (
        "an input computed again",
        onnx_model([node("Relu", ["x"], ["x"]), node("Relu", ["x"], ["y"])], plain),
    )
    yield (
        "a weight computed again",
        onnx_model([node("Relu", ["x"], ["w"]), node("Add", ["x", "w"], ["y"])], plain, weights={"w": ONES}),
    )
    yield "an output without a name", onnx_model([node("Relu", ["x"], [""])], plain, [""])
    yield "a node without outputs", onnx_model([node("Relu", ["x"], [])], plain)
    yield "a node without inputs", onnx_model([node("Relu", [], ["y"])], plain)
    empty = perceptron()
    del empty.graph.node[:]
    yield "no nodes", empty
    for opset in (0, -1, 2**40):
        other = perceptron()
        other.opset_import[0].version = opset
        yield f"operator set {opset}", other
    doubled = perceptron()
    doubled.opset_import.add(domain="ai.onnx", version=12)
    yield "two operator sets", doubled


# -- weights -------------------------------------------------------------------------------------------


def _weights() -> Iterator[tuple[str, Model]]:
    kinds: dict[str, Callable[[], np.ndarray]] = {
        "whole numbers": lambda: np.array([[1, 2], [3, 4], [5, 6]], dtype=np.int64),
        "truth values": lambda: np.ones((3, 2), dtype=np.bool_),
        "words": lambda: np.array([["a", "b"]] * 3, dtype=object),
        "complex numbers": lambda: np.ones((3, 2), dtype=np.complex64),
        "not a number, half": lambda: np.full((3, 2), np.nan, dtype=np.float16),
        "an infinity": lambda: np.full((3, 2), np.inf, dtype=np.float64),
    }
    for name, make in kinds.items():
        model = perceptron()
        model.graph.initializer[0].CopyFrom(numpy_helper.from_array(make(), "w1"))
        yield f"weights: {name}", model
    infinite = perceptron()
    bits = np.array([0x7F80, 0, 0, 0, 0, 0], dtype=np.uint16).tobytes()
    infinite.graph.initializer[0].CopyFrom(
        TensorProto(name="w1", data_type=TensorProto.BFLOAT16, dims=[3, 2], raw_data=bits)
    )
    yield "weights: an infinity, bfloat16", infinite
    for kind in (TensorProto.FLOAT8E4M3FN, TensorProto.INT4, TensorProto.UNDEFINED, 10**6, -1):
        model = perceptron()
        model.graph.initializer[0].data_type = kind
        yield f"weights: element type {kind}", model
    for dims in ([2**62, 4], [-3, -2], [3, 2, 0], [2**31, 2**31, 2**31], [6, 1, 1], [1] * 100, []):
        model = perceptron()
        del model.graph.initializer[0].dims[:]
        model.graph.initializer[0].dims.extend(dims)
        yield f"weights of shape {dims[:4]}", model
    both = perceptron()
    both.graph.initializer[0].float_data.extend([9.0] * 60)
    both.graph.initializer[0].ClearField("raw_data")
    yield "weights: too many of them", both


# -- shapes --------------------------------------------------------------------------------------------


def _shapes() -> Iterator[tuple[str, Model]]:
    for shape in ([1, -2], [-1, -1], [1, 0], [2**62], [2**31, 2**31, 2**31], [1] * 80):
        yield f"an input of shape {shape[:4]}", onnx_model([node("Relu", ["x"], ["y"])], {"x": shape})
    for target in ([-2], [-1, -1], [3], [2**62, 2**62], [0, -1, 2**62]):
        weights = {"s": np.array(target, dtype=np.int64)}
        reshape = node("Reshape", ["x", "s"], ["y"])
        yield f"a reshape to {target}", onnx_model([reshape], {"x": [1, 2]}, weights=weights)
    wide = np.ones((2, 2, 2, 2), dtype=np.float32)
    yield (
        "a product of the wrong shape",
        onnx_model([node("Gemm", ["x", "w"], ["y"])], {"x": [1, 2]}, weights={"w": wide}),
    )
    yield (
        "a sum of the wrong shape",
        onnx_model(
            [node("Add", ["x", "w"], ["y"])], {"x": [1, 2]}, weights={"w": np.ones((1, 3), dtype=np.float32)}
        ),
    )


# -- operators -----------------------------------------------------------------------------------------


def _operators() -> Iterator[tuple[str, Model]]:
    plain = {"x": [1, 2]}
    yield "an operator of another domain", onnx_model([node("Relu", ["x"], ["y"], domain="com.evil")], plain)
    yield "an operator that there is not", onnx_model([node("Exec", ["x"], ["y"], command="rm")], plain)
    yield "an operator with a path for a name", onnx_model([node("../../os", ["x"], ["y"])], plain)
    yield "an operator with no name", onnx_model([node("", ["x"], ["y"])], plain)
    yield "python in an operator's name", onnx_model([node("__import__", ["x"], ["y"])], plain)
    branch = helper.make_graph(
        [node("Relu", ["x"], ["y"])], "b", [], [helper.make_tensor_value_info("y", 1, None)]
    )
    yield "a subgraph", onnx_model([node("If", ["x"], ["y"], then_branch=branch, else_branch=branch)], plain)
    for alpha in (np.nan, np.inf, -np.inf):
        gemm = node("Gemm", ["x", "w"], ["y"], alpha=float(alpha))
        yield f"a factor that is {alpha}", onnx_model([gemm], plain, weights={"w": ONES})
    zero = np.zeros((1, 2), dtype=np.float32)
    yield "a division by zero", onnx_model([node("Div", ["x", "z"], ["y"])], plain, weights={"z": zero})
    yield "a product of two inputs", onnx_model([node("Mul", ["x", "x"], ["y"])], plain)
    yield (
        "an attribute of the wrong kind",
        onnx_model([node("Gemm", ["x", "w"], ["y"], alpha="one")], plain, weights={"w": ONES}),
    )
    escape = onnx_model([node("Evil\x1b[2J\x07", ["x"], ["y"], name="\x1b]0;owned\x07\n\r")], plain)
    yield "a name that steers a terminal", escape
    long = onnx_model([node("N" * 100_000, ["x"], ["y"])], plain)
    yield "a name of 100,000 letters", long
