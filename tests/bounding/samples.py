from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

from spec_lang.bounding.boxes import Boxes

coordinates = st.one_of(
    st.floats(-4, 4, width=32), st.sampled_from([0.0, -0.0, 0.1, 1e-310, -5e-324, 1.0, 2.0**-1074, 1e3])
)


@st.composite
def float_boxes(draw: st.DrawFn, size: int, batch: int = 2) -> Boxes:
    """Boxes with float ends, some degenerate."""
    ends = [
        [sorted((draw(coordinates), draw(coordinates))) for _ in range(size)]
        for _ in range(draw(st.just(batch)))
    ]
    array = np.array(ends, dtype=np.float64)
    return Boxes(array[:, :, 0].copy(), array[:, :, 1].copy())


def points_of(boxes: Boxes, index: int, shares: Sequence[Sequence[Fraction]]) -> list[list[Fraction]]:
    """Exact points of box `index`: per coordinate a share in [0, 1] of the way from its lower end."""
    lower = [Fraction(float(v)) for v in boxes.lower[index]]
    upper = [Fraction(float(v)) for v in boxes.upper[index]]
    return [[lo + s * (hi - lo) for lo, hi, s in zip(lower, upper, point, strict=True)] for point in shares]


def share_lists(size: int) -> st.SearchStrategy[list[list[Fraction]]]:
    share = st.one_of(st.sampled_from([Fraction(0), Fraction(1), Fraction(1, 2)]), st.fractions(0, 1))
    return st.lists(st.lists(share, min_size=size, max_size=size), min_size=4, max_size=4)
