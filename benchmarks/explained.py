"""Points whose explanations are looked at: what each way of bounding says of their gradients.

In: a trained network, and by how much each input may be off.  Out: `Explained` points, with enclosures by
plain intervals and by the engine, and what follows from an enclosure for distances and angles.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.gradient_engine import Enclosures
from benchmarks.gradient_floats import (
    Ends,
    Logit,
    gradients,
    interval_gradients,
    layers_of,
    pre_activations,
    unstable,
)
from benchmarks.gradient_networks import Trained
from examples.perceptron import Array
from spec_lang.backends.bounds.explored import Explored


@dataclass(frozen=True, slots=True, eq=False)
class Explained:
    """A point, the output that decides there (of a single output that one), and its gradient."""

    path: Path
    logit: Logit
    point: Array
    reach: float

    @property
    def box(self) -> Ends:
        return (self.point - self.reach)[None], (self.point + self.reach)[None]

    @property
    def base(self) -> Array:
        found: Array = gradients(self.logit, self.point[None])[0]
        return found

    def intervals(self) -> Ends:
        return first(interval_gradients(self.logit, self.box))

    def bounds(self) -> Ends:
        """By linear bounds, without any search."""
        return first(Enclosures.of(self.path, self.logit.output)(self.box))

    def engine(self) -> tuple[Ends, float]:
        """By linear bounds and by cells, and the seconds of it, once the network is prepared."""
        enclosures = Enclosures.of(self.path, self.logit.output)
        enclosures.by_cells(self.box)
        started = time.perf_counter()
        found = enclosures.by_cells(self.box)
        return first(found), time.perf_counter() - started

    def searched(self, seconds: float) -> tuple[Explored, float]:
        """And the seconds of it, once the network is prepared."""
        enclosures = Enclosures.of(self.path, self.logit.output)
        started = time.perf_counter()
        found = enclosures.searched(self.box, seconds)
        return found, time.perf_counter() - started


def first(ends: Ends) -> Ends:
    return ends[0][0], ends[1][0]


def width(ends: Ends) -> float:
    return float((ends[1] - ends[0]).sum())


def leaves_out(ends: Ends, inside: Ends) -> bool:
    """Whether an enclosure leaves out something that is there; the floats' own errors are less than this."""
    return bool((ends[0] > inside[0] + 1e-6).any() or (ends[1] < inside[1] - 1e-6).any())


def explained(
    network: Trained, reach: float, most: int, between: tuple[float, float] = (0, np.inf)
) -> list[Explained]:
    """The first points of a network whose number of unstable neurons is within a range, so many at most."""
    layers = layers_of(network.path)
    outputs = pre_activations(layers, network.points)[1].argmax(axis=1)
    count = unstable(layers, (network.points - reach, network.points + reach))
    chosen = np.flatnonzero((count >= between[0]) & (count <= between[1]))[:most]
    return [Explained(network.path, Logit(layers, int(outputs[k])), network.points[k], reach) for k in chosen]


def furthest(ends: Ends, base: Array) -> tuple[float, float, float]:
    """Of an enclosure: the greatest distances from `base` in ℓ2 and ℓ∞, and the least cosine, each as far as
    the coordinates' own ranges say: within a distance of d times the length of `base`, d < 1, the sine of the
    angle is at most d."""
    off = np.maximum(ends[1] - base, base - ends[0])
    inner = float(np.minimum(base * ends[0], base * ends[1]).sum())
    longest = float(np.linalg.norm(np.maximum(abs(ends[0]), abs(ends[1]))))
    shortest = float(np.linalg.norm(np.maximum(np.maximum(ends[0], -ends[1]), 0.0)))
    length = longest if inner >= 0.0 else shortest
    distance, size = float(np.linalg.norm(off)), float(np.linalg.norm(base))
    cosine = inner / (length * size) if length * size > 0.0 else -np.inf
    if distance < size:
        cosine = max(cosine, float(np.sqrt(1.0 - (distance / size) ** 2)))
    return distance, float(off.max()), cosine
