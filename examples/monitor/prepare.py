"""Writes the images: `python -m examples.monitor.prepare` writes `seen.npz` and `unseen.npz`.

In: the digits that are bundled with scikit-learn, 8 by 8 pixels, grey values from 0 to 16.  Out: the 1500
images that the network of ../digits was trained on, and the 297 others with what they are.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from examples.digits.train import TRAINING_IMAGES


def main(folder: Path) -> None:
    images, labels = load_digits(return_X_y=True)
    images, labels = images.reshape(-1, 8, 8).astype(np.uint8), labels.astype(np.uint8)
    np.savez_compressed(folder / "seen.npz", inputs=images[:TRAINING_IMAGES])
    np.savez_compressed(
        folder / "unseen.npz", inputs=images[TRAINING_IMAGES:], labels=labels[TRAINING_IMAGES:]
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).parent)
