"""What the kernel's two arithmetics say of a network over a box holds at every point of it.

In: random graphs with nasty numbers, boxes, slopes and phases.  Out: nothing but failures; the meaning is
that of fractions.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spec_lang.bounding.boxes import Boxes
from spec_lang.kernel.integers import Integers
from spec_lang.kernel.network import ReluStep, compiled
from spec_lang.kernel.rounded import Rounded, scale_of
from spec_lang.kernel.rows import Alternatives, alternatives
from spec_lang.kernel.scene import Rows, Scene, Slopes, propagate
from spec_lang.network.graph import Graph
from spec_lang.network.primitives import Affine, Dense
from spec_lang.obligations.model import Any, Box, LinearAtom, Obligation, Region, Semantics, Terms
from tests.bounding.samples import float_boxes, points_of, share_lists
from tests.graphs import chains, dags, exact_outputs, exact_values

Sample = tuple[Graph, Boxes, list[list[Fraction]], tuple[LinearAtom, ...]]
ARITHMETICS = pytest.mark.parametrize("arithmetic", [Integers, Rounded])
coefficients = st.sampled_from([Fraction(n) for n in (1, -1, 3)] + [Fraction(1, 3), Fraction(-7, 10**6)])


def terms(size: int) -> st.SearchStrategy[Terms]:
    chosen = st.dictionaries(st.integers(0, size - 1), coefficients, max_size=2)
    return chosen.map(lambda found: tuple(sorted(found.items())))


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    graph = draw(st.one_of(chains(), dags()))
    size = graph.input_size
    atom = st.builds(
        LinearAtom,
        terms(size),
        terms(graph.output_size),
        st.fractions(-2, 2, max_denominator=9),
        st.booleans(),
    )
    atoms = tuple(draw(st.lists(atom, min_size=1, max_size=3)))
    return graph, draw(float_boxes(size, batch=1)), draw(share_lists(size)), atoms


def scene_of(
    arithmetic: type[Integers] | type[Rounded], sample: Sample, semantics: Semantics = Semantics.REAL
) -> tuple[Scene, Alternatives]:
    graph, boxes, _, atoms = sample
    exact = (tuple(map(Fraction, side[0].tolist())) for side in (boxes.lower, boxes.upper))
    obligation = Obligation(graph, Region((Box(*exact),)), Any(atoms))
    network = compiled(graph)
    found = alternatives(obligation, network)
    return arithmetic(network, found, semantics).scene(boxes.lower, boxes.upper), found


def value_of(atom: LinearAtom, point: list[Fraction], outputs: list[Fraction]) -> Fraction:
    """Scaled as certificates have it."""
    total = atom.constant + sum(c * point[i] for i, c in atom.inputs)
    return (total + sum(c * outputs[j] for j, c in atom.outputs)) / scale_of(atom)


@ARITHMETICS
@given(samples())
@settings(max_examples=120)
def test_ranges_and_rows_hold_at_every_point(
    arithmetic: type[Integers] | type[Rounded], sample: Sample
) -> None:
    graph, boxes, shares, _ = sample
    with np.errstate(all="ignore"):
        scene, found = scene_of(arithmetic, sample)
        ranges = propagate(scene, {})
        count = len(found.atoms)
        rows = scene.atoms(np.zeros(count, dtype=np.intp), np.arange(count))
    for point in points_of(boxes, 0, shares):
        values = exact_values(graph, point)
        for value, (lower, upper) in ranges.items():
            for number, low, high in zip(values[value], lower[0].tolist(), upper[0].tolist(), strict=True):
                assert low == -np.inf or Fraction(low) <= number
                assert high == np.inf or number <= Fraction(high)
        outputs = [number for output in graph.outputs for number in values[output]]
        for place, atom in enumerate(found.atoms):
            exact = value_of(atom, point, outputs) * _factor(scene, found)
            if rows.minimum[place] == -np.inf:
                continue
            bound = Fraction(rows.constant[place]) + sum(
                Fraction(a) * x for a, x in zip(rows.coefficients[place].tolist(), point, strict=True)
            )
            assert Fraction(rows.minimum[place]) <= bound
            assert bound <= exact


def _factor(scene: Scene, found: Alternatives) -> Fraction:
    """What the integers multiply all rows by, to have integers."""
    if not isinstance(scene.__dict__["shared"], Integers):
        return Fraction(1)
    for row, atom in enumerate(found.atoms):
        for terms_of, kept in ((atom.inputs, "inputs"), (atom.outputs, "outputs")):
            for index, coefficient in terms_of:
                number = getattr(scene.__dict__["shared"], kept)[row, index]
                return Fraction(number) / (coefficient / scale_of(atom))
        if atom.constant:
            return Fraction(scene.__dict__["shared"].constants[row]) / (atom.constant / scale_of(atom))
    return Fraction(1)


@ARITHMETICS
@given(samples(), st.data())
@settings(max_examples=120)
def test_a_combination_holds_wherever_its_phases_do(
    arithmetic: type[Integers] | type[Rounded], sample: Sample, data: st.DataObject
) -> None:
    graph, boxes, shares, _ = sample
    with np.errstate(all="ignore"):
        scene, found = scene_of(arithmetic, sample)
        propagate(scene, {})
    network = scene.network
    leaves, parts = 3, len(found.atoms)

    def drawn(shape: tuple[int, int], numbers: list[float]) -> np.ndarray:
        size = shape[0] * shape[1]
        drawn_now = data.draw(st.lists(st.sampled_from(numbers), min_size=size, max_size=size))
        return np.array(drawn_now, dtype=np.float64).reshape(shape)

    phases = drawn((leaves, network.neurons), [0, 1, -1]).astype(np.int8)
    columns = np.flatnonzero(drawn((1, network.neurons), [0, 1])[0])
    slopes = Slopes(phases, columns, drawn((leaves, len(columns)), [0.0, 0.5, 1.0, 0.3125]))
    multipliers = drawn((leaves, parts), [0.0, 1.0, 0.5])
    with np.errstate(all="ignore"):
        minimum = scene.mixtures(range(parts), multipliers, slopes)
    for point in points_of(boxes, 0, shares):
        values = exact_values(graph, point)
        outputs = [number for output in graph.outputs for number in values[output]]
        for leaf in range(leaves):
            if minimum[leaf] == -np.inf or not _phases_hold(scene, phases[leaf], values):
                continue
            mixed = sum(
                Fraction(m) * value_of(atom, point, outputs)
                for m, atom in zip(multipliers[leaf].tolist(), found.atoms, strict=True)
            )
            assert Fraction(minimum[leaf]) <= mixed * _factor(scene, found)


def _phases_hold(scene: Scene, phases: np.ndarray, values: list[list[Fraction]]) -> bool:
    for step in scene.network.steps:
        if isinstance(step, ReluStep):
            for place, z in enumerate(values[step.operand]):
                phase = phases[step.first + place]
                if (phase > 0 and z < 0) or (phase < 0 and z > 0):
                    return False
    return True


@ARITHMETICS
@given(samples(), st.data())
@settings(max_examples=120)
def test_clipping_keeps_every_point_where_all_atoms_hold(
    arithmetic: type[Integers] | type[Rounded], sample: Sample, data: st.DataObject
) -> None:
    graph, boxes, shares, _ = sample
    with np.errstate(all="ignore"):
        scene, found = scene_of(arithmetic, sample)
        propagate(scene, {})
        count = len(found.atoms)
        linear = scene.atoms(np.zeros(count, dtype=np.intp), np.arange(count))
        rows = Rows(linear.coefficients[None], linear.constant[None])
        strict = np.array([atom.strict for atom in found.atoms])
        weights = data.draw(st.lists(st.integers(0, 255), min_size=count, max_size=count))
        chosen = None if count == 1 else np.array([weights], dtype=np.uint8)
        clipped = scene.clip(np.zeros(1, dtype=np.intp), rows, strict, chosen)
    for point in points_of(boxes, 0, shares):
        outputs = exact_outputs(graph, point)
        numbers = [value_of(atom, point, outputs) for atom in found.atoms]
        if any(v > 0 or (atom.strict and v == 0) for v, atom in zip(numbers, found.atoms, strict=True)):
            continue
        assert not clipped.empty[0]
        ends = zip(clipped.lower[0].tolist(), point, clipped.upper[0].tolist(), strict=True)
        assert all(Fraction(low) <= x <= Fraction(high) for low, x, high in ends)


def float32_values(graph: Graph, point: list[Fraction], signs: list[int]) -> list[list[Fraction]]:
    """Every value when each sum of a network is off by as much as float32 permits, up or down."""
    values = [point]
    for node, sign in zip(graph.nodes, signs, strict=True):
        if not isinstance(node.primitive, Affine):
            values.append([max(v, Fraction(0)) for v in values[node.operands[0]]])
            continue
        total = [Fraction(float(b)) for b in node.primitive.bias]
        size = [abs(b) for b in total]
        terms = 0
        for linear, operand in zip(node.primitive.maps, node.operands, strict=True):
            x = values[operand]
            dense = isinstance(linear, Dense)
            rows = linear.weight.tolist() if isinstance(linear, Dense) else np.diag(linear.factor).tolist()
            terms += len(x) if dense else 1
            for place, row in enumerate(rows):
                products = [Fraction(w) * v for w, v in zip(row, x, strict=True)]
                total[place] += sum(products)
                size[place] += sum(abs(p) for p in products)
        k = Fraction(terms + 4, 2**24)
        off = [k / (1 - k) * s + (2 * terms + 1) * Fraction(1, 2**126) for s in size]
        values.append([t + sign * e for t, e in zip(total, off, strict=True)])
    return values


@ARITHMETICS
@given(sample=samples(), data=st.data())
@settings(max_examples=120)
def test_ranges_and_rows_hold_for_float32_sums(
    arithmetic: type[Integers] | type[Rounded], sample: Sample, data: st.DataObject
) -> None:
    graph, boxes, shares, _ = sample
    with np.errstate(all="ignore"):
        scene, found = scene_of(arithmetic, sample, Semantics.FLOAT32)
        ranges = propagate(scene, {})
        count = len(found.atoms)
        rows = scene.atoms(np.zeros(count, dtype=np.intp), np.arange(count))
    signs = data.draw(
        st.lists(st.sampled_from([-1, 0, 1]), min_size=len(graph.nodes), max_size=len(graph.nodes))
    )
    for point in points_of(boxes, 0, shares):
        values = float32_values(graph, point, signs)
        for value, (lower, upper) in ranges.items():
            for number, low, high in zip(values[value], lower[0].tolist(), upper[0].tolist(), strict=True):
                assert low == -np.inf or Fraction(low) <= number
                assert high == np.inf or number <= Fraction(high)
        outputs = [number for output in graph.outputs for number in values[output]]
        for place, atom in enumerate(found.atoms):
            if rows.minimum[place] != -np.inf:
                exact = value_of(atom, point, outputs) * _factor(scene, found)
                assert Fraction(rows.minimum[place]) <= exact
