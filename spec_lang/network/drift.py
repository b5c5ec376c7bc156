"""Where what a sum may gain comes from: which stored numbers of a network may be off, and what they multiply.

In: arrays of a network's numbers.  Out: for each the share of itself by which every number of it may be off,
and the maps whose numbers they are.  A node that says what a spread may reach carries it, so that one change
of the weights is the same change wherever they are used.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from spec_lang._values import dataclass
from spec_lang.network.primitives import Floats, LinearMap


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """Numbers of network `network`, each of which may be off by at most `share` of its size; `array` tells
    them from the network's others, `name` says to a reader what they are and `owner` whose.  With `alike`
    equal numbers are one, as what is repeated is, and opposite ones are opposite."""

    network: int
    array: int
    numbers: Floats
    share: Fraction
    alike: bool
    name: str = ""
    owner: str = ""

    @property
    def key(self) -> tuple[int, int]:
        return self.network, self.array


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """`linear`, whose numbers `weights` are, on operand number `operand` of the node; or its transpose."""

    operand: int
    weights: Weights
    linear: LinearMap
    is_transposed: bool


@dataclass(frozen=True, slots=True, eq=False)
class Drift:
    """`Σ terms + bias`, with what the weights are off by in the place of the weights, is what a sum gains."""

    terms: tuple[Term, ...]
    bias: Weights | None

    @property
    def weights(self) -> tuple[Weights, ...]:
        return (*(term.weights for term in self.terms), *(() if self.bias is None else (self.bias,)))


def agree(one: Weights, other: Weights) -> bool:
    """Whether two say the same of the numbers that they are about."""
    alike = one.share == other.share and one.alike is other.alike
    return alike and one.numbers.dtype == other.numbers.dtype and np.array_equal(one.numbers, other.numbers)
