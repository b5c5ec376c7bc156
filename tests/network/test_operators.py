"""Every form of a linear map is the same linear map, in both directions, whole or cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spec_lang.network.operators import (
    Array,
    Convolved,
    Cut,
    Diagonal,
    Indices,
    Matrix,
    Operator,
    Runs,
    Sparse,
    operator_of,
)
from spec_lang.network.primitives import Convolution, Dense, Entries, Scale, frozen


def sparse_weight(seed: int, out: int = 256, width: int = 192, entries: int = 900) -> Array:
    """A few entries in every line, some lines empty, several in one place of the diagonal."""
    rng = np.random.default_rng(seed)
    weight = np.zeros((out, width))
    for _ in range(entries):
        weight[rng.integers(out - 3), rng.integers(width - 3)] = rng.standard_normal()
    return weight


def dense_of(operator: Operator, width: int) -> Array:
    return operator.forward(np.eye(width)).T


@st.composite
def maps(draw: st.DrawFn) -> tuple[Operator, Array]:
    """An operator and its matrix."""
    seed = draw(st.integers(0, 50))
    kind = draw(st.sampled_from(["sparse", "runs", "matrix", "diagonal", "convolution"]))
    if kind == "convolution":
        linear = draw(convolutions())
        return operator_of(linear), matrix_of(linear)
    if kind == "runs":  # lines of very different length
        weight = sparse_weight(seed)
        weight[5, ::2], weight[::2, 7] = 1.0, -1.0
        row, column = np.nonzero(weight)
        entries = Entries(weight.shape, row, column, frozen(weight[row, column]))
        operator = operator_of(entries)
        assert isinstance(operator, Sparse)
        assert isinstance(operator.by_row, Runs)
        return operator, weight
    if kind == "sparse":
        weight = sparse_weight(seed)
        operator = operator_of(Dense(frozen(weight)))
        assert isinstance(operator, Sparse)
        return operator, weight
    if kind == "matrix":
        weight = np.random.default_rng(seed).standard_normal((7, 5))
        operator = operator_of(Dense(frozen(weight.astype(np.float32))))
        assert isinstance(operator, Matrix)
        return operator, weight.astype(np.float32).astype(np.float64)
    factor = np.random.default_rng(seed).standard_normal(6)
    operator = operator_of(Scale(frozen(factor)))
    assert isinstance(operator, Diagonal)
    return operator, np.diag(factor)


@st.composite
def convolutions(draw: st.DrawFn) -> Convolution:
    """Any geometry of up to three axes, results that read nothing but padding included."""
    rank, groups = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    axis = st.integers(1, 4 if rank < 3 else 2)

    def axes(numbers: st.SearchStrategy[int]) -> tuple[int, ...]:
        return tuple(draw(numbers) for _ in range(rank))

    kernel, size, result = axes(st.integers(1, 3)), axes(axis), axes(axis)
    shape = (groups * draw(st.integers(1, 2)), draw(st.integers(1, 2)), *kernel)
    weight = np.random.default_rng(draw(st.integers(0, 50))).integers(-9, 9, shape)
    strides, dilations, pads = axes(st.integers(1, 3)), axes(st.integers(1, 2)), axes(st.integers(0, 3))
    stored = frozen(weight.astype(np.float32))
    return Convolution(stored, groups, size, result, strides, dilations, pads, draw(st.booleans()))


def matrix_of(c: Convolution) -> Array:
    """The definition of a convolution, number by number."""
    taken, given = c.channels
    weight = np.zeros((given, *c.result, taken, *c.size))
    for out, *at in np.ndindex(given, *c.result):
        for inner, *k in np.ndindex(*c.weight.shape[1:]):
            axes = zip(at, c.strides, k, c.dilations, c.pads, strict=True)
            place = [p * stride + offset * dilation - pad for p, stride, offset, dilation, pad in axes]
            if all(0 <= q < n for q, n in zip(place, c.size, strict=True)):
                channel = out // (given // c.groups) * c.weight.shape[1] + inner
                weight[(out, *at, channel, *place)] += c.weight[(out, inner, *k)]
    whole = weight.reshape(given * int(np.prod(c.result)), -1)
    return whole.T if c.adjoint else whole


def some_of(data: st.DataObject, length: int) -> Indices | None:
    if not length:
        return None
    chosen = data.draw(st.none() | st.lists(st.integers(0, length - 1), max_size=length, unique=True))
    return None if chosen is None else np.array(chosen, dtype=np.intp)


@given(maps(), st.data())
@settings(max_examples=100)
def test_every_direction_of_an_operator_is_its_matrix(
    case: tuple[Operator, Array], data: st.DataObject
) -> None:
    operator, weight = case
    assert np.array_equal(dense_of(operator, weight.shape[1]), weight)
    assert np.array_equal(operator.backward(np.eye(len(weight))), weight)
    assert np.array_equal(dense_of(operator.magnitude(), weight.shape[1]), abs(weight))
    chosen = data.draw(st.none() | st.lists(st.integers(0, len(weight) - 1), max_size=9).map(np.array))
    if chosen is not None and len(chosen):  # one may be asked for several times
        assert np.array_equal(operator.rows(chosen), weight[chosen])


@given(maps(), st.data())
@settings(max_examples=200)
def test_a_cut_operator_is_the_cut_matrix(case: tuple[Operator, Array], data: st.DataObject) -> None:
    operator, weight = case
    rows, columns = some_of(data, weight.shape[0]), some_of(data, weight.shape[1])
    expected = weight if rows is None else weight[rows]
    expected = expected if columns is None else expected[:, columns]
    cut = operator.cut(rows, columns)
    assert np.array_equal(cut.backward(np.eye(len(expected))), expected)
    assert np.array_equal(dense_of(cut, expected.shape[1]), expected)
    assert np.array_equal(cut.magnitude().backward(np.eye(len(expected))), abs(expected))


@given(convolutions(), st.data())
@settings(max_examples=100)
def test_a_part_of_a_convolution_is_its_matrix_cut(linear: Convolution, data: st.DataObject) -> None:
    weight = matrix_of(linear)
    rows, columns = some_of(data, weight.shape[0]), some_of(data, weight.shape[1])
    part = Cut(Convolved.of(linear), rows, columns)
    weight = weight if rows is None else weight[rows]
    weight = weight if columns is None else weight[:, columns]
    assert np.array_equal(part.backward(np.eye(len(weight))), weight)
    assert np.array_equal(dense_of(part, weight.shape[1]), weight)
    assert np.array_equal(part.rows(np.arange(len(weight))), weight)
    assert np.array_equal(part.magnitude().backward(np.eye(len(weight))), abs(weight))
    again = some_of(data, len(weight))
    expected = weight if again is None else weight[again]
    assert np.array_equal(part.cut(again, None).backward(np.eye(len(expected))), expected)


def test_a_convolution_is_applied_in_parts_of_a_batch() -> None:
    weight = frozen(np.random.default_rng(0).integers(-9, 9, (16, 8, 4, 4)).astype(np.float32))
    linear = Convolution(weight, 1, (16, 16), (8, 8), (2, 2), (1, 1), (1, 1))
    operator = operator_of(linear)
    points = np.random.default_rng(1).integers(-9, 9, (50, 8 * 16 * 16)).astype(np.float64)
    one_by_one = np.concatenate([operator.forward(point[None]) for point in points])
    assert np.array_equal(operator.forward(points), one_by_one)
    back = np.concatenate([operator.backward(row[None]) for row in one_by_one])
    assert np.array_equal(operator.backward(one_by_one), back)


def test_few_elements_of_a_convolution_are_a_matrix_and_many_are_none() -> None:
    weight = frozen(np.ones((32, 16, 4, 4), dtype=np.float32))
    operator = operator_of(Convolution(weight, 1, (16, 16), (8, 8), (2, 2), (1, 1), (1, 1)))
    assert isinstance(operator.cut(np.arange(200), None), Matrix)
    assert isinstance(operator.cut(np.arange(2000), np.arange(4000)), Cut)


@pytest.mark.parametrize("weight", [np.zeros((256, 256)), np.eye(256)])
def test_an_empty_and_an_identity_matrix_are_sparse(weight: Array) -> None:
    operator = operator_of(Dense(frozen(weight)))
    assert isinstance(operator, Sparse)
    assert np.array_equal(operator.backward(np.eye(256)), weight)


def test_one_full_row_makes_a_matrix_dense() -> None:
    weight = np.eye(256)
    weight[3] = 1.0
    assert isinstance(operator_of(Dense(frozen(weight))), Matrix)
