"""What the operators share: reading operands, and exact linear maps for broadcasting.

In: a node's operands, unchecked.  Out: arrays of real numbers, integers, or linear maps between flat
vectors.  Raises `UnsupportedNode`, in the user's words, for what has no exact representation.
"""

from __future__ import annotations

from math import prod
from typing import Final, TypeVar

import numpy as np

from spec_lang.network.ops.base import Constant, NodeView, Operand, UnsupportedNode, Value
from spec_lang.network.primitives import Affine, Entries, Floats, LinearMap, Scale, frozen

# 64 Mi elements, half a gigabyte in float64: beyond it, a matrix is refused rather than allocated.
MAX_ELEMENTS: Final = 1 << 26
MAX_RANK: Final = 32  # numpy itself ends at 64

Shape = tuple[int, ...]
T = TypeVar("T")
NO_AXES: Final[Shape] = ()


def optional(node: NodeView, index: int) -> Operand:
    """Operand `index`, or None when it was left out."""
    return node.operands[index] if index < len(node.operands) else None


def required(node: NodeView, index: int) -> Constant | Value:
    """Operand `index`, which ONNX demands."""
    operand = optional(node, index)
    if operand is None:
        raise UnsupportedNode(f"its operand {index} is missing")
    return operand


def depending(node: NodeView, place: int) -> Value:
    """An operand that depends on the network's input."""
    value = required(node, place)
    if not isinstance(value, Value):
        raise UnsupportedNode("its operand is a constant: simplify the network when exporting it")
    return value


def real(operand: Constant) -> Floats:
    """A constant of real numbers, as stored."""
    if operand.dtype.kind != "f":
        raise UnsupportedNode(f"its constant holds {operand.dtype} numbers, where floats are expected")
    return operand


def integers(operand: Operand, what: str) -> Shape:
    """A constant list of integers, such as a shape or axes."""
    if operand is None or isinstance(operand, Value):
        raise UnsupportedNode(f"its {what} must be stored in the file, not computed from the input")
    if operand.dtype.kind not in "iu" or operand.ndim > 1:
        raise UnsupportedNode(f"its {what} is no list of integers")
    return tuple(int(value) for value in operand.ravel())


def attribute(node: NodeView, name: str, default: T) -> T:
    """An attribute of the node, which must be of the kind that its default is; lists are of integers."""
    value = node.attributes.get(name, default)
    if not isinstance(value, type(default)) or (
        isinstance(value, tuple) and not all(isinstance(part, int) for part in value)
    ):
        raise UnsupportedNode(f"its attribute `{name}` is of the wrong kind")
    return value


def axes_of(axes: Shape, rank: int) -> Shape:
    """Axes, counted from the start, each once."""
    if any(not -rank <= axis < rank for axis in axes):
        raise UnsupportedNode(f"its axes {list(axes)} do not fit a tensor of {rank} dimensions")
    counted = tuple(sorted(axis % rank for axis in axes))
    if len(set(counted)) < len(counted):
        raise UnsupportedNode(f"its axes {list(axes)} name a dimension twice")
    return counted


def reshaped(operand: Constant | Value, shape: Shape) -> Constant | Value:
    """The same elements, in row-major order, in another shape."""
    if prod(shape) != operand.size:
        raise UnsupportedNode(f"it turns the shape {list(operand.shape)} into {list(shape)}")
    if len(shape) > MAX_RANK:
        raise UnsupportedNode(f"its result has {len(shape)} dimensions, more than {MAX_RANK}")
    if isinstance(operand, Value):
        return operand.with_shape(shape)
    check_shape(shape)
    return operand.reshape(shape)


def broadcast_shape(left: Shape, right: Shape) -> Shape:
    """The shape of an elementwise result, by ONNX's multidirectional broadcasting."""
    rank = max(len(left), len(right))
    pairs = zip((1,) * (rank - len(left)) + left, (1,) * (rank - len(right)) + right, strict=True)
    shape = []
    for a, b in pairs:
        if a != b and 1 not in (a, b):
            raise UnsupportedNode(f"the shapes {list(left)} and {list(right)} do not fit together")
        shape.append(b if a == 1 else a)
    check_shape(tuple(shape))
    return tuple(shape)


def check_size(elements: int) -> None:
    """Refuses what is too large before it is allocated."""
    if elements > MAX_ELEMENTS:
        raise UnsupportedNode(f"it needs an array of {elements} elements, more than {MAX_ELEMENTS}")


def check_shape(shape: Shape) -> None:
    """Refuses a shape that is too large; numpy multiplies the dimensions of an empty array, too."""
    check_size(prod(filter(None, shape)))


def spread(constant: Constant, shape: Shape) -> Constant:
    """A constant, broadcast to `shape` and flattened."""
    return np.ascontiguousarray(np.broadcast_to(constant, shape)).ravel()


def scaling(value: Value, factor: Floats, shape: Shape) -> LinearMap:
    """`value`, broadcast to `shape`, times `factor` (flat, of that shape): exact, one factor an element."""
    size = factor.shape[0]
    if value.size == size:  # broadcasting without repetition only adds dimensions of 1
        return Scale(frozen(factor))
    numbers = np.arange(value.size, dtype=np.intp).reshape(value.shape)
    return Entries((size, value.size), np.arange(size), spread(numbers, shape), frozen(factor))


def ones(size: int, sign: int = 1) -> Floats:
    """A factor of 1 (or −1) for every element."""
    return np.full(size, sign, dtype=np.float32)


def zeros(size: int) -> Floats:
    """A bias of 0."""
    return frozen(np.zeros(size, dtype=np.float32))


def identity(size: int) -> Affine:
    """`x -> x`."""
    return Affine((Scale(frozen(ones(size))),), zeros(size))


def exact_product(array: Floats, scalar: float) -> Floats:
    """`scalar * array` where no element is rounded; `UnsupportedNode` where one would be.

    Two float32 numbers have an exact product in float64; a power of two is exact unless it
    underflows or overflows, which dividing again shows.
    """
    if scalar == 1:
        return array
    with np.errstate(over="ignore", under="ignore"):
        product = array.astype(np.float64) * scalar
        if array.dtype == np.float32 and float(np.float32(scalar)) == scalar:
            return product
        power_of_two = np.frexp(scalar)[0] in (0.5, -0.5) and np.isfinite(1 / scalar)
        if power_of_two and np.isfinite(product).all() and (product / scalar == array).all():
            return product
    raise UnsupportedNode(f"multiplying its weights by {scalar} would round them")
