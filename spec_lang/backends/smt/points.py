"""From a solver's model to a counterexample that is pleasant to read.

In: points that may break an obligation.  Out: whether one does, by exact replay, and the simplest form of it
that still does: float32 numbers first, since the network is run in them, then float64, then short fractions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.backends.base import Point, Session
from spec_lang.bounding.boxes import exact_candidates
from spec_lang.bounding.program import F64
from spec_lang.network.evaluate import Evaluator
from spec_lang.obligations.model import All, Condition, LinearAtom, Obligation, Semantics

_DENOMINATORS: Final = (1, 1000, 10**6, 10**12, 10**24)
# In floats an atom may miss by this much, in units of its largest term, at a point that is worth a replay.
_SLACK: Final = {Semantics.REAL: 1e-9, Semantics.FLOAT32: 1e-5}


@dataclass(slots=True, eq=False)
class Recogniser:
    """Remembers the first counterexample."""

    obligation: Obligation
    session: Session
    found: Point | None = None
    _evaluator: Evaluator = field(init=False)

    def __post_init__(self) -> None:
        self._evaluator = Evaluator(self.obligation.graph)

    def try_rounded(self, point: Point) -> bool:
        """Whether a float point near `point` is a counterexample; cheap where it clearly is none."""
        with np.errstate(all="ignore"):
            near = _floats(point)
            if near is None or not self._plausible(near):
                return False
        return self._try(
            candidate for box in self.obligation.region.boxes for candidate in exact_candidates(box, near)
        )

    def try_exactly(self, point: Point) -> bool:
        """Whether `point` is one; `found` is then a simple point near it, if there is one, or `point`."""
        if self.try_rounded(point):
            return True
        if not self.session.confirm(point):
            return False
        if not self._try(tuple(v.limit_denominator(d) for v in point) for d in _DENOMINATORS):
            self.found = point
        return True

    def _try(self, candidates: Iterator[Point]) -> bool:
        for candidate in candidates:
            whole = self.obligation.completed(candidate)
            if self.session.confirm(whole):
                self.found = whole
                return True
        return False

    def _plausible(self, point: F64) -> bool:
        outputs = self._evaluator(point[None, :])[0]
        region = All(self.obligation.region.constraints)
        slack = _SLACK[self.obligation.semantics]
        return all(_roughly(part, point, outputs, slack) for part in (region, self.obligation.violation))


def _floats(point: Point) -> F64 | None:
    try:
        return np.array([float(value) for value in point])
    except OverflowError:
        return None


def _roughly(condition: Condition, x: F64, y: F64, slack: float) -> bool:
    if isinstance(condition, LinearAtom):
        terms = [float(c) * x[i] for i, c in condition.inputs]
        terms += [float(c) * y[j] for j, c in condition.outputs]
        terms.append(float(condition.constant))
        return bool(sum(terms) <= slack * max(map(abs, terms)))
    parts = (_roughly(part, x, y, slack) for part in condition.parts)
    return all(parts) if isinstance(condition, All) else any(parts)
