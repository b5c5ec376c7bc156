"""How far the coordinates of a gradient reach at points: ascents, all coordinates and signs in one batch.

In: the gradient of an output over a box.  Out: ranges that are reached, as floats compute them.  Gates open
little by little, so that slopes say where to go; what counts is the gradient of the network itself.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.backends._search.attack import input_gradient, softened
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.gradient_ranges import Gradient
from spec_lang.bounding.program import F64
from spec_lang.network.evaluate import Evaluator

RESTARTS: Final = 2
STEPS: Final = 24
LOOK_EVERY: Final = 4
FIRST_STEP, LAST_STEP = 0.5, 0.05  # of the box's width, and of how soft gates are
SAMPLES: Final = 256


@dataclass(slots=True, eq=False)
class Reached:
    """`lower` and `upper` (inputs,) so far."""

    gradient: Gradient
    box: Boxes
    evaluator: Evaluator
    lower: F64
    upper: F64

    @classmethod
    def of(cls, gradient: Gradient, box: Boxes) -> Reached:
        none = np.full(gradient.size, np.inf)
        return cls(gradient, box, Evaluator(gradient.graph), none, -none)

    def see(self, points: F64) -> F64:
        """The gradients at points of the box (n, inputs), which count from here on."""
        with np.errstate(all="ignore"):
            found = self.evaluator(points)[:, -self.gradient.size :]
        self.lower = np.minimum(self.lower, found.min(axis=0))
        self.upper = np.maximum(self.upper, found.max(axis=0))
        return found

    def ascend(self, rng: np.random.Generator) -> None:
        """Samples, corners among them, and ascents of every coordinate up and down."""
        low, width, count = self.box.lower, self.box.upper - self.box.lower, self.gradient.size
        share = rng.random((SAMPLES, low.shape[1]))
        share[::2] = np.round(share[::2])
        self.see(low + share * width)
        program = self.gradient.program
        outputs = sum(program.sizes[value] for value in program.outputs)
        seed = np.zeros((2 * count * RESTARTS, outputs))
        rows = np.arange(len(seed))
        seed[rows, outputs - count + rows % count] = np.where(rows // count % 2, 1.0, -1.0)
        points = low + width * rng.random((len(seed), low.shape[1]))
        for step, rate in enumerate(np.geomspace(FIRST_STEP, LAST_STEP, STEPS)):
            with np.errstate(all="ignore"):
                values, slopes = softened(program, points, float(rate))
                slope = input_gradient(program, values, seed, slopes)
            points = np.clip(points + rate * width * np.sign(slope), low, self.box.upper)
            if step % LOOK_EVERY == LOOK_EVERY - 1:
                self.see(points)
