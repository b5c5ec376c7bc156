"""Where the two points of an obligation may lie, as the checks of pairs need it.

In: a `Twofold`, and the tangents of a proof.  Out: a box that holds both points, rounded outward; what the
inputs are that are single numbers; and the rows that hold at both points, exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from spec_lang._values import dataclass
from spec_lang.kernel.dyadics import float_above, float_below
from spec_lang.kernel.network import F64, Unchecked
from spec_lang.obligations.two_points import Twofold

Terms = dict[int, Fraction]


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """`lower`, `upper`: of every input, at either point; `fixed`: its value, where both points have the same
    single one; `rows`: `terms·x + constant <= 0` at either point."""

    lower: tuple[Fraction, ...]
    upper: tuple[Fraction, ...]
    fixed: tuple[Fraction | None, ...]
    rows: tuple[tuple[Terms, Fraction], ...]

    @classmethod
    def of(cls, found: Twofold, tangents: F64, *, of_x: bool = False) -> Place:
        """With `of_x` of x alone.  Raises `Unchecked` for tangents that are no points."""
        x, y = found.x, found.x if of_x else found.y
        lower, upper = tuple(map(min, x.lower, y.lower)), tuple(map(max, x.upper, y.upper))
        fixed = tuple(
            low if number in found.shared and low == high else None
            for number, (low, high) in enumerate(zip(lower, upper, strict=True))
        )
        need(tangents.ndim == 2 and tangents.shape[1] == len(lower), "a tangent is at no point")
        need(bool(np.isfinite(tangents).all()), "a tangent is at no point")
        rows = [(dict(row.inputs), row.constant) for row in x.rows if row in y.rows]
        for quadratic in x.rounds:
            if quadratic in y.rounds:
                for point in tangents.tolist():
                    terms, constant = quadratic.tangent(tuple(map(Fraction, point)))
                    rows.append((dict(terms), constant))
        return cls(lower, upper, fixed, tuple(rows))

    @property
    def free(self) -> list[int]:
        return [number for number, value in enumerate(self.fixed) if value is None]

    @staticmethod
    def of_point(point: Sequence[Fraction]) -> tuple[F64, F64]:
        """The smallest box of floats around a point.  Raises `Unchecked`."""
        return _around(point, point)

    def box(self) -> tuple[F64, F64]:
        """The smallest box of floats around it.  Raises `Unchecked`."""
        return _around(self.lower, self.upper)


def _around(lower: Sequence[Fraction], upper: Sequence[Fraction]) -> tuple[F64, F64]:
    ends = np.array([*map(float_below, lower)]), np.array([*map(float_above, upper)])
    need(bool(np.isfinite(ends).all()), "the region reaches beyond float64")
    return ends


def need(holds: bool, problem: str) -> None:
    if not holds:
        raise Unchecked(problem)
