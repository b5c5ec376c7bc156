"""What is found out about the ranges of a gradient's coordinates over one box, and how much to find out.

In: nothing.  Out: limits, answers, and when an answer counts as exact.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.backends.base import is_past
from spec_lang.bounding.propagate import Ranges

EXACT: Final = 1e-7  # of the width that is reached: less counts as nothing


@dataclass(frozen=True, slots=True)
class Limits:
    """`deadline` is a `time.monotonic()` moment or None; `nodes` caps how many parts are bounded."""

    deadline: float | None = None
    nodes: int | None = None

    def expired(self) -> bool:
        return is_past(self.deadline)


@dataclass(frozen=True, slots=True, eq=False)
class Explored:
    """`outer` holds for every point and choice at kinks, rounded outward; `inner` is reached, in floats."""

    outer: Ranges  # (1, inputs)
    inner: Ranges
    exact: bool
    nodes: int

    @property
    def ratio(self) -> float:
        """How much wider the outer ranges are than the inner ones, all together."""
        reached = float((self.inner.upper - self.inner.lower).sum())
        proved = float((self.outer.upper - self.outer.lower).sum())
        return proved / reached if reached > 0 else (1.0 if proved <= EXACT else np.inf)


def is_exact(outer: Ranges, inner: Ranges, parts: int) -> bool:
    """Whether ranges over so many parts differ by no more than what each of them may leave."""
    more = np.maximum(outer.upper - inner.upper, 0.0) + np.maximum(inner.lower - outer.lower, 0.0)
    width = float((inner.upper - inner.lower).sum())
    return float(more.sum()) <= 2 * EXACT * max(width, EXACT) * parts
