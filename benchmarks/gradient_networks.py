"""`python -m benchmarks.gradient_networks [FOLDER]`: trains the networks of the benchmark of gradients.

In: the data that come with scikit-learn, and a formula.  Out: `NAME.onnx` in the folder and, in `NAME.npz`,
points that the network has not been trained on; by default the folder is in the user's cache.  The same
recipe gives the same weights, up to the rounding of another BLAS library; what is in the folder already, by
the same recipe, is not trained again.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from platformdirs import user_cache_path
from sklearn.datasets import load_breast_cancer, load_digits

from benchmarks import convolution
from examples import perceptron
from examples.perceptron import Array, Recipe, Slopes, cross_entropy, squared_error, train, values, write_onnx


@dataclass(frozen=True, slots=True)
class Trained:
    """A network's file, points (count, in) that it has not been trained on with what they are, and a figure
    of how well it does there: a share of right answers or, of the regressor, the mean error."""

    path: Path
    points: Array
    labels: Array
    figure: float


@dataclass(frozen=True, slots=True)
class Split:
    """What is trained on, and what is kept."""

    x: Array
    labels: Array
    points: Array
    kept: Array


def split(x: Array, labels: Array, kept: int, seed: int) -> Split:
    order = np.random.default_rng(seed).permutation(len(x))
    there, here = order[:kept], order[kept:]
    return Split(x[here], labels[here], x[there], labels[there])


def _digit_images() -> Split:
    """Grey values from 0 to 1."""
    images, labels = load_digits(return_X_y=True)
    return split(images / 16.0, labels, kept=600, seed=0)


def digits(path: Path) -> Trained:
    """64-50×4-10, of 8 by 8 grey values as one row."""
    data = _digit_images()
    recipe = Recipe((64, 50, 50, 50, 50, 10), epochs=60, batch=50, rate=3e-3, decay=1e-2, seed=0)
    layers = train(data.x, np.eye(10)[data.labels], cross_entropy, recipe)
    write_onnx(path, layers, "digits", shape=(64,))
    right = values(layers, data.points)[-1].argmax(axis=1) == data.kept
    return Trained(path, data.points, data.kept, float(right.mean()))


def convolutional(path: Path) -> Trained:
    """The same images as 1×8×8: two convolutions, of 8 and of 16 channels, and a dense layer."""
    data = _digit_images()
    recipe = Recipe((1, 8, 16, 10), epochs=40, batch=50, rate=5e-3, decay=1e-2, seed=0)
    network = convolution.train(data.x.reshape(-1, 8, 8), np.eye(10)[data.labels], (1, 2), recipe)
    convolution.write_onnx(path, network, "convolutional", side=8)
    right = convolution.outputs(network, data.points.reshape(-1, 8, 8)).argmax(axis=1) == data.kept
    return Trained(path, data.points, data.kept, float(right.mean()))


def cancer(path: Path) -> Trained:
    """30-64-64-1, of 30 standardised measurements; above 0 it says benign."""
    x, labels = load_breast_cancer(return_X_y=True)
    data = split(x, labels, kept=150, seed=0)
    middle, spread = data.x.mean(axis=0), data.x.std(axis=0)
    recipe = Recipe((30, 64, 64, 1), epochs=60, batch=20, rate=1e-3, decay=1e-2, seed=0)
    layers = train((data.x - middle) / spread, data.labels[:, None] * 1.0, logistic, recipe)
    write_onnx(path, layers, "cancer", shape=(30,))
    points = (data.points - middle) / spread
    right = (values(layers, points)[-1][:, 0] > 0.0) == data.kept
    return Trained(path, points, data.kept, float(right.mean()))


def logistic(predicted: Array, wanted: Array) -> Array:
    """The gradient of the mean loss of `1 / (1 + exp(-predicted))` against 0 and 1."""
    return squared_error(1.0 / (1.0 + np.exp(-predicted)), wanted)


def monotone(path: Path) -> Trained:
    """6-32-32-1 on [0, 1]^6: rises with inputs 0 to 3, by its training and not by the signs of its weights;
    with input 4 it rises and falls, and with 5 hardly anything changes."""
    x = np.random.default_rng(0).uniform(size=(6000, 6))
    a, b, c, d, e, f = x.T
    y = (a + 0.8 * b + 0.4 * c + 0.5 * d) + a * c + 0.5 * d**2 - 0.5 * np.maximum(a + b - 1.2, 0.0)
    y = y + 0.4 * np.sin(4.0 * e) * (1.0 - a) + 0.05 * f
    rising = Slopes(np.zeros(6), np.ones(6), np.array([1.0, 1.0, 1.0, 1.0, 0.0, 0.0]), 0.3, weight=1.0)
    recipe = Recipe((6, 32, 32, 1), epochs=100, batch=100, rate=3e-3, decay=0.1, seed=0)
    layers = train(x[:5000], y[:5000, None], squared_error, recipe, rising)
    write_onnx(path, layers, "monotone", shape=(6,))
    error = abs(values(layers, x[5000:])[-1][:, 0] - y[5000:])
    return Trained(path, x[5000:], y[5000:], float(error.mean()))


NETWORKS: Final[dict[str, Callable[[Path], Trained]]] = {
    "digits": digits,
    "convolutional": convolutional,
    "cancer": cancer,
    "monotone": monotone,
}


def default_folder() -> Path:
    return user_cache_path("nnspec") / "benchmarks"


def _recipe() -> str:
    """A mark of all the code that decides what the weights are."""
    sources = [Path(__file__), *(Path(str(module.__file__)) for module in (convolution, perceptron))]
    return hashlib.sha256(b"\0".join(source.read_bytes() for source in sources)).hexdigest()


def trained(name: str, folder: Path) -> Trained:
    """The network, from the folder where it is there by the same recipe."""
    folder.mkdir(parents=True, exist_ok=True)
    path, kept = folder / f"{name}.onnx", folder / f"{name}.npz"
    recipe = _recipe()
    if path.is_file() and kept.is_file():
        with np.load(kept, allow_pickle=False) as stored:
            if str(stored["recipe"]) == recipe:
                return Trained(path, stored["points"], stored["labels"], float(stored["figure"]))
    found = NETWORKS[name](path)
    np.savez_compressed(
        kept, points=found.points, labels=found.labels, figure=np.array(found.figure), recipe=np.array(recipe)
    )
    return found


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gradient_networks")
    parser.add_argument("folder", type=Path, nargs="?", default=default_folder(), help="where they are kept")
    folder = parser.parse_args(argv).folder
    for name in NETWORKS:
        start = time.perf_counter()
        found = trained(name, folder)
        said = f"mean error {found.figure:.3f}" if name == "monotone" else f"{found.figure:.1%} right"
        count, seconds = len(found.points), time.perf_counter() - start
        print(f"{name:<13}  {said} of {count} points not trained on  {seconds:.1f} s  {found.path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
