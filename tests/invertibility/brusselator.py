"""The Brusselator's time-steppers of the recorded data, with the parameter fixed or as a third input.

In: the folder of the data.  Out: layers of float64.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from tests.invertibility.networks import write
from tests.invertibility.pieces import Array, Layer, Layers

FOLDER: Final = "brusselator_noninvertibility"


def stepper(data: Path, name: str, parameter: float | None = None) -> Layers:
    """`para_dep` or `ts_dep`."""
    folder = data / FOLDER / f"{name}_bru"

    def read(what: str) -> Array:
        return np.loadtxt(folder / f"{what}.txt")

    weights, biases = [[read(f"{letter}{k}") for k in (1, 2, 3)] for letter in "wb"]
    if parameter is not None:
        biases[0] = biases[0] + parameter * weights[0][2]
        weights[0] = weights[0][:2]
    return [Layer(w.T, b, relu=k < 2) for k, (w, b) in enumerate(zip(weights, biases, strict=True))]


def iterated(layers: Layers, times: int) -> Layers:
    """A number of steps."""
    return [layer for _ in range(times) for layer in layers]


def stacked(first: Layers, second: Layers) -> Layers:
    """Both beside each other, on the same inputs."""
    rows = []
    for number, (one, other) in enumerate(zip(first, second, strict=True)):
        zeros = (
            np.zeros((len(one.bias), other.weight.shape[1])),
            np.zeros((len(other.bias), one.weight.shape[1])),
        )
        apart = [[one.weight, zeros[0]], [zeros[1], other.weight]]
        weight = np.vstack([one.weight, other.weight]) if number == 0 else np.block(apart)
        rows.append(Layer(weight, np.concatenate([one.bias, other.bias]), relu=one.relu))
    return rows


def write_all(data: Path, folder: Path) -> None:
    """What the questions are about, as ONNX files: the steppers at the known parameters, the family over b,
    and two steppers beside each other."""
    para, ts = stepper(data, "para_dep", 2.1), stepper(data, "ts_dep", 0.15)
    write(para, folder / "para.onnx")
    write(ts, folder / "ts.onnx")
    write(stepper(data, "ts_dep", 0.5), folder / "ts_half.onnx")
    write(stepper(data, "para_dep"), folder / "family.onnx")
    write(stacked(para, ts), folder / "both.onnx")
