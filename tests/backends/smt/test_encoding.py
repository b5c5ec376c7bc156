"""Each part of the encoding against its definition, at exact points."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from spec_lang.backends.smt import statements
from spec_lang.backends.smt.encode import NOTHING, Encoder
from spec_lang.backends.smt.forms import dyadic
from spec_lang.backends.smt.pieces import End, hull, image, pieces_of, possible
from spec_lang.backends.smt.shorten import is_bounded, shortened
from spec_lang.network.primitives import RELU, PiecewiseLinear
from spec_lang.obligations.model import Box, LinearAtom, Obligation, Region
from tests.backends.oracle import holds
from tests.backends.smt.cases import functions, obligations
from tests.tiny_networks import arrays, chain, reference

ZERO, ONE = Fraction(0), Fraction(1)
ends = st.none() | st.fractions(-5, 5, max_denominator=8)


def value(function: PiecewiseLinear, t: Fraction) -> Fraction:
    return reference(chain(1, function), [t])[0]


@given(arrays(3, 2))
def test_an_array_is_its_integers_over_a_power_of_two(array: np.ndarray) -> None:
    exact = dyadic(array)
    for number, integer in zip(array.ravel(), exact.numbers.ravel(), strict=True):
        assert Fraction(float(number)) == Fraction(int(integer), 1 << exact.shift)


@given(functions(), ends, ends, st.fractions(-8, 8, max_denominator=16))
def test_pieces_hull_and_image_are_those_of_the_function(
    function: PiecewiseLinear, lower: End, upper: End, t: Fraction
) -> None:
    assume(lower is None or upper is None or lower <= upper)
    assume((lower is None or lower <= t) and (upper is None or t <= upper))
    pieces = possible(pieces_of(function), lower, upper)
    f = value(function, t)
    covering = [p for p in pieces if (p.lower is None or p.lower <= t) and (p.upper is None or t <= p.upper)]
    assert covering
    assert all(piece.line(t) == f for piece in covering)
    least, most = image(pieces)
    assert (least is None or least <= f) and (most is None or f <= most)
    if len(pieces) > 1:
        below, above = hull(pieces)
        assert all(line(t) <= f for line in below)
        assert all(line(t) >= f for line in above)


def test_the_hull_of_a_relu_is_its_triangle() -> None:
    below, above = hull(possible(pieces_of(RELU), Fraction(-1), Fraction(3)))
    assert {(line.slope, line.offset) for line in below} == {(ZERO, ZERO), (ONE, ZERO)}
    assert {(line.slope, line.offset) for line in above} == {(Fraction(3, 4), Fraction(3, 4))}


def test_the_ends_of_an_image_are_attained() -> None:
    zigzag = PiecewiseLinear((-1.0, 0.0, 1.0), (1.0, -1.0, 2.0, 0.0), 1.0)
    assert image(possible(pieces_of(zigzag), Fraction(-2), Fraction(2))) == (ZERO, 2 * ONE)
    assert image(pieces_of(zigzag)) == (None, 2 * ONE)


def satisfies(question: statements.Question, x: list[Fraction]) -> bool:
    """Whether the question holds at `x` with every neuron at its function's value, within its hull."""
    intervals, inputs, neurons, condition, _, _ = question
    values = list(x)
    assert inputs == len(x)
    for (terms, constant, radius), number, below, above, pieces, cases in neurons:
        assert number == len(values)
        z = constant + sum((c * values[i] for i, c in terms), Fraction(0))
        assert radius == 0
        values.append(statements.meant((((), z, radius), number, below, above, pieces, cases), z))
        assert all(slope * z + offset <= values[-1] for slope, offset in below)
        assert all(slope * z + offset >= values[-1] for slope, offset in above)
    inside = all(
        (lo is None or lo <= v) and (hi is None or v <= hi)
        for v, (lo, hi) in zip(values, intervals, strict=True)
    )
    return inside and meets(condition, values)


def meets(condition: statements.Condition, values: list[Fraction]) -> bool:
    kind = condition[0]
    if kind in ("all", "any"):
        return (all if kind == "all" else any)(meets(part, values) for part in condition[1])
    total = condition[2] + sum((c * values[i] for i, c in condition[1]), Fraction(0))
    return bool(total < 0 if kind == "<" else total <= 0)


@given(
    obligations(functions() | st.just(RELU)),
    st.lists(st.fractions(0, 1, max_denominator=16), min_size=3, max_size=3),
)
@settings(deadline=None)
def test_a_question_holds_at_exactly_the_counterexamples(
    obligation: Obligation, share: list[Fraction]
) -> None:
    box = obligation.region.boxes[0]
    sides = [(lo or Fraction(0), hi or Fraction(0)) for lo, hi in zip(box.lower, box.upper, strict=True)]
    x = [lo + s * (hi - lo) for (lo, hi), s in zip(sides, share, strict=False)]
    question = Encoder(obligation).question(list(sides), NOTHING, None)
    y = list(reference(obligation.graph, x))
    breaks = all(holds(part, x, y) for part in (*obligation.region.constraints, obligation.violation))
    assert satisfies(question, x) == breaks


@given(obligations(st.just(RELU)), st.lists(st.fractions(0, 1, max_denominator=16), min_size=3, max_size=3))
@settings(deadline=None)
def test_a_short_question_holds_wherever_the_long_one_does(
    obligation: Obligation, share: list[Fraction]
) -> None:
    box = obligation.region.boxes[0]
    sides = [(lo or Fraction(0), hi or Fraction(0)) for lo, hi in zip(box.lower, box.upper, strict=True)]
    x = [lo + s * (hi - lo) for (lo, hi), s in zip(sides, share, strict=False)]
    question = Encoder(obligation).question(list(sides), NOTHING, None)
    assert is_bounded(question)
    short = shortened(question)
    values = list(x)
    for long_neuron, short_neuron in zip(question[2], short[2], strict=True):
        (terms, constant, _), (near, middle, radius) = long_neuron[0], short_neuron[0]
        z = constant + sum((c * values[i] for i, c in terms), Fraction(0))
        assert abs(middle + sum((c * values[i] for i, c in near), Fraction(0)) - z) <= radius
        values.append(statements.meant(long_neuron, z))
    assert not meets(question[3], values) or meets(short[3], values)


@pytest.mark.parametrize("number", [Fraction(0), Fraction(-7, 3), Fraction(10**40), Fraction(1, 3)])
def test_a_number_is_written_as_the_solver_reads_it(number: Fraction) -> None:
    text = statements.number(number)
    sign = -1 if text.startswith("(-") else 1
    digits = [
        int(part)
        for part in text.replace(".0", "").replace("(", " ").replace(")", " ").split()
        if part.isdigit()
    ]
    assert sign * Fraction(*digits) == number


def test_every_case_of_a_function_that_bends_both_ways_has_its_interval() -> None:
    zigzag = PiecewiseLinear((-1.0, 1.0), (0.0, 1.0, 0.0), -1.0)
    graph, atom = chain(1, zigzag), LinearAtom((), ((0, Fraction(1)),), Fraction(0), strict=True)
    for lower, upper in product((None, Fraction(-2)), (None, Fraction(2))):
        obligation = Obligation(graph, Region((Box((lower,), (upper,)),)), atom)
        neuron = Encoder(obligation).question([(lower, upper)], NOTHING, None)[2][0]
        assert [case[0] for case in neuron[5]] == ["=", "=", "="]
        assert [case[2:] for case in neuron[5]] == [(None, -1), (-1, 1), (1, None)]
