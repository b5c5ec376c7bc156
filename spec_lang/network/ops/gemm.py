"""`Gemm`: `alpha * A' * B' + beta * C`, where `'` is an optional transposition.

In: one of `A`, `B` a value, the other a constant matrix; `C` a constant, a value, or left out.  Out: one
affine node, or two where `alpha` cannot be folded into the weights without rounding.  Exact; a `beta`
that would round a constant `C` is refused.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.network.ops._index import moved, numbered
from spec_lang.network.ops._linear import (
    attribute,
    broadcast_shape,
    exact_product,
    optional,
    real,
    required,
    scaling,
    spread,
    zeros,
)
from spec_lang.network.ops._matrix import stacked
from spec_lang.network.ops.base import Builder, Constant, NodeView, UnsupportedNode, Value
from spec_lang.network.primitives import Affine, Floats, LinearMap, Scale, frozen


@dataclass(frozen=True, slots=True)
class _Gemm:
    name: str = "Gemm"
    since: int = 7
    documentation: str = "https://onnx.ai/onnx/operators/onnx__Gemm.html"
    attributes: frozenset[str] = frozenset({"alpha", "beta", "transA", "transB"})

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        matrix, value, (groups, columns), shape = _product(node, build)
        alpha, size = _factor(node, "alpha"), shape[0] * shape[1]
        maps, operands, bias = _addend(node, shape)
        first: LinearMap
        try:
            first = stacked(exact_product(matrix, alpha), groups, columns)
        except UnsupportedNode:  # alpha gets a node of its own
            unscaled = Affine((stacked(matrix, groups, columns),), zeros(size))
            value = build.add(unscaled, (value,), shape)
            first = Scale(_filled(size, alpha))
        return (build.add(Affine((first, *maps), bias), (value, *operands), shape),)


def _addend(
    node: NodeView, shape: tuple[int, int]
) -> tuple[tuple[LinearMap, ...], tuple[Value, ...], Floats]:
    """`beta * C` as further maps of an affine node, their operands, and its bias."""
    addend, beta = optional(node, 2), _factor(node, "beta")
    size = shape[0] * shape[1]
    if addend is None or beta == 0:
        return (), (), zeros(size)
    if broadcast_shape(addend.shape, shape) != shape:
        raise UnsupportedNode(f"its operand C of shape {list(addend.shape)} does not fit {list(shape)}")
    if isinstance(addend, Value):
        # An attribute is a float32.
        return (scaling(addend, np.full(size, beta, dtype=np.float32), shape),), (addend,), zeros(size)
    return (), (), frozen(exact_product(spread(real(addend), shape), beta))


def _product(node: NodeView, build: Builder) -> tuple[Floats, Value, tuple[int, int], tuple[int, int]]:
    """`A' B'` as a matrix (out, inner) that acts on the vectors of a value: the matrix, the value, its groups
    and columns (see `stacked`), the shape of the result."""
    left, right = required(node, 0), required(node, 1)
    if len(left.shape) != 2 or len(right.shape) != 2:
        raise UnsupportedNode(f"its operands have the shapes {list(left.shape)} and {list(right.shape)}")
    turned = bool(attribute(node, "transA", 0)), bool(attribute(node, "transB", 0))
    rows, inner = left.shape[::-1] if turned[0] else left.shape
    inner_too, columns = right.shape[::-1] if turned[1] else right.shape
    if inner != inner_too:
        raise UnsupportedNode(f"the shapes {list(left.shape)} and {list(right.shape)} do not fit together")
    if isinstance(left, Value):
        if isinstance(right, Value):
            raise UnsupportedNode("it multiplies two values that both depend on the input")
        matrix = real(right) if turned[1] else real(right).T  # (columns, inner)
        return matrix, _upright(left, build, turned=turned[0]), (rows, 1), (rows, columns)
    if isinstance(right, Value):
        matrix = real(left).T if turned[0] else real(left)  # (rows, inner)
        return matrix, _upright(right, build, turned=turned[1]), (1, columns), (rows, columns)
    raise UnsupportedNode("both its operands are constants: simplify the network when exporting it")


def _upright(value: Value, build: Builder, *, turned: bool) -> Value:
    return moved(value, numbered(value.shape).T, build) if turned else value


def _factor(node: NodeView, name: str) -> float:
    factor = attribute(node, name, 1.0)
    if not np.isfinite(factor):
        raise UnsupportedNode(f"its attribute `{name}` is {factor}")
    return factor


def _filled(size: int, factor: float) -> Floats:
    """`factor`, an attribute and therefore a float32, for every element."""
    return frozen(np.full(size, factor, dtype=np.float64))


OP: Final = _Gemm()
