"""One execution in float32, exactly, and an enclosure of all of them: the kernel's two views of a point."""

from __future__ import annotations

import random
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from spec_lang.kernel.float32 import Float32Network
from spec_lang.kernel.verdict import Witness
from spec_lang.kernel.witness import WitnessChecker, check_witness
from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.primitives import RELU, Affine, Dense, Floats, PiecewiseLinear, Scale, frozen
from spec_lang.obligations.model import All, Any, Box, Condition, LinearAtom, Obligation, Region, Semantics
from tests.float32_runs import LEFT_TO_RIGHT, Overflow, Style, arrays, nearest, networks, run, styles
from tests.kernel.nets import nets
from tests.laws import law
from tests.maps import as_dense
from tests.tiny_networks import chain, dense

ONE, ZERO = Fraction(1), Fraction(0)
OMEGA = 2.0**24
singles = st.one_of(
    st.floats(-4, 4, width=32), st.sampled_from([0.0, 1.0, 2.0**-120, 2.0**-149, 1e3, OMEGA])
).map(lambda x: Fraction(float(np.float32(x))))
choices = st.randoms(use_true_random=False)


@st.composite
def situations(draw: st.DrawFn) -> tuple[Graph, list[Fraction]]:
    graph = draw(st.one_of(networks(), nets(lambda shape: arrays(*shape))))
    return graph, [draw(singles) for _ in range(graph.input_size)]


def has_glue(graph: Graph) -> bool:
    return any(node.glue for node in graph.nodes)


def outputs_of(graph: Graph, values: Sequence[Sequence[Fraction]]) -> tuple[Fraction, ...]:
    return tuple(number for output in graph.outputs for number in values[output])


@law(100, 1000, situation=situations())
def test_the_execution_is_the_one_from_left_to_right(situation: tuple[Graph, list[Fraction]]) -> None:
    graph, point = situation
    try:
        values = run(graph, point, LEFT_TO_RIGHT, random.Random(0))  # noqa: S311
        read = {operand for node in graph.nodes if not node.glue for operand in node.operands}
        expected = (
            outputs_of(graph, values) if all(nearest(v) == v for o in read for v in values[o]) else None
        )
    except Overflow:
        expected = None
    assert Float32Network(graph)(point) == expected


@given(situations())
@settings(max_examples=100)
def test_numpy_agrees_with_the_execution(situation: tuple[Graph, list[Fraction]]) -> None:
    graph, point = situation
    assume(not has_glue(graph))
    found = Float32Network(graph)(point)
    assume(found is not None)
    ends = np.cumsum([spec.size for spec in graph.inputs])[:-1]
    values: list[Floats] = np.split(np.array([float(x) for x in point], dtype=np.float32), ends)
    for node in graph.nodes:
        operands = [values[operand] for operand in node.operands]
        if not isinstance(node.primitive, Affine):
            values.append(np.maximum(operands[0], np.float32(0)))
            continue
        total: Floats = np.zeros(node.size, dtype=np.float32)
        for linear, operand in zip(node.primitive.maps, operands, strict=True):
            if isinstance(linear, Scale):
                total = total + linear.factor * operand
                continue
            matrix = as_dense(linear).weight
            for column, x in enumerate(operand):
                total = total + matrix[:, column] * x
        values.append(total + node.primitive.bias)
    assert found == tuple(Fraction(float(v)) for output in graph.outputs for v in values[output])


@law(100, 1000, situation=situations(), style=styles, choice=choices)
def test_the_enclosure_holds_every_execution(
    situation: tuple[Graph, list[Fraction]], style: Style, choice: random.Random
) -> None:
    graph, point = situation
    enclosure = Float32Network(graph).enclosure(point)
    assume(enclosure is not None)
    found = outputs_of(graph, run(graph, point, style, choice))
    for value, (low, high) in zip(found, enclosure or (), strict=True):
        assert low <= value <= high


def test_the_enclosure_is_of_the_size_of_rounding() -> None:
    graph = chain(2, dense([[1, -1], [-1, 1]]), RELU, dense([[1, -1]], [0.25]))
    enclosure = Float32Network(graph).enclosure([ONE, Fraction(1, 4)])
    assert enclosure is not None
    ((low, high),) = enclosure
    assert low < ONE < high
    assert high - low < Fraction(1, 2**18)


# -- witnesses ------------------------------------------------------------------------------------------


def linear(weights: Sequence[float], bias: float = 0.0) -> Graph:
    return chain(len(weights), dense([list(weights)], [bias]))


def obligation(graph: Graph, violation: Condition, semantics: Semantics = Semantics.FLOAT32) -> Obligation:
    size = graph.input_size
    return Obligation(graph, Region((Box((None,) * size, (None,) * size),)), violation, semantics)


def at_most(bound: Fraction, strict: bool = False) -> LinearAtom:
    """`y <= bound`, or `<`."""
    return LinearAtom((), ((0, ONE),), -bound, strict, f"y <= {bound}")


CANCELLED = linear([OMEGA, 1.0, -OMEGA])  # 1 in reals, 0 from left to right
ONES = (ONE,) * 3


def test_an_order_that_breaks_a_claim_which_holds_in_reals_refutes_it() -> None:
    below = at_most(Fraction(1, 2))
    assert check_witness(obligation(CANCELLED, below, Semantics.REAL), ONES) is None
    assert check_witness(obligation(CANCELLED, below), ONES) == Witness(ONES, (ZERO,), (below,))


def test_what_holds_in_one_order_alone_is_no_proof_of_exists() -> None:
    assert check_witness(obligation(CANCELLED, at_most(Fraction(1, 2))), ONES, every=True) is None
    sure = obligation(CANCELLED, at_most(Fraction(1000)))
    assert check_witness(sure, ONES, every=True) is not None


@pytest.mark.parametrize("strict", [False, True])
def test_strict_atoms_stay_strict(strict: bool) -> None:
    found = check_witness(obligation(CANCELLED, at_most(ZERO, strict)), ONES)
    assert (found is None) is strict


def test_a_point_that_float32_does_not_hold_is_none() -> None:
    graph = linear([1.0])
    holds = obligation(graph, at_most(Fraction(10)))
    assert check_witness(holds, [Fraction(1, 10)]) is None
    assert check_witness(holds, [ONE + Fraction(1, 2**24)]) is None
    assert check_witness(holds, [Fraction(1, 2**150)]) is None
    assert check_witness(holds, [Fraction(2**128)]) is None
    assert check_witness(holds, [ONE + Fraction(1, 2**23)]) is not None
    assert check_witness(holds, [nearest(Fraction(1, 10))]) is not None


def test_an_input_that_no_network_reads_may_be_any_number() -> None:
    graph = Graph(
        (TensorSpec("x", (1,)), TensorSpec("eps", (1,))),
        (Node(dense([[1.0]]), (0,), TensorSpec("y", (1,))),),
        (2,),
    )
    assert check_witness(obligation(graph, at_most(Fraction(10))), [ONE, Fraction(1, 10)]) is not None


def test_an_execution_that_overflows_is_none() -> None:
    graph = linear([3e38, 3e38])
    either = Any((at_most(ZERO), LinearAtom((), ((0, -ONE),), ZERO, False)))
    assert check_witness(obligation(graph, either), [ONE, ONE]) is None
    assert check_witness(obligation(graph, either), [ONE, -ONE]) is not None
    assert Float32Network(graph).enclosure([ONE, -ONE]) is None


def test_double_weights_and_other_functions_have_no_execution() -> None:
    double = Affine((Dense(frozen(np.array([[0.5]]))),), frozen(np.zeros(1, dtype=np.float32)))
    bent = PiecewiseLinear(knots=(0.0,), slopes=(0.5, 1.0), anchor=0.0)
    for graph in (chain(1, double), chain(1, bent)):
        assert Float32Network(graph)([ONE]) is None
        assert Float32Network(graph).enclosure([ONE]) is None
        assert check_witness(obligation(graph, All(())), [ONE]) is None


def test_glue_is_exact_and_what_it_hands_over_is_checked() -> None:
    shift = Affine((Scale(frozen(np.array([1.0]))),), frozen(np.array([2.0**-40])))
    spec = TensorSpec("y", (1,))
    nodes = Node(shift, (0,), spec, glue=True), Node(dense([[1.0]]), (1,), spec)
    network = Float32Network(Graph((TensorSpec("x", (1,)),), nodes, (2,)))
    assert network([ONE]) is None  # 1 + 2^-40 has too many bits
    assert network([ZERO]) == (Fraction(1, 2**40),)
    enclosure = network.enclosure([ZERO])
    assert enclosure is not None and enclosure[0][0] <= Fraction(1, 2**40) <= enclosure[0][1]


def test_a_maximum_takes_differences_that_float32_does_not_hold() -> None:
    """`a + relu(b − a)` is b, to the last bit, where a sum in float32 would be another number."""
    pair = TensorSpec("x", (2,))
    spec = TensorSpec("y", (1,))
    less, first, one = (Dense(frozen(np.array([row]))) for row in ([-1.0, 1.0], [1.0, 0.0], [1.0]))
    nothing = frozen(np.zeros(1))
    nodes = (
        Node(Affine((less,), nothing), (0,), spec, glue=True),
        Node(RELU, (1,), spec, glue=True),
        Node(Affine((first, one), nothing), (0, 2), spec, glue=True),
        Node(dense([[1.0]]), (3,), spec),
    )
    tiny = Fraction(1, 2**100)
    network = Float32Network(Graph((pair,), nodes, (4,)))
    assert network([-ONE, tiny]) == (tiny,)
    assert network([tiny, -ONE]) == (tiny,)
    enclosure = network.enclosure([-ONE, tiny])
    assert enclosure is not None and enclosure[0][0] <= tiny <= enclosure[0][1]
    inner = Graph((pair,), (nodes[0], Node(RELU, (1,), spec), *nodes[2:]), (4,))
    assert Float32Network(inner)([-ONE, tiny]) is None  # a ReLU of the network itself is handed 1 + 2^-100


@law(
    80,
    800,
    situation=situations(),
    bound=st.fractions(-5, 5),
    strict=st.booleans(),
    style=styles,
    choice=choices,
)
def test_where_every_execution_is_said_to_break_a_claim_any_does(
    situation: tuple[Graph, list[Fraction]],
    bound: Fraction,
    strict: bool,
    style: Style,
    choice: random.Random,
) -> None:
    graph, point = situation
    atom = at_most(bound, strict)
    rising = LinearAtom(((0, Fraction(1, 3)),), ((0, -ONE),), bound, strict)
    violation = Any((All((atom, rising)), atom))
    witness = WitnessChecker(obligation(graph, violation), every=True)(point)
    assume(witness is not None)
    found = outputs_of(graph, run(graph, point, style, choice))[0]
    assert found < bound if strict else found <= bound
