"""The kernel's own linear maps are their matrices, in floats and in integers, whole and in part."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from spec_lang.kernel import maps, sliding
from spec_lang.kernel.exact import Dyadic, ExactMap, objects
from spec_lang.kernel.maps import Map, absolute, map_of
from spec_lang.network.primitives import Convolution, LinearMap, frozen, most_terms, numbers_of
from tests.laws import law
from tests.maps import as_dense, convolutions, linear_maps, rows_of, transposed

Array = NDArray[Any]
integers = st.integers(-5, 5)


@st.composite
def batches(draw: st.DrawFn, width: int) -> Array:
    """Integers as floats: their sums with small numbers are exact."""
    count = draw(st.integers(0, 3))
    numbers = draw(st.lists(integers, min_size=count * width, max_size=count * width))
    return np.array(numbers, dtype=np.float64).reshape(count, width)


@st.composite
def subsets(draw: st.DrawFn, size: int) -> Array | None:
    chosen = draw(st.none() | st.sets(st.integers(0, size - 1)))
    return None if chosen is None else np.array(draw(st.permutations(sorted(chosen))), dtype=np.intp)


def rounded(linear: LinearMap) -> LinearMap:
    """With multiples of 1/4 for numbers, so that floats are exact."""
    numbers = numbers_of(linear)
    name = {"Dense": "weight", "Scale": "factor", "Entries": "value", "Convolution": "weight"}
    field = name[type(linear).__name__]
    values = {key: getattr(linear, key) for key in linear.__dataclass_fields__}
    return type(linear)(**(values | {field: frozen(np.round(numbers * 4) / 4)}))


def as_integers(array: Array) -> Array:
    return objects([int(v) for v in array.ravel()]).reshape(array.shape)


Pair = tuple[Map, Array, Callable[[Array], Array]]


def forms(linear: LinearMap) -> list[Pair]:
    """In floats, and in integers, four times as large: the map, its matrix, and how it takes batches."""
    matrix = np.asarray(as_dense(linear).weight, dtype=np.float64)
    numbers = np.asarray(numbers_of(linear), dtype=np.float64)
    return [
        (map_of(linear, numbers), matrix, lambda batch: batch),
        (map_of(linear, as_integers(4 * numbers)), as_integers(4 * matrix), as_integers),
    ]


def full(batch: Array, chosen: Array | None, width: int) -> Array:
    if chosen is None:
        return batch
    result = np.zeros((len(batch), width), dtype=batch.dtype)
    result[:, chosen] = batch
    return result


@law(100, 1000, linear=linear_maps.map(rounded), data=st.data(), room=st.sampled_from([1, 2**22]))
def test_a_map_is_its_matrix(linear: LinearMap, data: st.DataObject, room: int) -> None:
    size, out = linear.sizes
    given_in, given_out, kept = (data.draw(subsets(n)) for n in (size, out, size))
    points = data.draw(batches(size if given_in is None else len(given_in)))
    rows = data.draw(batches(out if given_out is None else len(given_out)))
    chosen = np.array(data.draw(st.lists(st.integers(0, out - 1), max_size=4)), dtype=np.intp)
    with pytest.MonkeyPatch.context() as patch:  # what does not fit at once is done in parts
        for module in (maps, sliding):
            patch.setattr(module, "ROOM", room)
        for own, matrix, taken in forms(linear):
            assert own.numbers.dtype == matrix.dtype
            found = own.forward(taken(points), given_in)
            assert np.array_equal(found, full(taken(points), given_in, size) @ matrix.T)
            whole = full(taken(rows), given_out, out) @ matrix
            expected = whole if kept is None else whole[:, kept]
            assert np.array_equal(own.backward(taken(rows), given_out, kept), expected)
            assert np.array_equal(own.rows(chosen), matrix[chosen])
            assert np.array_equal(absolute(own).rows(np.arange(out)), abs(matrix))


@given(linear_maps.map(rounded), st.data())
def test_what_is_given_may_be_what_is_kept(linear: LinearMap, data: st.DataObject) -> None:
    size, out = linear.sizes
    if size == out:
        chosen = np.array(sorted(data.draw(st.sets(st.integers(0, size - 1)))), dtype=np.intp)
        rows = data.draw(batches(len(chosen)))
        for own, matrix, taken in forms(linear):
            expected = (full(taken(rows), chosen, out) @ matrix)[:, chosen]
            assert np.array_equal(own.backward(taken(rows), chosen, chosen), expected)


@given(linear_maps)
def test_products_and_terms_are_counted(linear: LinearMap) -> None:
    rows = rows_of(linear)
    own = map_of(linear, numbers_of(linear))
    assert own.products == sum(map(len, rows))
    assert max(map(len, rows)) <= most_terms(linear)


@given(linear_maps, st.data())
def test_an_exact_map_has_the_floats_own_numbers(linear: LinearMap, data: st.DataObject) -> None:
    size, out = linear.sizes
    own = ExactMap.of(map_of(linear, numbers_of(linear)))
    matrix = as_dense(linear).weight.astype(np.float64)
    points, rows = data.draw(batches(size)), data.draw(batches(out))
    scale = 1 << own.shift
    exact = objects([int(float(v) * scale) for v in matrix.ravel()]).reshape(matrix.shape)
    assert np.array_equal(own.forward(Dyadic(as_integers(points), 0)).numbers, as_integers(points) @ exact.T)
    assert np.array_equal(own.backward(Dyadic(as_integers(rows), 3)).numbers, as_integers(rows) @ exact)
    assert own.backward(Dyadic(as_integers(rows), 3)).shift == own.shift + 3
    for point in as_integers(points):
        assert np.array_equal(own.forward(Dyadic(point, 0)).numbers, exact @ point)


@pytest.mark.parametrize("adjoint", [False, True])
def test_a_convolution_of_a_hundred_thousand_elements_is_no_matrix(adjoint: bool) -> None:
    """As a matrix it would have ten thousand million numbers."""
    weight = frozen(np.arange(16 * 16 * 9, dtype=np.float32).reshape(16, 16, 3, 3))
    linear = Convolution(weight, 1, (80, 80), (80, 80), (1, 1), (1, 1), (1, 1), adjoint)
    own = map_of(linear, weight.astype(np.float64))
    middle = 16 * 6400 // 2 + 3240  # channel 8, away from the border
    (row,) = own.rows(np.array([middle]))
    unit = np.zeros((1, 16 * 6400))
    unit[0, middle] = 1
    assert np.array_equal(own.backward(unit)[0], row)
    assert np.array_equal(own.forward(row[None])[0, middle], row @ row)
    kernels = weight[:, 8] if adjoint else weight[8]
    assert sorted(row[row != 0]) == sorted(map(float, kernels.ravel()))


@given(convolutions())
def test_a_convolution_is_the_adjoint_of_its_adjoint(linear: Convolution) -> None:
    assert linear.sizes == as_dense(linear).sizes
    numbers = np.asarray(linear.weight, dtype=np.float64)
    every = np.arange(linear.sizes[1])
    other = map_of(transposed(linear), numbers)
    assert np.array_equal(map_of(linear, numbers).rows(every).T, other.rows(np.arange(linear.sizes[0])))
