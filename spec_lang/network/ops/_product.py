"""Products with constants, the shared meaning of `Mul` and `Div`.

In: a value and the constant that multiplies it, or two constants.  Out: one affine node, or a constant
that is the exact product.  Raises `UnsupportedNode` where a product of constants would be rounded.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from spec_lang.network.ops._linear import broadcast_shape, real, scaling, spread, zeros
from spec_lang.network.ops.base import Builder, Constant, UnsupportedNode, Value
from spec_lang.network.primitives import Affine, Floats


def scaled(value: Value, factor: Constant, build: Builder) -> Value:
    """`factor * value`, element by element."""
    shape = broadcast_shape(value.shape, factor.shape)
    factors = spread(real(factor), shape)
    if value.size == factors.size and (factors == 1).all():
        return value.with_shape(shape)
    affine = Affine((scaling(value, factors, shape),), zeros(factors.size))
    return build.add(affine, (value,), shape)


def exact_constant_product(left: Constant, right: Constant) -> Constant:
    """The product of two constants, refused where float64 cannot hold it."""
    shape = broadcast_shape(left.shape, right.shape)
    a, b = spread(real(left), shape), spread(real(right), shape)
    with np.errstate(over="ignore", under="ignore"):
        product = a.astype(np.float64) * b.astype(np.float64)
    # 24 and 24 bits fit into 53, so that products of float32 numbers need no test.
    if not (a.dtype == b.dtype == np.float32 or _is_exact(a, b, product)):
        raise UnsupportedNode("the product of its two constants would have to be rounded")
    return product.reshape(shape)


def exact_constant_quotient(left: Constant, right: Constant) -> Constant:
    """The quotient of two constants, refused where float64 cannot hold it; of integers, towards 0."""
    shape = broadcast_shape(left.shape, right.shape)
    if not right.all():
        raise UnsupportedNode("it divides by 0")
    if left.dtype.kind in "iu" and right.dtype.kind in "iu":
        a, b = spread(left, shape), spread(right, shape)
        quotient = abs(a) // abs(b) * (np.sign(a) * np.sign(b))
        return np.asarray(quotient.astype(np.result_type(a, b)).reshape(shape))
    dividend, divisor = spread(real(left), shape), spread(real(right), shape)
    with np.errstate(over="ignore", under="ignore"):
        found = dividend.astype(np.float64) / divisor.astype(np.float64)
    if not _is_exact(found, divisor, dividend):
        raise UnsupportedNode("the quotient of its two constants would have to be rounded")
    return found.reshape(shape)


def _is_exact(a: Floats, b: Floats, product: Floats) -> bool:
    if not (np.isfinite(a).all() and np.isfinite(product).all()):
        return False
    triples = zip(a.tolist(), b.tolist(), product.tolist(), strict=True)
    return all(Fraction(x) * Fraction(y) == Fraction(z) for x, y, z in triples)
