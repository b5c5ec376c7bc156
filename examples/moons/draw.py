"""Draws a counterexample: `python -m examples.moons.draw` writes `counterexample.png`.

In: the spec, checked through nnspec's Python interface, and the network.  Out: a picture of the decision
regions, of the square that the claim speaks of, and of the point in it that the network gets wrong.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from onnx.reference import ReferenceEvaluator

import spec_lang as nn
from examples.moons.train import moons

FOLDER = Path(__file__).parent
TIP, REACH = (0.95, 0.3), 0.35  # the claim's square: its middle, and how far it reaches


def counterexample() -> tuple[float, float]:
    """The point at which the claim `tip_is_upper` fails."""
    report = nn.check(FOLDER / "spec.nnspec", claims=["tip_is_upper"], parameters={"reach": REACH})
    found = report["tip_is_upper"].counterexample
    if found is None:
        raise SystemExit("tip_is_upper is not refuted: nothing to draw")
    x, y = (float(reading.problem) for reading in found.inputs)
    return x, y


def main(picture: Path) -> None:
    across, up = np.linspace(-1.6, 2.6, 421), np.linspace(-1.2, 1.6, 281)
    grid = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2).astype(np.float32)
    network = ReferenceEvaluator(str(FOLDER / "model.onnx"))
    (scores,) = map(np.asarray, network.run(None, {"input": grid}))
    lead = (scores[:, 0] - scores[:, 1]).reshape(len(up), len(across))
    points, label = moons(300, noise=0.15, seed=1)
    x, y = counterexample()

    figure = Figure(figsize=(6.0, 4.0), dpi=100, layout="tight")
    axes = figure.add_subplot()
    axes.contourf(across, up, lead, levels=[-np.inf, 0.0, np.inf], colors=["#f4d9c6", "#cfe0f1"])
    for moon, name, color in ((0, "upper moon", "#2b6cb0"), (1, "lower moon", "#c05621")):
        first, second = points[label == moon].T
        axes.scatter(first, second, s=6, color=color, label=name)
    corner = (TIP[0] - REACH, TIP[1] - REACH)
    axes.add_patch(Rectangle(corner, 2 * REACH, 2 * REACH, fill=False, linewidth=1.5, label="tip_is_upper"))
    axes.plot(x, y, "X", color="black", markersize=9, label=f"counterexample ({x:.3f}, {y:.3f})")
    axes.set_aspect("equal")
    axes.legend(loc="lower left", fontsize=8)
    figure.savefig(picture, metadata={"Software": None})


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else FOLDER / "counterexample.png")
