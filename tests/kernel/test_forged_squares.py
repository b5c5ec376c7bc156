"""Forged proofs by squares are refused, and no change of one proves what a corner refutes.

In: the proof of a pair of networks with one hidden layer.  Out: nothing but failures.
"""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import product

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spec_lang.kernel.proof import examine
from spec_lang.obligations.certificate import Proof, SquareProof
from spec_lang.obligations.model import Obligation
from tests.bounding.rounded_pairs import (
    equivalence,
    network,
    pair,
    proof_of,
    rounded,
    squares_of,
    values,
    weights_of,
)
from tests.certificates.mutate import mutated
from tests.pairs import beside

TOLERANCE = 0.13


@pytest.fixture(scope="module")
def claim() -> Obligation:
    return equivalence(pair(40, 40, 1), TOLERANCE)


@pytest.fixture(scope="module")
def found(claim: Obligation) -> Proof:
    return proof_of(claim)


def forged(proof: Proof, **changed: object) -> Proof:
    part = proof.parts[0]
    squares = tuple(replace(square, **changed) for square in squares_of(proof))  # type: ignore[arg-type]  # fields by name
    return replace(proof, parts=(replace(part, phases=(replace(part.phases[0], squares=squares),)),))


NAMES = ("multipliers", "tilt", "below", "bend", "slope", "shares")


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf, -1e-3])
@pytest.mark.parametrize("name", NAMES)
def test_numbers_that_are_none_or_negative_are_refused(
    claim: Obligation, found: Proof, name: str, number: float
) -> None:
    numbers = getattr(squares_of(found)[0], name).copy()
    numbers[-1] = number
    flaw = examine(claim, forged(found, **{name: numbers})).flaw
    assert flaw is not None
    assert not flaw.unclosed


@pytest.mark.parametrize("name", [*NAMES, "neuron"])
def test_arrays_of_another_shape_are_refused(claim: Obligation, found: Proof, name: str) -> None:
    numbers = getattr(squares_of(found)[0], name)
    for other in (numbers[:-1], np.concatenate([numbers, numbers[:1]]), numbers[None], numbers[0]):
        flaw = examine(claim, forged(found, **{name: other})).flaw
        assert flaw is not None
        assert not flaw.unclosed


def _changed(square: SquareProof) -> dict[str, dict[str, object]]:
    neurons = square.neuron.copy()
    neurons[-1] = 10**6
    more = np.minimum(square.tilt * np.float32(1.001) + np.float32(1e-3), np.float32(1e30))
    return {
        "shares too small": {"shares": (0.7 * square.shares).astype(np.float32)},
        "shares that are huge": {"shares": np.full_like(square.shares, 1e30)},
        "no shares": {"shares": 0 * square.shares},
        "a bend too small": {"bend": (0.3 * square.bend).astype(np.float32)},
        "a bend that is huge": {"bend": np.full_like(square.bend, 3e38)},
        "a tilt that is huge": {"tilt": np.full_like(square.tilt, 3e38)},
        "below the tilt": {"below": more},
        "a slope above 1": {"slope": np.full_like(square.slope, 1.25)},
        "no neuron": {"neuron": neurons},
        "neurons in no order": {"neuron": square.neuron[::-1].copy()},
        "other neurons": {"neuron": np.sort((square.neuron + 7) % 40).astype(np.int32)},
        "no conjunction": {"conjunction": 2},
        "another conjunction": {"conjunction": 1},
        "nothing combined": {"multipliers": 0 * square.multipliers},
    }


HOWS = (
    *("shares too small", "shares that are huge", "no shares", "a bend too small", "a bend that is huge"),
    *("a tilt that is huge", "below the tilt", "a slope above 1", "no neuron", "neurons in no order"),
    *("other neurons", "no conjunction", "another conjunction", "nothing combined"),
)


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("exact", [False, True])
def test_forged_proofs_are_refused(claim: Obligation, found: Proof, how: str, exact: bool) -> None:
    proof = forged(found, **_changed(squares_of(found)[0])[how])
    assert examine(claim, proof, exact=exact).evidence is None


def test_a_missing_conjunction_is_named(claim: Obligation, found: Proof) -> None:
    part = found.parts[0]
    phases = replace(part.phases[0], squares=squares_of(found)[:1])
    flaw = examine(claim, Proof((replace(part, phases=(phases,)),))).flaw
    assert flaw is not None
    assert [leaf.conjunction for leaf in flaw.unclosed] == [1]


def test_a_proof_of_another_tolerance_is_none(claim: Obligation, found: Proof) -> None:
    assert examine(equivalence(claim.graph, TOLERANCE / 20), found).evidence is None


def test_every_number_of_a_proof_has_a_forgery() -> None:
    assert {f.name for f in fields(SquareProof)} == {*NAMES, "neuron", "conjunction"}


@given(st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_no_change_of_a_proof_proves_what_a_corner_refutes(data: st.DataObject) -> None:
    weights = weights_of(4, 5, 2)
    graph = beside(network(weights), network(rounded(weights)))
    corners = np.array(list(product((-1.0, 1.0), repeat=4)))
    most = float(abs(values(rounded(weights), corners) - values(weights, corners)).max())
    true, false = equivalence(graph, 2.5 * most), equivalence(graph, most * (1 - 2.0**-20))
    proof = data.draw(mutated(proof_of(true)))
    exact = data.draw(st.booleans())
    assert examine(false, proof, exact=exact).evidence is None
