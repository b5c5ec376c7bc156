"""Gradient ascent on the bounds of rows, in plain floats.

In: rows with phases and parameters.  Out: the same rows with better parameters, and what plain floats say of
their bounds; nothing here is rigorous.  Rows that reach the goal leave the batch at once.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.bounding.layers import Layer, layers_of
from spec_lang.bounding.objectives import Rows
from spec_lang.bounding.plain import Plain
from spec_lang.bounding.program import F64, Indices
from spec_lang.bounding.relaxed import Lowered, Traced, lowered, points_of, slack, traced
from spec_lang.network.operators.cast import Float

SLOPE_RATE, MULTIPLIER_RATE, RATE_DECAY = 0.1, 0.05, 0.97
PAIR_RATE: Final = 0.15  # of multipliers where there are differences of two, of what relaxing them costs
WEIGHT_RATE: Final = 0.2  # of atoms whose weights are free
MOMENTUM, SQUARE_MOMENTUM = 0.9, 0.999
LEAVING: Final = 0.25  # the share of a batch that has to be done before the rest is moved together


@dataclass(frozen=True, slots=True, eq=False)
class Climbed:
    """`rows` at their best parameters, `bound` there; the minimisers and the scores are of the last ones."""

    bound: Float
    rows: Rows
    points: Float
    gaps: Float  # (rows, unstable), or (0, 0): what relaxing a neuron costs the row at the trace
    intercepts: Float  # the same of its upper line's intercept


def climb(plain: Plain, rows: Rows, steps: int, goal: float = 0.0, *, scores: bool = False) -> Climbed:
    """At most `steps` steps of Adam [Kingma and Ba 2015], until every row has passed `goal` or the deadline
    has."""
    state = _State(plain, rows, scores=scores)
    for step in range(steps + 1):
        last = step == steps or plain.context.expired()
        found = state.lowered()
        passed = found.bound > goal
        if last or bool(passed.all()):
            state.finish(found)
            break
        if passed.mean() >= LEAVING:
            state.finish(found, np.flatnonzero(passed))
            found = state.leave(found, np.flatnonzero(~passed))
        state.climb(found, step)
    return Climbed(state.bound, state.best, state.points, state.gaps, state.intercepts)


class _State:
    def __init__(self, plain: Plain, rows: Rows, *, scores: bool) -> None:
        count = len(rows)
        self.plain, self.scores = plain, scores
        self.best = rows.take(slice(None))
        self.best.parameters = np.array(rows.parameters, dtype=plain.kind)
        self.best.mix = rows.mix.copy()
        self.bound = np.full(count, -np.inf, dtype=plain.kind)
        self.points = np.zeros((count, plain.context.program.input_size), dtype=plain.kind)
        shape = (count, plain.unstable.count) if scores else (0, 0)
        self.gaps, self.intercepts = np.zeros(shape, plain.kind), np.zeros(shape, plain.kind)
        self.live = np.arange(count)
        self.mix = rows.mix.astype(plain.kind)
        self.layers = layers_of(plain, rows.phases, rows.parameters)
        self.rates = {value: _Rates(layer) for value, layer in self.layers.relus.items()}
        self.weights = _Moments()
        self.parts = rows.objectives.constant.shape[1]
        self.anchored = rows.objectives.anchored
        self._take(rows)

    def _take(self, rows: Rows) -> None:
        """The parts of the live rows, in the floats of the passes."""
        kind = self.plain.kind
        self.start = {v: part.astype(kind, copy=False) for v, part in rows.start.items()}
        self.constant = rows.constant.astype(kind, copy=False)
        self.fixed: tuple[dict[int, Float], Float] | None = None
        if self.parts == 1:
            start = {v: part[:, 0] * self.mix for v, part in self.start.items()}
            self.fixed = start, (self.constant * self.mix)[:, 0]

    def lowered(self) -> Lowered:
        """The bounds at the present parameters; what is better than before is kept."""
        if self.fixed is not None:
            start, constant = self.fixed
        else:
            start = {v: np.einsum("rp,rpn->rn", self.mix, part) for v, part in self.start.items()}
            constant = np.einsum("rp,rp->r", self.mix, self.constant)
        found = lowered(self.plain, self.layers, start, constant)
        np.nan_to_num(found.bound, copy=False, nan=-np.inf)
        before = self.bound[self.live]
        better = found.bound > before
        everyone = len(self.live) == len(self.bound)
        if everyone and bool(better.all()):
            self.bound[:] = found.bound
            for step in self.plain.relus:
                self.best.parameters[:, step.where] = self.layers.relus[step.value].parameters
            self.best.mix[:] = self.mix
        else:
            here = np.flatnonzero(better)
            there = self.live[here]
            self.bound[there] = found.bound[here]
            for step in self.plain.relus:
                self.best.parameters[there, step.where] = self.layers.relus[step.value].parameters[here]
            self.best.mix[there] = self.mix[here]
        return found

    def finish(self, found: Lowered, rows: Indices | None = None) -> None:
        """Note where the bounds are attained, and the scores, of all rows or of some that leave."""
        points = points_of(self.plain, found)
        if rows is None:
            self.points[self.live] = points
        else:
            self.points[self.live[rows]] = points[rows]
        if self.scores and rows is None and len(self.live):
            trace = self._trace(found, points, scores=True)
            self.gaps[self.live], self.intercepts[self.live] = trace.gaps, trace.intercepts

    def leave(self, found: Lowered, rows: Indices) -> Lowered:
        """Go on with some of the rows alone."""
        self.live, self.mix = self.live[rows], self.mix[rows]
        self.layers.keep(rows)
        for rates in self.rates.values():
            rates.keep(rows)
        self.weights.keep(rows)
        self.start = {v: part[rows] for v, part in self.start.items()}
        self.constant = self.constant[rows]
        if self.fixed is not None:
            start, constant = self.fixed
            self.fixed = {v: part[rows] for v, part in start.items()}, constant[rows]
        return Lowered(
            found.last,
            found.bound[rows],
            found.inputs[rows],
            {value: part[rows] for value, part in found.arrived.items()},
            {value: part[rows] for value, part in found.gain.items()},
        )

    def _trace(self, found: Lowered, points: Float, *, scores: bool = False) -> Traced:
        return traced(self.plain, self.layers, found, points, scores=scores)

    def climb(self, found: Lowered, step: int) -> None:
        if step == 0 and self.plain.widths is not None:
            free = slack(self.layers, found)
            for relu in self.plain.relus:
                self.rates[relu.value].scale(free, self.plain.widths[relu.where])
        trace = self._trace(found, points_of(self.plain, found))
        for value, gradient in trace.gradient.items():
            self.rates[value].move(self.layers.relus[value], gradient, step)
        if self.parts == 1:
            return
        parts = self.constant.copy()
        for value, part in self.start.items():
            if value in trace.values:
                parts += np.einsum("rpn,rn->rp", part, trace.values[value])
        if self.anchored:
            self.mix[:, :-1] += WEIGHT_RATE * RATE_DECAY**step * self.weights.step(parts[:, :-1], step)
            np.maximum(self.mix, 0, out=self.mix)
        else:
            self.mix = _raised(self.mix, parts, step)


class _Moments:
    """Adam's running means of one array of gradients."""

    def __init__(self) -> None:
        self.mean: Float | None = None
        self.square: Float | None = None

    def keep(self, rows: Indices) -> None:
        if self.mean is not None and self.square is not None:
            self.mean, self.square = self.mean[rows], self.square[rows]

    def step(self, gradient: Float, step: int) -> Float:
        """The direction, each entry of size about 1; changes `gradient`."""
        if self.mean is None or self.square is None:
            self.mean = gradient * (1 - MOMENTUM)
            self.square = gradient * gradient
            self.square *= 1 - SQUARE_MOMENTUM
        else:
            self.mean *= MOMENTUM
            self.square *= SQUARE_MOMENTUM
            self.mean += gradient * (1 - MOMENTUM)
            gradient *= gradient
            gradient *= 1 - SQUARE_MOMENTUM
            self.square += gradient
        root: Float = np.sqrt(self.square)
        root *= (1 - MOMENTUM ** (step + 1)) / np.sqrt(1 - SQUARE_MOMENTUM ** (step + 1))
        root += 1e-12
        np.divide(self.mean, root, out=root)
        return root


class _Rates(_Moments):
    """One ReLU's parameters: how fast they move, and up to where."""

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        kind = layer.parameters.dtype.type
        self.rate = layer.open * kind(SLOPE_RATE - MULTIPLIER_RATE) + kind(MULTIPLIER_RATE)
        self.ceiling = np.where(layer.open > 0, kind(1), kind(np.finfo(kind).max)).astype(kind)
        self.zero = np.zeros(layer.parameters.shape[1], dtype=kind)

    def scale(self, free: Float, width: Float) -> None:
        """Take steps of multipliers that move a bound by a share of what relaxing costs the row."""
        opened = self.ceiling == 1
        if not opened.all():
            self.rate = np.where(opened, SLOPE_RATE, PAIR_RATE * free[:, None] / width)

    def keep(self, rows: Indices) -> None:
        super().keep(rows)
        if len(self.rate) > 1:
            self.rate, self.ceiling = self.rate[rows], self.ceiling[rows]

    def move(self, layer: Layer, gradient: Float, step: int) -> None:
        direction = self.step(gradient, step)
        direction *= self.rate
        direction *= RATE_DECAY**step
        layer.parameters += direction
        np.maximum(layer.parameters, self.zero, out=layer.parameters)
        np.minimum(layer.parameters, self.ceiling, out=layer.parameters)


def _raised(mix: Float, parts: Float, step: int) -> Float:
    """Multiplicative-weights ascent on the convex combination of a conjunction's parts."""
    finite = np.where(mix > 0, parts, 0.0)
    scale = abs(finite).max(axis=1, keepdims=True) + 1e-6
    raised = mix * np.exp(np.clip(finite / scale / (1 + 0.1 * step), -30, 30))
    normalised: F64 = (raised / raised.sum(axis=1, keepdims=True)).astype(mix.dtype)
    return normalised
