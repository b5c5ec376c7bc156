"""The entries of a linear map are those of the matrix that its definition says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec_lang.backends._lp import entries as module
from spec_lang.backends._lp.entries import columns_read, entries, parts, products
from spec_lang.network.primitives import Convolution, LinearMap, frozen, most_terms
from tests.maps import linear_maps, rows_of


def matrix(linear: LinearMap, rows: np.ndarray) -> list[dict[int, float]]:
    """What `rows` of the map have that is not 0, by its definition."""
    whole = rows_of(linear)
    return [{j: number for j, number in whole[i].items() if number} for i in rows]


def collected(found: tuple[np.ndarray, np.ndarray, np.ndarray], count: int) -> list[dict[int, float]]:
    result: list[dict[int, float]] = [{} for _ in range(count)]
    for place, column, value in zip(*found, strict=True):
        assert int(column) not in result[place]
        result[place][int(column)] = float(value)
    return result


@given(linear_maps, st.data())
def test_entries_are_those_of_the_definition(linear: LinearMap, data: st.DataObject) -> None:
    out = linear.sizes[1]
    rows = np.array(data.draw(st.lists(st.integers(0, out - 1), max_size=6)), dtype=np.intp)
    found = entries(linear, rows)
    assert collected(found, len(rows)) == matrix(linear, rows)
    assert (np.diff(found[0]) >= 0).all()


@given(linear_maps, st.integers(1, 30))
def test_parts_make_the_whole(linear: LinearMap, size: int) -> None:
    rows = np.arange(linear.sizes[1])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "PART", size)
        found = list(parts(linear, rows))
    together = tuple(np.concatenate([part[k] for part in found]) for k in range(3))
    for mine, whole in zip(together, entries(linear, rows), strict=True):
        assert np.array_equal(mine, whole)


@given(linear_maps)
def test_there_are_no_more_entries_than_is_said(linear: LinearMap) -> None:
    rows = matrix(linear, np.arange(linear.sizes[1]))
    assert sum(map(len, rows)) <= products(linear)
    assert max(map(len, rows)) <= most_terms(linear)


@given(linear_maps, st.data())
def test_columns_that_are_read_are_found(linear: LinearMap, data: st.DataObject) -> None:
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=(n := linear.sizes[1]), max_size=n)))
    read = columns_read(linear, mask)
    assert set(np.flatnonzero(read)) >= {j for row in matrix(linear, np.flatnonzero(mask)) for j in row}


def test_the_rows_of_a_large_convolution_take_no_matrix() -> None:
    """One of 3 x 512 x 512 has 786,432 columns and four million rows; a matrix would take 25 TB."""
    weight = frozen(np.ones((16, 3, 3, 3), dtype=np.float32))
    linear = Convolution(weight, 1, (512, 512), (512, 512), (1, 1), (1, 1), (1, 1))
    rows = np.array([0, 513, linear.sizes[1] - 1])
    assert np.bincount(entries(linear, rows)[0]).tolist() == [12, 27, 12]
