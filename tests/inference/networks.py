"""Tiny networks as files, their points, and a run of the command on them.

In: a folder.  Out: paths, and what `infer` makes of them.  Weights are multiples of 1/8, so that floats are
exact and an oracle of plain numpy is the truth.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnx import helper

from spec_lang.engine.options import CheckOptions
from spec_lang.inference.infer import Asked, infer
from spec_lang.inference.model import Method
from spec_lang.inference.outcome import Outcome
from tests.tiny_networks import onnx_model

F64 = NDArray[np.float64]


def write_network(folder: Path, seed: int, widths: tuple[int, ...] = (2, 6, 6, 3)) -> Path:
    """ReLU layers of these widths, at `folder/net.onnx`, and `folder/net.nnspec` with the domain [−1, 1]."""
    rng = np.random.default_rng(seed)
    nodes, weights, last = [], {}, "x"
    for number, (before, after) in enumerate(pairwise(widths), start=1):
        weights[f"w{number}"] = (rng.integers(-8, 9, size=(after, before)) / 8).astype(np.float32)
        weights[f"b{number}"] = (rng.integers(-4, 5, size=after) / 8).astype(np.float32)
        nodes.append(helper.make_node("Gemm", [last, f"w{number}", f"b{number}"], [f"z{number}"], transB=1))
        last = f"z{number}"
        if number < len(widths) - 1:
            nodes.append(helper.make_node("Relu", [last], [f"a{number}"]))
            last = f"a{number}"
    model = onnx_model(nodes, {"x": [1, widths[0]]}, outputs=(last,), weights=weights)
    path = folder / "net.onnx"
    path.write_bytes(model.SerializeToString())
    names = [f"x{number}" for number in range(widths[0])]
    limits = ", ".join(f"{name} in [-1, 1]" for name in names)
    spec = f'language 1\nnetwork net = "net.onnx" {{ input {", ".join(names)}   domain {limits} }}\n'
    (folder / "net.nnspec").write_text(spec)
    return path


def write_points(folder: Path, count: int = 300, width: int = 2, seed: int = 0) -> Path:
    """Points on a grid of eighths and between, at `folder/points.npz`."""
    rng = np.random.default_rng(seed)
    np.savez(folder / "points.npz", inputs=rng.integers(-64, 65, size=(count, width)) / 64)
    return folder / "points.npz"


def asked(folder: Path, **changes: object) -> Asked:
    """What most tests ask."""
    values: dict[str, object] = {
        "model": f"{folder / 'net.nnspec'}::net",
        "data": folder / "points.npz",
        "property": "argmax",
        "output": folder / "out.nnspec",
        "options": CheckOptions(timeout=None, budget=60),
        "methods": (Method.BOX, Method.LAYER),
        "most": 1,
        "force": True,
    }
    return Asked(**(values | changes))  # type: ignore[arg-type]


def outcome_of(folder: Path, **changes: object) -> Outcome:
    return infer(asked(folder, **changes))
