"""Every relaxation of a primitive encloses it, in exact arithmetic."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spec_lang.bounding.relax.relu import relax

ends = st.one_of(
    st.floats(-1e6, 1e6),
    st.sampled_from([0.0, -0.0, 5e-324, -5e-324, 1e-310, -1e-310, 1e-160, -1e-160, 1e100, -1e100, 0.1]),
)


@given(ends, ends, st.fractions(0, 1))
def test_relu_lies_between_its_lines(a: float, b: float, share: Fraction) -> None:
    lower, upper = min(a, b), max(a, b)
    lines = relax(np.array([[lower]]), np.array([[upper]]))
    low, high, intercept = (
        Fraction(float(v[0, 0])) for v in (lines.lower_slope, lines.upper_slope, lines.upper_intercept)
    )
    for z in (
        Fraction(lower),
        Fraction(upper),
        Fraction(lower) + share * (Fraction(upper) - Fraction(lower)),
    ):
        relu = max(z, Fraction(0))
        assert low * z <= relu <= high * z + intercept


def test_a_stable_neuron_is_exact() -> None:
    lines = relax(np.array([[0.0, 1.0, -2.0, -1.0]]), np.array([[1.0, 2.0, 0.0, -0.5]]))
    assert lines.lower_slope.tolist() == lines.upper_slope.tolist() == [[1.0, 1.0, 0.0, 0.0]]
    assert lines.upper_intercept.tolist() == [[0.0, 0.0, 0.0, 0.0]]


def test_a_degenerate_interval_at_zero_is_exact() -> None:
    lines = relax(np.array([[0.0, -0.0]]), np.array([[0.0, 0.0]]))
    assert lines.upper_intercept.tolist() == [[0.0, 0.0]]
