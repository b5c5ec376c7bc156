"""Passes that carry what rows reach bound as passes that carry everything.

In: random graphs and boxes.  Out: nothing but failures.
"""

from __future__ import annotations

from unittest.mock import patch

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from spec_lang.bounding import narrow
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.hidden import Bounded, bounded
from spec_lang.bounding.narrow import narrowed
from spec_lang.bounding.program import AffineStep, compile_graph
from spec_lang.bounding.propagate import propagate, start_rows
from spec_lang.network.graph import Graph
from spec_lang.network.primitives import RELU, Affine, Convolution
from tests.bounding.samples import float_boxes, points_of, share_lists
from tests.graphs import dags, exact_values
from tests.tiny_networks import chain, dense


def _convolutional() -> Graph:
    """Two convolutions over 8×8, and a linear layer: a neuron of the second reaches 5×5 inputs."""
    rng = np.random.default_rng(1)

    def convolution(channels: int, more: int) -> Affine:
        weight = rng.normal(size=(more, channels, 3, 3)).astype(np.float32)
        linear = Convolution(weight, 1, (8, 8), (8, 8), (1, 1), (1, 1), (1, 1))
        return Affine((linear,), rng.normal(size=more * 64).astype(np.float32))

    last = dense(rng.normal(size=(2, 192)).tolist())
    return chain(64, convolution(1, 2), RELU, convolution(2, 3), RELU, last)


def _bounded(graph: Graph, boxes: Boxes, *, wide: int) -> Bounded:
    with (
        patch.object(narrow, "WIDE", wide),
        patch.object(narrow, "WORTH", 1.0),
        patch.object(narrow, "TILE", 4),
    ):
        return bounded(compile_graph(graph), boxes, None, lambda: False, raised=True)


@given(dags(), st.data())
@settings(max_examples=60)
def test_ranges_hold_at_every_point(graph: Graph, data: st.DataObject) -> None:
    boxes = data.draw(float_boxes(graph.input_size, batch=1))
    shares = data.draw(share_lists(graph.input_size))
    found = _bounded(graph, boxes, wide=0)
    for point in points_of(boxes, 0, shares):
        values = exact_values(graph, point)
        for value, ranges in found.known.items():
            ends = ranges.lower[0].tolist(), ranges.upper[0].tolist()
            for number, low, high in zip(values[value], *ends, strict=True):
                assert not low > number
                assert not high < number


def test_a_convolution_is_bounded_as_before() -> None:
    graph, center = _convolutional(), np.linspace(-1, 1, 64)[None]
    boxes = Boxes(center - 0.05, center + 0.05)
    part, whole = (_bounded(graph, boxes, wide=wide) for wide in (0, 10**6))
    assert len(part.lemmas) > len(whole.lemmas)  # one for each tile
    for value, ranges in whole.known.items():
        size = (ranges.upper - ranges.lower).max()
        assert abs(part.known[value].lower - ranges.lower).max() <= 0.02 * size
        assert abs(part.known[value].upper - ranges.upper).max() <= 0.02 * size


def test_a_narrow_context_carries_a_window() -> None:
    graph, center = _convolutional(), np.zeros((1, 64))
    program = compile_graph(graph)
    context, _ = propagate(program, Boxes(center - 1, center + 1))
    second = [step.value for step in program.steps if isinstance(step, AffineStep)][1]
    corner = np.array([0])
    found = narrowed(context, second, corner)
    assert found is not None
    assert found.columns[0].tolist() == [row * 8 + column for row in range(3) for column in range(3)]
    start, constant = start_rows(found, second, corner)
    assert start[second].tolist() == [[1.0]]
    assert constant.tolist() == [0.0]


def test_what_reaches_everything_is_not_narrow() -> None:
    graph = chain(3, dense([[1.0, 2.0, 3.0]] * 3), RELU, dense([[1.0, 1.0, 1.0]] * 2), RELU)
    context, _ = propagate(compile_graph(graph), Boxes(np.full((1, 3), -1.0), np.full((1, 3), 1.0)))
    assert narrowed(context, 3, np.array([0])) is None
