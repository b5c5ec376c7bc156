"""A projected-gradient search for counterexamples, batched over restarts.

In: a problem.  Out: whether an exactly confirmed counterexample was found.  Plain float64 throughout: a
miss proves nothing and a hit is replayed exactly by `Witnesses`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.backends._search.problem import Problem, Witnesses, conjunction_margins
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.plain_binary import opening
from spec_lang.bounding.program import F64, BinaryStep, Program, ReluStep, SmoothStep, Step
from spec_lang.network.evaluate import smooth_slopes
from spec_lang.network.primitives import Binary

FIRST_STEP, LAST_STEP = 0.25, 0.01  # of the box's width: shrinking geometrically from one to the other
MOMENTUM, SQUARE_MOMENTUM = 0.7, 0.9
DEEPENING_STEPS = 15
CHUNK = 2048  # points evaluated at once: the layers of small networks stay in the cache
BEST_POINTS, BEST_STEPS = 64, 40


def sample(problem: Problem, witnesses: Witnesses, count: int, rng: np.random.Generator) -> bool:
    """Uniform points of every root box, and its centre."""
    for root in problem.roots:
        width = root.upper - root.lower
        points = root.lower + width * rng.random((count, problem.program.input_size))
        witnesses.tried += count
        if witnesses.try_points(np.concatenate([points, root.center])):
            return True
    return False


@dataclass(frozen=True, slots=True, eq=False)
class Starts:
    """Where a descent begins: point i (n, in) stays within box i and works on conjunction `goal[i]`."""

    boxes: Boxes
    points: F64
    goal: NDArray[np.intp]


def random_starts(problem: Problem, boxes: Boxes, count: int, rng: np.random.Generator) -> Starts:
    """`count` uniform points a conjunction, the boxes in turn."""
    total = count * len(problem.rows.member)
    picks = np.arange(total) % len(boxes)
    chosen = Boxes(boxes.lower[picks], boxes.upper[picks])
    points = chosen.lower + (chosen.upper - chosen.lower) * rng.random(chosen.lower.shape)
    return Starts(chosen, points, np.arange(total) // count)


def best_of(problem: Problem, witnesses: Witnesses, starts: Starts, count: int) -> Starts:
    """For every conjunction the starts that are nearest to it, `count` in all, whatever they were for."""
    members = problem.rows.member
    margins = np.empty((len(starts.points), len(members)))
    with np.errstate(all="ignore"):
        for first in range(0, len(margins), CHUNK):
            part = slice(first, first + CHUNK)
            x = problem.completed(starts.points[part])
            witnesses.tried += len(x)
            values = problem.rows.values(x, problem.quick(x))
            for k, member in enumerate(members):
                margins[part, k] = values[:, member].max(axis=1, initial=-np.inf)
    each = max(1, count // max(len(members), 1))
    best = np.argsort(np.nan_to_num(margins, nan=np.inf), axis=0, kind="stable")[:each].T
    goal, best = np.repeat(np.arange(len(best)), best.shape[1]), best.ravel()
    boxes = Boxes(starts.boxes.lower[best], starts.boxes.upper[best])
    return Starts(boxes, starts.points[best], goal)


def descend_from_best(problem: Problem, witnesses: Witnesses, starts: Starts) -> bool:
    """Where two networks differ the most is narrow, and a descent from elsewhere ends somewhere else."""
    return descend(problem, witnesses, best_of(problem, witnesses, starts, BEST_POINTS), BEST_STEPS)


def descend(problem: Problem, witnesses: Witnesses, starts: Starts, steps: int) -> bool:
    """Gradient steps towards the violation, on the row of a point's conjunction that holds least.

    Steps are Adam's without its correction of the first ones [Kingma and Ba 2015]: with few inputs they reach
    narrow violations about four times as often as steps by the gradient's sign.
    """
    boxes = starts.boxes
    width = boxes.upper - boxes.lower
    mean, square = np.zeros_like(width), np.zeros_like(width)
    x = np.clip(starts.points, boxes.lower, boxes.upper)
    if not problem.rows.count:
        return witnesses.try_points(x)  # any point of the region will do
    with np.errstate(all="ignore"):
        for rate in np.geomspace(FIRST_STEP, LAST_STEP, steps):
            if witnesses.expired():
                break
            witnesses.tried += len(x)
            x = problem.completed(x)
            margins, gradient = _slope(problem, x, starts.goal, rate)
            if np.any(margins <= problem.slack) and witnesses.offer(x, margins):
                return True
            gradient *= width
            mean = MOMENTUM * mean + (1 - MOMENTUM) * gradient
            square = SQUARE_MOMENTUM * square + (1 - SQUARE_MOMENTUM) * gradient * gradient
            move = np.nan_to_num(mean / (np.sqrt(square) + np.finfo(np.float64).tiny))
            x = np.clip(x - rate * width * move, boxes.lower, boxes.upper)
    return witnesses.try_points(x)


def deepen(problem: Problem, witnesses: Witnesses) -> None:
    """Move a confirmed counterexample further into the violation, where a few steps suffice.

    A point that violates by a clear margin does so in float32 as well, in which the network is run.
    """
    if witnesses.found is None or not problem.rows.member.shape[1]:
        return  # where any point will do, none is better than another
    x = np.array([[float(v) for v in witnesses.found]])
    root = next((r for r in problem.roots if bool((r.lower <= x).all() and (x <= r.upper).all())), None)
    if root is None:
        return
    trail = []
    with np.errstate(all="ignore"):
        for rate in np.geomspace(FIRST_STEP, LAST_STEP, DEEPENING_STEPS):
            goal = conjunction_margins(problem.rows, _row_values(problem, x)).argmin(axis=1)
            margins, gradient = _slope(problem, x, goal, rate)
            trail.append((float(margins[0]), x))
            x = np.clip(x - rate * (root.upper - root.lower) * np.sign(gradient), root.lower, root.upper)
    margin, best = min(trail, key=lambda entry: entry[0])
    if best is not trail[0][1]:
        witnesses.offer(best, np.array([margin]))


def _row_values(problem: Problem, x: F64) -> F64:
    return problem.rows.values(x, problem.evaluator(x))


def _slope(problem: Problem, x: F64, goal: NDArray[np.intp], soft: float) -> tuple[F64, F64]:
    """The best margin over all conjunctions (n,), and the input gradient of the row that keeps point
    i's own conjunction `goal[i]` from holding (n, in), with gates as soft as that."""
    rows, program = problem.rows, problem.program
    values = problem.evaluator.values(x)
    y = np.concatenate([values[output] for output in program.outputs], axis=1)
    row_values = rows.values(x, y)
    worst = np.where(rows.member[goal], row_values, -np.inf).argmax(axis=1)
    slopes: dict[int, tuple[F64, F64]] = {}
    if program.gates:
        values, slopes = softened(program, x, soft)
    gradient = input_gradient(program, values, rows.outputs[worst], slopes) + rows.inputs[worst]
    return conjunction_margins(rows, row_values).min(axis=1), gradient


def softened(
    program: Program, points: F64, soft: float
) -> tuple[tuple[F64, ...], dict[int, tuple[F64, F64]]]:
    """The values of a network whose gates open little by little, and the gates' slopes by both operands.

    A gradient is constant wherever no neuron changes its phase: it says nothing of where to go.  A gate that
    opens as σ(z/τ) does, the more the larger τ is: here `soft` times the size of z among the points.
    """
    values = program.split_inputs(points)
    slopes: dict[int, tuple[F64, F64]] = {}
    for step in program.steps:
        if isinstance(step, BinaryStep) and step.function is Binary.GATE:
            z, g = values[step.first], values[step.second]
            spread = soft * np.sqrt(np.einsum("rn,rn->n", z, z) / max(len(z), 1))
            passed, of_z, of_g = (part.astype(np.float64, copy=False) for part in opening(z, g, spread))
            values[step.value], slopes[step.value] = passed, (of_z, of_g)
        else:
            values[step.value] = step.forward(values)
    return tuple(values[number] for number in range(len(values))), slopes


def input_gradient(
    program: Program, values: Sequence[F64], seed: F64, slopes: Mapping[int, tuple[F64, F64]]
) -> F64:
    """Gradient of `seed·outputs` in the flat input, point by point (n, in); a ReLU at 0 counts as off.
    `slopes` are those of gates."""
    pending: dict[int, F64] = {}
    column = 0
    for output in program.outputs:
        size = program.sizes[output]
        part = seed[:, column : column + size]
        pending[output] = pending[output] + part if output in pending else part
        column += size
    for step in reversed(program.steps):
        gradient = pending.pop(step.value, None)
        if gradient is None:
            continue
        for operand, part in _parts(step, values, gradient, slopes):
            pending[operand] = pending[operand] + part if operand in pending else part
    result = np.zeros((len(seed), program.input_size))
    for number, where in enumerate(program.input_slices):
        if number in pending:
            result[:, where] = pending[number]
    return result


def _slopes(step: SmoothStep, values: Sequence[F64]) -> F64:
    return smooth_slopes(step.function, values[step.operand], values[step.value])


def _parts(
    step: Step, values: Sequence[F64], gradient: F64, slopes: Mapping[int, tuple[F64, F64]]
) -> list[tuple[int, F64]]:
    if isinstance(step, BinaryStep):
        by = slopes.get(step.value) or (values[step.second], values[step.first])
        return [(operand, gradient * slope) for operand, slope in zip(step.operands, by, strict=True)]
    if isinstance(step, SmoothStep):
        return [(step.operand, gradient * _slopes(step, values))]
    if isinstance(step, ReluStep):
        return [(step.operand, gradient * (values[step.operand] > 0))]
    return [
        (operand, linear.backward(gradient)) for operand, linear in zip(step.operands, step.maps, strict=True)
    ]
