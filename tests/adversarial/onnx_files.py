"""Graphs of dense layers as ONNX files, for claims that go the whole way from a file to a verdict.

In: a chain as `tests.adversarial.fooling.layers` makes it.  Out: the bytes of a float32 model.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx import helper

from spec_lang.engine import CheckOptions, check
from spec_lang.network.graph import Graph
from spec_lang.network.primitives import Affine, Dense
from spec_lang.reporters.model import ClaimReport, Report
from tests.tiny_networks import onnx_bytes


def onnx_of(graph: Graph) -> bytes:
    nodes, weights = [], {}
    names = ["x", *(node.tensor.name for node in graph.nodes[:-1]), "y"]
    for number, node in enumerate(graph.nodes):
        (operand,) = node.operands
        if not isinstance(node.primitive, Affine):
            nodes.append(helper.make_node("Relu", [names[operand]], [names[number + 1]]))
            continue
        (linear,) = node.primitive.maps
        assert isinstance(linear, Dense)
        weights[f"w{number}"] = linear.weight.astype(np.float32)
        weights[f"b{number}"] = node.primitive.bias.astype(np.float32)
        inputs = [names[operand], f"w{number}", f"b{number}"]
        nodes.append(helper.make_node("Gemm", inputs, [names[number + 1]], transB=1))
    return onnx_bytes(nodes, {"x": [1, graph.input_size]}, weights=weights)


def write_spec(folder: Path, model: bytes, *claims: str) -> Path:
    """A spec of these claims about the network `f`, beside its file."""
    (folder / "f.onnx").write_bytes(model)
    spec = folder / "f.nnspec"
    spec.write_text('network f = "f.onnx"\n' + "".join(f"{claim}\n" for claim in claims), encoding="utf-8")
    return spec


def checked(folder: Path, graph: Graph, claim: str, options: CheckOptions) -> ClaimReport:
    """The report on `claim c: …` about the graph."""
    report = check([write_spec(folder, onnx_of(graph), f"claim c: {claim}")], options)
    return only_claim(report)


def only_claim(report: Report) -> ClaimReport:
    (claim,) = report.claims
    return claim
