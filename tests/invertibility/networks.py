"""Small networks whose injectivity is known, or is for the oracle to say.

In: a random generator, or nothing.  Out: layers of floats, with one or two inputs.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from onnx import helper, numpy_helper

from tests.invertibility.pieces import Array, Layer, Layers

Rng = np.random.Generator


def layers_of(*maps: tuple[object, object]) -> Layers:
    """A ReLU after each but the last."""
    arrays = [(np.array(w, dtype=np.float32), np.array(b, dtype=np.float32)) for w, b in maps]
    return tuple(Layer(w, b, relu=number < len(arrays)) for number, (w, b) in enumerate(arrays, 1))


# -- random ones ---------------------------------------------------------------------------------------


def few_bits(rng: Rng, sizes: tuple[int, ...]) -> Layers:
    """Weights of four bits: ties, collinear neurons and singular pieces are common."""

    def drawn(scale: int, *shape: int) -> Array:
        return rng.integers(-8, 9, shape) / scale

    return layers_of(*((drawn(4, b, a), drawn(8, b)) for a, b in pairwise(sizes)))


def gaussian(rng: Rng, sizes: tuple[int, ...]) -> Layers:
    """Weights of float32."""
    pairs = pairwise(sizes)
    return layers_of(*((rng.normal(0, (2 / a) ** 0.5, (b, a)), rng.normal(0, 0.3, b)) for a, b in pairs))


def near_identity(rng: Rng, sizes: tuple[int, ...]) -> Layers:
    """The inputs themselves, as `relu(x) - relu(-x)`, and all weights off by some hundredths."""
    inputs, first, second, outputs = sizes
    through = np.vstack([np.eye(inputs), -np.eye(inputs)])
    back = np.hstack([np.eye(inputs), -np.eye(inputs)])
    share = rng.choice([0.02, 0.1, 0.2])

    def noise(*shape: int) -> Array:
        return rng.normal(0, share, shape)

    weights = noise(first, inputs), noise(second, first), noise(outputs, second)
    weights[0][: 2 * inputs] += through
    weights[0][2 * inputs :] = rng.normal(0, 1, (first - 2 * inputs, inputs))
    weights[1][: 2 * inputs, : 2 * inputs] += through @ back
    weights[1][2 * inputs :, : 2 * inputs] += rng.normal(0, 1, (second - 2 * inputs, inputs)) @ back
    weights[2][:inputs, : 2 * inputs] += back[:outputs]
    biases = [rng.normal(0, 0.3, n) for n in sizes[1:]]
    for bias in biases[:2]:
        bias[: 2 * inputs] *= 0.1
    return layers_of(*zip(weights, biases, strict=True))


def shears(rng: Rng, sizes: tuple[int, ...] = (2, 8, 8, 2)) -> Layers:
    """`y += g(x)`, then `x += h(y)`, with random `g` and `h` of four ReLUs each: injective everywhere.
    Further outputs are sums of these."""
    through = np.array([[1, 0], [-1, 0], [0, 1], [0, -1]])
    steep, bent = rng.integers(-8, 9, (2, 4)) / 4
    kinks, other_kinks = rng.integers(-8, 9, (2, 4)) / 8
    zeros = np.zeros(4)
    first = np.vstack([through, np.stack([rng.choice([-1, 1, 2], 4), zeros], axis=1)])
    x, y = np.array([1, -1, 0, 0, *zeros]), np.array([0, 0, 1, -1, *steep])
    second = np.vstack([x, -x, y, -y, rng.choice([-1, 1, 2], (4, 1)) * y])
    last = np.array([[1, -1, 0, 0, *bent], [0, 0, 1, -1, *zeros]])
    last = np.vstack([last, *(last.sum(0) for _ in range(sizes[3] - 2))])
    return layers_of((first, [*zeros, *kinks]), (second, [*zeros, *other_kinks]), (last, np.zeros(sizes[3])))


RANDOM: Final[dict[str, Callable[[Rng, tuple[int, ...]], Layers]]] = {
    "few bits": few_bits,
    "gaussian": gaussian,
    "near identity": near_identity,
    "shears": shears,
}

# -- made by hand --------------------------------------------------------------------------------------

FOLD: Final = layers_of(([[1], [-1]], [0, 0]), ([[1, 1]], [0]))  # |x|
HINGE: Final = layers_of(([[1]], [0]), ([[1]], [0]))  # relu(x): 0 up to 0, and rising from there
LINE: Final = layers_of(([[1], [-1]], [0, 0]), ([[1, -1]], [0]))  # x
TWINS: Final = layers_of(
    ([[1], [1], [-2], [-1]], [0, 0, 0, 0]), ([[0.5, 0.5, -0.25, -0.5]], [0])
)  # x, from twins
LIFTED: Final = layers_of(
    ([[1, 0], [0, 1]], [4, 4]), ([[1, 0], [0, 1]], [-4, -4])
)  # ReLUs of what is positive
PLANE_FOLD: Final = layers_of(
    ([[1, 0], [-1, 0], [0, 1], [0, -1]], [0] * 4), ([[1, 1, 0, 0], [0, 0, 1, -1]], [0, 0])
)
CURVE: Final = layers_of(([[1], [-1]], [0, 0]), ([[1, 1], [1, -1]], [0, 0]))  # (|x|, x)
DEAD: Final = layers_of(  # (relu(x + 1), relu(y)): an area goes to a line
    ([[1, 0], [0, 1]], [1, 0]), ([[1, 0], [0, 1]], [0, 0])
)
# (|x| - |y|, (|x + y| - |x - y|) / 2): the plane twice around itself, like the square of a complex number.
# All determinants are 1, yet z and -z have one image.
SQUARE: Final = layers_of(
    ([[1, 0], [-1, 0], [0, 1], [0, -1], [1, 1], [-1, -1], [1, -1], [-1, 1]], [0] * 8),
    ([[1, 1, -1, -1, 0, 0, 0, 0], [0, 0, 0, 0, 0.5, 0.5, -0.5, -0.5]], [0, 0]),
)


def write(layers: Layers, path: Path) -> Path:
    """The network as ONNX: `x` of shape [1, n] to `y`."""
    nodes, weights, name = [], [], "x"
    for number, layer in enumerate(layers):
        dtype = np.float64 if layer.weight.dtype == np.float64 else np.float32
        for letter, array in (("w", layer.weight), ("b", layer.bias)):
            weights.append(numpy_helper.from_array(array.astype(dtype), f"{letter}{number}"))
        sums = "y" if number == len(layers) - 1 else f"s{number}"
        nodes.append(helper.make_node("Gemm", [name, f"w{number}", f"b{number}"], [sums], transB=1))
        name = sums
        if layer.relu:
            name = f"h{number}"
            nodes.append(helper.make_node("Relu", [sums], [name]))
    kind = helper.np_dtype_to_tensor_dtype(layers[0].weight.dtype)
    inputs, outputs = layers[0].weight.shape[1], len(layers[-1].bias)
    values = [helper.make_tensor_value_info(n, kind, [1, s]) for n, s in (("x", inputs), ("y", outputs))]
    graph = helper.make_graph(nodes, "net", values[:1], values[1:], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path
