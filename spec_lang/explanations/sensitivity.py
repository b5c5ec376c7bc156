"""How much each element seems to matter, by running the network at many points at once.

In: a graph and a condition over its flat inputs and outputs, a point and a box around it.  Out: an order of
the elements from the one that seems to matter least, and points that seem to make the condition true.  All is
computed in floats: evidence of nothing, but good to ask about first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.network.evaluate import Evaluator
from spec_lang.network.graph import Graph
from spec_lang.obligations.model import All, Condition, LinearAtom, Terms

Floats = NDArray[np.float64]

_STEPS: Final = (0.0, 0.25, 0.5, 0.75, 1.0)  # of an input's range, at which it is looked at alone
_NUMBERS: Final = 4_000_000  # in a batch of points
_SAMPLES: Final = 4000


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """`lower` and `upper` are a box of finite numbers around `point`."""

    graph: Graph
    condition: Condition
    point: Floats
    lower: Floats
    upper: Floats


class Scores:
    """The condition at many points, as a number each that is not positive where it seems to be true."""

    def __init__(self, scene: Scene) -> None:
        self._condition = scene.condition
        self._network = Evaluator(scene.graph)

    def __call__(self, points: Floats) -> tuple[Floats, Floats]:
        """The scores, and the outputs."""
        outputs: Floats = self._network(points)
        return _score(self._condition, points, outputs), outputs


def _score(condition: Condition, x: Floats, y: Floats) -> Floats:
    if isinstance(condition, LinearAtom):
        total: Floats = _sum(condition.inputs, x) + _sum(condition.outputs, y) + float(condition.constant)
        return total
    worst, start = (np.maximum, -np.inf) if isinstance(condition, All) else (np.minimum, np.inf)
    found: Floats = np.full(len(x), start)
    for part in condition.parts:
        found = worst(found, _score(part, x, y))
    return found


def _sum(terms: Terms, values: Floats) -> Floats:
    indices = [index for index, _ in terms]
    factors = np.array([float(factor) for _, factor in terms])
    product: Floats = values[:, indices] @ factors if indices else np.zeros(len(values))
    return product


def inputs_alone(scene: Scene) -> tuple[list[int], Iterator[Floats]]:
    """The inputs in order, by how near to breaking the decision each gets alone; and a point for each that
    seems to break it alone."""
    size, scores = len(scene.point), Scores(scene)
    steps = np.array(_STEPS)
    worst, at = np.full(size, np.inf), np.zeros(size)
    block = max(1, _NUMBERS // (size * len(steps)))
    for start in range(0, size, block):
        chosen = np.arange(start, min(start + block, size))
        moved = scene.lower[chosen, None] + (scene.upper - scene.lower)[chosen, None] * steps
        points = np.repeat(scene.point[None], moved.size, axis=0)
        points[np.arange(moved.size), np.repeat(chosen, len(steps))] = moved.ravel()
        found = scores(points)[0].reshape(len(chosen), len(steps))
        best = found.argmin(axis=1)
        worst[chosen] = found[np.arange(len(chosen)), best]
        at[chosen] = moved[np.arange(len(chosen)), best]
    order = np.argsort(-worst, kind="stable")

    def breaking() -> Iterator[Floats]:
        for index in np.flatnonzero(worst <= 0):
            point = scene.point.copy()
            point[index] = at[index]
            yield point

    return order.tolist(), breaking()


def neurons_by_samples(scene: Scene, first: int, phases: Sequence[bool]) -> tuple[list[int], Floats]:
    """The neurons in order, by how much more often each has another phase where the condition holds than
    elsewhere; and the samples that seem to make it true, those with the fewest other phases first."""
    generator = np.random.default_rng(0)
    size = len(scene.point)
    count = max(64, min(_SAMPLES, _NUMBERS // size))
    far = scene.lower + (scene.upper - scene.lower) * generator.random((count, size))
    points = scene.point + (far - scene.point) * generator.random((count, 1))
    scores, outputs = Scores(scene)(points)
    other = (outputs[:, first : first + len(phases)] > 0) != np.array(phases)
    bad = scores <= 0
    weight = _mean(other[bad], len(phases)) - _mean(other[~bad], len(phases))
    order = np.argsort(weight, kind="stable")
    nearest = np.argsort(other[bad].sum(axis=1), kind="stable")
    return order.tolist(), points[bad][nearest]


def _mean(rows: NDArray[np.bool_], width: int) -> Floats:
    return rows.mean(axis=0) if len(rows) else np.zeros(width)


def fewer_moved(scene: Scene, order: Sequence[int], found: Floats) -> Floats:
    """A point like `found`, which seems to make the condition true, with as many of its inputs put back to
    where they are at `scene.point` as one after the other can be."""
    scores, current = Scores(scene), found.copy()
    moved = [index for index in order if current[index] != scene.point[index]]
    size = len(moved)
    while size:
        place = 0
        while place < len(moved):
            part = moved[place : place + size]
            tried = current.copy()
            tried[part] = scene.point[part]
            if len(part) < len(moved) and scores(tried[None])[0][0] <= 0:
                current = tried
                del moved[place : place + size]
            else:
                place += size
        size = min(size // 2, len(moved))
    return current
