"""Conditions about neurons, against the network that they were about: exact, point by point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from random import Random
from unittest.mock import patch

from hypothesis import strategies as st

from spec_lang.kernel.exact import evaluate_exact
from spec_lang.network.graph import Graph
from spec_lang.network.primitives import RELU
from spec_lang.obligations import neurons
from spec_lang.obligations.lower import lower_condition
from spec_lang.obligations.model import All, Any, Condition, Frame, LinearAtom, Semantics
from spec_lang.obligations.neurons import of_neurons
from spec_lang.obligations.simplify import FALSE, TRUE
from tests.gradients.cases import case
from tests.laws import law
from tests.tiny_networks import chain, dense

LIMITS = (Fraction(-1, 4), Fraction(0), Fraction(0), Fraction(0), Fraction(1, 8))


def holds(condition: Condition, x: Sequence[Fraction], y: Sequence[Fraction]) -> bool:
    if isinstance(condition, All):
        return all(holds(part, x, y) for part in condition.parts)
    if isinstance(condition, Any):
        return any(holds(part, x, y) for part in condition.parts)
    value = condition.constant + sum((c * x[i] for i, c in condition.inputs), Fraction(0))
    value += sum((c * y[i] for i, c in condition.outputs), Fraction(0))
    return value < 0 if condition.strict else value <= 0


def seen(graph: Graph) -> Graph:
    """With all values before the last as outputs, too, inputs of ReLUs among them or not."""
    first = len(graph.inputs)
    hidden = [first + n for n, node in enumerate(graph.nodes) if node.primitive == RELU]
    return replace(graph, outputs=(*graph.outputs, *hidden, hidden[0] - 1))


def drawn(rng: Random, outputs: int) -> Condition:
    def atom() -> LinearAtom:
        terms = {
            rng.randrange(outputs): Fraction(rng.choice((-2, -1, 1, 1)))
            for _ in range(rng.choice((1, 1, 1, 2)))
        }
        inputs = ((0, Fraction(1)),) if rng.random() < 0.1 else ()
        return LinearAtom(inputs, tuple(sorted(terms.items())), rng.choice(LIMITS), rng.random() < 0.5)

    parts = [atom() for _ in range(rng.randint(1, 4))]
    return All((*parts, Any((atom(), atom()))))


@law(60, 4000, number=st.integers(0, 10**6))
def test_points_satisfy_the_same_and_see_the_same_there(number: int) -> None:
    one, rng = case(number), Random(number)  # noqa: S311 - to be repeated
    graph = seen(one.graph)
    before = drawn(rng, graph.output_size)
    with patch.object(neurons, "MANY_INPUTS", rng.choice((0, neurons.MANY_INPUTS))):
        made, (after,) = of_neurons(graph, [before])
    points = [one.point, one.region.lower, one.region.upper]
    points += [tuple(Fraction(rng.randint(-16, 16), 8) for _ in one.point) for _ in range(12)]
    for x in points:
        y, found = evaluate_exact(graph, x), evaluate_exact(made, x)
        assert holds(before, x, y) == holds(after, x, found)
        assert not holds(before, x, y) or y == found[: len(y)]


def two_layers() -> Graph:
    return chain(1, dense([[1.0], [-1.0]], [0.0, 1.0]), RELU, dense([[1.0, -2.0]], [0.0]))


def about(index: int, factor: int, limit: int, *, strict: bool) -> LinearAtom:
    return LinearAtom((), ((index, Fraction(factor)),), Fraction(-limit), strict)


def test_what_is_fixed_has_no_kink() -> None:
    graph = replace(two_layers(), outputs=(3, 2))
    on, off = about(1, -1, 0, strict=True), about(2, 1, 0, strict=False)
    made, found = of_neurons(graph, [All((on, off))])
    assert not [node for node in made.nodes if node.primitive == RELU]
    assert found == [
        All((replace(on, outputs=((3, Fraction(-1)),)), replace(off, outputs=((4, Fraction(1)),))))
    ]
    assert evaluate_exact(made, (Fraction(3),)) == tuple(map(Fraction, (3, 3, 0, 3, -2)))
    half, _ = of_neurons(graph, [on])
    assert [node.size for node in half.nodes if node.primitive == RELU] == [2]


def test_what_only_one_alternative_says_fixes_nothing() -> None:
    graph = replace(two_layers(), outputs=(3, 2))
    made, _ = of_neurons(graph, [Any((about(1, -1, 0, strict=True), about(2, 1, 0, strict=False)))])
    assert [node.primitive for node in made.nodes] == [node.primitive for node in graph.nodes]


def test_what_no_relu_can_be_and_always_is() -> None:
    graph = replace(two_layers(), outputs=(3, 2))
    wanted = [about(1, 1, 0, strict=True), about(1, -1, 0, strict=False), about(1, 1, -1, strict=False)]
    _, found = of_neurons(graph, wanted)
    assert found == [FALSE, TRUE, FALSE]


def test_in_float32_nothing_is_said_of_what_is_no_number() -> None:
    """An input that overflows leaves a ReLU without a number, which is not 0 or more."""
    graph = replace(two_layers(), outputs=(3, 2))
    wanted = All((about(1, -1, 1, strict=False), about(0, 1, 0, strict=False)))
    for semantics, outputs in ((Semantics.REAL, 3), (Semantics.FLOAT32, 2)):
        goal = lower_condition(graph, wanted, Frame("f", "x", (), ()), "c", semantics)
        assert [len(obligation.graph.outputs) for obligation in goal.obligations] == [outputs]


def test_limits_of_neurons_are_limits_in_the_network_where_inputs_are_many() -> None:
    """Both sides of r[0], rounded outward: r[0] is 0.3 below that, and 0.7 above."""
    graph = replace(two_layers(), outputs=(3, 2))
    third, most = Fraction(3, 10), Fraction(7, 10)
    within = [
        LinearAtom((), ((1, Fraction(-1)),), third, strict=True),
        LinearAtom((), ((1, Fraction(1)),), -most, strict=False),
    ]
    with patch.object(neurons, "MANY_INPUTS", 0):
        made, _ = of_neurons(graph, within)
    assert len(made.nodes) > len(of_neurons(graph, within)[0].nodes)
    for x in (Fraction(0), Fraction(1, 2), Fraction(4)):
        cut = evaluate_exact(made, (x,))[1]
        assert third - Fraction(1, 10**15) < cut < most + Fraction(1, 10**15)
        assert cut <= third or x > 0
        assert cut >= most or x < 4
        assert cut == x or x != Fraction(1, 2)
