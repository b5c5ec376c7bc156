"""All slope matrices at once, entry by entry: intervals, and the sign of all determinants if they suffice.

In: for every ReLU the least and the greatest slope of its neurons.  Out: intervals that hold every entry of
every matrix, and a sign.  Cheap, and wide where many slopes are open together; vertices say more.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from spec_lang._values import dataclass
from spec_lang.kernel.exact import Dyadic, ExactMap
from spec_lang.kernel.network import AffineStep, ReluStep, Unchecked
from spec_lang.kernel.rounding import UNDERFLOW, UNIT
from spec_lang.kernel.tracing import STEPS, WHOLE, Array, Slope, Tracer


@dataclass(frozen=True, slots=True, eq=False)
class Hull:
    """`lower <= entries <= upper`, over `2**shift` (free inputs, elements)."""

    lower: Array
    upper: Array
    shift: int

    def at(self, shift: int) -> tuple[Array, Array]:
        """Both ends over a power of two that is not less."""
        return self.lower * (1 << (shift - self.shift)), self.upper * (1 << (shift - self.shift))


def hull(tracer: Tracer, slopes: Mapping[int, Slope]) -> Hull:
    """Of the rows that the tracer is about, up to its common positive factors; rounded outward in floats."""
    network, values = tracer.network, dict[int, Hull]()
    for number, where in enumerate(network.inputs):
        part = tracer.start[:-1, where]
        values[number] = Hull(part, part, 0)
    with np.errstate(all="ignore"):
        for step in network.steps:
            match step:
                case AffineStep():
                    values[step.value] = _affine(tracer, step, values)
                case ReluStep():
                    values[step.value] = _relu(tracer, slopes[step.value], values[step.operand])
                case _:
                    raise Unchecked("a smooth function has no slopes of its own")
        outputs = [values[output] for output in network.outputs]
        shift = max(value.shift for value in outputs)
        lower, upper = (
            np.concatenate(side, axis=1) for side in zip(*(value.at(shift) for value in outputs), strict=True)
        )
        whole = Hull(lower, upper, shift)
        weights, rows = tracer.last
        return _times(tracer, _times(tracer, whole, rows), weights)


def sign_of_all(found: Hull) -> int:
    """The sign that all determinants of square matrices with such entries have; 0 where that is not known."""
    low, high = found.lower, found.upper
    if len(low) != low.shape[1] or len(low) > 2:
        return 0
    if len(low) == 1:
        least, most = low[0, 0], high[0, 0]
    else:
        (one, other), exact = (_product(found, 0, 0, 1, 1), _product(found, 0, 1, 1, 0)), low.dtype == object
        least, most = one[0] - other[1], one[1] - other[0]
        if not exact:
            room = 8 * UNIT * (abs(one[0]) + abs(one[1]) + abs(other[0]) + abs(other[1])) + UNDERFLOW
            least, most = least - room, most + room
    return 1 if least > 0 else -1 if most < 0 else 0


def _product(found: Hull, i: int, j: int, k: int, n: int) -> tuple[Array, Array]:
    """The ends of the products of two entries."""
    ends = [a[i, j] * b[k, n] for a in (found.lower, found.upper) for b in (found.lower, found.upper)]
    return min(ends), max(ends)


def _relu(tracer: Tracer, slope: Slope, before: Hull) -> Hull:
    low, high = before.lower, before.upper
    if tracer.exact:
        least, most = slope.least.astype(object), slope.greatest.astype(object)
        return Hull(
            np.where(low >= 0, least, most) * low,
            np.where(high >= 0, most, least) * high,
            before.shift + STEPS,
        )
    least, most = slope.least / WHOLE, slope.greatest / WHOLE
    below = np.nextafter(np.where(low >= 0, least, most) * low, -np.inf)
    above = np.nextafter(np.where(high >= 0, most, least) * high, np.inf)
    return Hull(np.where(low == 0, 0.0, below), np.where(high == 0, 0.0, above), 0)


def _affine(tracer: Tracer, step: AffineStep, values: Mapping[int, Hull]) -> Hull:
    parts = []
    for k, operand in enumerate(step.operands):
        linear, before = tracer.maps[step.value][k], values[operand]
        if isinstance(linear, ExactMap):
            middle, reach = before.lower + before.upper, before.upper - before.lower
            center = linear.forward(Dyadic(middle, 0)).numbers
            spread = linear.absolute().forward(Dyadic(reach, 0)).numbers
            parts.append(Hull(center - spread, center + spread, before.shift + linear.shift + 1))
        else:
            sizes = tracer.sizes[step.value][k]
            center, reach, size = _centred(before)
            parts.append(_spread(tracer, linear.forward(center), sizes.forward(reach), sizes.forward(size)))
    shift = max(part.shift for part in parts)
    lower, upper = parts[0].at(shift)
    for part in parts[1:]:
        low, high = part.at(shift)
        lower, upper = lower + low, upper + high
    if not tracer.exact and len(parts) > 1:
        total = np.sum([abs(part.lower) + abs(part.upper) for part in parts], axis=0)
        room = 2 * len(parts) * UNIT * total + UNDERFLOW
        lower, upper = lower - room, upper + room
    return Hull(lower, upper, shift)


def _times(tracer: Tracer, before: Hull, matrix: Array) -> Hull:
    """The rows of a matrix over the elements."""
    if tracer.exact:
        middle, reach = before.lower + before.upper, before.upper - before.lower
        center, spread = middle @ matrix.T, reach @ abs(matrix).T
        return Hull(center - spread, center + spread, before.shift + 1)
    center, reach, size = _centred(before)
    return _spread(tracer, center @ matrix.T, reach @ abs(matrix).T, size @ abs(matrix).T)


def _centred(before: Hull) -> tuple[Array, Array, Array]:
    """Middle, reach to both ends, and what bounds all sizes."""
    center = before.lower + 0.5 * (before.upper - before.lower)
    reach = np.nextafter(np.maximum(before.upper - center, center - before.lower), np.inf)
    return center, reach, abs(center) + reach


def _spread(tracer: Tracer, center: Array, reach: Array, size: Array) -> Hull:
    """Sums of products err by γ times what their sizes sum to."""
    room = (1 + 2 * tracer.gamma) * reach + 1.01 * tracer.gamma * size + UNDERFLOW
    low, high = np.nextafter(center - room, -np.inf), np.nextafter(center + room, np.inf)
    good = np.isfinite(low) & np.isfinite(high)
    return Hull(np.where(good, low, -np.inf), np.where(good, high, np.inf), 0)
