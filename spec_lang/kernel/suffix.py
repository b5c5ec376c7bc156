"""What a network does from a narrow value on, asked of all points that the region may lead to.

In: an obligation, a waist of it and directions there.  Out: the obligation about the elements that are read.
Sound because every point that breaks the one is mapped to one that breaks the other: premises are at most 0
there, so that

    weights·u <= weights·u − multipliers·premises <= the greatest value of the right side over the box,

an affine form of the inputs, whose coefficients and maximum are exact, and rounded up at last; and what
cannot be said of u counts as true in the violation.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import accumulate, pairwise
from math import lcm
from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.kernel.dyadics import float_above, plus
from spec_lang.kernel.exact import Dyadic, ExactMap, Integers, dyadic, objects
from spec_lang.kernel.maps import map_of
from spec_lang.kernel.network import F64, Unchecked
from spec_lang.network.graph import Graph
from spec_lang.network.primitives import Affine, numbers_of
from spec_lang.obligations.model import Box, LinearAtom, Obligation, Region
from spec_lang.obligations.narrow_certificate import Directions
from spec_lang.obligations.narrow_layers import Waist, waist_at
from spec_lang.obligations.simplify import FALSE

_REMEMBERED: Final = 8


@dataclass(frozen=True, slots=True, eq=False)
class Forms:
    """Affine forms of the inputs, `numbers / denominator`, in rows; the last column has constants."""

    numbers: Integers  # (rows, in + 1)
    denominator: int

    def floats(self) -> F64:
        """The nearest floats."""
        flat = [number / self.denominator for number in self.numbers.ravel()]
        return np.array(flat, dtype=np.float64).reshape(self.numbers.shape)


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """An obligation at a waist: what is read there, and the premises, as forms of the inputs."""

    waist: Waist
    read: Forms
    premises: Forms


@lru_cache(_REMEMBERED)
def seen_at(obligation: Obligation, value: int) -> Seen:
    """Raises `Unchecked` where there is no waist."""
    waist = waist_at(obligation, value)
    if waist is None:
        raise Unchecked("nothing can be said of the obligation from that value on")
    graph = obligation.graph
    outputs = graph.flat_outputs
    forms = _affine_forms(
        graph, {value, *(outputs[i][0] for atom in waist.premises for i, _ in atom.outputs)}
    )
    own = Dyadic(forms[value].numbers[:, list(waist.read)].T, forms[value].shift)
    premises = _premises(waist.premises, forms, outputs, graph.input_size)
    return Seen(waist, Forms(own.numbers, 1 << own.shift), premises)


@lru_cache(_REMEMBERED)
def suffix(obligation: Obligation, value: int, directions: Directions) -> Obligation:
    """The obligation from the waist on.  Raises `Unchecked` for directions that are none."""
    seen = seen_at(obligation, value)
    count = len(seen.waist.read)
    _check(directions, count, len(seen.waist.premises))
    unit = np.eye(count)
    weights = np.concatenate([unit, -unit, directions.weights])
    ends, strict = _greatest(obligation.region.boxes[0], seen, weights, directions.multipliers)
    upper = [float_above(end) for end in ends]
    if not np.isfinite(upper).all():
        raise Unchecked("a direction reaches beyond float64")
    exact = [Fraction(end) for end in upper]
    high, low = exact[:count], [-end for end in exact[count : 2 * count]]
    violation, rows = seen.waist.violation, []
    if any(bottom > top for bottom, top in zip(low, high, strict=True)):
        violation, low = FALSE, high
    for number in range(2 * count, len(exact)):
        terms = tuple((i, Fraction(c)) for i, c in enumerate(weights[number].tolist()) if c)
        if terms:
            rows.append(LinearAtom(terms, (), -exact[number], strict[number]))
        elif ends[number] < 0 or (ends[number] == 0 and strict[number]):
            violation = FALSE  # 0 is not less than 0: the premises clash
    region = Region((Box(tuple(low), tuple(high)),), tuple(rows))
    return Obligation(seen.waist.graph, region, violation, obligation.semantics)


def _check(directions: Directions, count: int, premises: int) -> None:
    weights, multipliers = directions.weights, directions.multipliers
    if weights.ndim != 2 or weights.shape[1] != count or multipliers.dtype != np.float64:
        raise Unchecked("the directions are none of what is read")
    if multipliers.shape != (2 * count + len(weights), premises) or weights.dtype != np.float64:
        raise Unchecked("the directions have not one multiplier for every premise")
    if not (np.isfinite(weights).all() and np.isfinite(multipliers).all() and (multipliers >= 0).all()):
        raise Unchecked("a direction has a number that it may not have")


def _greatest(box: Box, seen: Seen, weights: F64, multipliers: F64) -> tuple[list[Fraction], list[bool]]:
    """The exact maximum of each row over the box, and whether no point that counts attains it."""
    total = _combined(weights, seen.read)
    if len(seen.waist.premises):
        total = _sum(total, _combined(-multipliers, seen.premises))
    sides = [end for ends in (box.lower, box.upper) for end in ends if end is not None]
    scale = lcm(*(end.denominator for end in sides))
    lower, upper = (
        objects([end.numerator * (scale // end.denominator) for end in ends if end is not None])
        for ends in (box.lower, box.upper)
    )
    slopes = total.numbers[:, :-1]
    products = np.where(slopes > 0, slopes * upper, slopes * lower).sum(axis=1)
    found = [
        Fraction(int(product) + int(constant) * scale, total.denominator * scale)
        for product, constant in zip(products, total.numbers[:, -1], strict=True)
    ]
    is_strict = [atom.strict for atom in seen.waist.premises]
    strict = [any(s and m > 0 for s, m in zip(is_strict, row, strict=True)) for row in multipliers.tolist()]
    return found, strict


def _combined(rows: F64, forms: Forms) -> Forms:
    factors = dyadic(rows)
    return Forms(factors.numbers @ forms.numbers, forms.denominator << factors.shift)


def _sum(left: Forms, right: Forms) -> Forms:
    whole = lcm(left.denominator, right.denominator)
    parts = (form.numbers * (whole // form.denominator) for form in (left, right))
    return Forms(sum(parts, start=np.zeros(1, dtype=object)), whole)


def _affine_forms(graph: Graph, wanted: set[int]) -> dict[int, Dyadic]:
    """The wanted values, which are affine in the inputs, exactly: (in + 1, n), in the last row constants."""
    size = graph.input_size
    ends = list(accumulate((spec.size for spec in graph.inputs), initial=0))
    unit = np.concatenate([np.eye(size, dtype=np.int64), np.zeros((1, size), dtype=np.int64)]).astype(object)
    found = {n: Dyadic(unit[:, start:end], 0) for n, (start, end) in enumerate(pairwise(ends))}
    last = max(wanted)
    for number, node in enumerate(graph.nodes, start=len(graph.inputs)):
        if number > last or not isinstance(node.primitive, Affine):
            continue
        if all(operand in found for operand in node.operands):
            bias = dyadic(node.primitive.bias)
            rows = np.zeros((size + 1, node.size), dtype=object)
            rows[-1] = bias.numbers
            total = Dyadic(rows, bias.shift)
            for operand, linear in zip(node.operands, node.primitive.maps, strict=True):
                exact = ExactMap.of(map_of(linear, numbers_of(linear)))
                if operand < len(graph.inputs):
                    part = np.zeros((size + 1, node.size), dtype=object)
                    matrix = exact.rows(np.arange(node.size))
                    part[ends[operand] : ends[operand + 1]] = matrix.numbers.T
                    total = plus(total, Dyadic(part, matrix.shift))
                else:
                    total = plus(total, exact.forward(found[operand]))
            found[number] = total
    return {number: form for number, form in found.items() if number in wanted}


def _premises(
    premises: Sequence[LinearAtom], forms: dict[int, Dyadic], outputs: Sequence[tuple[int, int]], size: int
) -> Forms:
    """The premises as forms of the inputs, over one denominator."""
    coefficients = (c for atom in premises for _, c in (*atom.inputs, *atom.outputs, (0, atom.constant)))
    shift = max((form.shift for form in forms.values()), default=0)
    scale = lcm(*(c.denominator for c in coefficients)) << shift
    numbers: Integers = np.zeros((len(premises), size + 1), dtype=object)
    for place, atom in enumerate(premises):
        numbers[place, -1] = int(atom.constant * scale)
        for i, c in atom.inputs:
            numbers[place, i] += int(c * scale)
        for i, c in atom.outputs:
            value, element = outputs[i]
            numbers[place] += forms[value].numbers[:, element] * (int(c * scale) >> forms[value].shift)
    return Forms(numbers, scale)
