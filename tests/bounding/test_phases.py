"""Bounds with fixed ReLU phases hold wherever the phases do, at every parameter that is tried."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.leaves import closing
from spec_lang.bounding.objectives import Objectives, Rows
from spec_lang.bounding.phases import Optimiser
from spec_lang.bounding.program import ReluStep, compile_graph
from spec_lang.bounding.propagate import propagate
from spec_lang.bounding.unstable import Phases
from spec_lang.network.graph import Graph
from tests.bounding.samples import float_boxes, points_of, share_lists
from tests.graphs import chains, dags, exact_values, random_chain
from tests.laws import law
from tests.pairs import differences


@st.composite
def situations(draw: st.DrawFn) -> tuple[Graph, Boxes, list[list[Fraction]]]:
    graph = draw(st.one_of(chains(), dags(), differences()))
    return graph, draw(float_boxes(graph.input_size, batch=1)), draw(share_lists(graph.input_size))


@law(50, 400, situation=situations(), data=st.data())
def test_an_optimised_bound_holds_wherever_the_phases_do(
    situation: tuple[Graph, Boxes, list[list[Fraction]]], data: st.DataObject
) -> None:
    graph, boxes, shares = situation
    program = compile_graph(graph)
    context, _ = propagate(program, boxes)
    optimiser = Optimiser(context)
    count, parts = 3, 2
    start = {}
    output = graph.outputs[0]
    size = graph.value(output).size
    coefficients = data.draw(
        st.lists(
            st.sampled_from([1.0, -1.0, 0.1, 0.0]),
            min_size=count * parts * size,
            max_size=count * parts * size,
        )
    )
    full = np.array(coefficients).reshape(count, parts, size)
    start[output] = context.carried(output, full.reshape(count * parts, size)).reshape(count, parts, -1)
    n = optimiser.unstable.count
    phases = np.array(
        data.draw(st.lists(st.sampled_from([-1, 0, 1]), min_size=count * n, max_size=count * n)),
        dtype=np.int8,
    ).reshape(count, n)
    constant = np.array([[0.1, -1.0]] * count)
    nodes = np.arange(count)
    objectives = Objectives(start, constant)
    rows = Rows(objectives, nodes, np.full((count, parts), 0.5), phases, np.full((count, n), 0.5), nodes)
    best, kept, _ = optimiser.optimise(rows, steps=6, goal=np.inf)
    short = closing(optimiser, kept)
    assert kept.node.tolist() == nodes.tolist()
    for point in points_of(boxes, 0, shares):
        values = exact_values(graph, point)
        for r in range(count):
            if not _phases_hold(optimiser, phases[r], values):
                continue
            exact = [
                Fraction(float(constant[r, p]))
                + sum(
                    (Fraction(float(c)) * v for c, v in zip(full[r, p], values[output], strict=True)),
                    Fraction(0),
                )
                for p in range(parts)
            ]
            # The mixture sums to 1 only up to rounding, which matters to no conclusion: at most 0 stays so.
            if max(exact) <= 0:
                assert best[r] <= 0
                assert short.bound[r] <= 0
            # A leaf's numbers are those of the row times a power of two, its bound is the row's.
            factor = 2.0 ** -np.round(np.log2(kept.mix[r].max()))
            for bound, mix in ((best[r], kept.mix[r]), (short.bound[r], short.multipliers[r] / factor)):
                mixed = sum((Fraction(float(w)) * e for w, e in zip(mix, exact, strict=True)), Fraction(0))
                if np.isfinite(bound):
                    assert Fraction(float(bound)) <= mixed + Fraction(1, 10**9) * (1 + abs(mixed))


def _phases_hold(optimiser: Optimiser, phases: Phases, values: list[list[Fraction]]) -> bool:
    context = optimiser.context
    for step in context.program.steps:
        if not isinstance(step, ReluStep):
            continue
        layout, where = context.layouts[step.value], optimiser.unstable.slices[step.value]
        for column, phase in zip(layout.columns[: layout.mixed], phases[where], strict=True):
            z = values[step.operand][column]
            if (phase > 0 and z < 0) or (phase < 0 and z > 0):
                return False
    return True


def test_optimising_never_lowers_a_bound() -> None:
    graph = random_chain((4, 8, 8, 1), seed=3)
    boxes = Boxes(-np.ones((1, 4)), np.ones((1, 4)))
    context, _ = propagate(compile_graph(graph), boxes)
    optimiser = Optimiser(context)
    n = optimiser.unstable.count
    rows = Rows(
        Objectives({graph.outputs[0]: np.ones((1, 1, 1))}, np.zeros((1, 1))),
        np.zeros(1, dtype=np.intp),
        np.ones((1, 1)),
        np.zeros((1, n), dtype=np.int8),
        np.tile(optimiser.unstable.lower_slope, (1, 1)),
        np.zeros(1, dtype=np.intp),
    )
    before, _, _ = optimiser.optimise(rows, steps=0, goal=np.inf)
    after, _, _ = optimiser.optimise(rows, steps=40, goal=np.inf)
    assert after[0] > before[0]
