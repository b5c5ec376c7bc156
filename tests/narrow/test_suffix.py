"""What follows a narrow layer: every counterexample is one there, whatever directions are looked in."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import strategies as st

from spec_lang.kernel.network import Unchecked
from spec_lang.kernel.suffix import seen_at, suffix
from spec_lang.kernel.witness import WitnessChecker
from spec_lang.obligations.model import Box, LinearAtom, Obligation, Region
from spec_lang.obligations.narrow_certificate import Directions
from spec_lang.obligations.narrow_layers import narrowest, waist_at
from spec_lang.obligations.simplify import FALSE
from tests.backends.enumeration import counterexample
from tests.graphs import exact_outputs
from tests.laws import law
from tests.narrow.asking import NARROW, asked, dense_chain, obligations, random_obligation

small = st.floats(-2, 2, width=32)


@law(30, 600, obligation=obligations(), data=st.data())
def test_a_counterexample_is_led_to_one(obligation: Obligation, data: st.DataObject) -> None:
    waist = waist_at(obligation, NARROW)
    point = counterexample(obligation)
    if waist is None or point is None:
        return
    count, premises, more = len(waist.read), len(waist.premises), data.draw(st.integers(0, 2))
    rows = 2 * count + more
    weights = data.draw(st.lists(small, min_size=more * count, max_size=more * count))
    factors = data.draw(st.lists(small.map(abs), min_size=rows * premises, max_size=rows * premises))
    directions = Directions(
        np.array(weights, dtype=np.float64).reshape(more, count),
        np.array(factors, dtype=np.float64).reshape(rows, premises),
    )
    first = obligation.graph.with_outputs((NARROW,))
    led = exact_outputs(first, list(point))
    found = suffix(obligation, NARROW, directions)
    assert WitnessChecker(found)([led[i] for i in waist.read]) is not None


@law(20, 300, obligation=obligations(), data=st.data())
def test_a_direction_reaches_as_far_as_a_corner(obligation: Obligation, data: st.DataObject) -> None:
    """Without multipliers the box behind the layer is the least one, but for a rounding."""
    if waist_at(obligation, NARROW) is None:
        return
    seen = seen_at(obligation, NARROW)
    count = len(seen.waist.read)
    nothing = Directions(np.zeros((0, count)), np.zeros((2 * count, len(seen.waist.premises))))
    (behind,) = suffix(obligation, NARROW, nothing).region.boxes
    (box,) = obligation.region.boxes
    place = data.draw(st.integers(0, count - 1))
    row = [Fraction(int(n), seen.read.denominator) for n in seen.read.numbers[place]]
    greatest = row[-1] + sum(
        max(c * low, c * high)
        for c, low, high in zip(row, box.lower, box.upper, strict=False)
        if low is not None and high is not None
    )
    upper = behind.upper[place]
    assert upper is not None
    assert greatest <= upper
    assert float(upper) <= np.nextafter(float(greatest), np.inf)


def test_only_what_is_read_counts() -> None:
    """One neuron of three is off, and only the others have numbers behind the layer."""
    waist = narrowest(random_obligation(0))
    assert waist is not None
    assert (waist.value, waist.read) == (NARROW, (0, 1))
    assert waist.graph.input_size == 2
    assert len(waist.premises) == 2


def test_a_layer_is_narrow_by_a_factor_of_four() -> None:
    assert narrowest(random_obligation(0, inputs=8)) is not None
    assert narrowest(random_obligation(0, inputs=7)) is None


@pytest.mark.parametrize(
    ("width", "fixed", "pays"), [(6, 0, True), (7, 0, False), (8, 4, True), (9, 3, False)]
)
def test_more_than_a_few_numbers_pay_where_several_conditions_hold(
    width: int, fixed: int, pays: bool
) -> None:
    """Of the neurons that are fixed, all are on: they stay numbers, and each is a condition."""
    rng = np.random.default_rng(0)
    layers = [(rng.normal(size=(out, size)), rng.normal(size=out)) for size, out in ((40, width), (width, 2))]
    rival = LinearAtom((), ((0, Fraction(1)), (1, Fraction(-1))), Fraction(0), strict=False)
    box = Box((Fraction(-1),) * 40, (Fraction(1),) * 40)
    obligation = asked(dense_chain(layers), box, [1] * fixed + [0] * (width - fixed), [rival])
    assert waist_at(obligation, NARROW) is not None
    assert (narrowest(obligation) is not None) is pays


def test_premises_that_clash_leave_nothing() -> None:
    """At one point, where neuron 0 is off that should be on: its premise alone is a direction without
    weights, and says that nothing is left."""
    obligation = random_obligation(4)
    origin = Box((Fraction(0),) * 40, (Fraction(0),) * 40)
    still = replace(obligation, region=Region((origin,)))
    seen = seen_at(still, NARROW)
    values = seen.premises.numbers[:, -1].tolist()
    clash = max(range(len(values)), key=values.__getitem__)
    assert values[clash] > 0
    multipliers = np.zeros((5, len(values)))
    assert suffix(still, NARROW, Directions(np.zeros((1, 2)), multipliers)).violation != FALSE
    multipliers[4, clash] = 1.0
    assert suffix(still, NARROW, Directions(np.zeros((1, 2)), multipliers)).violation == FALSE


@pytest.mark.parametrize(
    ("weights", "multipliers"),
    [
        (np.zeros((0, 3)), np.zeros((4, 2))),
        (np.zeros((1, 2)), np.zeros((4, 2))),
        (np.zeros((0, 2)), np.zeros((4, 1))),
        (np.zeros(2), np.zeros((4, 2))),
        (np.full((1, 2), np.nan), np.zeros((5, 2))),
        (np.full((1, 2), np.inf), np.zeros((5, 2))),
        (np.zeros((0, 2)), np.full((4, 2), -1.0)),
        (np.zeros((0, 2)), np.full((4, 2), np.nan)),
        (np.zeros((0, 2), dtype=np.float32), np.zeros((4, 2))),
        (np.full((1, 2), 1e308), np.zeros((5, 2))),
    ],
)
def test_directions_that_are_none_are_refused(weights: np.ndarray, multipliers: np.ndarray) -> None:
    obligation = random_obligation(0)
    suffix(obligation, NARROW, Directions(np.zeros((0, 2)), np.zeros((4, 2))))
    with pytest.raises(Unchecked):
        suffix(obligation, NARROW, Directions(weights, multipliers))


@pytest.mark.parametrize("value", [-1, 0, 4, 5, 100])
def test_a_value_that_is_no_waist_is_refused(value: int) -> None:
    with pytest.raises(Unchecked):
        seen_at(random_obligation(0), value)
