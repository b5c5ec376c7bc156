"""How far the one affine piece of a point reaches, for many points at once.

In: a graph of ReLUs and affine maps, and points.  Out: brackets, both ends certain, of the radii of the
largest balls around them on which no ReLU changes its phase, in ℓ1, ℓ2 and ℓ∞, or of how far one may go from
them in a direction.  A neuron whose value is 0 and changes at once makes it 0; one that is constant on the
piece does not count.

With z the value of a neuron and ∇z its gradient on the piece, the radius is the least |z| / ‖∇z‖ over all
neurons, in the dual norm, exactly: on the ball where no neuron has changed all of them are affine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.bounding.program import F64, AffineStep, Program, ReluStep, compile_graph
from spec_lang.diagnostics import InternalError
from spec_lang.network.graph import Graph
from spec_lang.network.primitives import PiecewiseLinear

# Numbers of one array of slopes: what a processor's cache holds of a block of points.
_ROOM: Final = 2**17
# What is lost where products, or squares under a root, fall below all floats.
_TINY: Final = 1e-140
_ROUNDED: Final = 2.0**-50  # a few operations, relatively


@dataclass(frozen=True, slots=True, eq=False)
class LinearRadii:
    """Lower and upper ends, (points, 2) for each norm; infinite where nothing ever changes."""

    l1: F64
    l2: F64
    linf: F64


@dataclass(frozen=True, slots=True, eq=False)
class _Neurons:
    """What enters a ReLU, (points, neurons): values within `error`, and how they change with the inputs:
    slopes (points or 1, inputs, neurons), whose sums of absolute values are about `size` and off by at most
    `slope_error`."""

    at: F64
    error: F64
    slopes: F64
    size: F64
    slope_error: F64


_Ends = list[F64]  # lower, upper, lower, upper, and so on; each (points, neurons)
_Limits = Callable[[_Neurons], _Ends]


def linear_radii(graph: Graph, points: F64, scales: F64 | None = None) -> LinearRadii:
    """Of `points` (points, inputs).  With `scales` input i is counted in units of `scales[i]`: a ball of
    radius r moves it by `r·scales[i]` at most.

    Sound because every rounding error of values and slopes is carried along, and moves both ends outward.
    """
    program = _program(graph)
    units = np.ones(program.input_size) if scales is None else np.abs(scales)
    found = _least(program, points, np.diag(units)[None], _Norms(program.gamma))
    return LinearRadii(*(np.stack(found[k : k + 2], axis=1) for k in (0, 2, 4)))


def directional_radii(graph: Graph, points: F64, directions: F64) -> F64:
    """Lower and upper ends of the largest t such that no ReLU changes its phase from a point x to
    `x + t·direction`, (points, 2); `directions` are (points or 1, inputs)."""
    program = _program(graph)
    found = _least(program, points, directions[:, None, :], _Along(program.gamma))
    return np.stack(found, axis=1)


def _program(graph: Graph) -> Program:
    """What computes the neurons, and nothing beyond them."""
    first = len(graph.inputs)
    relus = (n for n, node in enumerate(graph.nodes, first) if isinstance(node.primitive, PiecewiseLinear))
    return compile_graph(graph.with_outputs(tuple(relus)))


@dataclass(frozen=True, slots=True)
class _Norms:
    """The ends of the radii in ℓ1, ℓ2 and ℓ∞, by the dual norms of the slopes."""

    gamma: float

    def __call__(self, neurons: _Neurons) -> _Ends:
        norms = (
            np.maximum(neurons.slopes.max(axis=1), -neurons.slopes.min(axis=1)),
            np.sqrt(np.einsum("pin,pin->pn", neurons.slopes, neurons.slopes)),
            neurons.size,
        )
        near, far = np.abs(neurons.at) - neurons.error, np.abs(neurons.at) + neurons.error
        still = (neurons.size == 0) & (neurons.slope_error == 0)
        found = []
        for norm in norms:
            most = norm * (1 + 2 * self.gamma) + neurons.slope_error + _TINY
            least = norm * (1 - 2 * self.gamma) - neurons.slope_error - _TINY
            found.append(np.where(still, np.inf, np.maximum(near, 0.0) / most * (1 - _ROUNDED)))
            found.append(np.where(least > 0, far / least * (1 + _ROUNDED), np.inf))
        return found


@dataclass(frozen=True, slots=True)
class _Along:
    """The ends of how far it is to the change of a neuron, one way."""

    gamma: float

    def __call__(self, neurons: _Neurons) -> _Ends:
        speed = neurons.slopes[:, 0]
        towards = -np.sign(neurons.at) * speed
        near, far = np.abs(neurons.at) - neurons.error, np.abs(neurons.at) + neurons.error
        away = (near > 0) & (towards <= -neurons.slope_error)
        still = (speed == 0) & (neurons.slope_error == 0)
        most = np.abs(speed) + neurons.slope_error + _TINY
        least = towards - neurons.slope_error - _TINY
        lower = np.where(away | still, np.inf, np.maximum(near, 0.0) / most * (1 - _ROUNDED))
        certain = (least > 0) & (near > 0)
        return [lower, np.where(certain, far / least * (1 + _ROUNDED), np.inf)]


# -- the pass ------------------------------------------------------------------------------------------


def _least(program: Program, points: F64, start: F64, limits: _Limits) -> list[F64]:
    """The least ends over all neurons, point by point, in blocks; `start` (points or 1, rows, inputs) are the
    slopes of the inputs."""
    block = max(1, _ROOM // max(1, start.shape[1] * max(program.sizes)))
    parts = []
    with np.errstate(all="ignore"):
        for first in range(0, max(1, len(points)), block):
            here = slice(first, first + block)
            mine = start if len(start) == 1 else start[here]
            parts.append(_least_of_block(program, points[here], mine, limits))
    return [np.concatenate(each) for each in zip(*parts, strict=True)]


def _least_of_block(program: Program, points: F64, start: F64, limits: _Limits) -> list[F64]:
    """Layer by layer, with the phases that the points have: an end that is certain needs all phases before it
    to be so."""
    values = _entering(program, points, start)
    first = next(iter(values.values()))
    found = [np.full(len(points), np.inf) for _ in limits(first)]
    certain = np.ones(len(points), dtype=np.bool_)
    for step in program.steps:
        if isinstance(step, AffineStep):
            values[step.value] = _affine(step, values, 2 * program.gamma)
        elif isinstance(step, ReluStep):
            neurons = values[step.operand]
            for place, end in enumerate(limits(neurons)):
                least = np.fmin.reduce(end, axis=1, initial=np.inf)
                counts = least if place % 2 == 0 else np.where(certain, least, np.inf)
                found[place] = np.minimum(found[place], counts)
            may_change = neurons.size + neurons.slope_error > 0
            certain &= ~((np.abs(neurons.at) <= neurons.error) & may_change).any(axis=1)
            values[step.value] = _switched(neurons)
        else:
            raise InternalError("a graph with smooth nodes or gates has no radii")
    return [end if place % 2 else np.where(certain, end, 0.0) for place, end in enumerate(found)]


def _entering(program: Program, points: F64, start: F64) -> dict[int, _Neurons]:
    values = {}
    for number, where in enumerate(program.input_slices):
        slopes, at = np.ascontiguousarray(start[:, :, where]), points[:, where]
        size = np.abs(slopes).sum(axis=1)
        values[number] = _Neurons(at, np.zeros_like(at), slopes, size, np.zeros_like(size))
    return values


def _affine(step: AffineStep, values: dict[int, _Neurons], gamma: float) -> _Neurons:
    """Rounding adds `γ |W| |a|` to the error of values, and as much of the slopes to theirs."""
    at, error = step.bias, gamma * step.bias_magnitude + _TINY
    slopes: F64 | None = None
    slope_error, alive = np.zeros(1), np.zeros(1)
    for operand, linear, sizes in zip(step.operands, step.maps, step.magnitudes, strict=True):
        value = values[operand]
        at = at + linear.forward(value.at)
        error = error + sizes.forward(value.error + gamma * np.abs(value.at))
        points, rows, width = value.slopes.shape
        part = linear.forward(value.slopes.reshape(points * rows, width)).reshape(points, rows, -1)
        slopes = part if slopes is None else slopes + part
        off = value.slope_error + gamma * value.size
        slope_error = slope_error + sizes.forward(off)
        # No product with 1 falls below all floats: what is 0 here does not depend on the inputs at all.
        alive = alive + sizes.forward((value.size + value.slope_error > 0).astype(np.float64))
    slope_error = np.where(alive > 0, (1 + gamma) * slope_error + _TINY, 0.0)
    if slopes is None:
        raise InternalError("an affine step without operands")
    size = np.abs(slopes).sum(axis=1)
    return _Neurons(at, (1 + gamma) * error, slopes, size, slope_error)


def _switched(neurons: _Neurons) -> _Neurons:
    """Behind a ReLU; its values are as far off as they were before."""
    on = (neurons.at > 0).astype(np.float64)
    return _Neurons(
        np.maximum(neurons.at, 0.0),
        neurons.error,
        neurons.slopes * on[:, None, :],
        neurons.size * on,
        neurons.slope_error * on,
    )
