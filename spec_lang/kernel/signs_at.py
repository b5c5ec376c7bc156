"""The signs of all ReLUs' arguments at many points, exactly.

In: a network of ReLUs and affine maps, and points of rationals.  Out: for every point and neuron 1, −1, or 0
where the point lies on a facet of its activation region.  Floats with bounds of their errors decide where
they can; a point with a sign that they cannot tell is evaluated in integers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.diagnostics import InternalError
from spec_lang.kernel.exact import ExactNetwork
from spec_lang.kernel.maps import absolute, with_numbers
from spec_lang.kernel.network import AffineStep, Network, ReluStep, Unchecked, compiled
from spec_lang.kernel.proof import OutOfTime
from spec_lang.kernel.rounding import LARGEST, UNDERFLOW, UNIT, fault
from spec_lang.network.graph import Graph

Signs = NDArray[np.int8]
Point = Sequence[Fraction]

_ROOM: Final = 2**20  # numbers of one value of a block of points
_LONG: Final = 1e-6  # from here on a sum's γ is too large for the factors below
_SLACK: Final = 1.0001  # what rounds the computation of errors


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
    exact = exact or fault() is not None or _gamma(network) > _LONG
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


def relu_network(graph: Graph) -> Network:
    """`graph` without what no output needs.  Raises `Unchecked`."""
    network = compiled(graph)
    if not all(isinstance(step, AffineStep | ReluStep) for step in network.steps):
        raise Unchecked("a network with smooth functions or gates has no linear regions")
    return network


def blocks(network: Network, count: int) -> Iterator[slice]:
    """So many rows, in parts that find room."""
    step = max(1, _ROOM // max(1, *network.sizes))
    return (slice(start, min(start + step, count)) for start in range(0, count, step))


def _gamma(network: Network) -> float:
    """γ of the longest sum: `k·u / (1 − k·u)`."""
    k = network.longest_sum * max([1, *(len(s.operands) for s in network.producer.values())]) + 16
    return 1.01 * k * UNIT / (1 - k * UNIT) if k * UNIT < _LONG else 1.0


def _by_floats(network: Network, points: Sequence[Point], signs: Signs) -> NDArray[np.intp]:
    """Fills in what floats say; the points with a sign that they leave open.

    Sound because a float is off from what it stands for by at most what is carried along with it: what its
    operands are off, times the weights, and γ times the sizes that are added up.
    """
    gamma = _gamma(network)
    flat = np.array([[_nearest(number) for number in point] for point in points]).reshape(len(points), -1)
    at = {value: flat[:, where] for value, where in enumerate(network.inputs)}
    off = {value: UNIT * abs(found) + UNDERFLOW for value, found in at.items()}
    certain = np.ones(len(points), dtype=np.bool_)
    with np.errstate(all="ignore"):  # what overflows is left to integers
        for step in network.steps:
            if isinstance(step, AffineStep):
                total, spread, size = step.bias, np.zeros(1), abs(step.bias)
                for operand, linear in zip(step.operands, step.maps, strict=True):
                    sizes = absolute(linear)
                    total = total + linear.forward(at[operand])
                    spread = spread + sizes.forward(off[operand])
                    size = size + sizes.forward(abs(at[operand]))
                at[step.value] = np.broadcast_to(total, (len(points), network.sizes[step.value]))
                off[step.value] = _SLACK * (_SLACK * spread + gamma * _SLACK * size) + UNDERFLOW
            elif isinstance(step, ReluStep):
                z = at[step.operand]
                signs[:, step.first : step.first + z.shape[1]] = np.where(z > 0, 1, -1)
                size = abs(z)
                certain &= ((size > off[step.operand]) & (size < LARGEST)).all(axis=1)  # False for NaN
                at[step.value], off[step.value] = np.maximum(z, 0.0), off[step.operand]
            else:
                raise InternalError("a step that has no signs")
    return np.flatnonzero(~certain)


def _nearest(number: Fraction) -> float:
    """The nearest float; infinite beyond all of them, which decides nothing."""
    try:
        return float(number)
    except OverflowError:
        return float("inf")


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
