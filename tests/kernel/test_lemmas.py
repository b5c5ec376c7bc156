"""Lemmas: ranges that a forest of phases tightens hold at every point, and where the atoms hold that it uses.

In: random graphs, boxes, trees, slopes and multipliers, good or bad for a bound.  Out: nothing but failures.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from spec_lang.bounding.boxes import Boxes
from spec_lang.kernel.form import check_form
from spec_lang.kernel.integers import Integers
from spec_lang.kernel.network import ReluStep, Unchecked, compiled
from spec_lang.kernel.ranges import propagate, tighten
from spec_lang.kernel.rounded import Rounded
from spec_lang.kernel.rows import alternatives
from spec_lang.kernel.scene import Scene, leaf_phases, relu_of
from spec_lang.network.primitives import RELU
from spec_lang.obligations.certificate import BY_PHASES, BoxProof, Lemma, PhaseProof, PhaseTree
from spec_lang.obligations.model import Box, LinearAtom, Obligation, Region
from tests.bounding.samples import points_of
from tests.graphs import exact_outputs, exact_values
from tests.kernel.scenes import ARITHMETICS, Sample, samples, scene_of, value_of
from tests.tiny_networks import chain, dense


@st.composite
def trees(draw: st.DrawFn, neurons: int, depth: int = 3) -> list[int]:
    """A preorder."""
    if depth == 0 or draw(st.booleans()):
        return [-1]
    split = draw(st.integers(0, neurons - 1))
    return [split, *draw(trees(neurons, depth - 1)), *draw(trees(neurons, depth - 1))]


def drawn_lemma(data: st.DataObject, scene: Scene, step: ReluStep, atoms: int) -> Lemma:
    network = scene.network
    size, rows = network.sizes[step.value], data.draw(st.integers(1, 3))
    neurons = [step.first + data.draw(st.integers(0, size - 1)) for _ in range(rows)]
    nodes = []
    for neuron in neurons:
        below = [data.draw(trees(network.neurons, 2)) for _ in range(2)]
        nodes += [neuron, *below[0], *below[1]] if data.draw(st.booleans()) else below[0]
    leaves = sum(node < 0 for node in nodes)
    columns = sorted(data.draw(st.sets(st.integers(0, network.neurons - 1))))

    def numbers(width: int, values: list[float]) -> np.ndarray:
        chosen = st.lists(st.sampled_from(values), min_size=leaves * width, max_size=leaves * width)
        return np.array(data.draw(chosen), dtype=np.float32).reshape(leaves, width)

    return Lemma(
        np.array(neurons, dtype=np.int32),
        np.array([data.draw(st.sampled_from([-1, 1])) for _ in range(rows)], dtype=np.int8),
        np.array(nodes, dtype=np.int32),
        numbers(atoms, [0.0, 1.0, 0.25]),
        np.array(columns, dtype=np.int32),
        numbers(len(columns), [0.0, 1.0, 0.5, 1.5]),
    )


@ARITHMETICS
@given(sample=samples(), data=st.data(), used=st.booleans())
@settings(max_examples=40)
def test_a_lemma_holds_wherever_its_atoms_do(
    arithmetic: type[Integers] | type[Rounded], sample: Sample, data: st.DataObject, used: bool
) -> None:
    graph, boxes, shares, _ = sample
    with np.errstate(all="ignore"):
        scene, found = scene_of(arithmetic, sample)
        propagate(scene, {})
        relus = [step for step in scene.network.steps if isinstance(step, ReluStep)]
        assume(relus)
        step = data.draw(st.sampled_from(relus))
        atoms = tuple(range(len(found.atoms))) if used else ()
        lemma = drawn_lemma(data, scene, step, len(atoms))
        if not used:
            check_form(_proof_with(lemma), scene.network, found)
        assert relu_of(lemma, scene.network) is step
        before = [side.copy() for side in scene.ranges[step.operand]]
        tighten(scene, lemma, step, atoms, lambda: None)
    lower, upper = (side[0].tolist() for side in scene.ranges[step.operand])
    assert (scene.ranges[step.operand][0] >= before[0]).all()
    assert (scene.ranges[step.operand][1] <= before[1]).all()
    for point in points_of(boxes, 0, shares):
        outputs = exact_outputs(graph, point)
        if any(value_of(found.atoms[atom], point, outputs) > 0 for atom in atoms):
            continue
        for low, z, high in zip(lower, exact_values(graph, point)[step.operand], upper, strict=True):
            assert low == -np.inf or Fraction(low) <= z
            assert high == np.inf or z <= Fraction(high)


def _proof_with(lemma: Lemma) -> BoxProof:
    """A part with this lemma, whose form can be checked."""
    leaf, none = np.array([-1], dtype=np.int32), np.zeros(0, dtype=np.int32)
    tree = PhaseTree(0, leaf, np.ones((1, 1), np.float32), none, np.zeros((1, 0), np.float32))
    proof = PhaseProof((lemma,), (tree,))
    axis = np.array([BY_PHASES], dtype=np.int32)
    return BoxProof(0, axis, np.zeros(0), np.zeros((1, 0), dtype=np.uint8), (proof,))


def test_the_leaves_of_a_forest_come_tree_by_tree() -> None:
    nodes = np.array([0, -1, 1, -1, -1, -1, 2, -1, -1], dtype=np.int32)
    tree, phases = (np.concatenate(parts) for parts in zip(*leaf_phases(nodes, 3), strict=True))
    assert tree.tolist() == [0, 0, 0, 1, 2, 2]
    assert phases.tolist() == [[1, 0, 0], [-1, 1, 0], [-1, -1, 0], [0, 0, 0], [0, 0, 1], [0, 0, -1]]


@ARITHMETICS
@pytest.mark.parametrize("side", [1, -1])
def test_zero_bounds_a_neuron_where_its_own_phase_says_so(
    arithmetic: type[Integers] | type[Rounded], side: int
) -> None:
    """With z = x on [-1, 1], and the atom `1/2 - side·x <= 0`, nothing is left where `side·z <= 0`.  Numbers
    that say so belong to the leaf of that phase: at the other one they are of no use."""
    graph = chain(1, dense([[1.0]]), RELU, dense([[1.0]]))
    atom = LinearAtom(((0, Fraction(-side)),), (), Fraction(1, 2), strict=False)
    boxes = Boxes(np.array([[-1.0]]), np.array([[1.0]]))
    against, own = (1, 0) if side > 0 else (0, 1)  # the active case is the first leaf
    for leaf, expected in ((against, 0.0), (own, -1.0)):
        scene, _ = scene_of(arithmetic, (graph, boxes, [], (atom,)))
        multipliers, slopes = np.zeros((2, 1), dtype=np.float32), np.zeros((2, 1), dtype=np.float32)
        multipliers[leaf], slopes[leaf] = 4.0, 3.0
        one, tree = np.array([0], dtype=np.int32), np.array([0, -1, -1], dtype=np.int32)
        lemma = Lemma(one, np.array([side], dtype=np.int8), tree, multipliers, one, slopes)
        propagate(scene, {})
        step = next(step for step in scene.network.steps if isinstance(step, ReluStep))
        tighten(scene, lemma, step, (0,), lambda: None)
        lower, upper = scene.ranges[step.operand]
        bound = lower[0, 0] if side > 0 else -upper[0, 0]
        assert bound == pytest.approx(expected, abs=1e-9)
        assert expected < 0 or bound == 0


def good_lemma() -> Lemma:
    return Lemma(
        np.array([0, 1], dtype=np.int32),
        np.array([1, -1], dtype=np.int8),
        np.array([0, -1, -1, -1], dtype=np.int32),
        np.zeros((3, 0), dtype=np.float32),
        np.array([0], dtype=np.int32),
        np.zeros((3, 1), dtype=np.float32),
    )


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("tree", [0, -1, -1], "one tree for every row"),
        ("tree", [0, -1, -1, -1, -1], "one tree for every row"),
        ("tree", [-1, -1, 0, -1], "one tree for every row"),
        ("tree", [7, -1, -1, -1], "a split is of no neuron"),
        ("tree", [-2, -1], "a split is of no neuron"),
        ("side", [1, 0], "no side"),
        ("neuron", [0, 9], "no neuron"),
        ("neuron", [0, -1], "no neuron"),
        ("multipliers", np.zeros((3, 1), dtype=np.float32), "as many multipliers"),
        ("multipliers", np.zeros((2, 0), dtype=np.float32), "as many multipliers"),
        ("slopes", np.full((3, 1), -1, dtype=np.float32), "negative"),
        ("slopes", np.full((3, 1), np.nan, dtype=np.float32), "negative, or no number"),
        ("slopes", np.zeros((2, 1), dtype=np.float32), "as many slopes"),
        ("columns", [9], "a column is no neuron"),
    ],
)
def test_a_lemma_of_the_wrong_form_is_refused(field: str, value: object, problem: str) -> None:
    graph = chain(1, dense([[1.0], [-1.0]]), RELU, dense([[1.0, 1.0]]))
    one = Fraction(1)
    violation = LinearAtom((), ((0, one),), Fraction(-1), strict=False)
    obligation = Obligation(graph, Region((Box((-one,), (one,)),)), violation)
    network = compiled(graph)
    found = alternatives(obligation, network)
    check_form(_proof_with(good_lemma()), network, found)
    kind = getattr(good_lemma(), field).dtype
    bad = replace(good_lemma(), **{field: np.array(value, dtype=kind)})
    with pytest.raises(Unchecked, match=problem):
        check_form(_proof_with(bad), network, found)
