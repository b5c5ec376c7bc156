"""Trains the braking controller: `python -m examples.braking.train` writes `model.onnx`.

The network imitates a car-following law of physics on random traffic situations: how hard to accelerate
or brake, given the gap to the car in front, one's own speed, and how fast the gap shrinks.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from examples.perceptron import Array, Recipe, squared_error, train, values, write_onnx

LOWER = np.array([0.0, 0.0, -20.0])  # gap in m, own speed in m/s, closing speed in m/s
UPPER = np.array([120.0, 40.0, 20.0])
STRONGEST_BRAKING, STRONGEST_ACCELERATION = -8.0, 2.0  # m/s²


def law(gap: Array, speed: Array, closing: Array) -> Array:
    """Keep two metres and 1.5 seconds of distance, and stop closing in two metres short of the car."""
    distance = np.maximum(gap - 2.0, 1.0)
    follow = 0.1 * (gap - 2.0 - 1.5 * speed) - 0.6 * closing
    stop = np.where(closing > 0.0, 2.0 - closing**2 / (2.0 * distance), STRONGEST_ACCELERATION)
    return np.clip(np.minimum(follow, stop), STRONGEST_BRAKING, STRONGEST_ACCELERATION)


def main(path: Path) -> None:
    random = np.random.default_rng(7)
    x = random.uniform(LOWER, UPPER, size=(20_000, 3))
    y = law(*x.T)[:, None]
    # What the network sees and says is scaled; `encode` and `decode` in the spec say the same.
    scaled = (x - [60.0, 20.0, 0.0]) / [60.0, 20.0, 20.0]
    recipe = Recipe(sizes=(3, 24, 24, 1), epochs=40, batch=200, rate=1e-2, decay=1e-3, seed=7)
    layers = train(scaled, y / 8.0, squared_error, recipe)
    write_onnx(path, layers, "braking", shape=(3,))
    error = np.abs(8.0 * values(layers, scaled)[-1] - y)
    print(f"{path}: mean error {error.mean():.3f} m/s², worst {error.max():.2f} m/s²")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).with_name("model.onnx"))
