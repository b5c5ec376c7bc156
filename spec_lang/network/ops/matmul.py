"""`MatMul`: the product of a value and a constant matrix.

In: a value of rank 1 or more and a constant of rank 1 or 2 (further dimensions of 1 are fine), on either
side.  Out: one affine node over the flat vectors.  Exact: the weights are moved, never multiplied.
"""

from __future__ import annotations

from math import prod
from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.network.ops._linear import real, required, zeros
from spec_lang.network.ops._matrix import stacked
from spec_lang.network.ops.base import Builder, Constant, NodeView, UnsupportedNode, Value
from spec_lang.network.primitives import Affine, Floats


@dataclass(frozen=True, slots=True)
class _MatMul:
    name: str = "MatMul"
    since: int = 1
    documentation: str = "https://onnx.ai/onnx/operators/onnx__MatMul.html"
    attributes: frozenset[str] = frozenset()

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        left, right = required(node, 0), required(node, 1)
        if not left.shape or not right.shape:
            raise UnsupportedNode("one of its operands is a single number, where a matrix is expected")
        if isinstance(left, Value):
            if isinstance(right, Value):
                raise UnsupportedNode("it multiplies two values that both depend on the input")
            return (_times_constant(left, real(right), build),)
        if isinstance(right, Value):
            return (_constant_times(real(left), right, build),)
        raise UnsupportedNode("both its operands are constants: simplify the network when exporting it")


def _times_constant(value: Value, constant: Floats, build: Builder) -> Value:
    matrix, extra = _matrix(constant)
    columns = matrix[:, np.newaxis] if matrix.ndim == 1 else matrix  # (inner, out)
    _check_inner(value.shape[-1:], columns.shape[:1], value, constant)
    shape = value.shape[:-1] + (matrix.shape[1:] if matrix.ndim == 2 else ())
    padded = (1,) * (extra + 2 - len(value.shape)) + shape if extra else shape
    linear = stacked(columns.T, prod(value.shape[:-1]), 1)
    return build.add(Affine((linear,), zeros(linear.sizes[1])), (value,), padded)


def _constant_times(constant: Floats, value: Value, build: Builder) -> Value:
    matrix, extra = _matrix(constant)
    rows = matrix[np.newaxis, :] if matrix.ndim == 1 else matrix  # (out, inner)
    rank = len(value.shape)
    inner, columns = (value.shape[0], 1) if rank == 1 else (value.shape[-2], value.shape[-1])
    _check_inner((inner,), rows.shape[1:], value, constant)
    shape = value.shape[:-2] + matrix.shape[:-1] + (() if rank == 1 else (columns,))
    padded = (1,) * (extra + 2 - max(rank, 2)) + shape if extra else shape
    linear = stacked(rows, prod(value.shape[:-2]), columns)
    return build.add(Affine((linear,), zeros(linear.sizes[1])), (value,), padded)


def _matrix(constant: Floats) -> tuple[Floats, int]:
    """The constant without leading dimensions of 1 beyond the second, and how many there were."""
    extra = max(constant.ndim - 2, 0)
    if prod(constant.shape[:extra]) != 1:
        raise UnsupportedNode(f"its constant of shape {list(constant.shape)} is a stack of matrices")
    return constant.reshape(constant.shape[extra:]), extra


def _check_inner(mine: tuple[int, ...], others: tuple[int, ...], value: Value, constant: Floats) -> None:
    if mine != others:
        shapes = f"{list(value.shape)} and {list(constant.shape)}"
        raise UnsupportedNode(f"the shapes {shapes} do not fit together")


OP: Final = _MatMul()
