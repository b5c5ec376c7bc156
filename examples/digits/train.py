"""Trains the digit classifier: `python -m examples.digits.train` writes `model.onnx` and `unseen.npz`.

The 1797 images of 8x8 pixels, grey values 0 to 16, come with scikit-learn; the first 1500 are for training,
and a few of the others are kept in `unseen.npz`, for the spec to speak of.  Noise on the training images
makes the classifier steadier, and so easier to prove.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from examples.perceptron import Recipe, cross_entropy, train, values, write_onnx

TRAINING_IMAGES = 1500
KEPT_IMAGES = 20
COPIES, NOISE = 10, 0.2  # noisy copies of each image; every pixel 0.2 of the grey range off, up or down


def main(path: Path) -> None:
    images, labels = load_digits(return_X_y=True)
    x = images / 16.0
    seen, noise = x[:TRAINING_IMAGES], np.random.default_rng(3)
    noisy = [np.clip(seen + noise.choice([-NOISE, NOISE], seen.shape), 0.0, 1.0) for _ in range(COPIES)]
    wanted = np.tile(np.eye(10)[labels[:TRAINING_IMAGES]], (COPIES + 1, 1))
    recipe = Recipe(sizes=(64, 24, 16, 10), epochs=10, batch=100, rate=1e-2, decay=2e-2, seed=3)
    layers = train(np.concatenate([seen, *noisy]), wanted, cross_entropy, recipe)
    write_onnx(path, layers, "digits", shape=(8, 8))
    kept = slice(TRAINING_IMAGES, TRAINING_IMAGES + KEPT_IMAGES)
    np.savez_compressed(
        path.with_name("unseen.npz"),
        images=images[kept].reshape(-1, 8, 8).astype(np.uint8),
        labels=labels[kept].astype(np.uint8),
    )
    right = values(layers, x[TRAINING_IMAGES:])[-1].argmax(axis=1) == labels[TRAINING_IMAGES:]
    print(f"{path}: {right.mean():.1%} of {len(right)} unseen images right")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).with_name("model.onnx"))
