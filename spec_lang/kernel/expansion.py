"""What closes a pair of cells for an `Expansion`: between them rows differ by as much as the points do.

In: an `Expansion`, bounds on cells, and pairs of them.  Out: which pairs are closed.  With S the matrix
between x and y, and P·S square, `w·(x − y) = w·(P·S)⁻¹·P·d` where d are the differences of the rows: that is
at most the greatest of these as long as the absolute values of `w·(P·S)⁻¹·P` sum to at most 1.  By Cramer's
rule this says that forms are at most a determinant, and both are affine in each slope, so that it holds
everywhere when it does at all vertices, for every choice of signs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import combinations, islice
from math import lcm
from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.kernel.cell_forms import Array, Combined, Forms, directions, fractions, least, own_directions
from spec_lang.kernel.closers import Chords
from spec_lang.kernel.determinants import MOST_FREE, minor, times, to_square
from spec_lang.kernel.exact import dyadic
from spec_lang.kernel.network import F64, Network
from spec_lang.kernel.rounding import UNDERFLOW, UNIT
from spec_lang.kernel.scene import Index, Mask, Ranges
from spec_lang.kernel.tracing import Affines
from spec_lang.obligations.expansion import Expansion
from spec_lang.obligations.model import Terms
from spec_lang.obligations.two_points import Twofold

MOST_CHOICES: Final = 20  # of rows
_PARTS: Final = 2.0**20  # a combination's weights are whole numbers over it
_LARGEST_WHOLE: Final = 2**20  # coefficient of which multiples are exact in floats


@dataclass(frozen=True, slots=True, eq=False)
class Spreading:
    """Pairs of points for which all rows differ by less than one of the limits."""

    asked: Expansion
    chords: Chords
    rows: F64  # (rows, outputs); about the same where these are not `whole`
    whole: bool

    @classmethod
    def of(cls, asked: Expansion, network: Network, *, exact: bool) -> Spreading:
        outputs = sum(network.sizes[output] for output in network.outputs)
        rows = np.zeros((len(asked.pair.equal), outputs))
        for number, terms in enumerate(asked.pair.equal):
            for index, c in terms:
                rows[number, index] = float(c)
        whole = all(abs(c) <= _LARGEST_WHOLE for terms in asked.pair.equal for _, c in terms)
        return cls(asked, Chords.of(asked.pair, network, exact=exact), rows, whole)

    @property
    def found(self) -> Twofold:
        return self.asked.pair

    @property
    def exact(self) -> bool:
        return self.chords.tracer.exact

    @property
    def wanted(self) -> Sequence[Terms]:
        """All outputs, alone: of these the scale is known."""
        return [((j, Fraction(1)),) for j in range(self.rows.shape[1])]

    def are_spared(self, forms: Forms, pairs: Index) -> Mask:
        """Nothing is said besides."""
        del forms
        return np.zeros(len(pairs), dtype=np.bool_)

    # -- by bounds of the rows ---------------------------------------------------------------------------

    def are_apart(self, forms: Forms, pairs: Index) -> Mask:
        """For each limit w, and for −w, it is at most 0 on the pair, or at most what some combination of the
        rows, whose weights sum to at most 1, is more on the first cell than on the second."""
        closed = np.ones(len(pairs), dtype=np.bool_)
        every = self._combined(directions(len(self.rows)))[None]
        for limit in self.asked.limits:
            for sign in (1, -1):
                form = self._form(limit, sign)
                left = np.flatnonzero(closed)
                left = left[~self._is_at_most_zero(forms, pairs[left], form)]
                left = left[~self._reaches(forms, pairs[left], every, form)]
                own = own_directions(forms, pairs[left, 0], pairs[left, 1], self._free)
                own = self._combined(own @ np.linalg.pinv(self.rows))
                closed[left[~self._reaches(forms, pairs[left], own, form)]] = False
        return closed

    @property
    def _free(self) -> Index:
        return np.array(self.found.free, dtype=np.intp)

    def _combined(self, weights: F64) -> F64:
        """Of about these combinations of the rows, with weights whose absolute values sum to at most 1, what
        they are of the outputs, exactly; 0 where that does not come out."""
        total = abs(weights).sum(axis=-1, keepdims=True)
        # Sums and multiples of whole numbers over a power of two are exact, as long as they are few digits.
        parts = np.trunc(weights / np.where(total > 0, total, 1.0) * _PARTS) / _PARTS
        parts = np.where(abs(parts).sum(axis=-1, keepdims=True) <= 1.0, parts, 0.0)
        if self.whole:
            return parts @ self.rows
        if (np.count_nonzero(self.rows, axis=0) > 1).any() or (np.count_nonzero(self.rows, axis=1) > 1).any():
            return 0.0 * (parts @ self.rows)
        # A little less of each row is such a combination too.
        return parts @ self.rows * (1 - 2.0**-50)

    def _form(self, limit: Terms, sign: int) -> Array:
        found = np.zeros(len(self.found.first), dtype=object)
        for index, c in limit:
            found[index] = sign * c
        return found

    def _is_at_most_zero(self, forms: Forms, pairs: Index, form: Array) -> Mask:
        """Whether `form·(x − y)` is, term by term."""
        found = np.ones(len(pairs), dtype=np.bool_)
        for index in self.found.free:
            if form[index]:
                x, y = pairs[:, 0], pairs[:, 1]
                one, other = (x, y) if form[index] > 0 else (y, x)
                found &= np.asarray(forms.upper[one, index] <= forms.lower[other, index], dtype=np.bool_)
        return found

    def _reaches(self, forms: Forms, pairs: Index, weights: F64, form: Array) -> Mask:
        if not len(pairs):
            return np.zeros(0, dtype=np.bool_)
        if not self.exact:
            beyond = self._beyond(forms, pairs, weights, form.astype(np.float64))
            return np.asarray((beyond >= 0).any(axis=1), dtype=np.bool_)
        # Floats say which direction is the best, and fractions whether it does.
        best = self._beyond(forms.in_floats(), pairs, weights, form.astype(np.float64)).argmax(axis=1)
        every = np.broadcast_to(weights, (len(pairs), *weights.shape[1:]))
        chosen = fractions(every[np.arange(len(pairs)), best][:, None])
        return np.asarray((self._beyond(forms, pairs, chosen, form) >= 0).any(axis=1), dtype=np.bool_)

    def _beyond(self, forms: Forms, pairs: Index, weights: Array, form: Array) -> Array:
        """Lower bounds of `u·(f(x) − f(y)) − form·(x − y)` for all u of `weights`."""
        first = _less(forms.of(pairs[:, 0], weights), form, exact=forms.exact)
        second = _less(forms.of(pairs[:, 1], -weights), -form, exact=forms.exact)
        return least(first, second, np.array(self.found.shared, dtype=np.intp), exact=forms.exact)

    # -- by slope matrices -------------------------------------------------------------------------------

    def is_joined(self, known: Ranges, one: int, other: int) -> bool:
        """Whether every matrix between the two cells keeps points apart."""
        free = len(self.found.free)
        if free > MOST_FREE:
            return False
        matrices = self.chords.matrices(known, one, other)
        if matrices is None:
            return False
        limits = np.stack([self._form(limit, 1)[self._free] for limit in self.asked.limits], axis=1)
        left = np.arange(limits.shape[1])
        for weights in _choices(matrices, free):
            square = matrices if weights is None else times(matrices, weights)
            by = np.eye(free) if weights is None else weights
            if matrices.error is None:
                kept = _keep_apart_exactly(matrices, square, by, limits[:, left])
            else:
                kept = _keep_apart(square, by, limits[:, left].astype(np.float64))
            left = left[~kept]
            if not len(left):
                return True
        return False


def _choices(matrices: Affines, free: int) -> Iterator[F64 | None]:
    """What makes matrices square, if they are not: a pseudo-inverse of all rows, or as many rows."""
    rows = matrices.numbers.shape[-1]
    yield to_square(matrices, free)
    if rows > free:
        for chosen in islice(combinations(range(rows), free), MOST_CHOICES):
            yield np.eye(rows)[:, list(chosen)]


def _less(bound: Combined, form: Array, *, exact: bool) -> Combined:
    """A bound of what is less by a form; floats may be off the form's numbers by a rounding."""
    if exact:
        return replace(bound, slope=bound.slope - form)
    reach = np.maximum(abs(bound.lower), abs(bound.upper)) @ abs(form)
    return replace(bound, slope=bound.slope - form, weight=bound.weight + reach[:, None])


def _keep_apart(square: Affines, weights: F64, limits: F64) -> Mask:
    """Of which `limits` (free, limits) this shows, in floats, that they are at most the rows; `weights` are
    those by which matrices became square."""
    free, count = limits.shape
    found = np.zeros(count, dtype=np.bool_)
    flat = square.numbers[..., :-1, :].reshape(-1, free, free)
    if square.error is None:
        return found
    error = np.concatenate([square.error[:-1], UNIT * abs(limits)], axis=1)
    both = np.concatenate([flat, np.broadcast_to(limits, (len(flat), *limits.shape))], axis=2)
    whole, spread = minor(both, error, range(free))
    bound = abs(whole) * (1 - 4 * UNIT) - spread
    if not (np.isfinite(bound).all() and (bound > 0).all() and abs(np.sign(whole).sum()) == len(whole)):
        return found
    for number in range(count):
        parts = [minor(both, error, _replaced(free, k, free + number)) for k in range(free)]
        value, off = (np.stack([part[k] for part in parts], axis=1) for k in (0, 1))  # (vertices, free)
        off = off + (free + 4) * 2 * UNIT * abs(value)
        total = (abs(value @ weights.T) + off @ abs(weights).T).sum(axis=1)
        total = total * (1 + (weights.size + 16) * 4 * UNIT) + UNDERFLOW
        found[number] = bool((total <= bound).all())  # which is false of what is no number
    return found


def _keep_apart_exactly(matrices: Affines, square: Affines, weights: F64, limits: Array) -> Mask:
    """The same in integers.  Every power of two cancels but that of `matrices`."""
    free, count = limits.shape
    found = np.zeros(count, dtype=np.bool_)
    common = lcm(*(c.denominator for c in limits.ravel() if c))
    whole_limits = np.array([int(c * common) for c in limits.ravel()], dtype=object).reshape(limits.shape)
    factors = np.eye(free, dtype=np.int64).astype(object) if square is matrices else dyadic(weights).numbers
    flat = square.numbers[..., :-1, :].reshape(-1, free, free)
    both = np.concatenate([flat, np.broadcast_to(whole_limits, (len(flat), *limits.shape))], axis=2)
    whole, _ = minor(both, None, range(free))
    if not (all(v > 0 for v in whole) or all(v < 0 for v in whole)):
        return found
    over, under = (1 << max(matrices.shift, 0)), (1 << max(-matrices.shift, 0))
    for number in range(count):
        parts = [minor(both, None, _replaced(free, k, free + number))[0] for k in range(free)]
        total = abs(np.stack(parts, axis=1) @ factors.T).sum(axis=1)
        found[number] = all(t * over <= abs(v) * common * under for t, v in zip(total, whole, strict=True))
    return found


def _replaced(free: int, place: int, column: int) -> list[int]:
    """The columns of a square matrix with another in one place."""
    return [column if k == place else k for k in range(free)]
