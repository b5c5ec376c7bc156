"""The signs of all ReLUs' arguments at many points, exactly.

In: a network of ReLUs and affine maps, and points of rationals.  Out: for every point and neuron 1, −1, or 0
where the point lies on a facet of its activation region.  Floats with bounds of their errors decide where
they can; a point with a sign that they cannot tell is evaluated in integers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.kernel.exact import ExactNetwork
from spec_lang.kernel.float_values import (
    LONG,
    Point,
    blocks,
    float_values,
    gamma_of,
    nearest,
    relu_network,
)
from spec_lang.kernel.maps import with_numbers
from spec_lang.kernel.network import AffineStep, Network, ReluStep
from spec_lang.kernel.proof import OutOfTime
from spec_lang.kernel.rounding import LARGEST, fault
from spec_lang.network.graph import Graph

Signs = NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class SignsAt:
    """`signs` (points, neurons), and how many of the points were evaluated in integers."""

    signs: Signs
    in_integers: int


def never() -> bool:
    """For a count without a limit of time."""
    return False


def signs_at(
    graph: Graph,
    points: Sequence[Point],
    *,
    exact: bool = False,
    expired: Callable[[], bool] = never,
) -> SignsAt:
    """Of the flat `points`; with `exact` all of them in integers.

    A neuron whose argument is 0 and does not depend on the inputs as long as no other neuron before it
    changes its phase has the sign −1: it has no facet there.  Sound because a float decides where it is
    further from 0 than it errs, and integers do elsewhere.

    Raises `Unchecked` for what is no network of ReLUs and affine maps, and `OutOfTime`.
    """
    network = relu_network(graph)
    operands = [step.operand for step in network.steps if isinstance(step, ReluStep)]
    exact = exact or fault() is not None or gamma_of(network) > LONG
    evaluate = ExactNetwork(graph.with_outputs(tuple(operands)))
    signs = np.zeros((len(points), network.neurons), dtype=np.int8)
    in_integers = 0
    for here in blocks(network, len(points)):
        if expired():
            raise OutOfTime
        part = signs[here]  # a view
        doubtful = np.arange(len(part))
        if not exact:
            doubtful = _by_floats(network, points[here], part)
        for row in doubtful:
            if expired():
                raise OutOfTime
            found = evaluate(points[here.start + int(row)])
            part[row] = [(z > 0) - (z < 0) for z in found]
        part[doubtful] = _without_constants(network, part[doubtful])
        in_integers += len(doubtful)
    return SignsAt(signs, in_integers)


def _by_floats(network: Network, points: Sequence[Point], signs: Signs) -> NDArray[np.intp]:
    """Fills in what floats say; the points with a sign that they leave open."""
    values = float_values(network, nearest(points))
    certain = np.ones(len(points), dtype=np.bool_)
    for step in network.steps:
        if isinstance(step, ReluStep):
            z = values.at[step.operand]
            signs[:, step.first : step.first + z.shape[1]] = np.where(z > 0, 1, -1)
            size = abs(z)
            certain &= ((size > values.off[step.operand]) & (size < LARGEST)).all(axis=1)  # False for NaN
    return np.flatnonzero(~certain)


def _without_constants(network: Network, signs: Signs) -> Signs:
    """−1 in the place of 0 for neurons that do not depend on the inputs.

    Sound because an element depends on the inputs only if one that it reads does, and a weight is not 0; what
    a neuron hands on does not, if its argument is negative near the point, or constant.
    """
    moves = {v: np.ones((len(signs), where.stop - where.start)) for v, where in enumerate(network.inputs)}
    found = signs.copy()
    for step in network.steps:
        if isinstance(step, AffineStep):
            reached = np.zeros((len(signs), network.sizes[step.value]))
            for operand, linear in zip(step.operands, step.maps, strict=True):
                present = with_numbers(linear, (linear.numbers != 0).astype(np.float64))
                reached = reached + present.forward(moves[operand])
            moves[step.value] = (reached > 0).astype(np.float64)
        elif isinstance(step, ReluStep):
            mine = slice(step.first, step.first + network.sizes[step.value])
            z, depends = signs[:, mine], moves[step.operand] > 0
            found[:, mine] = np.where((z == 0) & ~depends, -1, z)
            moves[step.value] = (depends & (z >= 0)).astype(np.float64)
    return found
