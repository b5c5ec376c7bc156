"""Networks in the text format `.nnet`, as ONNX files.

In: such a file, whose numbers are decimals.  Out: the same layers as `Gemm` and `Relu` nodes in float64, for
inputs as the network takes them: what the file says of normalisation is not applied.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def to_onnx(source: Path, target: Path) -> int:
    """Write `target`, with hidden layers `z1`, `r1`, `z2`, …; returns how many there are."""
    lines = [line.strip().rstrip(",") for line in source.read_text(encoding="utf-8").splitlines()]
    lines = [line for line in lines if line and not line.startswith("//")]
    sizes = [int(number) for number in lines[1].split(",")]
    rest = iter(lines[7:])  # sizes, a flag, and five lines about ranges come first
    nodes, stored, value = [], [], "x"
    for layer, (taken, given) in enumerate(pairwise(sizes), start=1):
        weight = np.array([[float(n) for n in next(rest).split(",")] for _ in range(given)])
        bias = np.array([float(next(rest).split(",")[0]) for _ in range(given)])
        if weight.shape != (given, taken):
            raise ValueError(f"{source}: layer {layer} has weights of shape {weight.shape}")
        is_last = layer == len(sizes) - 1
        z, r = ("y" if is_last else f"z{layer}"), f"r{layer}"
        stored += [numpy_helper.from_array(weight, f"w{layer}"), numpy_helper.from_array(bias, f"b{layer}")]
        nodes.append(helper.make_node("Gemm", [value, f"w{layer}", f"b{layer}"], [z], transB=1))
        if not is_last:
            nodes.append(helper.make_node("Relu", [z], [r]))
        value = r
    inputs = [helper.make_tensor_value_info("x", TensorProto.DOUBLE, [1, sizes[0]])]
    outputs = [helper.make_tensor_value_info("y", TensorProto.DOUBLE, [1, sizes[-1]])]
    graph = helper.make_graph(nodes, source.stem, inputs, outputs, stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, target)
    return len(sizes) - 2
