"""Trains the two-moons classifier: `python -m examples.moons.train` writes `model.onnx`.

Two interleaved half circles of noisy points, one for each class.  The network says a score for each.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from examples.perceptron import Recipe, cross_entropy, train, values, write_onnx


def moons(count: int, noise: float, seed: int) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """`count` points, first the upper half circle (class 0), then the lower one (class 1)."""
    random = np.random.default_rng(seed)
    angle = random.uniform(0.0, np.pi, count)
    label = np.repeat([0, 1], [count - count // 2, count // 2])
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    points = np.where(label[:, None] == 0, upper, [1.0, 0.5] - upper)
    return points + random.normal(0.0, noise, points.shape), label


def main(path: Path) -> None:
    x, label = moons(2000, noise=0.15, seed=1)
    recipe = Recipe(sizes=(2, 16, 16, 2), epochs=40, batch=50, rate=1e-2, decay=1e-2, seed=1)
    layers = train(x, np.eye(2)[label], cross_entropy, recipe)
    write_onnx(path, layers, "moons", shape=(2,))
    right = values(layers, x)[-1].argmax(axis=1) == label
    print(f"{path}: {right.mean():.1%} of {len(right)} points right")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).with_name("model.onnx"))
