"""Draws an explanation: `python -m examples.digits.draw` writes `explanation.png`.

In: the spec, checked through nnspec's Python interface, and the network.  Out: a picture of a two, of what
its pixels say for a two, and of the image nearby for which they say the most different things; beside it,
how far off any such image can be.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from onnx.reference import ReferenceEvaluator

import spec_lang as nn
from examples.perceptron import Array
from spec_lang.reporters.model import Readings

FOLDER = Path(__file__).parent
DIGIT = 2
INK = 4  # grey values above it get an outline
BLUR = 0.25  # as the spec has it
STEP = 0.1  # grey values; the network is linear for twice as far, as `linear_radius_two` proves


@dataclass(frozen=True, slots=True)
class Worst:
    """The image at which the explanation is furthest off, the explanation there, and between which two
    numbers the greatest distance lies."""

    image: Array
    explanation: Array
    reached: float
    never_more: float


def worst() -> Worst:
    """What the measure `worst_two` has found."""
    found = nn.check(FOLDER / "explanations.nnspec", claims=["worst_two"])["worst_two"].measurement
    if found is None or found.lower is None or found.lower.point is None or found.upper is None:
        raise SystemExit("worst_two has not both ends: nothing to draw")
    (point,) = found.lower.point.points
    (gradient,) = (result for result in found.lower.point.results if result.name.startswith("∇"))
    return Worst(square(point), square(gradient), float(found.lower.value), float(found.upper.value))


def square(readings: Readings) -> Array:
    return np.array([float(reading.problem) for reading in readings.readings]).reshape(8, 8)


def two() -> Array:
    """The image as the spec has it."""
    rows = (FOLDER / "spec.nnspec").read_text(encoding="utf-8").partition("def two = ")[2]
    image: Array = np.array(json.loads(rows.partition("\n]")[0] + "]"), dtype=np.float64)
    return image


def explanation(image: Array) -> Array:
    """How the output changes with each pixel: where the network is linear, differences are its gradient."""
    network = ReferenceEvaluator(str(FOLDER / "model.onnx"))

    def output(image: Array) -> float:
        (scores,) = map(np.asarray, network.run(None, {"input": (image[None] / 16).astype(np.float32)}))
        return float(scores[0, DIGIT])

    steps = STEP * np.eye(image.size).reshape(-1, *image.shape)
    differences = [output(image + step) - output(image - step) for step in steps]
    return np.array(differences).reshape(image.shape) / (2 * STEP)


def main(picture: Path) -> None:
    image, found = two(), worst()
    here = explanation(image)
    off = found.explanation - here
    reach = float(max(abs(here).max(), abs(found.explanation).max()))
    figure = Figure(figsize=(9.0, 2.5), dpi=100, layout="constrained")
    axes = figure.subplots(1, 4)
    # Ten points a pixel, so that the outline of the ink follows the pixels' edges.
    ink = np.kron(image > INK, np.ones((10, 10)))
    fine = np.meshgrid(*2 * [np.linspace(-0.45, 7.45, 80)])
    axes[0].imshow(image, cmap="gray_r", vmin=0, vmax=16)
    for at, values in zip(axes[1:], (here, found.explanation, off), strict=True):
        shown = at.imshow(values, cmap="RdBu", vmin=-reach, vmax=reach)
        at.contour(*fine, ink, levels=[0.5], colors="0.2", linewidths=1.2)
    length = np.linalg.norm(here)
    titles = (
        "a two",
        f"why it is a two\nlength {length:.2f}",
        f"the same of one nearby\nevery pixel within ±{BLUR:g}",
        f"the difference: {found.reached:.3f}\nproved: never above {found.never_more:.3f}",
    )
    for at, title in zip(axes, titles, strict=True):
        at.set_title(title, fontsize=9)
        at.set_xticks([])
        at.set_yticks([])
    bar = figure.colorbar(shown, ax=axes, shrink=0.8, aspect=25)
    bar.set_label("against ← logit per grey value → for", fontsize=8)
    bar.ax.tick_params(labelsize=8)
    figure.savefig(picture, metadata={"Software": None})


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else FOLDER / "explanation.png")
