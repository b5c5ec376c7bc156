"""Operators in the floats of choice: to look for what is proved, or replayed, elsewhere.

In: an operator, whose numbers are float64.  Out: its two directions in floats of another kind, as functions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spec_lang.network.operators.convolution import Convolved, Cut
from spec_lang.network.operators.matrices import Diagonal, Matrix, Sparse

Float = NDArray[np.floating[Any]]
Apply = Callable[[Float], Float]


def cast(
    operator: Matrix | Diagonal | Sparse | Convolved | Cut, kind: type[np.floating[Any]]
) -> tuple[Apply, Apply]:
    """Forwards and backwards; each number is rounded once."""
    match operator:
        case Matrix(weight):
            matrix: Float = np.ascontiguousarray(weight, dtype=kind)
            turned = matrix.T
            return lambda points: points @ turned, lambda rows: rows @ matrix
        case Diagonal(factor):
            diagonal: Float = factor.astype(kind)
            return lambda points: points * diagonal, lambda rows: rows * diagonal
        case _:
            return (
                lambda points: operator.forward(points).astype(kind, copy=False),
                lambda rows: operator.backward(rows).astype(kind, copy=False),
            )
