"""Many questions at once about inputs that are free: batched bounds, then batched descents.

In: obligations over the box that inputs range over, and a point in it.  Out: a set of inputs that bounds let
free together, and for others points that seem to break the decision without them.  Hints, evidence of
nothing: the engine is asked about the set as a whole, and the kernel about every point.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.backends._search.attack import input_gradient
from spec_lang.backends._search.halving import bounds_of
from spec_lang.backends._search.problem import Problem, conjunction_margins, prepare
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.propagate import propagate
from spec_lang.bounding.rows import TooManyDisjuncts
from spec_lang.obligations.model import Obligation

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

_NUMBERS: Final = 4_000_000  # of a batch of boxes: rows by inputs
_MOST: Final = 64  # boxes in a batch
_STARTS: Final = 8  # descents for each question,
_STEPS: Final = 30  # each of so many steps,
_RATES: Final = (0.5, 0.02)  # of the box's width, shrinking geometrically
_WORK: Final = 2_000_000_000  # about how many products all descents together may take
_KEPT: Final = 3  # points of each question that are worth a replay


@dataclass(frozen=True, slots=True, eq=False)
class Drops:
    """`lower` and `upper` are what an input has where it is free, `point` where it is not."""

    problems: tuple[Problem, ...]
    point: Floats
    lower: Floats
    upper: Floats
    expired: Callable[[], bool]

    def largest(self, order: Sequence[int]) -> list[int]:
        """Inputs that bounds let free together, as many as can be in a few rounds; those that seem to matter
        least, which come first in `order`, are tried first."""
        freed: list[int] = []
        rest = list(order)
        while rest and not self.expired():
            margins = self._margins([[*freed, element] for element in rest])
            found = sorted((-margins[n], n) for n in range(len(rest)) if margins[n] > 0)
            rest = [rest[n] for _, n in found]  # what does not go now never does: more is free later
            counts = _counts(len(rest))
            together = self._margins([[*freed, *rest[:count]] for count in counts])
            most = max(
                (count for count, margin in zip(counts, together, strict=True) if margin > 0), default=0
            )
            freed += rest[:most]
            rest = rest[most + 1 :] if most else []
        return freed

    def breaking(self, freed: Sequence[int], others: Sequence[int]) -> Iterator[tuple[int, Floats]]:
        """Points that seem to break the decision where one of `others` is free with those `freed`: a few for
        each, the worst first.  Not all of them are looked at where the network is large."""
        width = max(size for problem in self.problems for size in problem.program.sizes)
        others = others[: max(1, _WORK // (_STARTS * _STEPS * width * len(self.point)))]
        free = np.zeros((len(others), len(self.point)), dtype=np.bool_)
        free[:, list(freed)] = True
        free[np.arange(len(others)), list(others)] = True
        block = max(1, _NUMBERS // (_STARTS * len(self.point)))
        for problem in self.problems:
            for start in range(0, len(others), block):
                if self.expired():
                    return
                for place, found in self._descended(problem, free[start : start + block]):
                    yield others[start + place], found

    def _margins(self, sets: Sequence[Sequence[int]]) -> Floats:
        """Above 0 for each set of free inputs where bounds prove the decision."""
        free = np.zeros((len(sets), len(self.point)), dtype=np.bool_)
        for row, chosen in zip(free, sets, strict=True):
            row[list(chosen)] = True
        found = np.full(len(sets), np.inf)
        for problem in self.problems:
            width = max(problem.program.sizes)
            block = min(_MOST, max(1, _NUMBERS // (width * len(self.point))))
            for start in range(0, len(sets), block):
                part = slice(start, start + block)
                found[part] = np.minimum(found[part], self._bounded(problem, free[part]))
        return found

    def _bounded(self, problem: Problem, free: Mask) -> Floats:
        if self.expired():
            return np.full(len(free), -np.inf)
        boxes = Boxes(np.where(free, self.lower, self.point), np.where(free, self.upper, self.point))
        with np.errstate(all="ignore"):
            context, _ = propagate(problem.program, boxes)
            alive = np.ones((len(free), len(problem.rows.member)), dtype=np.bool_)
            bounds = bounds_of(problem, context, alive)
            margins = np.nan_to_num(bounds.margins(problem.rows).min(axis=1, initial=np.inf), nan=-np.inf)
        closed = ~bounds.alive.any(axis=1)
        return np.where(closed, np.maximum(margins, np.finfo(np.float64).tiny), -np.inf)

    def _descended(self, problem: Problem, free: Mask) -> Iterator[tuple[int, Floats]]:
        """Steps by the gradient's sign from random corners, each towards the conjunction that is nearest; the
        number of the question, and a point."""
        generator = np.random.default_rng(0)
        free = np.repeat(free, _STARTS, axis=0)
        lower, upper = np.where(free, self.lower, self.point), np.where(free, self.upper, self.point)
        x = np.where(generator.random(free.shape) < 0.5, lower, upper)
        best, worst = x.copy(), np.full(len(x), np.inf)
        with np.errstate(all="ignore"):
            for rate in np.geomspace(*_RATES, _STEPS):
                margins, gradient = _slope(problem, x)
                better = margins < worst
                best[better], worst[better] = x[better], margins[better]
                x = np.clip(x - rate * (upper - lower) * np.sign(np.nan_to_num(gradient)), lower, upper)
        for start in range(0, len(best), _STARTS):
            part = slice(start, start + _STARTS)
            for place in np.argsort(worst[part])[:_KEPT]:
                if worst[part][place] <= 0:
                    yield start // _STARTS, best[part][place]


def drops_of(
    obligations: Sequence[Obligation],
    point: Floats,
    box: tuple[Floats, Floats],
    expired: Callable[[], bool],
) -> Drops | None:
    """None where inputs have no bounds, where the ways to fail are none or too many, and for gradients."""
    if not obligations or not np.isfinite(box).all():
        return None
    if any(obligation.ties or len(obligation.region.boxes) > 1 for obligation in obligations):
        return None
    try:
        problems = tuple(map(prepare, obligations))
    except TooManyDisjuncts:
        return None
    if any(problem.program.gates or not len(problem.rows.member) for problem in problems):
        return None
    return Drops(problems, point, *box, expired)


def _counts(size: int) -> list[int]:
    """Numbers of elements to try together: all where they are few."""
    return sorted({round(share * size) for share in np.linspace(0, 1, _MOST + 1)} - {0})


def _slope(problem: Problem, x: Floats) -> tuple[Floats, Floats]:
    """How far the nearest conjunction is from holding, and the gradient of its row that holds least."""
    rows, program = problem.rows, problem.program
    values = problem.evaluator.values(x)
    outputs = np.concatenate([values[output] for output in program.outputs], axis=1)
    found = rows.values(x, outputs)
    margins = conjunction_margins(rows, found)
    goal = margins.argmin(axis=1)
    worst = np.where(rows.member[goal], found, -np.inf).argmax(axis=1)
    gradient = input_gradient(program, values, rows.outputs[worst], {}) + rows.inputs[worst]
    return margins[np.arange(len(x)), goal], gradient
