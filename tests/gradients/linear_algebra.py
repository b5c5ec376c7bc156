"""What small rational matrices vanish on, and where a quadratic form is negative.

In: rows of fractions.  Out: exact vectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

Vector = tuple[Fraction, ...]


def null_space(rows: Sequence[Sequence[Fraction]], size: int) -> list[Vector]:
    """A basis of the vectors of this size that are 0 times every row.  Method: elimination."""
    reduced: list[tuple[int, list[Fraction]]] = []  # with the column where each starts
    for row in rows:
        rest = list(row)
        for column, other in reduced:
            rest = [a - rest[column] * b for a, b in zip(rest, other, strict=True)]
        start = next((i for i, e in enumerate(rest) if e), None)
        if start is not None:
            rest = [e / rest[start] for e in rest]
            reduced = [
                (column, [a - other[start] * b for a, b in zip(other, rest, strict=True)])
                for column, other in reduced
            ]
            reduced.append((start, rest))
    basis = []
    for free in set(range(size)) - {column for column, _ in reduced}:
        vector = [Fraction(i == free) for i in range(size)]
        for column, row in reduced:
            vector[column] = -row[free]
        basis.append(tuple(vector))
    return basis


def solution(matrix: Sequence[Sequence[Fraction]], values: Sequence[Fraction]) -> Vector | None:
    """The x with `matrix x = values`, of a square matrix; None where it is singular."""
    size = len(matrix)
    rows = [(*row, -value) for row, value in zip(matrix, values, strict=True)]
    vectors = null_space(rows, size + 1)
    if len(vectors) != 1 or not vectors[0][-1]:
        return None
    return tuple(e / vectors[0][-1] for e in vectors[0][:-1])


def negative_direction(matrix: Sequence[Sequence[Fraction]]) -> Vector | None:
    """A vector d with `dᵀ M d < 0`, for a symmetric matrix; None when there is none.

    Method: squares are completed, variable by variable.
    """
    size = len(matrix)
    if not size:
        return None
    pivot, row = matrix[0][0], matrix[0][1:]
    zeros = [Fraction(0)] * (size - 1)
    if pivot < 0:
        return (Fraction(1), *zeros)
    if pivot == 0:
        for i, e in enumerate(row):
            if e:  # (t, 1) has 2 t e + m
                zeros[i] = Fraction(1)
                return (-(matrix[i + 1][i + 1] + 1) / (2 * e), *zeros)
    rest = [
        [m - (a * b / pivot if pivot else 0) for m, b in zip(line[1:], row, strict=True)]
        for line, a in zip(matrix[1:], row, strict=True)
    ]
    found = negative_direction(rest)
    if found is None:
        return None
    first = (
        -sum((a * b for a, b in zip(row, found, strict=True)), Fraction(0)) / pivot if pivot else Fraction(0)
    )
    return (first, *found)
