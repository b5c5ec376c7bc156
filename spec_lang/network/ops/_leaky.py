"""`x` above 0 and `s · x` below, the shared meaning of `LeakyRelu` and `PRelu`.

In: a value and a slope for each of its elements.  Out: one ReLU and one affine node, `s·x + (1 − s)·relu(x)`.
Exact in real numbers; the numbers are float64, so that there is no float32 semantics, in which a runtime
multiplies once, or not at all, and this form twice.
"""

from __future__ import annotations

import numpy as np

from spec_lang.network.ops._linear import Shape, scaling
from spec_lang.network.ops.base import Builder, Value
from spec_lang.network.primitives import RELU, Affine, Floats, frozen


def leaky(value: Value, slope: Floats, shape: Shape, build: Builder) -> Value:
    """`slope` is flat, of `shape`, which the value has or is broadcast to."""
    s = slope.astype(np.float64)
    if value.size == s.size and (s == 1).all():
        return value.with_shape(shape)
    positive = build.add(RELU, (value,), value.shape, exact=True)
    if value.size == s.size and not s.any():
        return positive.with_shape(shape)
    below, rest = scaling(value, s, shape), 1 - s
    bias = frozen(np.zeros(s.size))
    # Knuth's TwoSum: what 1 − s loses.
    virtual = rest - 1
    lost = (1 - (rest - virtual)) + (-s - virtual)
    if not lost.any():
        return build.add(Affine((below, scaling(positive, rest, shape)), bias), (value, positive), shape)
    above, back = scaling(positive, np.ones(s.size), shape), scaling(positive, -s, shape)
    return build.add(Affine((below, above, back), bias), (value, positive, positive), shape)
