"""Trains the pump's network and compresses it: `python -m examples.compression.train` writes three files.

The network picks one of three speeds for a cooling pump from two temperatures and the load.  `model.onnx` is
the network as it was trained; in `int8.onnx` every weight is one of 255 multiples of its layer's step; in
`pruned.onnx` the smallest quarter of each layer's weights are 0.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from examples.perceptron import Array, Layer, Recipe, cross_entropy, train, values, write_onnx

LOWER = np.array([10.0, -20.0, 0.0])  # coolant in °C, air in °C, load as a share
UPPER = np.array([120.0, 50.0, 1.0])
STEPS = 127  # on either side of 0: what 8 bits hold
PRUNED = 1 / 4


def speed(coolant: Array, air: Array, load: Array) -> Array:
    """0 for off, 1 for slow, 2 for fast: by how far from boiling the coolant is, and how fast it heats up."""
    margin = 105.0 - coolant - 12.0 * load - 0.15 * np.maximum(air, 0.0)
    return (margin < 35.0).astype(int) + (margin < 12.0)


def to_8_bits(layers: Sequence[Layer]) -> list[Layer]:
    """Every weight, rounded to the nearest of its layer's steps; biases as they are."""

    def rounded(weight: Array) -> Array:
        step = np.float32(abs(weight).max() / STEPS)
        found: Array = np.rint(weight / step) * step
        return found

    return [(rounded(weight), bias) for weight, bias in layers]


def pruned(layers: Sequence[Layer]) -> list[Layer]:
    """The smallest weights of each layer, by size, are 0."""
    return [
        (np.where(abs(weight) < np.quantile(abs(weight), PRUNED), 0.0, weight), bias)
        for weight, bias in layers
    ]


def main(path: Path) -> None:
    random = np.random.default_rng(5)
    x = random.uniform(LOWER, UPPER, size=(20_000, 3))
    labels = speed(*x.T)
    scaled = (x - [65.0, 15.0, 0.5]) / [55.0, 35.0, 0.5]  # `encode` in the spec says the same
    recipe = Recipe(sizes=(3, 20, 20, 3), epochs=30, batch=200, rate=1e-2, decay=1e-2, seed=5)
    layers = train(scaled, np.eye(3)[labels], cross_entropy, recipe)
    scores = values(layers, scaled)[-1]
    for name, version in (("model", layers), ("int8", to_8_bits(layers)), ("pruned", pruned(layers))):
        write_onnx(path.with_stem(name), version, name, shape=(3,))
        others = values(version, scaled)[-1]
        right = (others.argmax(axis=1) == labels).mean()
        print(f"{name}: {right:.1%} right, scores off by up to {abs(others - scores).max():.3f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).with_name("model.onnx"))
