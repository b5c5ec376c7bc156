"""Networks whose float behaviour differs from their real one on purpose: no wrong verdict, by anybody."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction

import numpy as np
import pytest

from spec_lang.diagnostics import InternalError
from spec_lang.kernel.verdict import Status
from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.primitives import Affine, Dense
from spec_lang.obligations.model import Obligation
from spec_lang.obligations.outcome import Refuted
from tests.adversarial.fooling import ONE, UNIT, ZERO, Fooling, above, every, float_edge, layers, line
from tests.adversarial.ways import SEARCHES, WAYS, Way, ask, box, each_way, outcome, status
from tests.backends.enumeration import counterexample
from tests.backends.oracle import violates
from tests.differential.examine import Limits

FOOLING = tuple(every())
PATIENT = Limits(seconds=20.0)
BEYOND = "beyond the floats: positive"  # its values are: no bound holds them, and nobody goes on without one
RIGHT = {True: Status.PROVED, False: Status.REFUTED}


@pytest.mark.parametrize("fooling", FOOLING, ids=lambda fooling: fooling.name)
def test_the_truth_is_what_enumeration_finds(fooling: Fooling) -> None:
    assert (counterexample(fooling.obligation) is None) is fooling.holds


def parameter(fooling: Fooling) -> object:
    """What has hundreds of inputs takes everybody's whole time, where no float can decide it: that is tried
    when it is asked for, and from the file to the verdict always."""
    wide = fooling.obligation.graph.input_size > 100
    hard = any(words in fooling.name for words in ("spread thin", "not less", "not more"))
    mark = pytest.mark.long if hard else pytest.mark.slow
    return pytest.param(fooling, id=fooling.name, marks=[mark] if wide else [])


@pytest.mark.parametrize("fooling", list(map(parameter, FOOLING)))
def test_nobody_is_fooled_and_somebody_knows(fooling: Fooling) -> None:
    """Exact arithmetic decides each of them somewhere, however mean the network."""
    right = RIGHT[fooling.holds]
    found = {way.name: status(way, fooling.obligation) for way in WAYS}
    assert set(found.values()) <= {right, Status.UNKNOWN}, found
    if right not in found.values() and fooling.name != BEYOND:  # on a slow machine
        assert right in {status(way, fooling.obligation, PATIENT) for way in WAYS[: -len(SEARCHES)]}


@each_way
def test_the_point_that_is_found_lies_on_the_edge_itself(way: Way) -> None:
    tenth = Fraction(1, 10)
    obligation = Obligation(line(1.0), box((ZERO, tenth)), above(tenth, strict=False))
    found = outcome(way, obligation)
    if isinstance(found, Refuted):
        assert found.point == (tenth,)
        assert violates(obligation, found.point)


def test_a_float_distance_does_not_see_the_edge_of_the_ball() -> None:
    centre, radius, point = float_edge()
    assert point - centre > radius
    assert np.float32(float(point)) - np.float32(float(centre)) <= np.float32(float(radius))


def unfinished(value: float) -> Graph:
    """A network with a weight that is no number; no file is read into one."""
    graph = layers(([[1.0], [1.0]], [0.0, 0.0]), ([[1.0, 1.0]], [0.0]))
    weight = np.array([[1.0], [value]])
    affine = Affine((Dense(weight),), np.zeros(2))
    return Graph(graph.inputs, (Node(affine, (0,), TensorSpec("z", (2,))), *graph.nodes[1:]), graph.outputs)


@each_way
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_weight_that_is_no_number_decides_nothing(way: Way, value: float) -> None:
    for violation in (above(Fraction(-1)), above(Fraction(10**6))):
        found = Status.ERROR
        with suppress(InternalError, ValueError, ArithmeticError):
            found = ask(way, unfinished(value), box(UNIT), violation)
        assert found in (Status.ERROR, Status.UNKNOWN)


@each_way
def test_a_bound_on_one_side_only_is_no_bound_on_the_other(way: Way) -> None:
    half = box((ZERO, ONE)).boxes[0]
    unbounded = type(half)((ZERO,), (None,))
    region = type(box(UNIT))((unbounded,))
    assert ask(way, line(1.0), region, above(Fraction(10**9))) in (Status.REFUTED, Status.UNKNOWN)
    assert ask(way, line(1.0), region, above(Fraction(-1, 10**9))) in (Status.REFUTED, Status.UNKNOWN)
