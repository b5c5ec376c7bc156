"""What the kernel's two arithmetics say of a network over a box holds at every point of it.

In: random graphs with nasty numbers, boxes, weights and slopes.  Out: nothing but failures; the meaning is
that of fractions.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

from spec_lang.kernel.integers import Integers
from spec_lang.kernel.ranges import propagate
from spec_lang.kernel.rounded import Rounded
from spec_lang.kernel.scene import OwnSlopes, Rows
from spec_lang.obligations.model import Semantics
from tests.bounding.samples import points_of
from tests.graphs import exact_outputs, exact_values
from tests.kernel.scenes import (
    ARITHMETICS,
    Sample,
    factor,
    float32_values,
    no_slopes,
    ranges_hold,
    samples,
    scene_of,
    value_of,
)
from tests.laws import law


@ARITHMETICS
@law(50, 400, sample=samples())
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
        ranges_hold(ranges, values)
        outputs = [number for output in graph.outputs for number in values[output]]
        for place, atom in enumerate(found.atoms):
            exact = value_of(atom, point, outputs) * factor(scene, found)
            if rows.minimum[place] == -np.inf:
                continue
            bound = Fraction(rows.constant[place]) + sum(
                Fraction(a) * x for a, x in zip(rows.coefficients[place].tolist(), point, strict=True)
            )
            assert Fraction(rows.minimum[place]) <= bound
            assert bound <= exact


@ARITHMETICS
@law(50, 400, sample=samples(), data=st.data())
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
        weights = np.array([data.draw(st.lists(st.integers(0, 255), min_size=count, max_size=count))])
        together = None
        if weights.any():
            combined = scene.combinations(np.zeros(1, dtype=np.intp), weights.astype(np.float64), no_slopes())
            together = Rows(combined.coefficients[None], combined.constant[None])
        clipped = scene.clip(np.zeros(1, dtype=np.intp), rows, strict, together)
    for point in points_of(boxes, 0, shares):
        outputs = exact_outputs(graph, point)
        numbers = [value_of(atom, point, outputs) for atom in found.atoms]
        if any(v > 0 or (atom.strict and v == 0) for v, atom in zip(numbers, found.atoms, strict=True)):
            continue
        assert not clipped.empty[0]
        ends = zip(clipped.lower[0].tolist(), point, clipped.upper[0].tolist(), strict=True)
        assert all(Fraction(low) <= x <= Fraction(high) for low, x, high in ends)


@ARITHMETICS
@law(50, 400, sample=samples(), data=st.data())
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
        ranges_hold(ranges, values)
        outputs = [number for output in graph.outputs for number in values[output]]
        for place, atom in enumerate(found.atoms):
            if rows.minimum[place] != -np.inf:
                exact = value_of(atom, point, outputs) * factor(scene, found)
                assert Fraction(rows.minimum[place]) <= exact


@ARITHMETICS
@law(50, 400, sample=samples(), data=st.data())
def test_a_combination_holds_with_any_lower_slopes(
    arithmetic: type[Integers] | type[Rounded], sample: Sample, data: st.DataObject
) -> None:
    graph, boxes, shares, _ = sample
    with np.errstate(all="ignore"):
        scene, found = scene_of(arithmetic, sample)
        propagate(scene, {})
        count, neurons = 2, scene.network.neurons
        many = count * len(found.atoms)
        drawn = data.draw(st.lists(st.integers(0, 510), min_size=many, max_size=many))
        weights = np.array(drawn, dtype=np.float64).reshape(count, -1)
        every = [(row, neuron) for row in range(count) for neuron in range(neurons)]
        places = sorted(data.draw(st.sets(st.sampled_from(every)))) if every else []
        values = [data.draw(st.integers(0, 128)) / 128 for _ in places]
        row, neuron = (np.array([place[k] for place in places], dtype=np.intp) for k in (0, 1))
        owner = np.zeros(count, dtype=np.intp)
        linear = scene.combinations(owner, weights, OwnSlopes(row, neuron, np.array(values)))
    for point in points_of(boxes, 0, shares):
        outputs = exact_outputs(graph, point)
        atoms = [value_of(atom, point, outputs) * factor(scene, found) for atom in found.atoms]
        for number in range(count):
            if linear.minimum[number] == -np.inf:
                continue
            coefficients = map(Fraction, linear.coefficients[number].tolist())
            bound = sum(
                (a * x for a, x in zip(coefficients, point, strict=True)), Fraction(linear.constant[number])
            )
            assert Fraction(linear.minimum[number]) <= bound
            assert bound <= sum(Fraction(w) * v for w, v in zip(weights[number].tolist(), atoms, strict=True))
