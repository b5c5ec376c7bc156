"""Rows with phases, slopes and multipliers of their own, as trees of phases and lemmas have them.

In: random graphs with nasty numbers, boxes and rows.  Out: nothing but failures: a row holds wherever its
phases do, and a scene may be tightened beside another.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume
from hypothesis import strategies as st

from spec_lang.bounding.boxes import Boxes
from spec_lang.kernel.integers import Integers
from spec_lang.kernel.network import ReluStep
from spec_lang.kernel.ranges import propagate
from spec_lang.kernel.rounded import Rounded
from spec_lang.kernel.scene import About, Ranges, Scene, Slopes
from spec_lang.obligations.model import LinearAtom, Semantics
from tests.bounding.samples import points_of
from tests.graphs import exact_values, random_chain
from tests.kernel.scenes import (
    ARITHMETICS,
    Sample,
    drawn_rows,
    float32_values,
    samples,
    scene_of,
)
from tests.laws import law


@ARITHMETICS
@law(25, 200, sample=samples(), data=st.data())
def test_a_combination_holds_wherever_its_phases_do(
    arithmetic: type[Integers] | type[Rounded], sample: Sample, data: st.DataObject
) -> None:
    graph, boxes, shares, _ = sample
    with np.errstate(all="ignore"):
        scene, found = scene_of(arithmetic, sample)
        propagate(scene, {})
    rows = drawn_rows(data, scene, len(found.atoms))
    with np.errstate(all="ignore"):
        minimum = scene.mixtures(range(len(found.atoms)), rows.multipliers, rows.slopes)
    for point in points_of(boxes, 0, shares):
        rows.hold(minimum, scene, found, point, exact_values(graph, point))


def _entering(scene: Scene, data: st.DataObject) -> int:
    entering = [step.operand for step in scene.network.steps if isinstance(step, ReluStep)]
    assume(entering)
    return data.draw(st.sampled_from(entering))


@ARITHMETICS
@pytest.mark.parametrize("semantics", [Semantics.REAL, Semantics.FLOAT32])
@law(25, 200, sample=samples(), data=st.data(), mixed=st.booleans())
def test_what_a_row_says_about_a_neuron_holds_wherever_its_phases_do(
    arithmetic: type[Integers] | type[Rounded],
    semantics: Semantics,
    sample: Sample,
    data: st.DataObject,
    mixed: bool,
) -> None:
    graph, boxes, shares, _ = sample
    with np.errstate(all="ignore"):
        scene, found = scene_of(arithmetic, sample, semantics)
        propagate(scene, {})
        atoms = range(len(found.atoms)) if mixed else range(0)
        rows = drawn_rows(data, scene, len(atoms), _entering(scene, data))
        minimum = scene.mixtures(atoms, rows.multipliers, rows.slopes, rows.about)
    signs = [0] * len(graph.nodes)
    if semantics is Semantics.FLOAT32:
        signs = [data.draw(st.sampled_from([-1, 0, 1])) for _ in graph.nodes]
    for point in points_of(boxes, 0, shares):
        rows.hold(minimum, scene, found, point, float32_values(graph, point, signs))


@ARITHMETICS
@law(25, 200, sample=samples(), data=st.data())
def test_a_fork_with_tighter_ranges_holds_within_them_and_leaves_the_scene_alone(
    arithmetic: type[Integers] | type[Rounded], sample: Sample, data: st.DataObject
) -> None:
    """As where a lemma has tightened the ranges: of a value of one point alone, or of nothing at all."""
    graph, boxes, shares, _ = sample
    points = points_of(boxes, 0, shares)
    with np.errstate(all="ignore"):
        scene, found = scene_of(arithmetic, sample)
        propagate(scene, {})
        rows = drawn_rows(data, scene, len(found.atoms), _entering(scene, data))
        every = range(len(found.atoms))
        before = scene.mixtures(every, rows.multipliers, rows.slopes, rows.about)
        kept = copies(scene.ranges)
        fork = scene.fork()
        chosen = data.draw(st.none() | st.sampled_from(points))
        _tighten(fork, None if chosen is None else exact_values(graph, chosen))
        minimum = fork.mixtures(every, rows.multipliers, rows.slopes, rows.about)
        after = scene.mixtures(every, rows.multipliers, rows.slopes, rows.about)
    assert np.array_equal(before, after)
    for value, ends in kept.items():
        assert all(np.array_equal(old, new) for old, new in zip(ends, scene.ranges[value], strict=True))
    assert minimum.shape == before.shape
    for point in points:
        values = exact_values(graph, point)
        within = all(
            low <= number <= high
            for value, (lower, upper) in fork.ranges.items()
            for low, number, high in zip(lower[0].tolist(), values[value], upper[0].tolist(), strict=True)
        )
        if within:
            rows.hold(minimum, fork, found, point, values)


def copies(ranges: Ranges) -> Ranges:
    return {value: (lower.copy(), upper.copy()) for value, (lower, upper) in ranges.items()}


def _tighten(scene: Scene, values: list[list[Fraction]] | None) -> None:
    """To where each neuron is on its side of 0 at a point; or to nothing."""
    for step in scene.network.steps:
        if isinstance(step, ReluStep):
            lower, upper = scene.ranges[step.operand]
            if values is None:
                lower[:], upper[:] = np.minimum(upper, 1.0) + 1, np.minimum(upper, 1.0)
            else:
                signs = np.array([number >= 0 for number in values[step.operand]])
                np.maximum(lower, 0.0, out=lower, where=signs[None])
                np.minimum(upper, 0.0, out=upper, where=~signs[None])
            scene.relax(step, lower, upper)


@pytest.mark.parametrize("semantics", [Semantics.REAL, Semantics.FLOAT32])
@pytest.mark.parametrize("seed", range(6))
def test_the_arithmetics_agree_about_a_network_of_moderate_numbers(semantics: Semantics, seed: int) -> None:
    """Chords of 20 bits and rounding are all that they differ by."""
    graph = random_chain((3, 6, 6, 2), seed)
    rng = np.random.default_rng(seed)
    third = Fraction(1, 3)
    atoms = (
        LinearAtom((), ((0, Fraction(1)), (1, third)), Fraction(1, 7), False),
        LinearAtom(((1, third),), ((1, -third),), Fraction(0), False),
    )
    sample: Sample = graph, Boxes(np.full((1, 3), -1.0), np.full((1, 3), 1.0)), [], atoms
    phases = rng.integers(-1, 2, (5, 12)).astype(np.int8)
    slopes = Slopes(phases, np.arange(0, 12, 2), rng.integers(0, 9, (5, 6)) / 8)
    about = About(3, rng.integers(0, 6, 5), np.array([1, -1, 1, -1, 1], dtype=np.int8))
    multipliers = rng.integers(0, 5, (5, 2)) / 4
    found = []
    for arithmetic in (Integers, Rounded):
        scene, _ = scene_of(arithmetic, sample, semantics)
        propagate(scene, {})
        found.append(
            [
                scene.mixtures((0, 1), multipliers, slopes),
                scene.mixtures((0, 1), multipliers, slopes, about),
                scene.mixtures((), multipliers[:, :0], slopes, about),
            ]
        )
    assert np.isfinite(found).all()
    assert np.allclose(found[0], found[1], rtol=1e-4, atol=1e-4)
