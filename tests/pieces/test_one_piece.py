"""The kernel's check of proofs over one affine piece: what holds on it is accepted, and nothing else is."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume
from hypothesis import strategies as st

from spec_lang.kernel.proof import examine
from spec_lang.kernel.verdict import EvidenceKind
from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.primitives import RELU, Smooth
from spec_lang.obligations.model import Box, Obligation, Region, Semantics
from spec_lang.obligations.piece_certificate import PieceProof
from tests.graphs import chains, random_chain
from tests.laws import law
from tests.pieces.asking import FORMS, accepts, around, goal_of, text_of
from tests.pieces.exact import neurons, radius
from tests.semantics.worlds import is_violated
from tests.tiny_networks import chain, dense

NEARLY = 1 - Fraction(1, 2**16)
quarters = st.builds(Fraction, st.integers(-8, 8), st.just(4))
norms = st.sampled_from(("l1", "l2", "linf"))


def below(square: Fraction) -> Fraction:
    """A little less than the square root."""
    return Fraction(float(square) ** 0.5) * NEARLY


def reach(graph: Graph, point: tuple[Fraction, ...], norm: str) -> Fraction | None:
    """A little less than the radius of the point's piece."""
    exact = radius(graph, point, norm)
    if exact is None:
        return None
    return below(exact) if norm == "l2" else exact * NEARLY


@pytest.mark.parametrize("form", FORMS)
@law(25, 1000, graph=chains(), data=st.data(), norm=norms)
def test_all_of_a_piece_is_accepted_and_no_more(
    form: str, graph: Graph, data: st.DataObject, norm: str
) -> None:
    """One activation region is accepted up to the radius, and not beyond."""
    size = graph.input_size
    point = tuple(data.draw(st.lists(quarters, min_size=size, max_size=size)))
    most = reach(graph, point, norm)
    assume(most is None or (0 < most < 10**6 and most > Fraction(1, 10**6)))
    (inside,) = around(graph, form, point, Fraction(2) if most is None else most, norm).obligations
    assert accepts(inside, exact=True)
    if most is not None and form == "one_activation_region":
        goal = around(graph, form, point, most / NEARLY**3, norm)
        assert not any(accepts(each, exact=exact) for each in goal.obligations for exact in (True, False))


@pytest.mark.parametrize("exact", [True, False])
@law(40, 2000, graph=chains(inputs=2), data=st.data(), form=st.sampled_from(FORMS), norm=norms)
def test_what_is_accepted_holds(exact: bool, graph: Graph, data: st.DataObject, form: str, norm: str) -> None:
    point = tuple(data.draw(st.lists(quarters, min_size=2, max_size=2)))
    size = data.draw(st.sampled_from((Fraction(1, 8), Fraction(1, 2), Fraction(2))))
    goal = around(graph, form, point, size, norm)
    accepted = [accepts(obligation, exact=exact) for obligation in goal.obligations]
    assume(all(accepted))
    for _ in range(10):
        pair = data.draw(
            st.lists(
                st.sampled_from(tuple(map(Fraction, ("-1", "-1/2", "0", "1/3", "1")))), min_size=4, max_size=4
            )
        )
        points = [c + size * step for c, step in zip(point * 2, pair, strict=True)]
        assert not is_violated(goal, points)


@law(8, 300, seed=st.integers(0, 9999), norm=norms)
def test_floats_accept_nearly_what_integers_do(seed: int, norm: str) -> None:
    graph = random_chain((3, 4, 4, 2), seed)
    point = tuple(Fraction(int(v), 8) for v in np.random.default_rng(seed).integers(-8, 9, 3))
    most = reach(graph, point, norm)
    assert most is not None
    for form in FORMS:
        (inside,) = around(graph, form, point, most, norm).obligations
        assert accepts(inside, exact=False)


def test_a_neuron_may_touch_0() -> None:
    """On [0, 1] the neuron x is 0 at one end: exactly one piece, which floats do not see."""
    graph = chain(2, dense([[1, 0]], [0]), RELU, dense([[1]], [0]))
    for form in FORMS:
        (inside,) = goal_of(graph, f"{form}(f, on: box([0, -1], [1, 1]))").obligations
        assert accepts(inside, exact=True)
        assert not accepts(
            goal_of(graph, f"{form}(f, on: box([-0.01, -1], [1, 1]))").obligations[0], exact=True
        )


def test_a_ball_says_more_than_its_box() -> None:
    graph = chain(2, dense([[1, 1]], [-1.5]), RELU, dense([[1]], [0]))
    assert all(
        accepts(o, exact=True) for o in goal_of(graph, "affine(f, on: ball([0, 0], 1, l2))").obligations
    )
    assert not any(
        accepts(o, exact=True) for o in goal_of(graph, "affine(f, on: ball([0, 0], 1, linf))").obligations
    )


@pytest.mark.parametrize("center", ["[0.1, 0.3, -0.2]", "[0.5, 0.25, 1]"])
def test_a_line_through_a_point_has_pieces(center: str) -> None:
    """Points on the line are tied to its parameter, by numbers that binary64 holds or does not."""
    graph = random_chain((3, 5, 2), 8)
    line = f"def along(t) = f({center} + t[0] * [0.7, -1.1, 0.4])\n"
    point = tuple(map(Fraction, center.strip("[]").split(", ")))
    way = (Fraction("0.7"), Fraction("-1.1"), Fraction("0.4"))
    speeds = [
        (n.value, sum(g * w for g, w in zip(n.gradient, way, strict=True))) for n in neurons(graph, point)
    ]
    most = min(abs(value / speed) for value, speed in speeds if speed)
    for share, holds in ((Fraction(99, 100), True), (Fraction(101, 100), False)):
        end = text_of([most * share])
        goal = goal_of(graph, f"affine(along, on: box({text_of([-most * share])}, {end}))", line)
        for exact in (True, False):
            assert [accepts(each, exact=exact) for each in goal.obligations] == [holds]


# -- what is no proof ----------------------------------------------------------------------------------


def easy() -> Obligation:
    graph = random_chain((2, 4, 2), 5)
    (found,) = around(graph, "affine", (Fraction(1), Fraction(0)), Fraction(1, 1000), "linf").obligations
    return found


def anchor(*numbers: float) -> PieceProof:
    return PieceProof(np.array([numbers]))


def test_a_proof_is_worth_what_it_was_checked_in() -> None:
    found = examine(easy(), anchor(1, 0, 1, 0))
    assert found.flaw is None
    assert found.evidence is not None
    assert found.evidence.kind is EvidenceKind.CHECKED


@pytest.mark.parametrize(
    "proof",
    [
        anchor(1, 0, 1),
        anchor(1, 0, 1, float("nan")),
        anchor(1, 0, 1, float("inf")),
        anchor(1, 0, 1, 0.002),
        PieceProof(np.zeros((0, 4))),
        PieceProof(np.array([[1.0, 0, 1, 0]] * 2)),
        PieceProof(np.zeros(4)),
    ],
)
def test_a_forged_proof_is_refused(proof: PieceProof) -> None:
    found = examine(easy(), proof)
    assert found.evidence is None
    assert found.flaw is not None


def test_a_region_larger_than_the_piece_is_refused() -> None:
    obligation = easy()
    (box,) = obligation.region.boxes
    larger = replace(obligation, region=Region((_wide(box),)))
    found = examine(larger, anchor(1, 0, 1, 0))
    assert found.flaw is not None
    assert "change their phase" in found.flaw.problem


def test_a_tie_that_the_region_does_not_say_is_none() -> None:
    """The obligation's own word for an equation is not enough."""
    graph = random_chain((3, 5, 2), 8)
    line = "def along(t) = f([0.1, 0.3, -0.2] + t[0] * [0.7, -1.1, 0.4])\n"
    (found,) = goal_of(graph, "affine(along, on: box([-0.001], [0.001]))", line).obligations
    assert found.ties
    assert accepts(found, exact=True)
    boxes = tuple(_wide(box) for box in found.region.boxes)
    assert not accepts(replace(found, region=Region(boxes)), exact=True)


def _wide(box: Box) -> Box:
    lower, upper = ([end or Fraction(0) for end in side] for side in (box.lower, box.upper))
    return Box(tuple(end - 9 for end in lower), tuple(end + 9 for end in upper))


def test_rounded_arithmetic_and_smooth_functions_have_no_pieces() -> None:
    assert examine(replace(easy(), semantics=Semantics.FLOAT32), anchor(1, 0, 1, 0)).flaw is not None
    spec = TensorSpec("t", (2,))
    smooth = Graph((TensorSpec("x", (2,)),), (Node(Smooth.TANH, (0,), spec),), (1,))
    (found,) = around(smooth, "affine", (Fraction(1), Fraction(0)), Fraction(1, 1000), "linf").obligations
    assert examine(found, anchor(1, 0, 1, 0)).flaw is not None
