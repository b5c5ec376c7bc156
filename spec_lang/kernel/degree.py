"""The check of degree proofs: a network takes no value twice on a convex set of the line or the plane.

In: an obligation about two points, and a `DegreeProof`.  Out: the leaves that it leaves open; without any,
and with the boundary as it is to be, the obligation holds.

Why [degree theory; Cui et al. 2023 state the question].  On a convex set B, f is piecewise affine, and where
all pieces that are met on an open set have determinants of one sign, f is open inside B, and each value off
f(∂B) is taken as often as its degree says.  If f is injective on ∂B, f(∂B) is a simple closed curve, off
which the degree is 0 or ±1.  A value on the curve that is taken inside would, f being open there, make values
beyond the curve be taken, whose degree is 0; two points inside with one value would, for the same reason,
make values nearby be taken twice.  On the line one sign is enough: f is strictly monotone.  The set may be
larger than the domains of both points, and rows of outputs may be added up: what the sums tell apart, the
rows do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.kernel.curve import Boundary, image_is_simple
from spec_lang.kernel.determinants import signs
from spec_lang.kernel.domains import Place, need
from spec_lang.kernel.dyadics import float_above, float_below
from spec_lang.kernel.hulls import hull, sign_of_all
from spec_lang.kernel.integers import Integers
from spec_lang.kernel.network import F64, Network, ReluStep, Unchecked, compiled
from spec_lang.kernel.polygon import Polygon
from spec_lang.kernel.ranges import propagate
from spec_lang.kernel.rounded import Rounded
from spec_lang.kernel.rows import Alternatives
from spec_lang.kernel.scene import Index, Mask, Ranges
from spec_lang.kernel.sides import are_unmet
from spec_lang.kernel.tracing import MOST_OPEN, WHOLE, Slope, Tracer, whole_factor
from spec_lang.kernel.tree import right_children
from spec_lang.obligations.certificate import Unclosed
from spec_lang.obligations.model import Semantics
from spec_lang.obligations.pair_certificate import LEAF, DegreeProof
from spec_lang.obligations.two_points import Twofold

MOST_CORNERS: Final = 4096
NOTHING_SAID: Final = Alternatives((), (), (), {})


def unclosed(
    found: Twofold,
    proof: DegreeProof,
    arithmetic: type[Integers] | type[Rounded],
    check_time: Callable[[], None],
) -> list[Unclosed]:
    """The leaves that stay open.  Raises `Unchecked` for what is no such proof of what is asked."""
    found = found.compared()
    exact = arithmetic is Integers
    check = _Check.of(found, proof, check_time, exact=exact)
    leaves = check.walk(arithmetic)
    if not leaves and len(check.tracer.free) == 2:
        boundary = Boundary(check.polygon.corners, check.place.fixed)
        if not image_is_simple(check.network, boundary, combined(found, proof), check_time):
            raise Unchecked("the image of the boundary meets itself")
    return leaves


def combined(found: Twofold, proof: DegreeProof) -> list[dict[int, Fraction]]:
    """`weights @ rows`, the rows being those that the tracer has: times what makes their numbers whole."""
    combined: list[dict[int, Fraction]] = []
    for weights in proof.weights.tolist():
        total: dict[int, Fraction] = {}
        for weight, row in zip(weights, found.equal, strict=True):
            scale = whole_factor(dict(row))
            for index, c in row:
                total[index] = total.get(index, Fraction(0)) + Fraction(weight) * scale * c
        combined.append(total)
    return combined


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """Cells to be walked: their places in the tree, boxes, and what is known of the one above."""

    number: Index
    lower: F64
    upper: F64
    known: Ranges


@dataclass(slots=True, eq=False)
class _Check:
    network: Network
    proof: DegreeProof
    tracer: Tracer
    place: Place
    polygon: Polygon
    check_time: Callable[[], None]
    open: list[Unclosed] = field(default_factory=list)

    @classmethod
    def of(cls, found: Twofold, proof: DegreeProof, check_time: Callable[[], None], *, exact: bool) -> _Check:
        place = Place.of(found, proof.tangents)
        free = place.free
        need(len(free) in (1, 2), "the theorem is about one input or two")
        need(not set(free) & set(found.shared), "an input that both points share is no single number")
        need(proof.sign in (-1, 1), "a determinant has the sign of no number")
        need(proof.weights.shape == (len(free), len(found.equal)), "the weights are of another shape")
        need(np.issubdtype(proof.axis.dtype, np.integer) and proof.axis.ndim == 1, "the cells are no tree")
        need(set(proof.axis.tolist()) <= {LEAF, *free}, "a cell is cut along no input that is free")
        network = compiled(found.graph)
        rows = [dict(row) for row in found.equal]
        tracer = Tracer(network, place.fixed, rows, proof.weights, exact=exact)
        return cls(network, proof, tracer, place, _polygon(place), check_time)

    def walk(self, arithmetic: type[Integers] | type[Rounded]) -> list[Unclosed]:
        """Every leaf of the tree, the root being the whole box."""
        axis = self.proof.axis.astype(np.int64)
        right = right_children(np.where(axis >= 0, axis, LEAF).astype(np.int32))
        scenes = arithmetic(self.network, NOTHING_SAID, Semantics.REAL)
        lower, upper = self.place.box()
        stack = [_Cells(np.zeros(1, dtype=np.intp), lower[None], upper[None], {})]
        while stack:
            self.check_time()
            cells = stack.pop()
            if len(cells.number) > scenes.batch:
                stack.append(_taken(cells, slice(scenes.batch, None)))
                cells = _taken(cells, slice(0, scenes.batch))
            cells, polygons = self._within(cells, axis[cells.number] == LEAF)
            if not len(cells.number):
                continue
            scene = scenes.scene(cells.lower, cells.upper)
            known = propagate(scene, cells.known, check_time=self.check_time)
            if not scene.is_sound():
                raise Unchecked("a bound is beyond the range of floats")
            cells = _Cells(cells.number, cells.lower, cells.upper, known)
            leaves = axis[cells.number] == LEAF
            for row in np.flatnonzero(leaves).tolist():
                self.check_time()
                cell = _taken(cells, slice(row, row + 1))
                if not self._is_closed(cell, polygons[int(cell.number[0])]):
                    self.open.append(Unclosed(0, int(cell.number[0])))
            inner = _taken(cells, np.flatnonzero(~leaves))
            if len(inner.number):
                stack.append(_halves(inner, axis, right))
        return self.open

    def _within(self, cells: _Cells, leaves: Mask) -> tuple[_Cells, dict[int, Polygon]]:
        """Leaves shrunk to what they have of the polygon, without those that have nothing of it; and that."""
        kept, polygons = np.ones(len(leaves), dtype=np.bool_), {}
        lower, upper, free = cells.lower.copy(), cells.upper.copy(), self.tracer.free
        for row in np.flatnonzero(leaves).tolist():
            polygon = self.polygon
            for place, number in enumerate(free):
                unit = [int(place == other) for other in range(len(free))]
                polygon = polygon.cut((unit, -Fraction(float(upper[row, number]))))
                polygon = polygon.cut(([-u for u in unit], Fraction(float(lower[row, number]))))
            kept[row] = polygon.has_interior
            if kept[row]:
                polygons[int(cells.number[row])] = polygon
                for place, number in enumerate(free):
                    ends = [corner[place] for corner in polygon.corners]
                    lower[row, number], upper[row, number] = float_below(min(ends)), float_above(max(ends))
        return _taken(_Cells(cells.number, lower, upper, cells.known), np.flatnonzero(kept)), polygons

    def _is_closed(self, cell: _Cells, polygon: Polygon) -> bool:
        """Whether each pattern has a matrix of the right sign, or is met on no open set of the polygon."""
        slopes = self._slopes(cell.known)
        if sign_of_all(hull(self.tracer, slopes)) == self.proof.sign:
            return True
        if sum(len(slope.open) for slope in slopes.values()) > MOST_OPEN:
            return False
        traced = self.tracer.trace(slopes)
        bad = np.flatnonzero(signs(traced.results) != self.proof.sign)
        return not len(bad) or are_unmet(traced, bad, polygon, self.tracer.common)

    def _slopes(self, known: Ranges) -> dict[int, Slope]:
        """0, 1 or both, by the ranges of what enters."""
        found = {}
        for step in self.network.steps:
            if isinstance(step, ReluStep):
                lower, upper = known[step.operand]
                least = np.where(lower[0] >= 0, WHOLE, 0)
                found[step.value] = Slope(least, np.where(upper[0] > 0, WHOLE, least))
        return found


def _polygon(place: Place) -> Polygon:
    """A convex set that holds the domains of both points, in the free inputs."""
    free = place.free
    polygon = Polygon.of_box([place.lower[i] for i in free], [place.upper[i] for i in free])
    for terms, constant in place.rows:
        held = ((c, place.fixed[i]) for i, c in terms.items())
        known = sum((c * value for c, value in held if value is not None), start=constant)
        polygon = polygon.cut(([terms.get(i, Fraction(0)) for i in free], known))
    need(polygon.has_interior, "the domain is flat")
    need(len(polygon.corners) <= MOST_CORNERS, "the domain has too many corners")
    return polygon


def _taken(cells: _Cells, rows: Index | slice) -> _Cells:
    known = {value: (low[rows], high[rows]) for value, (low, high) in cells.known.items()}
    return _Cells(cells.number[rows], cells.lower[rows], cells.upper[rows], known)


def _halves(cells: _Cells, axis: NDArray[np.int64], right: Index) -> _Cells:
    rows = np.arange(len(cells.number))
    where = axis[cells.number]
    below, above = cells.upper.copy(), cells.lower.copy()
    middle = cells.lower[rows, where] + 0.5 * (cells.upper[rows, where] - cells.lower[rows, where])
    below[rows, where] = above[rows, where] = middle
    twice = _taken(cells, np.tile(rows, 2))
    return _Cells(
        np.concatenate([cells.number + 1, right[cells.number]]),
        np.concatenate([cells.lower, above]),
        np.concatenate([below, cells.upper]),
        twice.known,
    )
