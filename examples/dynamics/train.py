"""Trains two time-steppers, and prunes one: `python -m examples.dynamics.train` writes five files.

A time-stepper says where a system will be a moment later.  `brusselator_family.onnx` learns a chemical
oscillator (u' = 1 + u²v − (b+1)u, v' = bu − u²v) with the parameter b as an input; `brusselator.onnx` is
that network at b = 2.1.  `vdp.onnx` learns van der Pol's oscillator (u' = v, v' = (1 − u²)v − u); in the
two others the smallest tenth and the smallest quarter of each layer's weights are 0.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from examples.perceptron import Array, Layer, Recipe, squared_error, train, values, write_onnx

B = 2.1
PRUNED = {"vdp_pruned_10": 0.1, "vdp_pruned_25": 0.25}


def brusselator(state: Array) -> Array:
    """The rates of u and v, and of b, which stays."""
    u, v, b = state.T
    return np.stack([1.0 + u**2 * v - (b + 1.0) * u, b * u - u**2 * v, 0.0 * b], axis=1)


def van_der_pol(state: Array) -> Array:
    u, v = state.T
    return np.stack([v, (1.0 - u**2) * v - u], axis=1)


def later(rates: Callable[[Array], Array], state: Array, time: float, steps: int = 40) -> Array:
    """The states after this time, by the classical Runge-Kutta method of fourth order."""
    h = time / steps
    for _ in range(steps):
        k1 = rates(state)
        k2 = rates(state + h / 2 * k1)
        k3 = rates(state + h / 2 * k2)
        k4 = rates(state + h * k3)
        state = state + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return state


def with_b(layers: Sequence[Layer], b: float) -> list[Layer]:
    """The network of u and v alone: what b gives becomes part of the first biases."""
    weight, bias = layers[0]
    return [(weight[:2], bias + b * weight[2]), *layers[1:]]


def pruned(layers: Sequence[Layer], share: float) -> list[Layer]:
    """The smallest weights of each layer, by size, are 0."""
    return [
        (np.where(abs(weight) < np.quantile(abs(weight), share), 0.0, weight), bias)
        for weight, bias in layers
    ]


def main(path: Path) -> None:
    random = np.random.default_rng(1)
    x = random.uniform([0.0, 0.0, B - 0.1], [4.5, 5.0, B + 0.1], size=(20_000, 3))
    y = later(brusselator, x, time=0.15)[:, :2]
    family = train(x, y, squared_error, Recipe((3, 32, 32, 2), epochs=60, batch=200, rate=1e-2, seed=1))
    write_onnx(path.with_stem("brusselator_family"), family, "brusselator_family", shape=(3,))
    write_onnx(path, with_b(family, B), "brusselator", shape=(2,))
    print(f"brusselator: mean error {abs(values(family, x)[-1] - y).mean():.3f}")

    random = np.random.default_rng(4)
    x = random.uniform(-3.0, 3.0, size=(10_000, 2))
    y = later(van_der_pol, x, time=0.2)
    recipe = Recipe((2, 32, 32, 2), epochs=40, batch=200, rate=1e-2, decay=1e-2, seed=4)
    layers = train(x, y, squared_error, recipe)
    for name, share in ({"vdp": 0.0} | PRUNED).items():
        version = pruned(layers, share)
        write_onnx(path.with_stem(name), version, name, shape=(2,))
        print(f"{name}: mean error {abs(values(version, x)[-1] - y).mean():.3f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).with_name("brusselator.onnx"))
