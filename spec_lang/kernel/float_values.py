"""The values of a network of ReLUs and affine maps at many points, in floats with bounds of their errors.

In: a compiled network, and points of rationals.  Out: floats, and by how much each may be off.  What
overflows is NaN or infinite, or has an error that is: it decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.diagnostics import InternalError
from spec_lang.kernel.maps import absolute
from spec_lang.kernel.network import F64, AffineStep, Network, ReluStep, Unchecked, compiled
from spec_lang.kernel.rounding import UNDERFLOW, UNIT
from spec_lang.network.graph import Graph

Point = Sequence[Fraction]

LONG: Final = 1e-6  # from here on a sum's γ is too large for the factors below
SLACK: Final = 1.0001  # what rounds the computation of errors
_ROOM: Final = 2**20  # numbers of one value of a block of points


@dataclass(frozen=True, slots=True, eq=False)
class FloatValues:
    """By value of the network: what floats say, and by how much that may be off, (points, size)."""

    at: dict[int, F64]
    off: dict[int, F64]


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


def gamma_of(network: Network) -> float:
    """γ of the longest sum."""
    return gamma(network.longest_sum * max([1, *(len(s.operands) for s in network.producer.values())]))


def gamma(terms: int) -> float:
    """γ of a sum of so many products: `k·u / (1 − k·u)`, for some more."""
    k = terms + 16
    return 1.01 * k * UNIT / (1 - k * UNIT) if k * UNIT < LONG else 1.0


def nearest(points: Sequence[Point]) -> F64:
    """The nearest floats."""
    found = np.array([[_nearest(number) for number in point] for point in points], dtype=np.float64)
    return found.reshape(len(points), -1)


def float_values(network: Network, points: F64) -> FloatValues:
    """The values at points of which `points` are the nearest floats; `gamma_of` must be below `LONG`.

    Sound because a float is off from what it stands for by at most what is carried along with it: what its
    operands are off, times the weights, and γ times the sizes that are added up.
    """
    share = gamma_of(network)
    at = {value: points[:, where] for value, where in enumerate(network.inputs)}
    off = {value: UNIT * abs(found) + UNDERFLOW for value, found in at.items()}
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
                error = SLACK * (SLACK * spread + share * SLACK * size) + UNDERFLOW
                off[step.value] = np.broadcast_to(error, at[step.value].shape)
            elif isinstance(step, ReluStep):
                z, error = at[step.operand], off[step.operand]
                at[step.value] = np.maximum(z, 0.0)
                off[step.value] = np.where(z < -error, 0.0, error)  # it is 0 then, exactly
            else:
                raise InternalError("a step that floats do not follow")
    return FloatValues(at, off)


def _nearest(number: Fraction) -> float:
    """The nearest float; infinite beyond all of them, which decides nothing."""
    try:
        return float(number)
    except OverflowError:
        return float("inf")
