"""Definitions in the place of networks mean their composition; pairs that agree in some inputs are tied."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spec_lang.kernel.exact import evaluate_exact
from spec_lang.obligations.lower import lower
from tests.semantics.worlds import Checked, accepted, check, is_violated, stated

HEAD = """network f = "f.onnx" { input a, b, p
 output a_next, b_next }
param P = {0}
def step(z) = f([z[0], z[1], P])
def twice(z) = step(step(z))
def thrice(z) = step(twice(z))
"""
numbers = st.fractions(-2, 2, max_denominator=6)
points = st.tuples(numbers, numbers, numbers, numbers)


def head(parameter: str) -> str:
    return HEAD.replace("{0}", parameter)


def iterated(
    checked: Checked, point: tuple[Fraction, ...], parameter: Fraction, times: int
) -> tuple[Fraction, ...]:
    for _ in range(times):
        point = tuple(evaluate_exact(checked.graphs["f"], (*point, parameter)))
    return point


@pytest.mark.parametrize("parameter", ["0.1", "0.5", "[1/3][0]"])
@pytest.mark.parametrize(("name", "times"), [("step", 1), ("twice", 2), ("thrice", 3)])
@settings(max_examples=20, deadline=None)
@given(points)
def test_a_composition_is_injective_where_its_values_differ(
    parameter: str, name: str, times: int, drawn: tuple[Fraction, ...]
) -> None:
    text = f"{head(parameter)}claim c: injective({name}, on: box([-2, -2], [2, 2]))\n"
    checked = accepted(text)
    value = {"0.1": Fraction(1, 10), "0.5": Fraction(1, 2)}.get(parameter, Fraction(1, 3))
    x, y = drawn[:2], drawn[2:]
    same = iterated(checked, x, value, times) == iterated(checked, y, value, times)
    goal = lower(checked["c"])
    statement = stated(checked["c"])
    whole = tuple(drawn) + (Fraction(0),) * (statement.graph.input_size - 4)
    whole = goal.obligations[0].completed(whole)
    assert is_violated(goal, whole) == (same and x != y)


def test_a_number_that_no_float_holds_is_one_input_for_all_applications() -> None:
    inputs = {
        parameter: stated(
            accepted(f"{head(parameter)}claim c: injective(thrice, on: box([0, 0], [1, 1]))\n")["c"]
        )
        for parameter in ("0.1", "0.5")
    }
    assert [statement.graph.input_size for statement in inputs.values()] == [5, 4]
    assert [len(statement.ties) for statement in inputs.values()] == [1, 0]


def test_the_space_of_a_definition_is_that_of_its_region_where_its_network_has_another() -> None:
    found = check(f"{head('0.1')}claim c: no_other_preimage(twice, of: [0, 1], on: ball([0, 0], 1, l1))\n")
    assert found.codes == ()
    found = check(f"{head('0.1')}claim c: injective(twice, on: ball([0, 0, 0, 0], 1, l1))\n")
    assert found.codes == ()  # the others have no part in it
    found = check(
        f"{head('0.1')}def half(x) = f(x / 2)\nclaim c: injective(half, on: ball([0, 0, 0], 1, l1))\n"
    )
    assert [axis.name for axis in stated(found["c"]).frame.inputs] == ["a", "b", "p"] * 2


@pytest.mark.parametrize("given_inputs", ["p", "2", "[p, a]"])
def test_pairs_agree_in_the_inputs_that_are_given(given_inputs: str) -> None:
    text = f"{head('1')}claim c: injective(f, on: box(0, 1), given: {given_inputs})\n"
    (obligation,) = lower(accepted(text)["c"]).obligations
    rows = {tuple(index for index, _ in row.inputs) for row in obligation.region.constraints}
    assert rows == ({(2, 5), (0, 3)} if "a" in given_inputs else {(2, 5)})
