"""What the kernel says of gates and products holds at every point, whatever gates do where z is 0.

In: random networks with gradients, at kinks on purpose, boxes, phases, proofs.  Out: nothing but failures;
the meaning is that of fractions.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import strategies as st

from spec_lang.kernel.integers import Integers
from spec_lang.kernel.network import ReluStep, compiled
from spec_lang.kernel.planes import crossing, crossing_ends
from spec_lang.kernel.proof import examine
from spec_lang.kernel.ranges import propagate
from spec_lang.kernel.rounded import Rounded
from spec_lang.kernel.rows import alternatives
from spec_lang.kernel.scene import Scene
from spec_lang.kernel.witness import check_witness
from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.primitives import RELU, Affine, Binary, Dense, frozen
from spec_lang.network.transform.gradient import with_gradient
from spec_lang.obligations.certificate import BY_PHASES, CLOSED, BoxProof, PhaseProof, PhaseTree, Proof
from spec_lang.obligations.model import Any, Box, LinearAtom, Obligation, Region
from tests.bounding.samples import float_boxes, points_of, share_lists
from tests.kernel.gradient_nets import CHOICES, Choice, gradient_graphs, kinked, product_graphs, values_at
from tests.kernel.scenes import ARITHMETICS, Sample, drawn_rows, factor, samples_of, scene_of, value_of
from tests.laws import law

LEAVES = st.sampled_from([CLOSED, BY_PHASES])
Numbers = st.sampled_from([-2.0, -1.0, -0.5, 0.0, 0.25, 1.0, 3.0, 1e-12, -1e9])


def samples() -> st.SearchStrategy[Sample]:
    return samples_of(st.one_of(gradient_graphs(), product_graphs()))


def phases_hold(scene: Scene, phases: np.ndarray, values: list[list[Fraction]], choice: Choice) -> bool:
    """Whether a point, with its choice, lies where the phases are."""
    for step in scene.network.steps:
        if not isinstance(step, ReluStep):
            continue
        for place, z in enumerate(values[step.operand]):
            phase = phases[step.first + place]
            if phase and (z > 0 or (z == 0 and choice(step.operand, place))) != (phase > 0):
                return False
    return True


@law(
    40, 1000, ends=st.lists(Numbers, min_size=4, max_size=4), shares=st.lists(st.fractions(0, 1), min_size=2)
)
def test_planes_hold_over_the_whole_rectangle(ends: list[float], shares: list[Fraction]) -> None:
    (a, b), (c, d) = sorted(ends[:2]), sorted(ends[2:])
    first, second = ((np.array([[low]]), np.array([[high]])) for low, high in ((a, b), (c, d)))
    for function, phase in product(Binary, (0, 1, -1)):
        phases = np.array([[phase]], dtype=np.int8) if function is Binary.GATE else None
        found = crossing(function, first, second, phases)
        low, high = crossing_ends(function, first, second, phases)
        for s, t in product((Fraction(0), Fraction(1), *shares), repeat=2):
            x, y = (Fraction(u) + (Fraction(v) - Fraction(u)) * w for u, v, w in ((a, b, s), (c, d, t)))
            if function is Binary.PRODUCT:
                values = [x * y]
            else:
                values = [y] * (x >= 0 and phase >= 0) + [Fraction(0)] * (x <= 0 and phase <= 0)
            for value in values:
                assert Fraction(low[0, 0]) <= value <= Fraction(high[0, 0])
                for plane, sign in ((found.below, 1), (found.above, -1)):
                    of_first = 0.0 if plane.of_first is None else plane.of_first[0, 0]
                    line = Fraction(of_first) * x + Fraction(plane.of_second[0, 0]) * y
                    assert sign * (line + Fraction(plane.constant[0, 0])) <= sign * value


@ARITHMETICS
@law(30, 600, sample=samples(), data=st.data())
def test_ranges_and_rows_hold_for_every_choice(
    arithmetic: type[Integers] | type[Rounded], sample: Sample, data: st.DataObject
) -> None:
    graph, boxes, shares, _ = sample
    with np.errstate(all="ignore"):
        scene, found = scene_of(arithmetic, sample)
        ranges = propagate(scene, {})
        count = len(found.atoms)
        rows = scene.atoms(np.zeros(count, dtype=np.intp), np.arange(count))
        mixed = drawn_rows(data, scene, count)
        minimum = scene.mixtures(range(count), mixed.multipliers, mixed.slopes)
    for point, choice in product(points_of(boxes, 0, shares), CHOICES):
        values = values_at(graph, point, choice)
        for value, (lower, upper) in ranges.items():
            for number, low, high in zip(values[value], lower[0].tolist(), upper[0].tolist(), strict=True):
                assert low == -np.inf or Fraction(low) <= number
                assert high == np.inf or number <= Fraction(high)
        outputs = [number for output in graph.outputs for number in values[output]]
        exact = [value_of(atom, point, outputs) for atom in found.atoms]
        for least, atom in zip(rows.minimum.tolist(), exact, strict=True):
            assert least == -np.inf or Fraction(least) <= atom * factor(scene, found)
        for row, bound in enumerate(minimum.tolist()):
            if bound == -np.inf or not phases_hold(scene, mixed.slopes.phases[row], values, choice):
                continue
            total = zip(mixed.multipliers[row].tolist(), exact, strict=True)
            assert Fraction(bound) <= sum((Fraction(m) * v for m, v in total), Fraction(0))


@st.composite
def trees(draw: st.DrawFn, inputs: int, neurons: int) -> tuple[list[int], list[float]]:
    """Axes in preorder and places of cuts, of neurons too."""
    axes: list[int] = []
    cuts: list[float] = []

    def grow(depth: int) -> None:
        axis = draw(st.integers(BY_PHASES, inputs + neurons - 1)) if depth else draw(LEAVES)
        axes.append(axis)
        if axis >= 0:
            cuts.append(0.0 if axis >= inputs else draw(st.sampled_from([0.0, 0.5, -0.25])))
            grow(depth - 1)
            grow(depth - 1)

    grow(4)
    return axes, cuts


def phase_proofs(data: st.DataObject, conjunctions: int, neurons: int) -> PhaseProof:
    """A tree of at most one split for every conjunction of one atom, with multipliers for all neurons."""
    trees_ = []
    for number in range(conjunctions):
        split = data.draw(st.integers(-1, neurons - 1)) if neurons else -1
        nodes = [split, -1, -1] if split >= 0 else [-1]
        leaves = (len(nodes) + 1) // 2
        numbers = st.sampled_from([0.0, 1.0, 0.5, 3.0])
        slopes = data.draw(st.lists(numbers, min_size=leaves * neurons, max_size=leaves * neurons))
        trees_.append(
            PhaseTree(
                number,
                np.array(nodes, dtype=np.int32),
                np.ones((leaves, 1), dtype=np.float32),
                np.arange(neurons, dtype=np.int32),
                np.array(slopes, dtype=np.float32).reshape(leaves, neurons),
            )
        )
    return PhaseProof((), tuple(trees_))


@pytest.mark.parametrize("exact", [False, True])
@law(40, 3000, graph=st.one_of(gradient_graphs(), kinked()), data=st.data())
def test_what_a_proof_by_cuts_of_neurons_excludes_is_nowhere(
    exact: bool, graph: Graph, data: st.DataObject
) -> None:
    size = graph.input_size
    boxes = data.draw(float_boxes(size, batch=1))
    box = Box(*(tuple(map(Fraction, side[0].tolist())) for side in (boxes.lower, boxes.upper)))
    output = st.integers(0, graph.output_size - 1)
    limit = st.fractions(-3, 3, max_denominator=4)
    atom = st.builds(
        lambda j, sign, t, strict: LinearAtom((), ((j, Fraction(sign)),), t, strict),
        output,
        st.sampled_from([1, -1]),
        limit,
        st.booleans(),
    )
    obligation = Obligation(
        graph, Region((box,)), Any(tuple(data.draw(st.lists(atom, min_size=1, max_size=2))))
    )
    network = compiled(graph)
    axes, cuts = data.draw(trees(size, network.neurons))
    found = alternatives(obligation, network)
    weights = np.zeros((len(axes), found.width), dtype=np.uint8)
    count = axes.count(BY_PHASES)
    phases = tuple(phase_proofs(data, len(found.conjunctions), network.neurons) for _ in range(count))
    proof = Proof((BoxProof(0, np.array(axes, dtype=np.int32), np.array(cuts), weights, phases),))
    examined = examine(obligation, proof, exact=exact)
    if examined.evidence is None:
        return
    shares = data.draw(share_lists(size))
    for point, choice in product(points_of(boxes, 0, shares), CHOICES):
        values = values_at(graph, point, choice)
        outputs = [number for value in graph.outputs for number in values[value]]
        for each in found.atoms:
            value = value_of(each, point, outputs)
            assert value > 0 or (value == 0 and each.strict)
        assert check_witness(obligation, point) is None


def test_a_gate_that_decides_nothing_at_its_kink_hides_no_counterexample() -> None:
    """A dead row of weights leaves z at 0 everywhere, and a gradient that does not depend on it."""
    graph = data_graph(weights=[[0.0]], after=[[1.0]], bias=[0.0])
    atom = LinearAtom((), ((1, Fraction(1)),), Fraction(-1), False)  # the gradient is at most 1
    found = check_witness(Obligation(graph, _unit_box(), atom), [Fraction(1, 3)])
    assert found is not None
    assert found.outputs[1] == 0


def test_a_point_where_slopes_disagree_is_no_counterexample() -> None:
    graph = data_graph(weights=[[1.0]], after=[[1.0]], bias=[0.0])
    atom = LinearAtom((), ((1, Fraction(1)),), Fraction(0), False)  # the gradient of relu is at most 0
    obligation = Obligation(graph, _unit_box(), atom)
    assert check_witness(obligation, [Fraction(0)]) is None
    assert check_witness(obligation, [Fraction(-1, 3)]) is not None
    # Both slopes are at most 1.
    below = LinearAtom((), ((1, Fraction(1)),), Fraction(-1), False)
    assert check_witness(Obligation(graph, _unit_box(), below), [Fraction(0)]) is not None


def _unit_box() -> Region:
    return Region((Box((Fraction(-1),), (Fraction(1),)),))


def data_graph(weights: list[list[float]], after: list[list[float]], bias: list[float]) -> Graph:
    """`after · relu(weights · x + bias)` and its gradient."""
    spec = TensorSpec("v", (1,))
    first = Affine((Dense(frozen(np.array(weights))),), frozen(np.array(bias)))
    second = Affine((Dense(frozen(np.array(after))),), frozen(np.zeros(1)))
    nodes = (Node(first, (0,), spec), Node(RELU, (1,), spec), Node(second, (2,), spec))
    graph = Graph((TensorSpec("x", (1,)),), nodes, (3,))
    found = with_gradient(graph, 0)
    return found.graph.with_outputs((3, *found.by_input))
