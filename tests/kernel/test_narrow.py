"""A substitution that carries what its rows reach says the same as one that carries everything.

In: random graphs, boxes, slopes.  Out: nothing but failures.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from unittest.mock import patch

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spec_lang.bounding.boxes import Boxes
from spec_lang.kernel import narrow
from spec_lang.kernel.ranges import propagate
from spec_lang.kernel.rounded import Rounded, RoundedScene
from spec_lang.kernel.scene import About, OwnSlopes, Ranges, Slopes
from spec_lang.network.primitives import RELU
from spec_lang.obligations.model import LinearAtom
from tests.bounding.samples import points_of
from tests.graphs import exact_values
from tests.kernel.scenes import Sample, ranges_hold, samples, scene_of
from tests.laws import law
from tests.tiny_networks import chain, dense


@contextmanager
def always_narrow() -> Iterator[list[bool]]:
    """Inside, every substitution carries as little as it can; whether any carried less than its scene."""
    found: list[bool] = []
    whole = narrow.narrowed

    def noted(
        scene: RoundedScene, rows: dict[int, np.ndarray], slopes: Slopes | OwnSlopes | None
    ) -> tuple[narrow.View, dict[int, np.ndarray]]:
        view, begun = whole(scene, rows, slopes)
        found.append(view.carried is not scene.carried)
        return view, begun

    with (
        patch.object(narrow, "WIDE", 0),
        patch.object(narrow, "WORTH", 1.0),
        patch("spec_lang.kernel.rounded.narrowed", noted),
    ):
        yield found


def _close(narrow_ones: Ranges, whole: Ranges) -> None:
    assert narrow_ones.keys() == whole.keys()
    for value, ends in whole.items():
        for ours, theirs in zip(narrow_ones[value], ends, strict=True):
            size = np.maximum(abs(theirs), abs(ends[1] - ends[0]))
            finite = np.isfinite(theirs)
            assert (np.isfinite(ours) == finite).all()
            assert (abs(ours - theirs)[finite] <= 1e-6 * size[finite] + 1e-9).all()


@law(60, 500, sample=samples())
def test_ranges_hold_at_every_point(sample: Sample) -> None:
    graph, boxes, shares, _ = sample
    with np.errstate(all="ignore"), always_narrow():
        ranges = propagate(scene_of(Rounded, sample)[0], {})
    for point in points_of(boxes, 0, shares):
        ranges_hold(ranges, exact_values(graph, point))


def _halves() -> Sample:
    """Two halves that have nothing to do with each other: each row reaches one of them alone."""
    rng = np.random.default_rng(3)

    def halves() -> list[list[float]]:
        weight = np.zeros((8, 8))
        weight[:4, :4], weight[4:, 4:] = rng.normal(size=(2, 4, 4))
        return weight.tolist()

    graph = chain(8, dense(halves()), RELU, dense(halves()), RELU, dense(halves()))
    boxes = Boxes(np.full((1, 8), -1.0), np.full((1, 8), 1.0))
    atom = LinearAtom((), ((0, Fraction(1)),), Fraction(0), strict=False)
    return graph, boxes, [[Fraction(1, 3)] * 8], (atom,)


def test_half_a_network_is_left_out() -> None:
    sample = _halves()
    with always_narrow() as found:
        ranges = propagate(scene_of(Rounded, sample)[0], {})
    assert any(found)
    _close(ranges, propagate(scene_of(Rounded, sample)[0], {}))


@given(st.lists(st.sampled_from([-1, 0, 1]), min_size=16, max_size=16), st.integers(0, 7), st.booleans())
def test_rows_with_phases_are_bounded_as_before(phases: list[int], neuron: int, upper: bool) -> None:
    sample = _halves()
    slopes = Slopes(np.array([phases], dtype=np.int8), np.arange(16), np.full((1, 16), 0.5))
    about = About(3, np.array([neuron]), np.array([-1 if upper else 1], dtype=np.int8))
    scene, _ = scene_of(Rounded, sample)
    propagate(scene, {})
    whole = scene.mixtures((), np.zeros((1, 0)), slopes, about)
    with always_narrow() as found:
        part = scene.mixtures((), np.zeros((1, 0)), slopes, about)
    assert found[0] or any(phases)
    assert abs(part - whole).max() <= 1e-9
