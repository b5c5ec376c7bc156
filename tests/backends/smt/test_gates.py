"""Gates and products as the solver gets them, against their definitions at exact points."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from importlib import import_module
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spec_lang.backends.smt import statements
from spec_lang.backends.smt.crossings import stepped, undecidable
from spec_lang.backends.smt.encode import NOTHING, Encoder, Knowledge
from spec_lang.backends.smt.shorten import shortened
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.program import compile_graph
from spec_lang.bounding.propagate import propagate
from spec_lang.network.graph import Graph, Node
from spec_lang.network.primitives import RELU, Binary, Smooth
from spec_lang.obligations.model import Box, LinearAtom, Obligation, Region
from tests.backends.gradient_claims import claim, with_gradients
from tests.gradients.oracle import gradients_at
from tests.graphs import random_chain
from tests.kernel.gradient_nets import CHOICES, kinked, values_at
from tests.laws import law
from tests.tiny_networks import chain, dense

ZERO, ONE = Fraction(0), Fraction(1)
Z3: Any = import_module("z3")  # it has no types
shares = st.lists(st.fractions(0, 1, max_denominator=8), min_size=3, max_size=3)
sides = st.fractions(-4, 4, max_denominator=4)


def value(row: statements.Row, values: list[Fraction]) -> Fraction:
    terms, constant, radius = row
    assert radius == 0
    return constant + sum((c * values[i] for i, c in terms), ZERO)


def solutions(question: statements.Question, x: list[Fraction]) -> Iterator[list[Fraction]]:
    """The variables of every choice of the switches that `x` leaves, where all that is said of them holds."""
    intervals, _, neurons, _, (switches, gates, products, at_kinks), _ = question
    for choice in product((True, False), repeat=len(switches)):
        values = list(x)
        made: dict[int, Fraction] = {}
        numbered = {gate[2]: gate for gate in gates}
        multiplied = {one[2]: one for one in products}
        bent = {neuron[1]: neuron for neuron in neurons}
        for number in range(len(x), len(intervals)):
            if number in bent:
                found = statements.meant(bent[number], value(bent[number][0], values))
            elif number in numbered:
                switch, g, _, _ = numbered[number]
                made[number] = value(g, values)
                found = made[number] if choice[switch] else ZERO
            else:
                first, second, *_ = multiplied[number]
                found = value(first, values) * value(second, values)
            values.append(found)
        z = [value(row, values) for row in switches]
        possible = all(s >= 0 if on else s <= 0 for s, on in zip(z, choice, strict=True))
        sure = at_kinks or all(z[gate[0]] != 0 or made[gate[2]] == 0 for gate in gates)
        if possible and sure:
            yield values


def over(graph: Graph, share: list[Fraction]) -> tuple[list[statements.Interval], list[Fraction]]:
    """A cube, and a point of it."""
    size = graph.input_size
    return [(-ONE, ONE)] * size, [2 * s - 1 for s in share[:size]]


def asked(graph: Graph, known: Knowledge, *, at_kinks: bool = True) -> statements.Question:
    """Whether any output is anything: all outputs take part."""
    size = graph.input_size
    region = Region((Box((-ONE,) * size, (ONE,) * size),))
    sums = LinearAtom((), tuple((j, ONE) for j in range(graph.output_size)), ZERO, strict=False)
    encoder = Encoder(Obligation(graph, region, sums))
    return encoder.question([(-ONE, ONE)] * size, known, None, at_kinks=at_kinks)


def knowledge(graph: Graph) -> Knowledge:
    size = graph.input_size
    _, known = propagate(compile_graph(graph), Boxes(-np.ones((1, size)), np.ones((1, size))))
    return Knowledge({v: (ranges.lower[0], ranges.upper[0]) for v, ranges in known.items()}, {})


def total(question: statements.Question, values: list[Fraction]) -> Fraction:
    (_, terms, constant), *_ = question[3][1]
    return Fraction(constant) + sum((c * values[i] for i, c in terms), ZERO)


def inside(question: statements.Question, values: list[Fraction]) -> bool:
    """Whether the values lie in their intervals, and what enters gates and products does, too."""
    crossings = question[4]
    rows = [(g, ends) for _, g, _, ends in crossings[1]]
    rows += [pair for x, y, _, of_x, of_y, _ in crossings[2] for pair in ((x, of_x), (y, of_y))]
    pairs = [*zip(values, question[0], strict=True), *((value(row, values), ends) for row, ends in rows)]
    return all((lo is None or lo <= v) and (hi is None or v <= hi) for v, (lo, hi) in pairs)


@pytest.mark.parametrize("known", [False, True], ids=["alone", "with bounds"])
@law(25, 300, graph=kinked(), share=shares)
def test_a_question_has_exactly_the_gradients_of_every_choice(
    known: bool, graph: Graph, share: list[Fraction]
) -> None:
    whole = with_gradients(graph, 0)
    _, x = over(graph, share)
    question = asked(whole, knowledge(whole) if known else NOTHING)
    found = list(solutions(question, x))
    assert all(inside(question, values) for values in found)
    first = sum((sum(row, ZERO) for row in [values_at(graph, x, CHOICES[0])[graph.outputs[0]]]), ZERO)
    expected = {first + sum(gradient, ZERO) for gradient in gradients_at(graph, tuple(x), 0)}
    assert {total(question, values) for values in found} == expected


@law(25, 300, graph=kinked(), share=shares)
def test_without_kinks_a_question_has_a_point_where_no_choice_matters(
    graph: Graph, share: list[Fraction]
) -> None:
    whole = with_gradients(graph, 0)
    _, x = over(graph, share)
    found = list(solutions(asked(whole, NOTHING, at_kinks=False), x))
    several = {tuple(map(tuple, values_at(whole, x, choice))) for choice in CHOICES}
    gradients = gradients_at(graph, tuple(x), 0)
    assert len(gradients) == 1 or not found
    assert len(several) > 1 or found


@given(st.sampled_from(["linear", "l2", "saliency"]), st.integers(0, 60), shares)
@settings(deadline=None, max_examples=25)
def test_a_short_question_has_every_solution(kind: str, number: int, share: list[Fraction]) -> None:
    obligation = claim(number, kind).obligation
    box = obligation.region.boxes[0]
    ends = [(lo or ZERO, hi or ZERO) for lo, hi in zip(box.lower, box.upper, strict=True)]
    x = [lo + s * (hi - lo) for (lo, hi), s in zip(ends, share, strict=False)]
    question = Encoder(obligation).question(list(ends), NOTHING, None)
    short = shortened(question)
    for values in solutions(question, x):
        assert inside(question, values)
        pairs = [*zip(question[4][0], short[4][0], strict=True)]
        pairs += [(long[1], near[1]) for long, near in zip(question[4][1], short[4][1], strict=True)]
        for long, near in zip(question[4][2], short[4][2], strict=True):
            pairs += [(long[0], near[0]), (long[1], near[1])]
        for row, (terms, constant, radius) in pairs:
            assert abs(value(row, values) - value((terms, constant, ZERO), values)) <= radius


@pytest.mark.parametrize("same", [False, True], ids=["product", "square"])
@pytest.mark.parametrize("bounded", [False, True])
@law(4, 40, ends=st.tuples(sides, sides, sides, sides), share=shares)
def test_what_is_said_of_a_product_is_true_and_excludes_what_it_is_not(
    same: bool, bounded: bool, ends: tuple[Fraction, ...], share: list[Fraction]
) -> None:
    of_x, of_y = sorted(ends[:2]), sorted(ends[2:])
    if same:
        of_x = of_y
    x, y, at = (lo + s * (hi - lo) for (lo, hi), s in zip((of_x, of_y, of_y), share, strict=True))
    if same:
        x = y
    row: statements.Row = ((), ZERO, ZERO)
    within = ((of_x[0], of_x[1]), (of_y[0], of_y[1])) if bounded else ((None, None), (None, None))
    one: statements.Product = (row, row, 0, *within, same)
    other = at if same else x
    for wrong in (other * at - 1, other * at + 1):
        text = statements.product_text(one, 0, at, wrong)
        assert is_true(text, x, y, x * y)
        assert is_true(text, other, at, other * at)
        assert not is_true(text, other, at, wrong)


def is_true(text: str, x: Fraction, y: Fraction, found: Fraction) -> bool:
    solver = Z3.SimpleSolver()
    names = "".join(f"(declare-const {name} Real)" for name in ("x0", "y0", "v0"))
    given_ = zip(("x0", "y0", "v0"), (x, y, found), strict=True)
    solver.from_string(names + text + "".join(f"(assert (= {n} {statements.number(v)}))" for n, v in given_))
    return bool(solver.check() == Z3.sat)


def test_what_has_finitely_many_values_is_told_from_what_has_not() -> None:
    graph = with_gradients(random_chain([2, 3, 3, 1], 0), 0)
    finite = stepped(graph)
    gates = [value for value, node in enumerate(graph.nodes, start=1) if node.primitive is Binary.GATE]
    assert all(finite[gate] for gate in (*gates, graph.outputs[-1]))
    assert not any(finite[value] for value in (0, 1, 2, graph.outputs[0]))


@pytest.mark.parametrize(
    ("primitive", "of", "why"),
    [
        (Smooth.SQUARE, (-1,), None),
        (Smooth.SQUARE, (0,), "no piecewise linear formula says what a square is"),
        (Smooth.TANH, (-1,), "no piecewise linear formula says what a tanh is"),
        (Binary.PRODUCT, (0, -1), None),
        (Binary.PRODUCT, (0, 0), "no piecewise linear formula says what a product is"),
    ],
)
def test_products_need_a_factor_of_finitely_many_values(
    primitive: Smooth | Binary, of: tuple[int, ...], why: str | None
) -> None:
    graph = with_gradients(random_chain([2, 3, 1], 0), 0)
    operands = tuple(graph.outputs[operand] if operand else 0 for operand in of)
    node = Node(primitive, operands, graph.inputs[0])
    assert undecidable(replace(graph, nodes=(*graph.nodes, node))) == why


def test_gates_of_several_outputs_share_the_switches_of_their_neurons() -> None:
    network = chain(2, dense([[1.0, 1.0], [1.0, -1.0]]), RELU, dense([[1.0, -1.0], [2.0, 1.0]]))
    switches, gates, _, _ = asked(with_gradients(network, 0, 1), NOTHING)[4]
    assert len(switches) == 2
    assert [gate[0] for gate in gates] == [0, 1, 0, 1]
