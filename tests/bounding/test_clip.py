"""Clipping never loses a point at which every row is at most 0."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.clip import RowBounds, clip
from tests.bounding.samples import float_boxes, points_of, share_lists

numbers = st.one_of(
    st.floats(-5, 5, width=32), st.sampled_from([0.0, -0.0, 1.0, -1.0, 1e-200, -1e-200, 1e8, 5e-324])
)


@st.composite
def situations(draw: st.DrawFn) -> tuple[Boxes, RowBounds, list[list[Fraction]]]:
    size, rows = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    boxes = draw(float_boxes(size))
    count = len(boxes) * rows * (size + 1)
    values = np.array(draw(st.lists(numbers, min_size=count, max_size=count))).reshape(-1, rows, size + 1)
    strict = np.array(draw(st.lists(st.booleans(), min_size=rows, max_size=rows)))
    row_bounds = RowBounds(np.ascontiguousarray(values[:, :, :size]), values[:, :, size].copy(), strict)
    return boxes, row_bounds, draw(share_lists(size))


def row_value(a: np.ndarray, c: float, point: list[Fraction]) -> Fraction:
    return Fraction(float(c)) + sum(Fraction(float(k)) * x for k, x in zip(a, point, strict=True))


@given(situations())
@settings(max_examples=200)
def test_clipping_keeps_every_point_where_all_rows_hold(
    situation: tuple[Boxes, RowBounds, list[list[Fraction]]],
) -> None:
    boxes, rows, shares = situation
    found = clip(boxes, rows)
    clipped, empty = found.boxes, found.empty
    for index in range(len(boxes)):
        for point in points_of(boxes, index, shares):
            values = [
                row_value(a, c, point)
                for a, c in zip(rows.coefficients[index], rows.constant[index], strict=True)
            ]
            if any(v > 0 or (s and v == 0) for v, s in zip(values, rows.strict, strict=True)):
                continue
            assert not empty[index]
            for x, lo, hi in zip(point, clipped.lower[index], clipped.upper[index], strict=True):
                assert Fraction(float(lo)) <= x <= Fraction(float(hi))


def test_clipping_shrinks_to_the_half_space() -> None:
    boxes = Boxes(np.zeros((1, 2)), np.ones((1, 2)))
    rows = RowBounds(np.array([[[1.0, 0.0]]]), np.array([[-0.25]]), np.array([False]))
    found = clip(boxes, rows)
    assert not found.empty[0]
    assert 0.25 <= found.boxes.upper[0, 0] <= 0.25 + 1e-12
    assert found.boxes.upper[0, 1] == 1.0


def test_a_row_that_is_positive_everywhere_empties_the_box() -> None:
    boxes = Boxes(np.zeros((1, 1)), np.ones((1, 1)))
    rows = RowBounds(np.array([[[1.0]]]), np.array([[0.5]]), np.array([False]))
    assert clip(boxes, rows).empty.tolist() == [True]
