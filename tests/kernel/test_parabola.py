"""The square in the kernel: lines in both arithmetics, ends, and networks with squares in exact rationals."""

from __future__ import annotations

from fractions import Fraction
from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spec_lang.bounding.boxes import Boxes
from spec_lang.kernel import parabola
from spec_lang.kernel.enclosed import EnclosedNetwork
from spec_lang.kernel.exact import evaluate_exact
from spec_lang.kernel.float32 import Float32Network
from spec_lang.kernel.integers import Integers
from spec_lang.kernel.network import Unchecked, compiled
from spec_lang.kernel.ranges import propagate
from spec_lang.kernel.rounded import Rounded
from spec_lang.network.evaluate import evaluate
from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.primitives import Affine, Dense, Smooth, frozen
from spec_lang.obligations.model import LinearAtom, Semantics
from tests.bounding.samples import float_boxes
from tests.kernel.scenes import ARITHMETICS, scene_of
from tests.kernel.test_smooth import line_pairs
from tests.smooth_nets import ends, near_values, smooth_dags, squares

wide = st.one_of(ends, st.floats(-1e-6, 1e-6), st.floats(-1e140, 1e140))


@given(wide, wide, st.lists(st.fractions(0, 1), max_size=3))
@settings(max_examples=500)
def test_lines_contain_the_square(a: float, b: float, shares: list[Fraction]) -> None:
    low, high = min(a, b), max(a, b)
    lower, upper = Fraction(low), Fraction(high)
    points = [lower, upper, *(lower + share * (upper - lower) for share in shares)]
    points += [min(max(Fraction(t), lower), upper) for t in (-1, 0, 1)]
    floats = parabola.lines(np.array([low]), np.array([high]))
    exact = [
        Fraction(p.numbers[0], 1 << p.shift) for p in parabola.exact_lines(np.array([low]), np.array([high]))
    ]
    found = [None if abs(part[0]) == inf else Fraction(float(part[0])) for part in floats]
    for below, shift, above, lift in (exact, found):
        for t in points:
            assert shift is None or below is None or below * t + shift <= t * t
            assert lift is None or above is None or t * t <= above * t + lift
    assert abs(low) > 1e150 or abs(high) > 1e150 or None not in found


@given(st.floats(-1e3, 1e3), st.one_of(st.floats(0, 10), st.floats(0, 1e-9)))
def test_lines_leave_no_more_than_half_the_width_squared(lower: float, width: float) -> None:
    """The chord is off by ((u − l)/2)² in the middle, the tangent at the ends, but for rounding."""
    first, last = Fraction(lower), Fraction(lower + width)
    gap = ((last - first) / 2) ** 2
    rounding = (1 + abs(first) + abs(last)) * max(abs(first), abs(last)) / 10**8 * (last - first)
    rounding += max(first * first, last * last) / 10**15 + Fraction(1, 10**200)
    for below, shift, above, lift in line_pairs(Smooth.SQUARE, lower, lower + width):
        middle = (first + last) / 2
        assert above * middle + lift - middle**2 <= gap + rounding
        assert max(t * t - below * t - shift for t in (first, last)) <= gap + rounding


@pytest.mark.parametrize(("lower", "upper"), [(-inf, inf), (-inf, 3.0), (-3.0, inf), (np.nan, np.nan)])
def test_where_an_end_is_missing_nothing_is_above(lower: float, upper: float) -> None:
    below, shift, _, lift = parabola.lines(np.array([lower]), np.array([upper]))
    assert float(lift[0]) == inf
    assert float(shift[0]) <= 0
    assert float(below[0]) == 0 or np.isnan(below[0]) or float(below[0]) * 0 == 0
    low, high = parabola.ends(np.array([lower]), np.array([upper]))
    assert float(high[0]) == inf
    assert float(low[0]) == 0


@given(wide, wide, st.fractions(0, 1))
def test_ends_hold_every_square(a: float, b: float, share: Fraction) -> None:
    low, high = (float(part[0]) for part in parabola.ends(np.array([min(a, b)]), np.array([max(a, b)])))
    t = Fraction(a) + share * (Fraction(b) - Fraction(a))
    assert Fraction(low) <= t * t
    assert high == inf or t * t <= Fraction(high)
    assert low >= 0
    if 1e-100 < min(a, b) < 1e150:
        assert low >= min(a, b) ** 2 * (1 - 1e-12)


@given(smooth_dags(4, squares), st.data())
def test_networks_with_squares_are_evaluated_exactly(graph: Graph, data: st.DataObject) -> None:
    """Odd denominators are squared with the numbers; enclosures hold the same."""
    coordinate = st.fractions(-3, 3, max_denominator=60)
    point = data.draw(st.lists(coordinate, min_size=graph.input_size, max_size=graph.input_size))
    values = near_values(graph, point)
    outputs = tuple(number for output in graph.outputs for number in values[output])
    assert evaluate_exact(graph, point) == outputs
    found = EnclosedNetwork(graph)(point, 256)
    assert all(low <= y <= high for (low, high), y in zip(found, outputs, strict=True))
    floats = evaluate(graph, np.array([[float(x) for x in point]]))[0]
    largest = 1 + max(abs(float(number)) for value in values for number in value)  # sums may cancel
    pairs = zip(map(float, outputs), floats, strict=True)
    assert all(abs(y - z) <= 1e-6 * largest or not np.isfinite(z) for y, z in pairs)


def squared(factor: float, *, glue: bool = True) -> Graph:
    """(factor·x)²"""
    times = Affine((Dense(frozen(np.array([[factor]], dtype=np.float32))),), frozen(np.zeros(1, np.float32)))
    spec = TensorSpec("y", (1,))
    nodes = Node(times, (0,), spec), Node(Smooth.SQUARE, (1,), spec, glue=glue)
    return Graph((TensorSpec("x", (1,)),), nodes, (2,))


def at_least(limit: Fraction) -> LinearAtom:
    return LinearAtom((), ((0, Fraction(-1)),), limit, False)


@ARITHMETICS
@given(float_boxes(1, batch=1))
def test_what_is_behind_a_square_has_its_range(
    arithmetic: type[Integers] | type[Rounded], boxes: Boxes
) -> None:
    """Not [−1, 1], as that of functions with two ends would be, and not below 0."""
    scene, _ = scene_of(arithmetic, (squared(3.0), boxes, [], (at_least(Fraction(1)),)))
    propagate(scene, {})
    low, high = scene.ends(2)
    most = 9 * max(abs(Fraction(float(boxes.lower[0, 0]))), abs(Fraction(float(boxes.upper[0, 0])))) ** 2
    assert float(low[0, 0]) >= 0
    assert Fraction(float(high[0, 0])) >= most
    assert Fraction(float(high[0, 0])) <= most * Fraction(1001, 1000) + Fraction(1, 10**9)


@ARITHMETICS
@pytest.mark.parametrize("end", [1e100, 1e200])
def test_ranges_that_overflow_bound_nothing(arithmetic: type[Integers] | type[Rounded], end: float) -> None:
    """(3·1e200)² is no float, (3·1e100)² beyond what floats are trusted with."""
    boxes = Boxes(np.array([[-end]]), np.array([[end]]))
    scene, _ = scene_of(arithmetic, (squared(3.0), boxes, [], (at_least(Fraction(10) ** 410),)))
    with np.errstate(all="ignore"):
        propagate(scene, {})
        minimum = scene.atoms(np.zeros(1, dtype=np.intp), np.zeros(1, dtype=np.intp)).minimum
    assert minimum[0] == -inf or (arithmetic is Integers and end < 1e150)


def test_under_float32_a_square_belongs_to_the_claim_alone() -> None:
    third = np.float32(1 / 3)
    network = Float32Network(squared(float(third)))
    found = network((Fraction(3),))
    assert found == (Fraction(float(np.float32(third * np.float32(3)))) ** 2,)
    enclosure = network.enclosure((Fraction(3),))
    assert enclosure is not None
    assert enclosure[0][0] <= found[0] <= enclosure[0][1]
    compiled(squared(1.0), Semantics.FLOAT32)
    with pytest.raises(Unchecked, match="rounded"):
        compiled(squared(1.0, glue=False), Semantics.FLOAT32)
    assert Float32Network(squared(1.0, glue=False))((Fraction(3),)) is None
