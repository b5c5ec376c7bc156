"""Smooth functions in the kernel: enclosures, lines, and networks, against decimals of 60 digits."""

from __future__ import annotations

from fractions import Fraction
from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec_lang.bounding.boxes import Boxes
from spec_lang.diagnostics import InternalError
from spec_lang.kernel import smooth
from spec_lang.kernel.enclosed import EnclosedNetwork
from spec_lang.kernel.exact import ExactNetwork, evaluate_exact
from spec_lang.kernel.exact_lines import exact_lines
from spec_lang.kernel.exponentials import exponential
from spec_lang.kernel.integers import Integers
from spec_lang.kernel.lines import lines
from spec_lang.kernel.network import Unchecked, compiled
from spec_lang.kernel.ranges import propagate
from spec_lang.kernel.rounded import Rounded
from spec_lang.network.evaluate import smooth_values
from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.primitives import Smooth
from spec_lang.obligations.model import LinearAtom, Semantics
from tests.bounding.samples import float_boxes, points_of, share_lists
from tests.graphs import chains
from tests.kernel.scenes import ARITHMETICS, Sample, factor, no_slopes, scene_of, terms, value_of
from tests.laws import law
from tests.smooth_nets import (
    ERROR,
    S_SHAPED,
    ends,
    functions,
    near_values,
    off,
    smooth_dags,
    smooth_slope,
    smooth_value,
    squares,
)

numbers = st.one_of(st.fractions(-5, 5), ends.map(Fraction), st.fractions())


@given(functions, numbers, st.sampled_from([16, 53, 96, 160]))
def test_values_and_slopes_lie_within_narrow_enclosures(function: Smooth, t: Fraction, bits: int) -> None:
    value = smooth_value(function, t)
    slope = smooth_slope(function, t)
    for found, exact in ((smooth.value, value), (smooth.slope, slope)):
        low, high = found(function, t.numerator, t.denominator, bits)
        assert Fraction(low, 2**bits) <= exact + 8 * ERROR
        assert exact - 8 * ERROR <= Fraction(high, 2**bits)
        assert high - low <= 8


@given(st.sampled_from(S_SHAPED))
def test_the_value_at_0_is_exact(function: Smooth) -> None:
    low, high = smooth.value(function, 0, 1, 20)
    assert low == high == function.turned << 19


@given(st.one_of(st.floats(0, 800), st.floats(0, 1e-3), st.sampled_from([0.0, 5e-324, 700.0, 1e300, inf])))
def test_exponentials_of_plain_operations_have_true_bounds(a: float) -> None:
    low, high = (float(part[0]) for part in exponential(np.array([a])))
    if a == inf:
        assert low == 0 < high
        return
    bits = 1200  # e^-800 has its first bit at 1155
    least, most = smooth.exponential(*a.as_integer_ratio(), bits)
    assert Fraction(low) * 2**bits <= most
    assert least <= Fraction(high) * 2**bits
    assert high <= 1
    assert a > 700 or high <= low * (1 + 2.0**-43)


def line_pairs(
    function: Smooth, lower: float, upper: float
) -> list[tuple[Fraction, Fraction, Fraction, Fraction]]:
    """Slope and constant below, slope and constant above: of floats, and of integers."""
    low, high = np.array([lower]), np.array([upper])
    floats = lines(function, low[None], high[None])
    exact = exact_lines(function, low, high)
    parts = (floats.below, floats.below_constant, floats.above, floats.above_constant)
    found = [Fraction(float(part[0, 0])) for part in parts]
    whole = [
        Fraction(part.numbers[0], 1 << part.shift)
        for part in (exact.below, exact.below_constant, exact.above, exact.above_constant)
    ]
    return [(found[0], found[1], found[2], found[3]), (whole[0], whole[1], whole[2], whole[3])]


@law(100, 1000, function=functions, a=ends, b=ends, shares=st.lists(st.fractions(0, 1), max_size=3))
def test_lines_contain_the_function(function: Smooth, a: float, b: float, shares: list[Fraction]) -> None:
    lower, upper = Fraction(min(a, b)), Fraction(max(a, b))
    points = [lower, upper, *(lower + share * (upper - lower) for share in shares)]
    points += [min(max(Fraction(t), lower), upper) for t in (-9, -4, -1, 0, 1, 4, 9)]
    for below, shift, above, lift in line_pairs(function, min(a, b), max(a, b)):
        assert 0 <= below <= 1
        assert 0 <= above <= 1
        for t in points:
            value = smooth_value(function, t)
            assert below * t + shift <= value + ERROR
            assert value - ERROR <= above * t + lift


@given(functions, st.floats(-6, 6), st.floats(0, 4))
def test_lines_touch_the_function(function: Smooth, lower: float, width: float) -> None:
    """Both touch it somewhere, but for what a chord's or a tangent's rounding costs."""
    share = np.linspace(0, 1, 513)
    points = lower + width * share
    values = smooth_values(function, points)
    for below, shift, above, lift in line_pairs(function, lower, lower + width):
        assert float(np.min(values - (float(below) * points + float(shift)))) <= 1e-4
        assert float(np.min(float(above) * points + float(lift) - values)) <= 1e-4


@pytest.mark.parametrize("function", S_SHAPED)
@pytest.mark.parametrize(("lower", "upper"), [(-inf, inf), (-inf, 3.0), (-3.0, inf), (-1e300, 1e300)])
def test_where_an_end_is_far_away_the_lines_are_flat(function: Smooth, lower: float, upper: float) -> None:
    far = [Fraction(end or 0) for end in function.ends]
    low, high = (
        smooth_value(function, Fraction(end)) if abs(end) < 10 else far[end > 0] for end in (lower, upper)
    )
    for below, shift, above, lift in line_pairs(function, lower, upper):
        assert below == above == 0
        assert shift <= low <= shift + Fraction(1, 10**12)
        assert lift - Fraction(1, 10**12) <= high <= lift


@pytest.mark.parametrize("function", S_SHAPED)
def test_a_bound_that_is_no_number_is_none(function: Smooth) -> None:
    nothing = np.array([[np.nan]])
    found = lines(function, nothing, nothing)
    assert found.below_constant[0, 0] <= function.ends[0]
    assert found.above_constant[0, 0] >= function.ends[1]


# -- networks --------------------------------------------------------------------------------------------


@given(smooth_dags(), st.data())
def test_enclosures_hold_the_outputs_and_shrink(graph: Graph, data: st.DataObject) -> None:
    coordinate = st.one_of(st.fractions(-3, 3, max_denominator=60), st.sampled_from([Fraction(1, 2**80)]))
    point = data.draw(st.lists(coordinate, min_size=graph.input_size, max_size=graph.input_size))
    values = near_values(graph, point)
    outputs = [number for output in graph.outputs for number in values[output]]
    network, slack = EnclosedNetwork(graph), off(graph)
    widths = []
    for bits in (96, 384):
        found = network(point, bits)
        assert all(
            low <= y + slack and y - slack <= high for (low, high), y in zip(found, outputs, strict=True)
        )
        widths.append(max(high - low for low, high in found))
    assert widths[1] <= widths[0] / 2**200
    assert widths[1] <= slack


@given(chains(), st.data())
def test_without_smooth_nodes_an_enclosure_is_the_exact_value_itself(
    graph: Graph, data: st.DataObject
) -> None:
    point = data.draw(st.lists(st.fractions(-3, 3), min_size=graph.input_size, max_size=graph.input_size))
    exact = evaluate_exact(graph, point)
    assert EnclosedNetwork(graph)(point, 8000) == tuple((y, y) for y in exact)


def single(function: Smooth) -> Graph:
    node = Node(function, (0,), TensorSpec("y", (1,)))
    return Graph((TensorSpec("x", (1,)),), (node,), (1,))


def test_a_smooth_network_has_no_exact_values_and_no_float32_ones() -> None:
    with pytest.raises(InternalError, match="tanh"):
        ExactNetwork(single(Smooth.TANH))
    with pytest.raises(Unchecked, match="rounded"):
        compiled(single(Smooth.TANH), Semantics.FLOAT32)


@st.composite
def smooth_samples(draw: st.DrawFn) -> Sample:
    graph = draw(st.one_of(smooth_dags(), smooth_dags(4, squares)))
    size = graph.input_size
    constant, strict = st.fractions(-2, 2, max_denominator=9), st.booleans()
    atom = st.builds(LinearAtom, terms(size), terms(graph.output_size), constant, strict)
    atoms = tuple(draw(st.lists(atom, min_size=1, max_size=3)))
    boxes: Boxes = draw(float_boxes(size, batch=1))
    return graph, boxes, draw(share_lists(size)), atoms


@ARITHMETICS
@law(60, 500, sample=smooth_samples())
def test_ranges_rows_and_combinations_hold_at_every_point(
    arithmetic: type[Integers] | type[Rounded], sample: Sample
) -> None:
    graph, boxes, shares, _ = sample
    with np.errstate(all="ignore"):
        scene, found = scene_of(arithmetic, sample)
        ranges = propagate(scene, {})
        count = len(found.atoms)
        rows = scene.atoms(np.zeros(count, dtype=np.intp), np.arange(count))
        both = scene.combinations(np.zeros(1, dtype=np.intp), np.ones((1, count)), no_slopes())
        again = propagate(scene.fork(), ranges)  # what is known of a larger box
    assert all(
        (again[v][0] >= low).all() and (again[v][1] <= high).all() for v, (low, high) in ranges.items()
    )
    for point in points_of(boxes, 0, shares):
        values, slack = near_values(graph, point), off(graph)
        for value, (lower, upper) in ranges.items():
            for number, low, high in zip(values[value], lower[0].tolist(), upper[0].tolist(), strict=True):
                assert low == -inf or Fraction(low) <= number + slack
                assert high == inf or number - slack <= Fraction(high)
        outputs = [number for output in graph.outputs for number in values[output]]
        scale = factor(scene, found)
        exact = [value_of(atom, point, outputs) * scale for atom in found.atoms]
        slack *= 10**9 * scale * (1 + sum(abs(c) for atom in found.atoms for _, c in atom.outputs))
        for linear, place, number in [(rows, i, e) for i, e in enumerate(exact)] + [
            (both, 0, sum(exact, Fraction(0)))
        ]:
            if linear.minimum[place] == -inf:
                continue
            products = zip(linear.coefficients[place].tolist(), point, strict=True)
            bound = Fraction(linear.constant[place]) + sum(Fraction(a) * x for a, x in products)
            assert Fraction(linear.minimum[place]) <= bound
            assert bound <= number + slack
