"""Tensors of different shapes go together as in numpy, in the type checker and in the reference meaning."""

from __future__ import annotations

import operator
from fractions import Fraction
from itertools import product
from math import prod

import numpy as np
import pytest
from numpy.typing import NDArray

from spec_lang.semantics.evaluate.arrays import Array, elementwise
from spec_lang.semantics.terms.elements import Linear
from spec_lang.semantics.terms.values import Tensor, broadcast

SHAPES = [(), (1,), (2,), (3,), (1, 2), (2, 1), (2, 2), (3, 1, 2), (3, 2, 1), (1, 1, 1), (2, 3), (3, 2)]


def array(values: NDArray[np.int64]) -> Array:
    return Array(values.shape, tuple(Fraction(int(value)) for value in values.flat))


@pytest.mark.parametrize(("first", "second"), list(product(SHAPES, SHAPES)))
def test_shapes_go_together_as_in_numpy(first: tuple[int, ...], second: tuple[int, ...]) -> None:
    a = np.arange(prod(first)).reshape(first)
    b = 10 * np.arange(1, 1 + prod(second)).reshape(second)
    sides = broadcast(*(Tensor(t.shape, tuple(Linear(Fraction(int(v))) for v in t.flat)) for t in (a, b)))
    try:
        expected = a + b
    except ValueError:
        assert sides is None
        return
    assert sides is not None
    shape, left, right = sides
    sums = [
        x.constant + y.constant
        for x, y in zip(left, right, strict=True)
        if isinstance(x, Linear) and isinstance(y, Linear)
    ]
    meant = elementwise(operator.add, array(a), array(b), lambda value, _from, _to: value)
    assert sums == list(meant.elements) == [int(v) for v in expected.flat]
    if a.size != 1 and b.size != 1:  # one element takes the other's shape, whatever its own
        assert shape == meant.shape == expected.shape
