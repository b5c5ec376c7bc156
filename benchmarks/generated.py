"""Specs over small random networks: many claims that take little each, or one that takes long.

In: a folder, and how many or how hard.  Out: a spec in it, with its network beside.  Which claims hold is
decided by sampling when the spec is written, with room on either side, and is the same every time.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

_SAMPLES: Final = 4000
_FALSE: Final = 3  # every third of many claims is refuted
_CLIMBERS, _ROUNDS = 50, 60  # of a search for the greatest output


class Perceptron:
    """A network with ReLUs between random layers of these sizes."""

    def __init__(self, sizes: Sequence[int], seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.layers = [
            (
                rng.normal(0, np.sqrt(2 / n), (m, n)).astype(np.float32),
                rng.normal(0, 0.1, m).astype(np.float32),
            )
            for n, m in pairwise(sizes)
        ]

    def __call__(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        values = points
        for number, (weight, bias) in enumerate(self.layers):
            values = values @ weight.T.astype(np.float64) + bias
            if number + 1 < len(self.layers):
                values = np.maximum(values, 0.0)
        return values

    def write(self, path: Path) -> None:
        """As an ONNX file."""
        nodes, weights, last = [], [], "x"
        for number, (weight, bias) in enumerate(self.layers):
            weights += [
                numpy_helper.from_array(weight, f"W{number}"),
                numpy_helper.from_array(bias, f"b{number}"),
            ]
            end = "y" if number + 1 == len(self.layers) else f"z{number}"
            nodes.append(helper.make_node("Gemm", [last, f"W{number}", f"b{number}"], [end], transB=1))
            if end != "y":
                nodes.append(helper.make_node("Relu", [end], [f"r{number}"]))
            last = f"r{number}"
        ends = [("x", self.layers[0][0].shape[1]), ("y", self.layers[-1][0].shape[0])]
        x, y = (helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, size]) for name, size in ends)
        graph = helper.make_graph(nodes, "f", [x], [y], weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
        model.ir_version = 9
        path.write_bytes(model.SerializeToString())


def write_many(folder: Path, count: int) -> Path:
    """`count` claims, each about a box of its own."""
    network = Perceptron((3, 12, 12, 1), 1)
    network.write(folder / "f.onnx")
    rng = np.random.default_rng(2)
    lines = [_head(3)]
    for number in range(count):
        center = rng.uniform(-0.8, 0.8, 3).round(3)
        values = network(center + rng.uniform(-0.2, 0.2, (_SAMPLES, 3)))
        least, most = float(values.min()), float(values.max())
        limit = most - 0.3 * (most - least) if number % _FALSE == 0 else most + 0.1 * (most - least) + 0.01
        low, high = ([round(v, 3) for v in (center + shift).tolist()] for shift in (-0.2, 0.2))
        lines.append(f"claim c{number}: forall x in box({low}, {high}): f(x).y <= {limit:.6f}\n")
    return _written(folder, lines)


def write_hard(folder: Path, inputs: int = 5, width: int = 30, room: float = 0.05) -> Path:
    """One claim: the greatest output that sampling finds, and a share more of the range, is not exceeded."""
    network = Perceptron((inputs, width, width, width, 1), 4)
    network.write(folder / "f.onnx")
    rng = np.random.default_rng(3)
    points = rng.uniform(-1, 1, (50 * _SAMPLES, inputs))
    values = network(points)[:, 0]
    least, best = float(values.min()), points[np.argsort(values)[-_CLIMBERS:]]
    for radius in np.geomspace(0.5, 0.001, _ROUNDS):
        moved = best[:, None] + radius * rng.uniform(-1, 1, (len(best), _CLIMBERS, inputs))
        points = np.concatenate([best, np.clip(moved, -1, 1).reshape(-1, inputs)])
        best = points[np.argsort(network(points)[:, 0])[-_CLIMBERS:]]
    most = float(network(best).max())
    claim = f"claim bounded: forall x in f.domain: f(x).y <= {most + room * (most - least):.6f}\n"
    return _written(folder, [_head(inputs), claim])


def _head(inputs: int) -> str:
    names = [f"x{number}" for number in range(inputs)]
    domain = ", ".join(f"{name} in [-1, 1]" for name in names)
    head = f"    input {', '.join(names)}\n    output y\n    domain {domain}"
    return f'language 1\nnetwork f = "f.onnx" {{\n{head}\n}}\n'


def _written(folder: Path, lines: Sequence[str]) -> Path:
    path = folder / "generated.nnspec"
    path.write_text("".join(lines), encoding="utf-8")
    return path
