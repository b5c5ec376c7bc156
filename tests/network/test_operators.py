"""Every form of a linear map is the same linear map, in both directions, whole or cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spec_lang.network.operators import Array, Diagonal, Indices, Matrix, Operator, Sparse, operator_of
from spec_lang.network.primitives import Dense, Scale, frozen


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
    kind = draw(st.sampled_from(["sparse", "matrix", "diagonal"]))
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


def some_of(data: st.DataObject, length: int) -> Indices | None:
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
    chosen = some_of(data, len(weight))
    if chosen is not None:
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


@pytest.mark.parametrize("weight", [np.zeros((256, 256)), np.eye(256)])
def test_an_empty_and_an_identity_matrix_are_sparse(weight: Array) -> None:
    operator = operator_of(Dense(frozen(weight)))
    assert isinstance(operator, Sparse)
    assert np.array_equal(operator.backward(np.eye(256)), weight)


def test_one_full_row_makes_a_matrix_dense() -> None:
    weight = np.eye(256)
    weight[3] = 1.0
    assert isinstance(operator_of(Dense(frozen(weight))), Matrix)
