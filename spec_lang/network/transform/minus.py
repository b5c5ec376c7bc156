"""One linear map less another, and one array of floats less another: exactly; and whether two are one.

In: maps between the same values, or arrays of one shape.  Out: what they differ by, as a sum where a float64
does not hold it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spec_lang.network.primitives import (
    Affine,
    Convolution,
    Dense,
    Entries,
    Floats,
    LinearMap,
    Primitive,
    Scale,
    Smooth,
    frozen,
    numbers_of,
    with_numbers,
)


def minus(mine: LinearMap, theirs: LinearMap) -> Sequence[LinearMap]:
    """Maps whose sum is `mine − theirs`, exactly; none where that is 0."""
    if not have_one_form(mine, theirs):
        return mine, with_numbers(theirs, frozen(-numbers_of(theirs)))
    parts = split_difference(numbers_of(mine), numbers_of(theirs))
    return [with_numbers(mine, part) for part in parts if part.any()]


def same_primitive(mine: Primitive, theirs: Primitive) -> bool:
    """Whether two nodes compute the same function by the same numbers in the same form; a spread is none, and
    may be one thing here and another there."""
    if not isinstance(mine, Affine) or not isinstance(theirs, Affine):
        return mine == theirs and mine is not Smooth.SPREAD
    if mine is theirs:
        return True
    maps = list(zip(mine.maps, theirs.maps, strict=False))
    same = len(mine.maps) == len(theirs.maps) and all(have_one_form(a, b) for a, b in maps)
    arrays = [(mine.bias, theirs.bias), *((numbers_of(a), numbers_of(b)) for a, b in maps)]
    return same and all(np.array_equal(a, b) for a, b in arrays)


def split_difference(mine: Floats, theirs: Floats) -> tuple[Floats, Floats]:
    """`mine − theirs` as a float64 and what that is off by [Knuth's TwoSum]: exact unless it overflows."""
    a, b = mine.astype(np.float64), -theirs.astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        total = a + b
        back = total - a
        return frozen(total), frozen((a - (total - back)) + (b - back))


def have_one_form(mine: LinearMap, theirs: LinearMap) -> bool:
    """Whether two maps differ in their numbers alone."""
    match mine, theirs:
        case (Dense(), Dense()) | (Scale(), Scale()):
            return mine.sizes == theirs.sizes
        case Entries(), Entries():
            same_places = np.array_equal(mine.row, theirs.row) and np.array_equal(mine.column, theirs.column)
            return mine.shape == theirs.shape and same_places
        case Convolution(), Convolution():
            names = ("groups", "size", "result", "strides", "dilations", "pads", "adjoint")
            same = all(getattr(mine, name) == getattr(theirs, name) for name in names)
            return same and mine.weight.shape == theirs.weight.shape
        case _:
            return False
