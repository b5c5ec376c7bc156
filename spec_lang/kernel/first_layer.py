"""The ReLUs that inputs reach by affine steps alone, and what is certain of a row's share in each.

In: a network, and rows over what its first ReLUs give.  Out: by neuron affine z and s, so that the row's
share is at least s where z > 0, and at least 0 elsewhere.  Numbers may be floats or Python's integers.

Let D = relu(y) − relu(x) with y = x + δ, C·D + E·relu(x) the share, and s = Cδ + Ex.  Where C >= 0, z = x
will do: with x > 0 there is `D >= δ`, else `D >= 0` and relu(x) = 0.  Where C < 0 and C <= E, z = y will: the
share is `C·relu(y) + (E − C)·relu(x)`, with y > 0 at least `Cy + (E − C)x = s`, else at least 0.  What is
left are two shares, C·D and E·relu(x).  A ReLU on its own has no D.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from spec_lang._values import dataclass
from spec_lang.kernel.arrays import Array, Index
from spec_lang.kernel.network import AffineStep, Network, ReluStep
from spec_lang.kernel.scene import Mask, Ranges
from spec_lang.network.transform.difference import Delta


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """Shares of some elements: s is `of_x·x + of_delta·δ`, and z the value x, or x + δ if that is y.

    `neuron` are the certificate's numbers of the ReLU that z enters.
    """

    x: int
    delta: int | None
    z: int
    element: Index
    neuron: Index
    of_x: Array
    of_delta: Array

    def operands(self, of_z: Array) -> list[tuple[int, Array, Array]]:
        """The values that these are affine in; there the coefficients of s, and those of `of_z·z`."""
        found = [(self.x, self.of_x, of_z)]
        if self.delta is not None:
            found.append((self.delta, self.of_delta, 0 * of_z if self.z == self.x else of_z))
        return found

    def take(self, chosen: Mask) -> Units:
        parts = (part[chosen] for part in (self.element, self.neuron, self.of_x, self.of_delta))
        return Units(self.x, self.delta, self.z, *parts)

    def by_sign(self, ranges: Ranges) -> tuple[Units, Units]:
        """Those whose z is at least 0, so that the share is at least s, and those whose z may be on either
        side; of the others the share is at least 0."""
        lower, upper = (end[0][self.element] for end in ranges[self.z])
        active = lower >= 0
        return self.take(active), self.take(~active & (upper > 0))


@dataclass(frozen=True, slots=True, eq=False)
class FirstLayer:
    """`affine` values are so in the inputs; rows are not substituted beyond `ends`: these, ReLUs of them,
    and differences of two such."""

    network: Network
    affine: frozenset[int]
    ends: frozenset[int]

    @classmethod
    def of(cls, network: Network) -> FirstLayer:
        affine = set(range(len(network.inputs)))
        for step in network.steps:
            if isinstance(step, AffineStep) and affine.issuperset(step.operands):
                affine.add(step.value)
        relus = {s.value for s in network.steps if isinstance(s, ReluStep) and s.operand in affine}
        pairs = {v for v, pair in network.deltas.items() if affine.issuperset((pair.x, pair.delta))}
        return cls(network, frozenset(affine), frozenset(affine | relus | pairs))

    def units(self, rows: dict[int, Array]) -> list[Units]:
        """The shares of one row, whose coefficients are given by value, each (n,)."""
        left = dict(rows)
        found: list[Units] = []
        for value, pair in self.network.deltas.items():
            if value in self.ends and value in left:
                c = left.pop(value)
                found += self._of_pair(pair, left.pop(pair.base, 0 * c), c)
        for step in self.network.steps:
            if isinstance(step, ReluStep) and step.value in self.ends and step.value in left:
                e = left[step.value]
                found.append(_units((step.operand, None, step.operand), step.first, (e, 0 * e), e != 0))
        return found

    def _of_pair(self, pair: Delta, e: Array, c: Array) -> Iterator[Units]:
        first = {step.value: step.first for step in self.network.steps if isinstance(step, ReluStep)}
        below = c < 0
        together = below & (c <= e)
        by_x, by_y = (pair.x, pair.delta, pair.x), (pair.x, pair.delta, pair.y)
        chosen = ~together & ((e != 0) | (c > 0))
        yield _units(by_x, first[pair.base], (e, np.where(below, 0 * c, c)), chosen)
        yield _units(by_y, first[pair.other], (np.where(together, e, 0 * e), c), below)


def _units(of: tuple[int, int | None, int], first: int, s: tuple[Array, Array], chosen: Mask) -> Units:
    element = np.flatnonzero(chosen)
    return Units(*of, element, first + element, s[0][element], s[1][element])
