"""Affine forms of a network's values on one linear piece: in floats with error bounds, and in integers.

In: a network, the region by its parts, and which neurons are on, layer after layer.  Out: what values lie
between on the region.  A value that reads one without a form has none either.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from spec_lang._values import dataclass
from spec_lang.kernel.dyadics import float_above, plus, times
from spec_lang.kernel.exact import Dyadic, ExactMap, dyadic, objects
from spec_lang.kernel.maps import absolute
from spec_lang.kernel.network import F64, AffineStep, BinaryStep, Network, ReluStep, Unchecked
from spec_lang.kernel.rounding import LARGEST, UNDERFLOW, UNIT
from spec_lang.kernel.scene import Mask
from spec_lang.kernel.supports import Ends, ExactParts, Part, Surrounding
from spec_lang.kernel.tied import Tied, freed

ExactEnds = tuple[list[Fraction], list[Fraction]]


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """On the region a value is within `error` of `at + Σ slopes·(x − anchor)`, the slopes (inputs, elements)
    by input tensor; `reach` is at least what these sums can be in size."""

    at: F64
    slopes: dict[int, F64]
    error: F64
    reach: F64


class RoundedPiece:
    """Forms around an anchor.

    Sound because the slopes are float matrices that are taken as they are: what rounding makes of a product
    of them, times how far x may be from the anchor, goes into `error`, which later layers magnify by the
    absolute values of their weights.
    """

    def __init__(self, network: Network, shape: Sequence[tuple[Part, ...]], ties: Tied, anchor: F64) -> None:
        if not np.abs(anchor).sum() < LARGEST:
            raise Unchecked("the region reaches beyond float64")
        points = [anchor[where] for where in network.inputs]
        self.around = [Surrounding(part, point) for part, point in zip(shape, points, strict=True)]
        self.forms: dict[int, Form] = {}
        for number, point in enumerate(points):
            if number in ties.constants:
                self.forms[number] = self._tied(number, ties, points)
            else:
                one, nothing = np.eye(len(point)), np.zeros(len(point))
                self.forms[number] = Form(point, {number: one}, nothing, self.around[number].reach)

    def _tied(self, number: int, ties: Tied, points: Sequence[F64]) -> Form:
        """The form of an input tensor that others determine; what no float is goes into the error."""
        exact = [Fraction(int(v), ties.scale) for v in ties.constants[number]]
        off = [Fraction(0)] * len(exact)
        slopes, reach = {}, np.full(len(exact), UNDERFLOW)
        for other, matrix in ties.slopes[number].items():
            slopes[other] = np.zeros(matrix.shape)
            for row, column in np.argwhere(matrix != 0).tolist():
                c = Fraction(int(matrix[row, column]), ties.scale)
                slopes[other][row, column] = near = float(c)
                exact[column] += c * Fraction(float(points[other][row]))
                off[column] += abs(c - Fraction(near)) * Fraction(float(self.around[other].reach[row]))
            reach += self.around[other].reach @ np.abs(slopes[other])
        at = np.array([float(v) for v in exact])
        error = [
            float_above(abs(v - Fraction(a)) + o) for v, a, o in zip(exact, at.tolist(), off, strict=True)
        ]
        reach *= 1 + 2 * (sum(map(len, slopes.values())) + 4) * UNIT
        return Form(at, slopes, np.array(error), reach)

    def affine(self, step: AffineStep) -> None:
        if any(operand not in self.forms for operand in step.operands):
            return
        at, error, slopes = step.bias.copy(), np.abs(step.bias), dict[int, F64]()
        rounding = (step.terms + len(step.operands) + 4) * UNIT
        error = rounding * error
        for operand, linear in zip(step.operands, step.maps, strict=True):
            form = self.forms[operand]
            at += linear.forward(form.at[None])[0]
            for number, slope in form.slopes.items():
                part = linear.forward(slope)
                slopes[number] = slopes[number] + part if number in slopes else part
            carried = form.error + 2 * rounding * (np.abs(form.at) + form.reach)
            error += absolute(linear).forward(carried[None])[0]
        error = error * (1 + 2 * rounding) + UNDERFLOW
        reach = np.full(len(at), UNDERFLOW)
        for number, slope in slopes.items():
            reach += self.around[number].reach @ np.abs(slope)
        reach = reach * (1 + 2 * (sum(map(len, slopes.values())) + 4) * UNIT)
        largest = max((float(np.abs(slope).max(initial=0.0)) for slope in slopes.values()), default=0.0)
        if not max(largest, float((np.abs(at) + error + reach).max(initial=0.0))) < LARGEST:
            raise Unchecked("the values of the network reach beyond float64")
        self.forms[step.value] = Form(at, slopes, error, reach)

    def fix(self, value: int, passed: int, on: Mask) -> None:
        """`value` is `passed` where it is on, and 0 elsewhere."""
        if passed not in self.forms:
            return
        form = self.forms[passed]
        slopes = {number: slope * on for number, slope in form.slopes.items()}
        self.forms[value] = Form(form.at * on, slopes, form.error * on, form.reach * on)

    def ends(self, value: int) -> Ends | None:
        """What a value lies between, None where it has no form."""
        form = self.forms.get(value)
        if form is None:
            return None
        low, high = self.changes(value)
        low = np.nextafter(form.at - form.error, -np.inf) + low
        high = np.nextafter(form.at + form.error, np.inf) + high
        return np.nextafter(low, -np.inf), np.nextafter(high, np.inf)

    def changes(self, value: int) -> Ends:
        """What the form of a value adds, on the region, to what it is at the anchor."""
        form = self.forms[value]
        low, high = np.zeros(len(form.at)), np.zeros(len(form.at))
        for number, slope in form.slopes.items():
            below, above = self.around[number].ends(slope)
            low, high = np.nextafter(low + below, -np.inf), np.nextafter(high + above, np.inf)
        return low, high


class ExactPiece:
    """Forms in the free inputs themselves, times the scale of the ties; nothing is rounded but square
    roots."""

    def __init__(self, network: Network, shape: Sequence[tuple[Part, ...]], ties: Tied) -> None:
        self.forms: dict[int, tuple[Dyadic, dict[int, Dyadic]]] = {}  # constants, slopes by input tensor
        self._around = [ExactParts(part) for part in shape]
        self._scale = ties.scale
        for number, where in enumerate(network.inputs):
            one = np.eye(where.stop - where.start, dtype=np.int64).astype(object)
            slopes, constant = freed(number, Dyadic(one, 0), ties)
            rows = {other: Dyadic(slope.numbers.T, slope.shift) for other, slope in slopes.items()}
            self.forms[number] = constant, rows

    def affine(self, step: AffineStep) -> None:
        if any(operand not in self.forms for operand in step.operands):
            return
        bias = dyadic(step.bias)
        at, slopes = Dyadic(bias.numbers * self._scale, bias.shift), dict[int, Dyadic]()
        for operand, linear in zip(step.operands, map(ExactMap.of, step.maps), strict=True):
            constant, mine = self.forms[operand]
            at = plus(at, linear.forward(constant))
            for number, slope in mine.items():
                part = linear.forward(slope)
                slopes[number] = plus(slopes[number], part) if number in slopes else part
        self.forms[step.value] = at, slopes

    def fix(self, value: int, passed: int, on: Mask) -> None:
        """As above."""
        if passed not in self.forms:
            return
        at, slopes = self.forms[passed]
        kept = on.astype(np.int64).astype(object)
        fixed = {number: Dyadic(slope.numbers * kept, slope.shift) for number, slope in slopes.items()}
        self.forms[value] = Dyadic(at.numbers * kept, at.shift), fixed

    def ends(self, value: int) -> tuple[np.ndarray, np.ndarray] | None:
        """What a value lies between, as fractions; None where it has no form."""
        if value not in self.forms:
            return None
        at, slopes = self.forms[value]
        constant = [Fraction(int(v), 1 << at.shift) for v in at.numbers]
        low, high = list(constant), list(constant)
        for number, slope in slopes.items():
            below, above = self._around[number].ends(slope)
            low = [v + w for v, w in zip(low, below, strict=True)]
            high = [v + w for v, w in zip(high, above, strict=True)]
        return objects([v / self._scale for v in low]), objects([v / self._scale for v in high])


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows over the values of a network: `slopes` by value, and constants; all over one power of two."""

    slopes: dict[int, Dyadic]
    constant: Dyadic


def substituted(network: Network, rows: Rows, phases: dict[int, Mask]) -> Rows:
    """The rows over the inputs alone, exactly, where ReLUs have the phases that are known; none may be
    about a value that reads another ReLU, or a smooth step."""
    slopes, constant = dict(rows.slopes), rows.constant
    for step in reversed(network.steps):
        row = slopes.pop(step.value, None)
        if row is None:
            continue
        if isinstance(step, AffineStep):
            constant = plus(constant, times(row, dyadic(step.bias)))
            for operand, linear in zip(step.operands, map(ExactMap.of, step.maps), strict=True):
                part = linear.backward(row)
                slopes[operand] = plus(slopes[operand], part) if operand in slopes else part
        elif isinstance(step, ReluStep | BinaryStep) and step.value in phases:
            kept = phases[step.value].astype(np.int64).astype(object)
            part = Dyadic(row.numbers * kept, row.shift)
            passed = step.operand if isinstance(step, ReluStep) else step.second
            slopes[passed] = plus(slopes[passed], part) if passed in slopes else part
        else:
            raise Unchecked("a row is about a value without a form")
    return Rows(slopes, constant)


def least_values(rows: Rows, around: Sequence[ExactParts], ties: Tied) -> list[Fraction]:
    """The least value on the region of every row, which is over the inputs alone."""
    constant = Dyadic(rows.constant.numbers * ties.scale, rows.constant.shift)
    slopes: dict[int, Dyadic] = {}
    for number, row in rows.slopes.items():
        parts, one = freed(number, row, ties)
        constant = plus(constant, one)
        for other, part in parts.items():
            slopes[other] = plus(slopes[other], part) if other in slopes else part
    least = [Fraction(int(v), 1 << constant.shift) for v in constant.numbers]
    for number, slope in slopes.items():
        below, _ = around[number].ends(Dyadic(slope.numbers.T, slope.shift))
        least = [v + w for v, w in zip(least, below, strict=True)]
    return [value / ties.scale for value in least]
