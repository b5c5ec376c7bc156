"""Laws of what is proposed: patterns that the data need, polytopes, boxes, trees, numbers."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import strategies as st

from spec_lang.inference.growing import grown
from spec_lang.inference.inquiries import Setting, of_prefix
from spec_lang.inference.layerwise import relaxed
from spec_lang.inference.model import Candidate, Literal, Method
from spec_lang.inference.numbers import decimal, plain
from spec_lang.inference.polytopes import Polytope, inner_box
from spec_lang.inference.signatures import NONE, Signatures, signatures
from spec_lang.inference.trees import leaves
from tests.inference.networks import F64
from tests.inference.test_signatures import found_in
from tests.laws import law


@pytest.fixture(params=[3, 11, 39])
def found(request: pytest.FixtureRequest, tmp_path: Path) -> Signatures:
    return found_in(tmp_path, request.param)


def purity(found: Signatures, candidate: Candidate) -> bool:
    return bool((found.decided[found.where(candidate)] == candidate.decision).all())


def test_a_relaxed_pattern_is_pure_and_minimal_on_the_data(found: Signatures) -> None:
    tried = 0
    for row in np.flatnonzero(found.decided != NONE)[:10].tolist():
        for layer in (0, 1):
            candidate = relaxed(found, layer, row)
            if candidate is None:
                continue
            tried += 1
            assert found.where(candidate)[row]
            assert purity(found, candidate)
            for literal in candidate.literals:
                fewer = tuple(c for c in candidate.literals if c != literal)
                assert not purity(found, replace(candidate, literals=fewer))
    assert tried


def test_a_relaxed_pattern_excludes_the_signatures_that_it_is_told(found: Signatures) -> None:
    for row in range(10):
        signature = found.bits[1][row]
        other = ~signature
        candidate = relaxed(found, 1, row, other[None])
        if candidate is not None:
            assert any(other[c.neuron] != c.above for c in candidate.literals)


def exact_grid() -> F64:
    side = np.arange(-64, 65) / 64
    return np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)


def test_what_linear_programs_see_holds_at_every_point_of_a_grid(found: Signatures) -> None:
    """The oracle is exhaustion: floats are exact on this grid."""
    everywhere = signatures(found.subject, found.decisions, exact_grid())
    setting = Setting(found, 0)
    proposed = 0
    for row in np.flatnonzero(found.decided != NONE)[:12].tolist():
        candidate = next(of_prefix(setting, row), None)
        if candidate is not None:
            proposed += 1
            assert found.where(candidate)[row]
            assert purity(everywhere, candidate)
            assert "without any one of its neurons" in candidate.note
    assert proposed


def test_a_box_inside_of_a_linear_region_has_its_signature_and_decision(found: Signatures) -> None:
    setting, met = Setting(found, 0), 0
    for row in np.flatnonzero(found.decided != NONE)[:12].tolist():
        literals = tuple(
            Literal(k, n, on) for k, bits in enumerate(found.bits) for n, on in enumerate(bits[row].tolist())
        )
        whole = Polytope(found.program, found.subject.layers, *setting.domain, literals)
        decision = int(found.decided[row])
        box = inner_box(whole, found.decisions[decision], found.subject.graph.outputs)
        if box is None:
            continue
        met += 1
        drawn = np.random.default_rng(row).uniform(box[0], box[1], size=(200, 2))
        inner = signatures(found.subject, found.decisions, drawn)
        assert purity(inner, Candidate(decision, Method.BOX))
    assert met


def test_pure_leaves_are_pure_where_the_tree_was_grown(found: Signatures) -> None:
    every = [leaf for values in (False, True) for leaf in leaves(found, 1, 0, on_values=values)]
    assert every
    decided = found.decided != NONE
    for leaf in every:
        met = found.where(leaf) & decided
        assert (found.decided[met] == leaf.decision).all()


coordinates = st.floats(-1, 1)


@law(
    100,
    2000,
    start=st.tuples(coordinates, coordinates),
    outside=st.lists(st.tuples(coordinates, coordinates), max_size=12),
)
def test_a_grown_box_keeps_its_start_and_leaves_the_others_out(
    start: tuple[float, float], outside: list[tuple[float, float]]
) -> None:
    point, others = np.array(start), np.array(outside).reshape(-1, 2)
    lower, upper = grown((point, point), (np.full(2, -1.0), np.ones(2)), others)
    assert (lower <= point).all()
    assert (point <= upper).all()
    for other in others[(others != point).any(axis=1)]:
        if (abs(other - point) > 1e-9).any():  # nearer than that the margin is lost to rounding
            assert (other < lower).any() or (other > upper).any()


@law(200, 5000, value=st.fractions(), digits=st.integers(1, 12))
def test_a_decimal_is_on_its_side_and_near(value: Fraction, digits: int) -> None:
    below, above = (Fraction(decimal(value, up=up, digits=digits)) for up in (False, True))
    assert below <= value <= above
    assert above - below <= abs(value) * Fraction(10) ** (1 - digits)


@law(
    200,
    5000,
    value=st.decimals(allow_nan=False, allow_infinity=False, places=9, min_value=-(10**6), max_value=10**6),
)
def test_a_number_is_written_as_it_is(value: object) -> None:
    exact = Fraction(str(value))
    assert Fraction(plain(exact)) == exact
