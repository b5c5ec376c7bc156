"""The oracle that backends are held against, against plain evaluation: nothing missed, nothing invented."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import strategies as st

from spec_lang.network.graph import Graph
from spec_lang.obligations.model import All, Any, Box, Condition, LinearAtom, Obligation, Region
from tests.backends.enumeration import Enumeration, counterexample
from tests.backends.oracle import counterexample_1d, violates
from tests.differential.cases import case
from tests.graphs import chains, dags
from tests.laws import law
from tests.tiny_networks import graphs, reference

ONE = Fraction(1)
coordinates = st.fractions(-3, 3, max_denominator=20)


def is_value(output: bool, place: int, value: Fraction) -> list[LinearAtom]:
    """Two closed atoms: an input or an output is exactly `value`."""
    terms = ((place, ONE),)
    above = LinearAtom((), terms, -value, False) if output else LinearAtom(terms, (), -value, False)
    return [above, replace(above.negated(), strict=False)]


def only_at(point: tuple[Fraction, ...]) -> list[LinearAtom]:
    return [atom for i, x in enumerate(point) for atom in is_value(False, i, x)]


@law(60, 500, graph=st.one_of(graphs(), chains(), dags()), data=st.data())
def test_every_point_is_met_with_the_outputs_that_the_network_has_there(
    graph: Graph, data: st.DataObject
) -> None:
    size = graph.input_size
    point = tuple(data.draw(st.lists(coordinates, min_size=size, max_size=size)))
    outputs = reference(graph, point)
    side = st.sampled_from(
        [(Fraction(-3), Fraction(3)), (Fraction(-3), None), (None, Fraction(3)), (None, None)]
    )
    ends = [data.draw(side) for _ in range(size)]
    box = Box(tuple(lo for lo, _ in ends), tuple(hi for _, hi in ends))
    enumeration = Enumeration(graph, Region((box,)))
    there = only_at(point)
    same = [atom for j, y in enumerate(outputs) for atom in is_value(True, j, y)]
    assert enumeration.counterexample(All((*there, *same))) == point
    other = Any(tuple(LinearAtom((), ((j, ONE),), -y, strict=True) for j, y in enumerate(outputs)))
    assert enumeration.counterexample(All((*there, other))) is None
    for j, y in enumerate(outputs):
        objective = LinearAtom((), ((j, Fraction(2, 3)),), Fraction(1, 7), strict=False)
        assert enumeration.infimum(objective, All(tuple(there))) == Fraction(2, 3) * y + Fraction(1, 7)


@pytest.mark.parametrize("number", range(120))
def test_a_witness_violates_and_the_infimum_is_where_the_truth_changes(number: int) -> None:
    one = case(number, seed=3)
    obligation = one.obligation
    if one.witness is not None:
        assert violates(obligation, one.witness)
    enumeration = Enumeration(obligation.graph, obligation.region)
    objective = LinearAtom((), ((0, ONE),), Fraction(0), strict=False)
    least = enumeration.infimum(objective)
    if least is None:
        assert enumeration.counterexample(All(())) is None
        return
    below = replace(objective, constant=-least, strict=True)
    assert enumeration.counterexample(below) is None
    above = replace(objective, constant=-least - Fraction(1, 2**90))
    attained = enumeration.counterexample(above)
    if any(constraint.strict for constraint in obligation.region.constraints):
        return  # the infimum may belong to what a strict constraint leaves out
    assert attained is not None
    assert violates(replace(obligation, violation=above), attained)
    at = replace(objective, constant=-least)
    assert violates(replace(obligation, violation=at), enumeration.counterexample(at) or ())


def test_along_one_input_two_oracles_agree() -> None:
    cases = [case(number, seed=4) for number in range(300)]
    single = [one for one in cases if one.obligation.graph.input_size == 1]
    assert len(single) > 40
    for one in single:
        assert (counterexample_1d(one.obligation) is None) is one.holds


def strictly(condition: Condition) -> Condition:
    if isinstance(condition, LinearAtom):
        return replace(condition, strict=True)
    return replace(condition, parts=tuple(map(strictly, condition.parts)))


def test_strict_atoms_that_meet_in_their_ends_alone_hold_nowhere() -> None:
    graph = case(0).obligation.graph
    box = Box((-ONE,) * graph.input_size, (ONE,) * graph.input_size)
    left = LinearAtom(((0, ONE),), (), Fraction(0), strict=False)  # x <= 0
    both = All((left, replace(left.negated(), strict=False)))
    found = counterexample(Obligation(graph, Region((box,)), both))
    assert found is not None
    assert found[0] == 0
    assert counterexample(Obligation(graph, Region((box,)), strictly(both))) is None
    assert counterexample(Obligation(graph, Region((box,), (strictly_atom(left),)), both)) is None


def strictly_atom(atom: LinearAtom) -> LinearAtom:
    return replace(atom, strict=True)
