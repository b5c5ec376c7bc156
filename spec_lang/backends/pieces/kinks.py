"""The kinks around a point: where the nearest neurons change their phase, and points just beyond them.

In: an obligation's network, one box of its region, and a point there.  Out: points of the region, nearest
kink first, at which a claim that asks for one affine piece is likely to fail.  All of it in floats, and a
hint: whoever uses a point has it replayed.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.backends.base import Point
from spec_lang.kernel.network import AffineStep, BinaryStep, Network, ReluStep, SmoothStep, Unchecked
from spec_lang.kernel.piece_forms import RoundedPiece
from spec_lang.kernel.supports import parts
from spec_lang.kernel.tied import tied
from spec_lang.network.graph import OF_CLAIM
from spec_lang.network.primitives import Binary
from spec_lang.obligations.balls import Ball, Norm, balls
from spec_lang.obligations.model import Obligation

F64 = NDArray[np.float64]

_MOST_TRIED: Final = 12
_BEYOND: Final = 2.0**-20  # of the way to a kink, that a point is beyond it
_AT_ONCE: Final = 2.0**-24  # of the way to the edge: what is nearer than this is looked at from both sides


def anchors(obligation: Obligation) -> F64:
    """A point of each box: the center of a ball where it is inside, else the middle."""
    centers = {i: c for ball in balls(obligation) for i, c in zip(ball.inputs, ball.center, strict=True)}
    found = []
    for box in obligation.region.boxes:
        sides = enumerate(zip(box.lower, box.upper, strict=True))
        found.append([_anchor(low, high, centers.get(i)) for i, (low, high) in sides])
    return np.array(found, dtype=np.float64).reshape(len(found), obligation.graph.input_size)


def _anchor(low: Fraction | None, high: Fraction | None, center: Fraction | None) -> float:
    if low is None or high is None:
        raise Unchecked("the region is unbounded")
    return float(center if center is not None and low <= center <= high else (low + high) / 2)


@dataclass(frozen=True, slots=True)
class _Kink:
    """`gauge` is how far away it is, in parts of how far the region goes that way; `toward` are the slopes of
    the change, in the input tensor `block`."""

    gauge: float
    block: int
    toward: F64


class Around:
    """The kinks of one piece, nearest first; `nearest` is the gauge of the first, infinite without any."""

    def __init__(self, network: Network, obligation: Obligation, box: int, anchor: F64) -> None:
        graph, cutting = obligation.graph, balls(obligation)
        self._network, self._anchor = network, anchor
        first = len(graph.inputs)
        # What says where the region is has kinks that are none of a network's.
        self._said = {n for n, node in enumerate(graph.nodes, first) if node.part == OF_CLAIM}
        self._shape = tuple(parts(obligation.region.boxes[box], cutting, w) for w in network.inputs)
        self._piece = RoundedPiece(network, self._shape, tied(obligation, network), anchor)
        self.nearest = np.inf
        with np.errstate(all="ignore"):
            found = sorted(self._all(), key=lambda kink: kink.gauge)
        self._kinks = found[:_MOST_TRIED]

    def _all(self) -> list[_Kink]:
        """Kinks in the region, as the piece of the anchor sees them, with its phases throughout."""
        found: list[_Kink] = []
        for step in self._network.steps:
            if isinstance(step, AffineStep):
                self._piece.affine(step)
            elif step.value not in self._said:
                entered, passed = _operands(step)
                if entered in self._piece.forms:
                    found += self._of_step(entered)
                    self._piece.fix(step.value, passed, self._piece.forms[entered].at > 0)
        return found

    def _of_step(self, entered: int) -> Iterator[_Kink]:
        form = self._piece.forms[entered]
        low, high = self._piece.changes(entered)
        room = np.where(form.at > 0, -low, high)
        moves = np.any([slope.any(axis=0) for slope in form.slopes.values()], axis=0)
        gauges = np.where(moves & (room > 0), np.abs(form.at) / room, np.inf)
        self.nearest = min(self.nearest, float(gauges.min(initial=np.inf)))
        for place in np.argsort(gauges, kind="stable")[:_MOST_TRIED].tolist():
            moving = [number for number, slope in form.slopes.items() if slope[:, place].any()]
            if gauges[place] < 1 and len(moving) == 1:
                toward = (
                    -form.slopes[moving[0]][:, place]
                    if form.at[place] > 0
                    else form.slopes[moving[0]][:, place]
                )
                yield _Kink(float(gauges[place]), moving[0], toward)

    def candidates(self) -> Iterator[Point]:
        """Points of the region just beyond a kink, in one of the inputs; where that is next to the anchor, as
        far on its other side in inputs like it."""
        for kink in self._kinks:
            way = self._way(kink)
            step = min(max(kink.gauge * (1 + _BEYOND), _AT_ONCE), (1 + kink.gauge) / 2)
            back = _AT_ONCE if kink.gauge < _AT_ONCE else 0.0
            point = self._anchor.copy()
            for number, where in enumerate(self._network.inputs):
                if number == kink.block:
                    point[where] += step * way
                elif back and where.stop - where.start == len(way):
                    point[where] -= back * way
            yield tuple(map(Fraction, point.tolist()))

    def _way(self, kink: _Kink) -> F64:
        """From the anchor to where the region ends in the direction in which the neuron changes most."""
        where = self._network.inputs[kink.block]
        way = np.zeros(where.stop - where.start)
        for part in self._shape[kink.block]:
            places = list(part.places)
            around, slope = self._anchor[where][places], kink.toward[places]
            low = np.array([float(v) for v in part.lower]) - around
            high = np.array([float(v) for v in part.upper]) - around
            best = np.where(slope > 0, high, np.where(slope < 0, low, 0.0))
            for ball in part.balls:
                other = _farthest(ball, slope) + np.array([float(v) for v in ball.center]) - around
                best = min(other, best, key=lambda option: float(slope @ option))
            way[places] = best
        return way


def _operands(step: ReluStep | SmoothStep | BinaryStep) -> tuple[int, int]:
    """What decides the phases of a step, and what it passes on; twice a value without a form where it has
    none."""
    if isinstance(step, ReluStep):
        return step.operand, step.operand
    return step.operands if isinstance(step, BinaryStep) and step.function is Binary.GATE else (-1, -1)


def _farthest(ball: Ball, slope: F64) -> F64:
    """From the center to the point of a ball where a form is greatest."""
    weights, level = np.array([float(w) for w in ball.weights]), float(ball.level)
    way = np.zeros(len(slope))
    if ball.norm is Norm.SUM:
        place = int(np.argmax(np.abs(slope) / weights))
        way[place] = np.sign(slope[place]) * level / weights[place]
        return way
    size = float(np.sqrt((slope**2 / weights).sum()))
    return slope / weights * (np.sqrt(level) / size) if size > 0 else way
