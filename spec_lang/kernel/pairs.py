"""The check of proofs by pairs of cells: at no two points does a function take a value that breaks a claim.

In: an obligation about two points, and a `PairProof`.  Out: the pairs that it leaves open; without any, the
obligation holds: the halves of two cells cover them, and a pair without parts is closed by a reason that a
`Closer` finds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.kernel.cell_forms import Array, Forms, fractions
from spec_lang.kernel.closers import Chords, Closer, Differing
from spec_lang.kernel.domains import Place, need
from spec_lang.kernel.expansion import Spreading
from spec_lang.kernel.integers import Integers
from spec_lang.kernel.network import F64, Network, Unchecked, compiled
from spec_lang.kernel.ranges import propagate
from spec_lang.kernel.rounded import Rounded
from spec_lang.kernel.rows import Alternatives
from spec_lang.kernel.scene import Index, Mask, Ranges
from spec_lang.obligations.certificate import Unclosed
from spec_lang.obligations.expansion import Expansion
from spec_lang.obligations.model import LinearAtom, Semantics
from spec_lang.obligations.pair_certificate import APART, JOINED, OUTSIDE, SPARED, SPLIT, PairProof
from spec_lang.obligations.two_points import Twofold

_CHUNK: Final = 2048  # pairs at once


def unclosed(
    asked: Twofold | Expansion,
    proof: PairProof,
    arithmetic: type[Integers] | type[Rounded],
    check_time: Callable[[], None],
) -> list[Unclosed]:
    """The pairs that stay open.  Raises `Unchecked` for what is no such proof of what is asked."""
    found = asked.pair if isinstance(asked, Expansion) else asked
    for codes in (proof.axes, proof.codes):
        need(codes.ndim == 1 and codes.dtype == np.uint8, "the codes are no bytes")
    need(bool((proof.axes < len(found.first)).all()), "a cell is cut along no input")
    need(bool(np.isin(proof.codes, (SPLIT, APART, JOINED, OUTSIDE, SPARED)).all()), "a code means nothing")
    network = compiled(found.graph)
    closer = _closer(asked, network, exact=arithmetic is Integers)
    return _Check(found, network, closer, proof, arithmetic, check_time).run()


def _closer(asked: Twofold | Expansion, network: Network, *, exact: bool) -> Closer:
    if isinstance(asked, Expansion):
        return Spreading.of(asked, network, exact=exact)
    outputs = sum(network.sizes[output] for output in network.outputs)
    return Differing(asked, Chords.of(asked, network, exact=exact), outputs)


@dataclass(slots=True, eq=False)
class _Cells:
    """The cells of a level; one of them is the point y where that is a single one."""

    lower: F64
    upper: F64
    known: Ranges


@dataclass(slots=True, eq=False)
class _Check:
    found: Twofold
    network: Network
    closer: Closer
    proof: PairProof
    arithmetic: type[Integers] | type[Rounded]
    check_time: Callable[[], None]
    place: Place = field(init=False)
    scenes: Integers | Rounded = field(init=False)
    open: list[Unclosed] = field(default_factory=list)

    def __post_init__(self) -> None:
        found = self.found
        self.place = Place.of(found, self.proof.tangents, of_x=found.fixed)
        zero = Fraction(0)
        signed = [tuple((j, sign * c) for j, c in row) for sign in (1, -1) for row in self.closer.wanted]
        atoms = tuple(LinearAtom((), terms, zero, strict=False) for terms in signed)
        self.scenes = self.arithmetic(self.network, Alternatives(atoms, (), (), {}), Semantics.REAL)

    # -- the walk --------------------------------------------------------------------------------------

    def run(self) -> list[Unclosed]:
        found, done = self.found, 0
        lower, upper = (side[None] for side in self.place.box())
        if found.fixed:
            low, high = Place.of_point(found.y.lower)
            lower, upper = np.concatenate([lower, low[None]]), np.concatenate([upper, high[None]])
        cells = _Cells(lower, upper, {})
        pairs = np.array([[0, 1 if found.fixed else 0]])
        for level in range(len(self.proof.axes) + 1):
            codes = self.proof.codes[done : done + len(pairs)]
            need(len(codes) == len(pairs), "there are not as many codes as pairs")
            self._look(cells, pairs, codes, done)
            done += len(pairs)
            split = pairs[codes == SPLIT]
            if not len(split):
                break
            if level == len(self.proof.axes):
                last = done - len(pairs) + np.flatnonzero(codes == SPLIT)
                self.open += (Unclosed(0, int(number)) for number in last)
                break
            cells, pairs = self._cut(cells, split, int(self.proof.axes[level]))
        need(done == len(self.proof.codes), "there are more codes than pairs")
        return self.open

    def _cut(self, cells: _Cells, pairs: Index, axis: int) -> tuple[_Cells, Index]:
        """The halves of the cells that are in some pair, and the pairs of these."""
        used, numbers = np.unique(pairs, return_inverse=True)
        numbers = numbers.reshape(pairs.shape)
        known = {value: (low[used], high[used]) for value, (low, high) in cells.known.items()}
        lower, upper = cells.lower[used], cells.upper[used]
        middle = lower[:, axis] + 0.5 * (upper[:, axis] - lower[:, axis])
        below, above = upper.copy(), lower.copy()
        below[:, axis] = above[:, axis] = middle
        count = len(used)
        whole = {value: (np.tile(low, (2, 1)), np.tile(high, (2, 1))) for value, (low, high) in known.items()}
        both = _Cells(np.concatenate([lower, above]), np.concatenate([below, upper]), whole)
        first, second = numbers[:, 0], numbers[:, 1]
        if self.found.fixed:
            point = int(second[0])  # which is not cut
            both.upper[point] = upper[point]
            parts = [(first, second), (first + count, second)]
            keep = [np.ones(len(pairs), dtype=np.bool_)] * 2
        elif axis in self.found.shared:
            parts = [(first, second), (first + count, second + count)]
            keep = [np.ones(len(pairs), dtype=np.bool_)] * 2
        else:
            parts = [(first + i * count, second + j * count) for i in (0, 1) for j in (0, 1)]
            every = np.ones(len(pairs), dtype=np.bool_)
            keep = [every, every, first != second, every]
        table = np.stack([np.stack(part, axis=1) for part in parts], axis=1)  # (pairs, parts, 2)
        return both, table[np.stack(keep, axis=1)]

    # -- what closes a pair ----------------------------------------------------------------------------

    def _look(self, cells: _Cells, pairs: Index, codes: NDArray[np.uint8], done: int) -> None:
        """Whether the pairs are closed as their codes say; bounds what is known of the cells."""
        forms = self._bound(cells, wanted=bool(np.isin(codes, (APART, SPARED)).any()))
        closed = codes == SPLIT
        outside = self._outside(cells)
        closed |= (codes == OUTSIDE) & (
            outside[pairs[:, 0]] | (outside[pairs[:, 1]] & (not self.found.fixed))
        )
        for code, test in ((APART, self.closer.are_apart), (SPARED, self.closer.are_spared)):
            chosen = np.flatnonzero(codes == code)
            for start in range(0, len(chosen), _CHUNK):
                part = chosen[start : start + _CHUNK]
                self.check_time()
                if forms is not None:
                    closed[part] = test(forms, pairs[part])
        for row in np.flatnonzero(codes == JOINED).tolist():
            self.check_time()
            closed[row] = self.closer.is_joined(cells.known, int(pairs[row, 0]), int(pairs[row, 1]))
        self.open += (Unclosed(0, done + int(number)) for number in np.flatnonzero(~closed))

    def _bound(self, cells: _Cells, *, wanted: bool) -> Forms | None:
        """What enters the neurons on every cell, in place; the forms, where they are wanted."""
        slopes: list[Array] = []
        constants: list[Array] = []
        knowns: list[Ranges] = []
        rows = len(self.closer.wanted)
        for start in range(0, len(cells.lower), self.scenes.batch):
            self.check_time()
            part = slice(start, start + self.scenes.batch)
            scene = self.scenes.scene(cells.lower[part], cells.upper[part])
            before = {value: (low[part], high[part]) for value, (low, high) in cells.known.items()}
            knowns.append(propagate(scene, before, check_time=self.check_time))
            if not scene.is_sound():
                raise Unchecked("a bound is beyond the range of floats")
            if wanted:
                count = len(cells.lower[part])
                owner, atom = np.divmod(np.arange(count * 2 * rows), 2 * rows)
                linear = scene.atoms(owner, atom)
                slopes.append(linear.coefficients.reshape(count, 2, rows, -1))
                constants.append(linear.constant.reshape(count, 2, rows))
        cells.known = {
            value: (
                np.concatenate([known[value][0] for known in knowns]),
                np.concatenate([known[value][1] for known in knowns]),
            )
            for value in knowns[0]
        }
        if not wanted:
            return None
        slope, constant, lower, upper = (
            np.concatenate(slopes),
            np.concatenate(constants),
            cells.lower,
            cells.upper,
        )
        if isinstance(self.scenes, Integers):
            common = Fraction(self.scenes.common)
            slope, constant = fractions(slope) / common, fractions(constant) / common
            lower, upper = fractions(lower), fractions(upper)
        return Forms(slope, constant, lower, upper, self.arithmetic is Integers)

    def _outside(self, cells: _Cells) -> Mask:
        """The cells that hold no point of the domain: some row is above 0 all over them."""
        found = np.zeros(len(cells.lower), dtype=np.bool_)
        for terms, constant in self.place.rows:
            for cell in np.flatnonzero(~found).tolist():
                value = constant
                for index, c in terms.items():
                    value += c * Fraction(float((cells.lower if c > 0 else cells.upper)[cell, index]))
                found[cell] = value > 0
        return found
