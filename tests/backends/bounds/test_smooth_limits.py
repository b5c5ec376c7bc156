"""Near the truth of claims about smooth functions nothing is guessed: saturation, equality, ends."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spec_lang.kernel.proof import examine
from spec_lang.kernel.witness import check_witness
from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.primitives import Affine, Dense, Smooth, frozen
from spec_lang.obligations.model import All, Any, Box, Condition, LinearAtom, Obligation, Region
from spec_lang.obligations.outcome import Proved, Refuted
from tests.backends.bounds.smooth_claims import UNIT, above, curve, proved, refuted, run
from tests.smooth_nets import S_SHAPED, functions, smooth_value

MILLIONTH = Fraction(1, 10**6)


@pytest.mark.parametrize("function", S_SHAPED)
@pytest.mark.parametrize("factor", [1.0, 8.0, 25.0])
@pytest.mark.parametrize("after", [(), (3.0,)])
def test_a_millionth_more_is_proved_and_a_millionth_less_refuted(
    function: Smooth, factor: float, after: tuple[float, ...]
) -> None:
    graph = curve(function, factor, *after)
    most = smooth_value(function, Fraction(factor)) * Fraction(after[0] if after else 1)
    proved(Obligation(graph, UNIT, above(most + MILLIONTH)))
    witness = refuted(Obligation(graph, UNIT, above(most - MILLIONTH)))
    assert witness.outputs[0] >= most - MILLIONTH


def test_what_floats_take_for_1_is_told_from_it_in_rationals() -> None:
    """tanh 30 = 1 − 1.75e-26."""
    graph = curve(Smooth.TANH, 30.0)
    proved(Obligation(graph, UNIT, above(Fraction(1))))
    refuted(Obligation(graph, UNIT, above(1 - Fraction(1, 10**20))))
    true = Obligation(graph, UNIT, above(1 - Fraction(1, 10**30)))
    assert not isinstance(run(true, work=300).outcome, Refuted)
    assert check_witness(true, (Fraction(1),)) is None


def test_equality_that_no_precision_decides_is_no_counterexample() -> None:
    """f(x) = tanh x − tanh x with two nodes is 0, which enclosures never say; σ(0) = 1/2 they do."""
    spec = TensorSpec("x", (1,))
    one, minus = (Dense(frozen(np.array([[w]]))) for w in (1.0, -1.0))
    nodes = (
        Node(Smooth.TANH, (0,), spec),
        Node(Smooth.TANH, (0,), spec),
        Node(Affine((one, minus), frozen(np.zeros(1))), (1, 2), spec),
    )
    zero = Obligation(Graph((spec,), nodes, (3,)), UNIT, above(Fraction(0)))
    assert check_witness(zero, (Fraction(1, 3),)) is None
    half = Obligation(curve(Smooth.SIGMOID, 1.0), UNIT, above(Fraction(1, 2)))
    witness = check_witness(half, (Fraction(0),))
    assert witness is not None
    assert witness.outputs == (Fraction(1, 2),)
    assert witness.error == 0


ends = st.sampled_from([Fraction(-1), Fraction(0), Fraction(1), Fraction(1, 2)])


@given(functions, ends, st.booleans(), st.sampled_from([1, -1]), st.booleans())
@settings(max_examples=60)
def test_ends_are_never_reached(
    function: Smooth, bound: Fraction, strict: bool, sign: int, alone: bool
) -> None:
    """Over all that floats hold, `sign·y >= bound` is excluded exactly where the ends exclude it."""
    atom = LinearAtom((), ((0, Fraction(-sign)),), bound, strict)
    violation: Condition = atom if alone else All((atom, Any((above(Fraction(-2)),))))
    far = Region((Box((Fraction(-(10**6)),), (Fraction(10**6),)),))
    obligation = Obligation(curve(function, 1.0), far, violation)
    low, high = sorted(sign * (float("inf") if end is None else end) for end in function.ends)
    outcome = run(obligation, work=50).outcome
    if bound >= high:
        assert isinstance(outcome, Proved)
        assert outcome.proof is not None
        assert examine(obligation, outcome.proof).evidence is not None
    else:
        assert not isinstance(outcome, Proved)
    assert low < high
