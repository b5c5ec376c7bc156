"""Trains the watched network: `python -m examples.monitor.train` writes the model and two files of inputs.

The images are those of ../digits.  The network does not read their 64 pixels but three sums of them, those
that tell digits apart best (Fisher's linear discriminants), so that there is something to prove of every
place that such sums can be at.  Both files have the sums; the first 1500 images are for training.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from examples.perceptron import Array, Indices, Recipe, cross_entropy, train, values, write_onnx

TRAINING_IMAGES = 1500
SUMS = 3
COPIES, NOISE = 5, 0.1  # noisy copies of each, by the standard deviation of what is added
RIDGE = 1e-2  # of the variance within a digit, for pixels that are always white


def discriminants(x: Array, labels: Indices) -> Array:
    """The directions, in columns, along which the digits' means vary most beside the images of one digit."""
    means = np.stack([x[labels == digit].mean(axis=0) for digit in range(10)])
    off = x - means[labels]
    within = off.T @ off / len(x) + RIDGE * np.eye(x.shape[1])
    between = (means - x.mean(axis=0))[labels]
    root = np.linalg.inv(np.linalg.cholesky(within))
    directions = np.linalg.eigh(root @ (between.T @ between / len(x)) @ root.T)[1][:, ::-1][:, :SUMS]
    found = root.T @ directions
    largest = found[abs(found).argmax(axis=0), np.arange(SUMS)]
    result: Array = found * np.sign(largest)  # an eigenvector has no sign of its own
    return result


def main(path: Path) -> None:
    images, labels = load_digits(return_X_y=True)
    x, known = images / 16.0, slice(0, TRAINING_IMAGES)
    sums = (x - x[known].mean(axis=0)) @ discriminants(x[known], labels[known])
    sums /= abs(sums[known]).max(axis=0)  # what has been seen is between -1 and 1
    seen, noise = sums[known], np.random.default_rng(0)
    noisy = [seen + noise.normal(0.0, NOISE, seen.shape) for _ in range(COPIES)]
    wanted = np.tile(np.eye(10)[labels[known]], (COPIES + 1, 1))
    recipe = Recipe(sizes=(SUMS, 12, 12, 10), epochs=12, batch=100, rate=1e-2, decay=1e-2, seed=1)
    layers = train(np.concatenate([seen, *noisy]), wanted, cross_entropy, recipe)
    write_onnx(path, layers, "digits", shape=(SUMS,))
    rest = slice(TRAINING_IMAGES, None)
    np.savez_compressed(path.with_name("seen.npz"), inputs=seen.astype(np.float32))
    np.savez_compressed(
        path.with_name("unseen.npz"),
        inputs=sums[rest].astype(np.float32),
        labels=labels[rest].astype(np.uint8),
    )
    right = values(layers, sums[rest])[-1].argmax(axis=1) == labels[rest]
    print(f"{path}: {right.mean():.1%} of {len(right)} unseen images right")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).with_name("model.onnx"))
