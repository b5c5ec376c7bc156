"""A plane through a counterexample, for readers: where in it the claim is broken.

In: a goal, the obligation that is broken, and its witness.  Out: a `Slice` along the two inputs that change
the claim's margin most within the region, or None where no two of them are free to vary, or the network is
too large.  Everything is computed in floats, at points of a grid: a picture is evidence of nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.engine.plane_directions import Row, directions
from spec_lang.kernel.verdict import Witness
from spec_lang.network.evaluate import Evaluator
from spec_lang.network.graph import Graph
from spec_lang.network.primitives import Affine, Convolution, LinearMap, numbers_of
from spec_lang.obligations.model import All, Box, Condition, Goal, LinearAtom, Obligation
from spec_lang.reporters._numbers import as_float
from spec_lang.reporters._pictures import Side, Slice

Array = NDArray[np.float64]
Corner = tuple[float, float]

_MOST_WORK: Final = 1e9  # multiplications: a fraction of a second
_MOST_INPUTS: Final = 256  # more are an image, a text or a sound, of which no two tell anything
_PROBES: Final = 9  # points along each input
_GRID: Final = (81, 61, 41, 31, 21)  # points a side: as fine as the work allows
_ROOM: Final = 0.06  # of a side that is shown beyond the region
_DIGITS: Final = 5  # of a margin that is kept
_FAR: Final = 8  # times as far as one input can go alone, two may go together
_ROUNDING: Final = 1e-12


def slice_through(goal: Goal, broken: int, witness: Witness) -> Slice | None:
    """The slice; None where there is none."""
    obligation = goal.obligations[broken]
    box = _box_around(obligation, witness)
    shown = [i for group in goal.frame.variables for i in range(group.start, group.start + group.size)]
    if box is None or witness.changes or len(shown) > _MOST_INPUTS:
        return None
    view = _View.of(goal, obligation, witness, box)
    if view.work * _PROBES * len(shown) > _MOST_WORK:
        return None
    ways = {i: view.array(row) for i, row in directions(obligation, shown).items()}
    reaches = {i: view.reach(way) for i, way in ways.items()}
    free = [i for i, (low, high) in reaches.items() if np.isfinite(high - low) and high - low > view.least]
    if len(free) < 2:
        return None
    effects = view.effects([ways[i] for i in free], [reaches[i] for i in free])
    first, second = sorted(free[k] for k in np.argsort(-effects, kind="stable")[:2].tolist())
    return view.drawn((first, second), (ways[first], ways[second]))


def _box_around(obligation: Obligation, witness: Witness) -> Box | None:
    def has(box: Box) -> bool:
        ends = zip(box.lower, witness.point, box.upper, strict=True)
        return all((low is None or low <= x) and (high is None or x <= high) for low, x, high in ends)

    return next(filter(has, obligation.region.boxes), None)


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """The claim around a point.  `obligations` are those over its inputs, the broken one first, whose region
    is `half_spaces` (rows of normals, and limits that they may not exceed); `box` is part of it."""

    goal: Goal
    obligations: tuple[Obligation, ...]
    evaluators: tuple[Evaluator, ...]
    point: Array
    half_spaces: tuple[Array, Array]
    box: Box

    @classmethod
    def of(cls, goal: Goal, broken: Obligation, witness: Witness, box: Box) -> _View:
        size = broken.graph.input_size
        others = [o for o in goal.obligations if o is not broken and o.graph.input_size == size]
        obligations = (broken, *others)
        normals, limits = _half_spaces(broken, box)
        known = {id(o.graph): Evaluator(o.graph) for o in obligations}
        point = np.array([as_float(value) for value in witness.point])
        evaluators = tuple(known[id(o.graph)] for o in obligations)
        return cls(goal, obligations, evaluators, point, (normals, limits), box)

    @property
    def work(self) -> float:
        """Multiplications at a point."""
        return float(sum(map(_work, {id(o.graph): o.graph for o in self.obligations}.values())))

    @property
    def least(self) -> float:
        """An extent below which there is nothing to see."""
        return 1e-9 * max(1.0, float(np.abs(self.point).max(initial=0.0)))

    def array(self, row: Row) -> Array:
        found = np.zeros(len(self.point))
        for index, value in row.items():
            found[index] = as_float(value)
        return found

    def reach(self, way: Array) -> tuple[float, float]:
        """How far the point can go both ways without leaving the region."""
        slope = self._slopes(way)
        with np.errstate(divide="ignore", invalid="ignore"):
            ends = self._left() / slope
        return float(ends[slope < 0].max(initial=-np.inf)), float(ends[slope > 0].min(initial=np.inf))

    def _left(self) -> Array:
        """How far the point is from each side of the region."""
        normals, limits = self.half_spaces
        found: Array = np.maximum(limits - normals @ self.point, 0.0)
        return found

    def _slopes(self, way: Array) -> Array:
        """How fast the point comes nearer to each side along a way; what only rounding makes of 0 is 0."""
        normals, _ = self.half_spaces
        slope = normals @ way
        found: Array = np.where(np.abs(slope) > _ROUNDING * (np.abs(normals) @ np.abs(way)), slope, 0.0)
        return found

    def effects(self, ways: Sequence[Array], reaches: Sequence[tuple[float, float]]) -> Array:
        """By how much the margin changes along each way."""
        steps = np.stack([np.linspace(low, high, _PROBES) for low, high in reaches])  # (ways, probes)
        points = self.point + steps[:, :, None] * np.stack(ways)[:, None, :]
        margins = self.margins(points.reshape(-1, len(self.point))).reshape(steps.shape)
        finite = np.where(np.isfinite(margins), margins, 0.0)
        effect: Array = finite.max(axis=1) - finite.min(axis=1)
        return effect

    def margins(self, points: Array) -> Array:
        """What the claim leaves at points: it is broken where this is 0 or less."""
        outputs: dict[int, Array] = {}
        found = np.full(len(points), np.inf)
        for number, (obligation, evaluator) in enumerate(zip(self.obligations, self.evaluators, strict=True)):
            if id(evaluator) not in outputs:
                outputs[id(evaluator)] = evaluator(points)
            broken = _value(obligation.violation, points, outputs[id(evaluator)])
            if number:  # the first one's region is the outline
                broken = np.maximum(broken, _outside(obligation, points))
            found = np.minimum(found, broken)
        return found

    def drawn(self, inputs: tuple[int, int], ways: tuple[Array, Array]) -> Slice | None:
        """The plane along two ways."""
        outline = self._outline(inputs, ways)
        if len(outline) < 3:
            return None
        corners = np.array(outline)
        low, high = corners.min(axis=0), corners.max(axis=0)
        room = _ROOM * (high - low)
        if (high - low).min() <= self.least:
            return None
        low, high = low - room, high + room
        side = next((n for n in _GRID if n * n * self.work <= _MOST_WORK), None)
        if side is None:
            return None
        steps = [np.linspace(a, b, side) for a, b in zip(low, high, strict=True)]
        up, across = np.meshgrid(steps[1], steps[0], indexing="ij")
        points = self.point + across.reshape(-1, 1) * ways[0] + up.reshape(-1, 1) * ways[1]
        return self._slice(inputs, ways, (outline, low, high), self.margins(points).reshape(side, side))

    def _slice(
        self,
        inputs: tuple[int, int],
        ways: tuple[Array, Array],
        extent: tuple[list[Corner], Array, Array],
        margins: Array,
    ) -> Slice | None:
        """In problem space; a negative scaling turns an axis round."""
        outline, low, high = extent
        if not np.isfinite(margins).all():
            return None
        across, up = (self._side(i, a, b) for i, a, b in zip(inputs, low, high, strict=True))
        for axis, side in ((1, across), (0, up)):
            margins = np.flip(margins, axis) if side.low > side.high else margins
        sides = [_upright(side) for side in (across, up)]
        axes = self.goal.frame.told_apart().inputs
        tied = np.flatnonzero((ways[0] != 0) | (ways[1] != 0)).tolist()
        shown = {i for g in self.goal.frame.variables for i in range(g.start, g.start + g.size)}
        follow = tuple(axes[i].name for i in tied if i in shown and i not in inputs)
        corners = [tuple(self._problem(i, v) for i, v in zip(inputs, c, strict=True)) for c in outline]
        return Slice(
            sides[0],
            sides[1],
            tuple((float(x), float(y)) for x, y in corners),
            tuple(tuple(float(f"{m:.{_DIGITS}g}") for m in row) for row in margins.tolist()),
            len(shown) - 2 - len(follow),
            follow,
        )

    def _problem(self, index: int, step: float) -> float:
        scaling = self.goal.frame.inputs[index].scaling
        return as_float(scaling.factor) * (float(self.point[index]) + step) + as_float(scaling.offset)

    def _side(self, index: int, low: float, high: float) -> Side:
        axis = self.goal.frame.told_apart().inputs[index]
        ends = (float(self._problem(index, step)) for step in (low, high, 0.0))
        return Side(axis.name, axis.unit, *ends)

    def _outline(self, inputs: tuple[int, int], ways: tuple[Array, Array]) -> list[Corner]:
        """The corners of the region's part in the plane, in steps along the ways."""
        (left, right), (bottom, top) = (self._sides(i, way) for i, way in zip(inputs, ways, strict=True))
        corners = [(left, bottom), (right, bottom), (right, top), (left, top)]
        first, second = map(self._slopes, ways)
        for a, b, limit in zip(first.tolist(), second.tolist(), self._left().tolist(), strict=True):
            if a or b:
                corners = _cut(corners, (a, b, limit))
        return corners

    def _sides(self, index: int, way: Array) -> Corner:
        """Steps beyond which the region's part in the plane does not reach: those of the box, where it has
        sides, else many times as many as the point can go."""
        low, high = self.box.lower[index], self.box.upper[index]
        nearest, farthest = (_FAR * end for end in self.reach(way))
        at = float(self.point[index])
        return (
            nearest if low is None else as_float(low) - at,
            farthest if high is None else as_float(high) - at,
        )


def _upright(side: Side) -> Side:
    return Side(side.name, side.unit, min(side.low, side.high), max(side.low, side.high), side.at)


def _half_spaces(obligation: Obligation, box: Box) -> tuple[Array, Array]:
    """All that holds of the inputs alone, as `normals·x <= limits`."""
    size = obligation.graph.input_size
    rows: list[tuple[dict[int, float], float]] = []
    for i, sign in product(range(size), (1, -1)):
        end = box.upper[i] if sign > 0 else box.lower[i]
        if end is not None:
            rows.append(({i: float(sign)}, sign * as_float(end)))
    rows += [
        ({i: as_float(c) for i, c in atom.inputs}, -as_float(atom.constant))
        for atom in obligation.region.constraints
    ]
    normals = np.zeros((len(rows), size))
    for place, (terms, _) in enumerate(rows):
        for index, value in terms.items():
            normals[place, index] = value
    return normals, np.array([limit for _, limit in rows])


def _value(condition: Condition, x: Array, y: Array) -> Array:
    """Where this is 0 or less the condition holds, strictness aside."""
    if isinstance(condition, LinearAtom):
        found = np.full(len(x), as_float(condition.constant))
        for terms, values in ((condition.inputs, x), (condition.outputs, y)):
            if terms:
                places = [i for i, _ in terms]
                found += values[:, places] @ np.array([as_float(c) for _, c in terms])
        return found
    empty = np.full((1, len(x)), -np.inf if isinstance(condition, All) else np.inf)
    parts = np.concatenate([empty, *(_value(part, x, y)[None] for part in condition.parts)])
    together: Array = parts.max(axis=0) if isinstance(condition, All) else parts.min(axis=0)
    return together


def _outside(obligation: Obligation, points: Array) -> Array:
    """Where this is 0 or less a point lies in the region."""
    found = np.full(len(points), np.inf)
    for box in obligation.region.boxes:
        normals, limits = _half_spaces(obligation, box)
        found = np.minimum(found, (points @ normals.T - limits).max(axis=1, initial=-np.inf))
    return found


def _work(graph: Graph) -> int:
    """Multiplications at a point, about."""
    affine = (node.primitive for node in graph.nodes if isinstance(node.primitive, Affine))
    return graph.input_size + sum(map(_terms, (m for primitive in affine for m in primitive.maps)))


def _terms(linear: LinearMap) -> int:
    places = prod(linear.result) if isinstance(linear, Convolution) else 1
    return numbers_of(linear).size * places


def _cut(corners: Sequence[Corner], half: tuple[float, float, float]) -> list[Corner]:
    """What lies where a·x + b·y <= limit, of a convex polygon."""
    a, b, limit = half
    found: list[Corner] = []
    for (x0, y0), (x1, y1) in zip(corners, [*corners[1:], *corners[:1]], strict=True):
        first, second = a * x0 + b * y0 - limit, a * x1 + b * y1 - limit
        if first <= 0:
            found.append((x0, y0))
        if first * second < 0:
            share = first / (first - second)
            found.append((x0 + share * (x1 - x0), y0 + share * (y1 - y0)))
    return found
