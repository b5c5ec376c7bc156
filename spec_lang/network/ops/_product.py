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
        return Value(value.number, shape)
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


def exact_reciprocal(divisor: Constant) -> Floats:
    """`1 / divisor`, which is a float for powers of two alone."""
    values = real(divisor)
    mantissa, _ = np.frexp(values)
    if not (np.abs(mantissa) == 0.5).all():
        raise UnsupportedNode(
            "it divides by a number that is no power of two, and the reciprocal would have to be rounded: "
            "multiply by a constant instead"
        )
    with np.errstate(over="ignore", under="ignore"):
        reciprocal = 1 / values.astype(np.float64)
    if not np.isfinite(reciprocal).all():
        raise UnsupportedNode("it divides by a number whose reciprocal is too large")
    with np.errstate(over="ignore", under="ignore"):
        single = reciprocal.astype(np.float32)
    return single if values.dtype == np.float32 and (single == reciprocal).all() else reciprocal


def _is_exact(a: Floats, b: Floats, product: Floats) -> bool:
    if not np.isfinite(product).all():
        return False
    triples = zip(a.tolist(), b.tolist(), product.tolist(), strict=True)
    return all(Fraction(x) * Fraction(y) == Fraction(z) for x, y, z in triples)
