"""Running the command: in this process, or as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from onnx import helper

from tests.engine.specs import write
from tests.tiny_networks import onnx_bytes


def process(*arguments: str | Path, environment: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """`nnspec` with these arguments, started."""
    return subprocess.Popen(
        [sys.executable, "-m", "spec_lang", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(environment or {})},
        start_new_session=True,
    )


def write_endless(folder: Path) -> Path:
    """A spec whose first claim is quick and whose second outlasts every test."""
    rng = np.random.default_rng(0)
    sizes = (12, 60, 60, 60, 1)
    nodes, weights, value = [], {}, "x"
    for layer in range(len(sizes) - 1):
        weights[f"w{layer}"] = rng.standard_normal((sizes[layer], sizes[layer + 1])).astype(np.float32)
        nodes.append(helper.make_node("MatMul", [value, f"w{layer}"], [f"z{layer}"]))
        value = f"z{layer}"
        if layer < len(sizes) - 2:
            nodes.append(helper.make_node("Relu", [value], [f"a{layer}"]))
            value = f"a{layer}"
    nodes.append(helper.make_node("Identity", [value], ["y"]))
    model = onnx_bytes(nodes, {"x": [1, 12]}, weights=weights)
    head = 'network f = "f.onnx"\n'
    quick = "claim quick: forall x in box(0, 1): f(x) <= 1e9\n"
    endless = "claim endless: forall x in box(-1, 1): f(x) <= 7000\n"
    path = write(folder, quick, endless, head=head)
    (folder / "f.onnx").write_bytes(model)
    return path
