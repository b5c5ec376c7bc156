"""How many linear regions of a network some points lie in, between two counts that are both proved.

In: a network of ReLUs and affine maps, and points of rationals.  Out: a `RegionsMet`.  What is counted is the
least number of complete linear regions that together contain all points; a complete linear region is a
largest connected set with inner points on which the network is one affine map, boundary included.

Where no point lies on a facet of its activation region, that is the number of complete linear regions which
the points lie in: each lies within one of them, and in no other.  A point on facets lies in several, and is
counted with any of them that is there already.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isqrt
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.diagnostics import InternalError
from spec_lang.kernel.exact import dyadic
from spec_lang.kernel.float_values import Point, blocks, relu_network
from spec_lang.kernel.maps import Map, with_numbers
from spec_lang.kernel.network import F64, AffineStep, Network, ReluStep
from spec_lang.kernel.proof import OutOfTime
from spec_lang.kernel.signs_at import Signs, never, signs_at
from spec_lang.kernel.verdict import Evidence, EvidenceKind
from spec_lang.network.graph import Graph

# Two maps that differ have the same residues for one prime once in a million draws; that would make the lower
# count smaller, and not wrong.
_PRIMES: Final = 3
_EXACT: Final = 2**53  # sums of integers below this are exact in floats, in any order

_Number = TypeVar("_Number", bound=np.generic)


@dataclass(frozen=True, slots=True)
class RegionsMet:
    """`lower <= number <= upper`, and where they come from: of how many `points`, of which `on_facets` lie on
    a facet and the signs of `in_integers` were decided in integers, the others' in outward-rounded floats."""

    lower: int
    upper: int
    points: int
    on_facets: int
    in_integers: int

    @property
    def evidence(self) -> Evidence:
        whole = self.in_integers == self.points
        return Evidence(EvidenceKind.CHECKED if whole else EvidenceKind.CHECKED_ROUNDED)


def regions_met(
    graph: Graph,
    points: Sequence[Point],
    *,
    exact: bool = False,
    expired: Callable[[], bool] = never,
) -> RegionsMet:
    """The count of at least one point; with `exact` nothing is decided by floats.

    The lower end is the number of affine maps that certainly differ, of points on no facet.  Sound because
    near such a point the network is the map of its pattern, so that it lies within one complete linear region
    alone, which has that map: where maps differ, regions do.

    The upper end is the number of patterns of points on no facet, and of patterns with zeros that fit none of
    them.  Sound because the network is one affine map on the closure of an activation region, which is
    convex, so that the closure lies in one complete linear region.  A point on facets lies in the closure of
    every activation region with inner points whose pattern has its signs wherever they are not 0: with the
    phases of that region its neurons have the values that they have, which are on the right side or 0, and
    all points between it and an inner point are inner points.  Some activation region has it in its closure,
    as finitely many closures cover the space; the same one has all points with these signs.

    Raises `Unchecked` for what is no network of ReLUs and affine maps, and `OutOfTime`.
    """
    if not points:
        raise InternalError("no points lie in no region")
    used = graph.with_outputs(graph.outputs)
    found = signs_at(used, points, exact=exact, expired=expired)
    on_facet = (found.signs == 0).any(axis=1)
    patterns = _distinct(found.signs[~on_facet])
    others = _distinct(found.signs[on_facet])
    upper = len(patterns) + len(others) - _fitting(others, patterns)
    lower = _different_maps(relu_network(used), patterns, expired) if len(patterns) else 1
    return RegionsMet(lower, upper, len(points), int(on_facet.sum()), found.in_integers)


def _distinct(rows: NDArray[_Number]) -> NDArray[_Number]:
    """Each row once."""
    if not rows.shape[1]:
        return rows[:1]
    whole = np.ascontiguousarray(rows).view(np.dtype((np.void, rows.shape[1] * rows.itemsize)))
    return rows[np.unique(whole[:, 0], return_index=True)[1]]


def _fitting(others: Signs, patterns: Signs) -> int:
    """How many of `others` agree with one of `patterns` wherever they are not 0: products of signs that agree
    are 1, and only then is their sum the number of those that are not 0."""
    if not len(others) or not len(patterns):
        return 0
    agreed = others.astype(np.float64) @ patterns.astype(np.float64).T
    return int((agreed == np.abs(others).sum(axis=1, dtype=np.float64)[:, None]).any(axis=1).sum())


# -- maps that differ ----------------------------------------------------------------------------------


def _different_maps(network: Network, patterns: Signs, expired: Callable[[], bool]) -> int:
    """At least how many of the affine maps of `patterns` differ from each other.

    All maps are evaluated at one point, in the integers modulo a prime.  Sound because weights are integers
    over powers of two, which sums and products carry to residues modulo an odd prime: equal maps have equal
    values, and these equal residues.  Floats hold all of them, as no sum reaches 2^53.
    """
    draw = np.random.default_rng(len(patterns))
    found = []
    for prime in _primes(max([1, *(step.terms for step in network.producer.values())])):
        steps = _residues(network, prime)
        point = draw.integers(1, prime, network.input_size).astype(np.float64)
        parts = []
        for here in blocks(network, len(patterns)):
            if expired():
                raise OutOfTime
            parts.append(_values(network, steps, patterns[here], point, prime))
        found.append(np.concatenate(parts))
    return len(_distinct(np.concatenate(found, axis=1)))


_Residues = dict[int, tuple[tuple[Map, ...], F64]]


def _residues(network: Network, prime: int) -> _Residues:
    """The maps and biases of the affine steps, by value."""
    return {
        step.value: (
            tuple(with_numbers(linear, _residue(linear.numbers, prime)) for linear in step.maps),
            _residue(step.bias, prime),
        )
        for step in network.producer.values()
    }


def _residue(numbers: F64, prime: int) -> F64:
    whole = dyadic(numbers)
    unit = pow(2, -whole.shift, prime)
    return np.array(whole.numbers * unit % prime, dtype=np.float64)


def _values(network: Network, residues: _Residues, patterns: Signs, point: F64, prime: int) -> F64:
    """What the map of each pattern makes of the point: (patterns, outputs)."""
    rows = np.broadcast_to(point, (len(patterns), len(point)))
    values = {value: rows[:, where] for value, where in enumerate(network.inputs)}
    for step in network.steps:
        if isinstance(step, AffineStep):
            maps, bias = residues[step.value]
            total = np.broadcast_to(bias, (len(patterns), len(bias)))
            for operand, linear in zip(step.operands, maps, strict=True):
                total = np.fmod(total + np.fmod(linear.forward(values[operand]), prime), prime)
            values[step.value] = total
        elif isinstance(step, ReluStep):
            mine = patterns[:, step.first : step.first + network.sizes[step.value]]
            values[step.value] = values[step.operand] * (mine > 0)
    return np.concatenate([values[output] for output in network.outputs], axis=1)


def _primes(terms: int) -> list[int]:
    """The largest ones of which so many products, and a number, add up to less than 2^53."""
    found: list[int] = []
    number = isqrt(_EXACT // (terms + 1))
    while len(found) < _PRIMES:
        if number < 3:
            raise InternalError("a sum is too long for residues")
        if all(number % divisor for divisor in range(2, isqrt(number) + 1)):
            found.append(number)
        number -= 1
    return found
