"""What closes a pair of cells: why no x of the one and y of the other break what is said of two points.

In: what is said, what enters the neurons on every cell, linear bounds of the rows there, and pairs of cells.
Out: which pairs are closed for a reason that a proof names.  Between two cells `f(x) − f(y) = J (x − y)` with
a matrix J whose slopes are those of chords, from 0 to 1, and tighter where the ranges at both cells say so.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Protocol

import numpy as np

from spec_lang._values import dataclass
from spec_lang.kernel.cell_forms import Array, Forms, directions, fractions, least, own_directions
from spec_lang.kernel.chords import between
from spec_lang.kernel.minors import have_full_rank
from spec_lang.kernel.network import F64, Network
from spec_lang.kernel.scene import Index, Mask, Ranges
from spec_lang.kernel.tracing import MOST_OPEN, Affines, Tracer
from spec_lang.obligations.model import Terms
from spec_lang.obligations.two_points import PairAtom, Twofold


class Closer(Protocol):
    """`wanted` are the rows of outputs of which there are linear bounds, in this order."""

    @property
    def wanted(self) -> Sequence[Terms]: ...

    def are_apart(self, forms: Forms, pairs: Index) -> Mask: ...

    def are_spared(self, forms: Forms, pairs: Index) -> Mask: ...

    def is_joined(self, known: Ranges, one: int, other: int) -> bool: ...


@dataclass(frozen=True, slots=True, eq=False)
class Chords:
    """The matrices J of the rows that are compared, by the inputs in which two points may differ."""

    network: Network
    tracer: Tracer

    @classmethod
    def of(cls, found: Twofold, network: Network, *, exact: bool) -> Chords:
        rows, free = [dict(row) for row in found.equal], set(found.free)
        fixed = [None if i in free else Fraction(0) for i in range(len(found.first))]
        return cls(network, Tracer(network, fixed, rows, np.eye(len(rows)), exact=exact))

    def matrices(self, known: Ranges, one: int, other: int) -> Affines | None:
        """At all vertices of the slopes between two cells; None for too many."""
        slopes = between(self.network, known, one, other)
        if sum(len(slope.open) for slope in slopes.values()) > MOST_OPEN:
            return None
        return self.tracer.matrices(slopes)


@dataclass(frozen=True, slots=True, eq=False)
class Differing:
    """Pairs of points on which the rows of a `Twofold` have one value, and one of its cases holds."""

    found: Twofold
    chords: Chords
    outputs: int

    @property
    def exact(self) -> bool:
        return self.chords.tracer.exact

    @property
    def wanted(self) -> Sequence[Terms]:
        spoken = range(self.outputs) if self.found.cases else ()
        return [*self.found.equal, *(((j, Fraction(1)),) for j in spoken)]

    def are_apart(self, forms: Forms, pairs: Index) -> Mask:
        """Some combination of the rows that agree is greater on one cell than on the other."""
        closed = self._differ(forms, pairs, directions(len(self.found.equal))[None])
        left = np.flatnonzero(~closed)
        if len(left):
            rows, free = len(self.found.equal), np.array(self.found.free, dtype=np.intp)
            own = Forms(
                forms.slope[:, :, :rows], forms.constant[:, :, :rows], forms.lower, forms.upper, self.exact
            )
            tried = own_directions(own, pairs[left, 0], pairs[left, 1], free)
            closed[left] = self._differ(forms, pairs[left], tried)
        return closed

    def _differ(self, forms: Forms, pairs: Index, weights: F64) -> Mask:
        padded = np.zeros((*weights.shape[:2], forms.slope.shape[2]))
        padded[..., : weights.shape[2]] = weights
        if not self.exact:
            return np.asarray((self._beyond(forms, pairs, padded) > 0).any(axis=1), dtype=np.bool_)
        # Floats say which direction is the best, and fractions whether it does.
        best = self._beyond(forms.in_floats(), pairs, padded).argmax(axis=1)
        every = np.broadcast_to(padded, (len(pairs), *padded.shape[1:]))
        chosen = fractions(every[np.arange(len(pairs)), best][:, None])
        return np.asarray((self._beyond(forms, pairs, chosen) > 0).any(axis=1), dtype=np.bool_)

    def _beyond(self, forms: Forms, pairs: Index, weights: Array) -> Array:
        """Lower bounds of what the combinations of rows are more on the first cell than on the second."""
        first, second = forms.of(pairs[:, 0], weights), forms.of(pairs[:, 1], -weights)
        return least(first, second, self._shared, exact=forms.exact)

    @property
    def _shared(self) -> Index:
        return np.array(self.found.shared, dtype=np.intp)

    def are_spared(self, forms: Forms, pairs: Index) -> Mask:
        """In every case some atom is false, whichever of the two points is in which cell."""
        if not self.found.cases:
            return np.zeros(len(pairs), dtype=np.bool_)
        orders = [pairs] if self.found.fixed else [pairs, pairs[:, ::-1]]
        false = [
            np.stack([self._is_false(forms, order, atom) for atom in case]).any(axis=0)
            for order in orders
            for case in self.found.cases
        ]
        return np.asarray(np.stack(false).all(axis=0), dtype=np.bool_)

    def _is_false(self, forms: Forms, pairs: Index, atom: PairAtom) -> Mask:
        if atom.here or atom.there:
            return np.zeros(len(pairs), dtype=np.bool_)
        rows = len(self.found.equal)
        weights = []
        for terms in (atom.first, atom.second):
            row = np.zeros((1, 1, forms.slope.shape[2]), dtype=object)
            for index, c in terms:
                row[0, 0, rows + index] = c
            weights.append(row if self.exact else row.astype(np.float64))
        if not self.exact and any(
            Fraction(float(c)) != c for terms in (atom.first, atom.second) for _, c in terms
        ):
            return np.zeros(len(pairs), dtype=np.bool_)  # floats do not hold the atom
        first, second = forms.of(pairs[:, 0], weights[0]), forms.of(pairs[:, 1], weights[1])
        value = least(first, second, self._shared, exact=self.exact)[:, 0]
        if self.exact:
            beyond = value + atom.constant
            return np.array([v > 0 or (v == 0 and atom.strict) for v in beyond], dtype=np.bool_)
        limit = np.nextafter(-float(atom.constant), np.inf)
        found: Mask = value > limit
        return found

    def is_joined(self, known: Ranges, one: int, other: int) -> bool:
        """Whether every matrix between the two cells is nonsingular."""
        matrices = self.chords.matrices(known, one, other)
        return matrices is not None and have_full_rank(matrices, len(self.found.free))
