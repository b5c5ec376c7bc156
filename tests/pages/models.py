"""Models that the pages' examples are run with: good ones, and one for every way of being bad.

In: the name that a fence gives (`model=lfs`).  Out: the file, made at the path that the spec names.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from spec_lang.network.onnx_file import MAX_BYTES
from tests.tiny_networks import onnx_model

Dimensions = Sequence[int | str | None]


def good(inputs: int = 2, outputs: int = 2) -> onnx.ModelProto:
    """`inputs` → 3 ReLUs → `outputs`; its hidden tensors are called `hidden` and `active`."""
    nodes = [
        helper.make_node("Gemm", ["x", "w1", "b1"], ["hidden"], transB=1),
        helper.make_node("Relu", ["hidden"], ["active"]),
        helper.make_node("Gemm", ["active", "w2", "b2"], ["y"], transB=1),
    ]
    weights = {
        "w1": _numbers(3, inputs),
        "b1": np.array([0.5, -0.25, 1], dtype=np.float32),
        "w2": _numbers(outputs, 3),
        "b2": np.zeros(outputs, dtype=np.float32),
    }
    return onnx_model(nodes, {"x": [1, inputs]}, weights=weights)


def _numbers(*shape: int) -> np.ndarray[Any, Any]:
    size = int(np.prod(shape))
    return (
        (np.array([(7 * i + i * i * 3) % 5 - 2 for i in range(1, size + 1)]) / 8)
        .astype(np.float32)
        .reshape(shape)
    )


def _one_node(operator: str, operands: Sequence[str] = ("x",), shape: Dimensions = (1, 2)) -> onnx.ModelProto:
    return onnx_model([helper.make_node(operator, list(operands), ["y"])], {"x": shape})


def _with_weight(change: Callable[[onnx.TensorProto], None]) -> onnx.ModelProto:
    model = good()
    change(model.graph.initializer[0])
    return model


def _not_a_number(tensor: onnx.TensorProto) -> None:
    values = numpy_helper.to_array(tensor).copy()
    values[0, 0] = np.nan
    tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))


def _elsewhere(tensor: onnx.TensorProto) -> None:
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="weights.bin")


def _integers() -> onnx.ModelProto:
    model = good()
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.INT64
    return model


def _newer() -> onnx.ModelProto:
    model = good()
    model.opset_import[0].version = 99
    return model


def _with_functions() -> onnx.ModelProto:
    model = good()
    model.functions.add(name="custom")
    return model


def _unsorted() -> onnx.ModelProto:
    model = good()
    nodes = list(model.graph.node)[::-1]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


def _two_sides() -> onnx.ModelProto:
    """The larger of two inputs decides: `y = (relu(x0 − x1), relu(x1 − x0))`."""
    nodes = [helper.make_node("Gemm", ["x", "w"], ["hidden"]), helper.make_node("Relu", ["hidden"], ["y"])]
    return onnx_model(nodes, {"x": [1, 2]}, weights={"w": np.array([[1, -1], [-1, 1]], dtype=np.float32)})


def _two_inputs() -> onnx.ModelProto:
    node = helper.make_node("Add", ["image", "state"], ["y"])
    return onnx_model([node], {"image": [1, 2], "state": [1, 2]})


MODELS: dict[str, Callable[[], onnx.ModelProto | bytes]] = {
    "pointer": lambda: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1048576\n",
    "empty": lambda: b"",
    "text": lambda: b"import torch\n\nprint('not a model')\n",
    "cut": lambda: bytes(good().SerializeToString())[:-40],
    "outside": lambda: _with_weight(_elsewhere),
    "nan": lambda: _with_weight(_not_a_number),
    "sine": lambda: _one_node("Sin"),
    "newer": _newer,
    "integers": _integers,
    "open": lambda: _one_node("Relu", shape=(1, 2, "width")),
    "unsorted": _unsorted,
    "functions": _with_functions,
    "two_inputs": _two_inputs,
    "two_sides": _two_sides,
    "product": lambda: _one_node("Mul", ("x", "x")),
}


def write_model(path: Path, name: str | None, inputs: int, outputs: int) -> None:
    """The model called `name` at `path`; without a name, a good one of these sizes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if name == "missing":
        return
    if name == "folder":
        path.mkdir()
        return
    if name == "huge":  # takes no space on the disk, and is refused before a byte of it is read
        with path.open("wb") as stream:
            stream.truncate(MAX_BYTES + 1)
        return
    model = good(inputs, outputs) if name is None else MODELS[name]()
    path.write_bytes(model if isinstance(model, bytes) else bytes(model.SerializeToString()))
