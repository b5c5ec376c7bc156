"""The backend: what it proves and refutes of the pieces around points, and what it leaves to others."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume
from hypothesis import strategies as st

from spec_lang.backends.base import Budget, Session
from spec_lang.backends.pieces import BACKEND
from spec_lang.engine import CheckOptions, check
from spec_lang.engine.audit import audit
from spec_lang.kernel.proof import examine
from spec_lang.kernel.verdict import Status
from spec_lang.kernel.witness import check_witness
from spec_lang.network.graph import Graph
from spec_lang.network.onnx_import import load_graph
from spec_lang.network.primitives import RELU
from spec_lang.obligations.model import Obligation
from spec_lang.obligations.outcome import Attestation, GaveUp, Outcome, Proved, Refuted
from spec_lang.obligations.piece_certificate import PieceProof
from spec_lang.store.codec import decode, encode
from tests.engine.specs import write
from tests.graphs import chains, random_chain
from tests.laws import law
from tests.pieces.asking import FORMS, around, goal_of
from tests.pieces.exact import radius
from tests.tiny_networks import chain, dense

quarters = st.builds(Fraction, st.integers(-8, 8), st.just(4))


def decided(obligation: Obligation) -> Outcome:
    """The backend's answer, with the kernel at hand."""
    assert BACKEND.supports(obligation) is None
    session = Session(
        Budget(),
        lambda point: check_witness(obligation, obligation.completed(point)) is not None,
        lambda _: None,
        lambda proof: examine(obligation, proof).flaw,
    )
    return BACKEND.run(obligation, session).outcome


@law(40, 2000, graph=chains(inputs=2), data=st.data(), norm=st.sampled_from(("l1", "l2", "linf")))
def test_one_activation_region_is_decided_on_either_side_of_the_radius(
    graph: Graph, data: st.DataObject, norm: str
) -> None:
    point = tuple(data.draw(st.lists(quarters, min_size=2, max_size=2)))
    exact = radius(graph, point, norm)
    assume(exact is not None and 10**-6 < exact < 10**6)
    size = Fraction(float(exact or 0) ** 0.5) if norm == "l2" else exact or Fraction(0)
    (inside,) = around(graph, "one_activation_region", point, size * Fraction(999, 1000), norm).obligations
    (beyond,) = around(graph, "one_activation_region", point, size * Fraction(1001, 1000), norm).obligations
    proved, refuted = decided(inside), decided(beyond)
    assert isinstance(proved, Proved)
    assert isinstance(refuted, Refuted)
    assert check_witness(beyond, refuted.point) is not None


@law(40, 2000, graph=chains(inputs=2), data=st.data(), form=st.sampled_from(FORMS))
def test_no_answer_is_wrong(graph: Graph, data: st.DataObject, form: str) -> None:
    """What is proved the kernel accepts, and what is refuted it replays; else nothing is said."""
    point = tuple(data.draw(st.lists(quarters, min_size=2, max_size=2)))
    size = data.draw(st.sampled_from((Fraction(1, 8), Fraction(1), Fraction(4))))
    for obligation in around(
        graph, form, point, size, data.draw(st.sampled_from(("l1", "l2", "linf")))
    ).obligations:
        match decided(obligation):
            case Proved(_, proof):
                assert proof is not None
                assert examine(obligation, proof).flaw is None
            case Refuted(found):
                assert check_witness(obligation, found) is not None
            case GaveUp(detail=detail):
                assert detail


def test_a_kink_without_effect_is_left_to_others() -> None:
    """relu(x) − relu(x) is affine everywhere, and no piece of it is the whole region."""
    graph = chain(2, dense([[1, 0], [1, 0]], [0, 0]), RELU, dense([[1, -1]], [0]))
    (found,) = goal_of(graph, "affine(f, on: ball([0.5, 0], 1, l2))").obligations
    outcome = decided(found)
    assert isinstance(outcome, GaveUp)
    assert "larger than one affine piece" in outcome.detail


def test_a_center_on_a_kink_is_refuted() -> None:
    graph = chain(2, dense([[1, 1]], [0]), RELU, dense([[1]], [0]))
    for form in FORMS:
        (found,) = goal_of(graph, f"{form}(f, on: ball([0, 0], 0.001, l2))").obligations
        assert isinstance(decided(found), Refuted)


@pytest.mark.parametrize(
    ("claim", "reason"),
    [
        ("forall x in box(0, 1): f(x).o0 <= 1", "several points"),
        ("injective(f, on: box(0, 1))", "two points differ"),
        ("forall x in everywhere(f), y in box(0, 1): f(x).o0 + f(y).o0 <= 1", "unbounded"),
    ],
)
def test_what_it_does_not_take(claim: str, reason: str) -> None:
    (found,) = goal_of(random_chain((2, 3, 2), 0), claim).obligations
    obstacle = BACKEND.supports(found)
    assert obstacle is not None
    assert reason in obstacle


def test_a_proof_is_kept_bit_by_bit() -> None:
    anchors = np.array([[0.5, -0.0, 5e-324], [1.0, 2.0, -1e300]])
    outcome = Proved(Attestation("pieces", "1", "by hand"), PieceProof(anchors))
    (found,) = decode(encode([outcome])).outcomes
    assert isinstance(found, Proved)
    assert isinstance(found.proof, PieceProof)
    assert found.proof.anchors.tobytes() == anchors.tobytes()
    assert found.proof.anchors.shape == anchors.shape


@pytest.mark.parametrize("norm", ["l1", "l2", "linf"])
@pytest.mark.parametrize("form", FORMS)
def test_a_measure_needs_few_claims(form: str, norm: str, tmp_path: Path) -> None:
    """Its bracket holds the radius, and both ends are stored and checked again."""
    measure = f"measure m = largest r in [0, 9] with {form}(f, on: ball([0.5, 0.25], r, {norm})), to 0.01 %\n"
    path, folder = write(tmp_path, measure), tmp_path / "store"
    (report,) = check([path], CheckOptions(store=folder, timeout=60)).claims
    assert report.status is Status.PROVED
    assert report.measurement is not None
    (bracket,) = report.measurement.brackets
    assert bracket.lower is not None
    assert bracket.upper is not None
    graph, _ = load_graph(tmp_path / "f.onnx", "f")
    assert graph is not None
    exact = radius(graph, (Fraction(1, 2), Fraction(1, 4)), norm)
    assert exact is not None
    power = 2 if norm == "l2" else 1
    assert bracket.lower.value**power <= exact <= bracket.upper.value**power
    assert dict(report.work)["pieces"] == 2
    assert audit([path], CheckOptions(store=folder)).report["m"].status is Status.PROVED
