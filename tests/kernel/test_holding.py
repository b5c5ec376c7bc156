"""Where a condition holds at points: as fractions say, whether floats or integers decide, and at ties."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import strategies as st

from spec_lang.kernel.float_values import FloatsAt, relu_network
from spec_lang.kernel.holding import Known, holding
from spec_lang.kernel.proof import OutOfTime
from spec_lang.network.graph import Graph
from spec_lang.network.primitives import RELU, Smooth
from spec_lang.obligations.cut import denied
from spec_lang.obligations.model import All, Any, Condition, LinearAtom
from tests.graphs import chains, dags, exact_values
from tests.laws import law
from tests.tiny_networks import chain, dense

_NUMBER = st.fractions(-3, 3, max_denominator=7) | st.sampled_from(
    [Fraction(0), Fraction(1, 2**90), Fraction(10) ** -130, Fraction(10) ** 130, Fraction(-1, 10**400)]
)


@st.composite
def conditions(draw: st.DrawFn, inputs: int, outputs: int, depth: int = 2) -> Condition:
    if depth and draw(st.booleans()):
        parts = tuple(draw(st.lists(conditions(inputs, outputs, depth - 1), max_size=3)))
        return All(parts) if draw(st.booleans()) else Any(parts)
    over = []
    for size in (inputs, outputs):
        chosen = sorted(draw(st.sets(st.integers(0, size - 1), max_size=2))) if size else []
        over.append(tuple((i, draw(_NUMBER.filter(bool))) for i in chosen))
    return LinearAtom(over[0], over[1], draw(_NUMBER), draw(st.booleans()))


def is_true(condition: Condition, point: Sequence[Fraction], outputs: Sequence[Fraction]) -> bool:
    """As it is defined."""
    if isinstance(condition, LinearAtom):
        value = condition.constant + sum(c * point[i] for i, c in condition.inputs)
        value += sum(c * outputs[i] for i, c in condition.outputs)
        return value < 0 if condition.strict else value <= 0
    parts = [is_true(part, point, outputs) for part in condition.parts]
    return all(parts) if isinstance(condition, All) else any(parts)


@law(25, 8_000, graph=chains(inputs=2) | dags(), data=st.data())
def test_a_condition_holds_where_fractions_say(graph: Graph, data: st.DataObject) -> None:
    points = data.draw(st.lists(st.tuples(*[_NUMBER] * graph.input_size), min_size=1, max_size=5))
    condition = data.draw(conditions(graph.input_size, graph.output_size))
    expected = []
    for point in points:
        values = exact_values(graph, point)
        expected.append(is_true(condition, point, [y for output in graph.outputs for y in values[output]]))
    for exact in (False, True):
        found = holding(graph, points, condition, exact=exact)
        assert found.true.tolist() == expected
        assert not found.open.any()
        other = holding(graph, points, denied(condition), exact=exact)
        assert (~other.true).tolist() == expected
    assert found.in_integers == len(points)


def test_a_neuron_that_is_off_is_decided_by_floats() -> None:
    graph = chain(1, dense([[1.0], [-0.1]], [-0.3, 0.0]), RELU)
    off = LinearAtom((), ((0, Fraction(1)),), Fraction(0), False)
    on = LinearAtom((), ((1, Fraction(-1)),), Fraction(0), True)
    points = [(Fraction(n, 64),) for n in range(-40, 0)]
    for condition in (off, on, All((off, on))):
        found = holding(graph, points, condition)
        assert found.in_integers == 0
        assert found.true.all()
    assert not holding(graph, points, denied(off)).true.any()


def test_a_tie_goes_to_integers() -> None:
    graph = chain(1, dense([[3.0]], [-1.0]))
    at_least = LinearAtom((), ((0, Fraction(-1)),), Fraction(0), False)
    points = [(Fraction(1, 3),), (Fraction(1, 3) + Fraction(1, 10**30),), (Fraction(1),)]
    weight = Fraction(1, 10**30)
    found = holding(graph, points, at_least)
    assert (found.true.tolist(), found.in_integers) == ([True, True, True], 2)
    above = LinearAtom((), ((0, Fraction(-1)),), weight, False)
    assert holding(graph, points, above).true.tolist() == [False, True, True]


def test_smooth_networks_are_enclosed_and_a_tie_of_theirs_stays_open() -> None:
    graph = chain(1, dense([[1.0]]), Smooth.TANH)  # type: ignore[arg-type]
    above = LinearAtom((), ((0, Fraction(-1)),), Fraction(1, 2), False)
    points = [(Fraction(0),), (Fraction(1),)]
    found = holding(graph, points, above)
    assert (found.true.tolist(), found.open.tolist()) == ([False, True], [False, False])
    same = LinearAtom((), ((0, Fraction(1)),), Fraction(0), False)
    found = holding(graph, [(Fraction(1, 10**300),)], same)
    assert not found.true.any()


def test_a_count_that_has_no_time_stops() -> None:
    graph = chain(1, dense([[1.0]]))
    with pytest.raises(OutOfTime):
        holding(graph, [(Fraction(0),)], All(()), expired=lambda: True)


@law(20, 3_000, graph=chains(inputs=2) | dags(), data=st.data())
def test_what_is_known_at_more_points_says_the_same(graph: Graph, data: st.DataObject) -> None:
    points = data.draw(st.lists(st.tuples(*[_NUMBER] * graph.input_size), min_size=1, max_size=5))
    floats = FloatsAt(points)
    for _ in range(2):
        condition = data.draw(conditions(graph.input_size, graph.output_size))
        rows = np.array(data.draw(st.lists(st.integers(0, len(points) - 1))), dtype=np.intp)
        chosen = [points[row] for row in rows]
        alone, known = (holding(graph, at, condition) for at in (chosen, Known(chosen, floats, rows)))
        assert known.true.tolist() == alone.true.tolist()
        assert known.in_integers == alone.in_integers


def test_layers_that_networks_share_are_passed_once() -> None:
    first, second = dense([[1.0, 2.0], [3.0, -4.0]]), dense([[1.0, 1.0]])
    floats = FloatsAt([(Fraction(n), Fraction(1, n)) for n in range(1, 9)])
    long, short = chain(2, first, RELU, second), chain(2, first, RELU)
    whole = floats.values(long, relu_network(long))
    part = floats.values(short, relu_network(short))
    assert whole is not None
    assert part is not None
    assert all(part.at[value] is whole.at[value] for value in part.at)
    other = chain(2, dense([[1.0, 2.0], [3.0, -4.0]]), RELU)
    again = floats.values(other, relu_network(other))
    assert again is not None
    assert again.at[2] is not whole.at[2]
    assert np.array_equal(again.at[2], whole.at[2])


def test_what_finds_no_room_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = chain(2, dense([[1.0, 2.0], [3.0, -4.0]]), RELU)
    points = [(Fraction(n), Fraction(1, n)) for n in range(1, 9)]
    floats, above = FloatsAt(points), LinearAtom((), ((1, Fraction(-1)),), Fraction(1), False)
    monkeypatch.setattr("spec_lang.kernel.float_values._KEPT", 16)
    assert floats.values(graph, relu_network(graph)) is None
    known = holding(graph, Known(points, floats, np.arange(8)), above)
    assert known.true.tolist() == holding(graph, points, above).true.tolist()
