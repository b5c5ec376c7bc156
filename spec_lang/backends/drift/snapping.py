"""Weights that are off, from shares of what they may be off by to exact numbers that the kernel takes.

In: arrays of weights, and for each a share from −1 to 1 of the most that it may be off by.  Out: what they
are off by in floats, and on request exactly: the changed weight is a number of the file's own type where
there is one near enough, and the change is rounded towards none.
"""

from __future__ import annotations

from fractions import Fraction
from math import nextafter

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.network.drift import Weights

F64 = NDArray[np.float64]
_NONE = Fraction(0)


@dataclass(frozen=True, slots=True, eq=False)
class Room:
    """An array of weights, the most that each may be off by, with the weight's own sign, and which of them
    are one: `which` gives each the number of its class."""

    weights: Weights
    most: F64
    which: NDArray[np.intp]
    classes: int

    @classmethod
    def of(cls, weights: Weights) -> Room:
        numbers = weights.numbers.astype(np.float64)
        most = numbers * _below(weights.share)
        if not weights.alike:
            return cls(weights, most, np.arange(numbers.size), numbers.size)
        sizes, which = np.unique(abs(numbers).ravel(), return_inverse=True)
        return cls(weights, most, which.reshape(-1), len(sizes))

    def off(self, shares: F64) -> F64:
        """What the weights (batch, …) are off by, for shares (batch, classes)."""
        return shares[:, self.which].reshape(len(shares), *self.most.shape) * self.most

    def slope(self, by_off: F64) -> F64:
        """The gradient by the shares, for one by what the weights are off by."""
        flat = (by_off * self.most).reshape(len(by_off), -1)
        if not self.weights.alike:
            return flat
        return np.stack([np.bincount(self.which, one, self.classes) for one in flat])

    def exact(self, shares: F64) -> tuple[Fraction, ...]:
        """Of one network, for shares (classes,): what the kernel finds within the weights' own share."""
        own = self.weights.numbers
        base = own.astype(np.float64)
        limit = np.nextafter(abs(self.most), 0.0)
        wanted = base + self.off(shares[None])[0]
        with np.errstate(over="ignore", invalid="ignore"):
            near = wanted.astype(own.dtype)
            for _ in range(2):
                far = abs(near.astype(np.float64) - base) > limit
                near = np.where(far, np.nextafter(near, own), near)
            change = near.astype(np.float64) - base
            is_exact = (base + change == near) & (near.astype(np.float64) - change == base)
        kept = np.where((abs(change) <= limit) & is_exact & np.isfinite(change), change, 0.0)
        return tuple(Fraction(number) if number else _NONE for number in kept.ravel().tolist())


def _below(share: Fraction) -> float:
    near = float(share)
    return near if Fraction(near) <= share else nextafter(near, 0.0)
