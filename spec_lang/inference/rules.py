"""Rules on a layer's values that are true at points of one decision and at none of another.

In: the layer's values at points, which of these a rule is for, and which it must leave out.  Out: conditions
with thresholds, or None.  Greedy; what is between the points is for the engine to decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from spec_lang._values import dataclass
from spec_lang.inference.model import F64, Literal, Mask
from spec_lang.inference.numbers import decimal

_CUTS = 16  # thresholds of a neuron, at quantiles of its values
_MOST = 24  # conditions
_DIGITS = 4
_TINY = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Outside:
    """What a rule must leave out: values between `lower` and `upper`, row by row; of points both are one."""

    lower: F64
    upper: F64

    def __len__(self) -> int:
        return len(self.lower)

    def met(self, literal: Literal, slack: float = 0.0) -> Mask:
        """Where a condition may be true, if it is wider by `slack`."""
        bound = float(literal.bound)
        if literal.above:
            return np.asarray(self.upper[:, literal.neuron] > bound - slack)
        return np.asarray(self.lower[:, literal.neuron] <= bound + slack)

    def take(self, rows: Mask) -> Outside:
        return Outside(self.lower[rows], self.upper[rows])


def rule(inside: F64, outside: Outside, layer: int, margin: float) -> tuple[Literal, ...] | None:
    """Conditions that many of `inside` satisfy and none of `outside`, not even with thresholds that are wider
    by `margin`, in units of a neuron's standard deviation; None where no condition is left that tells.

    Conditions are added one by one, where they keep the most for what they exclude [Quinlan 1990].
    """
    slack = margin * inside.std(axis=0)
    found: list[Literal] = []
    while len(inside) and len(outside) and len(found) < _MOST:
        chosen = _best(inside, outside, slack, layer)
        if chosen is None:
            return None
        found.append(chosen)
        inside = inside[Outside(inside, inside).met(chosen)]
        outside = outside.take(outside.met(chosen, float(slack[chosen.neuron])))
    return None if len(outside) or not len(inside) else strongest(found)


def _best(inside: F64, outside: Outside, slack: F64, layer: int) -> Literal | None:
    """The condition of the largest gain: how many of `inside` it keeps, times the bits that it tells."""
    cuts = np.quantile(inside, np.linspace(0, 1, _CUTS), axis=0, method="lower")
    cuts = np.maximum(cuts, 0.0)
    kept = np.count_nonzero(inside[:, None] <= cuts, axis=0)
    left = np.stack(
        [
            np.count_nonzero(outside.lower[:, None] <= cuts + slack, axis=0),
            np.count_nonzero(outside.upper[:, None] > cuts - slack, axis=0),
        ]
    )
    kept = np.stack([kept, len(inside) - kept])
    before = np.log2(len(inside) / (len(inside) + len(outside)))
    gain = kept * (np.log2(np.maximum(kept, _TINY) / (kept + left + _TINY)) - before)
    gain[(kept == 0) | (left == len(outside))] = -np.inf
    side, cut, neuron = np.unravel_index(int(np.argmax(gain)), gain.shape)
    if not gain[side, cut, neuron] > 0:
        return None
    above = bool(side)
    bound = Fraction(decimal(Fraction(float(cuts[cut, neuron])), up=above, digits=_DIGITS))
    return Literal(layer, int(neuron), above, bound)


def needed(others: F64, literals: Sequence[Literal]) -> int:
    """Of how many conditions it is known that the rest is no rule: some of `others` satisfy it."""
    points = Outside(others, others)
    failed = np.array([~points.met(literal) for literal in literals]).reshape(len(literals), len(others))
    return int(failed[:, failed.sum(axis=0) == 1].any(axis=1).sum())


def strongest(literals: Sequence[Literal]) -> tuple[Literal, ...]:
    """One condition for each neuron and side."""
    found: dict[tuple[int, int, bool], Literal] = {}
    for literal in literals:
        key = (literal.layer, literal.neuron, literal.above)
        known = found.get(key)
        if known is None or (literal.bound > known.bound) == literal.above:
            found[key] = literal
    return tuple(sorted(found.values()))
