"""Claims about gradients that hold with equality: floats cannot close them, the kernel's integers do.

In: networks whose greatest slope is known exactly, and thresholds at it, or beside it by less than floats
hold.  Out: nothing but failures: what is tied is proved by a checked proof, and nothing else is.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import strategies as st

from spec_lang.backends._search.problem import prepare
from spec_lang.backends.base import Budget, Session
from spec_lang.backends.bounds import BACKEND, split_input
from spec_lang.backends.bounds.split_input import InputSplitting
from spec_lang.kernel.proof import examine
from spec_lang.kernel.verdict import EvidenceKind
from spec_lang.kernel.witness import WitnessChecker
from spec_lang.network.primitives import RELU
from spec_lang.obligations.certificate import Flaw, Proof, Unclosed
from spec_lang.obligations.model import Any, Box, LinearAtom, Obligation, Region
from spec_lang.obligations.outcome import Attestation, Certificate, GaveUp, GaveUpReason, Proved, Refuted
from tests.backends.gradient_claims import with_gradients
from tests.backends.smt.cases import session
from tests.laws import law
from tests.tiny_networks import chain, dense

ONE = Fraction(1)
STAMP = Attestation("bounds", "test", "of a test")
HAIR = Fraction(1, 1 << 90)
Rows = list[tuple[float, float]]  # by neuron: its weight of the first input, and that of the output
weights = st.floats(1 / 64, 2, width=32)
rows = st.lists(st.tuples(weights, weights), min_size=2, max_size=4)


def steepest(of: Rows) -> Fraction:
    return sum((Fraction(u) * Fraction(v) for u, v in of), Fraction(0))


def limited(of: Rows, most: Fraction) -> Obligation:
    """The slope along the first input is at most this: the first neuron has its kink in the middle of the
    square, the others are active."""
    first = [[u, 0.25 if i else 0.0] for i, (u, _) in enumerate(of)]
    biases = [10.0 if i else 0.0 for i in range(len(of))]
    graph = with_gradients(chain(2, dense(first, biases), RELU, dense([[v for _, v in of]])), 0)
    steeper = LinearAtom((), ((1, -ONE),), most, strict=True)
    return Obligation(graph, Region((Box((-ONE, -ONE), (ONE, ONE)),)), Any((steeper,)))


@law(20, 500, of=rows)
def test_the_greatest_slope_is_proved_to_be_the_greatest(of: Rows) -> None:
    tied = limited(of, steepest(of))
    run = BACKEND.run(tied, session(tied, None, 100))
    assert isinstance(run.outcome, Proved)
    assert run.outcome.proof is not None
    evidence = examine(tied, run.outcome.proof).evidence
    assert evidence is not None
    assert evidence.kind is EvidenceKind.CHECKED
    assert run.work.spent <= 15


@law(20, 500, of=rows)
def test_a_hair_less_is_refuted(of: Rows) -> None:
    beaten = limited(of, steepest(of) - HAIR)
    assert isinstance(BACKEND.run(beaten, session(beaten, None, 1000)).outcome, Refuted)


# -- what becomes of boxes that are set aside ----------------------------------------------------------

TENTHS: Rows = [(float(np.float32(u)), float(np.float32(v))) for u, v in ((0.1, 0.7), (0.3, 0.9))]
TIED = limited(TENTHS, steepest(TENTHS))


class Kernel:
    """Hears of proofs, and says of so many that their first leaf is open."""

    def __init__(self, refused: int) -> None:
        self.refused, self.told = refused, list[tuple[int, float | None]]()
        confirmed = WitnessChecker(TIED)
        limits = Budget(work=2000)
        heard = Session(limits, lambda point: confirmed(point) is not None, lambda _: None, self.examine)
        self.search = InputSplitting(prepare(TIED), heard, STAMP)

    def examine(self, proof: Certificate) -> Flaw | None:
        assert isinstance(proof, Proof)
        self.told.append((self.search.still_open(), self.search.bound()))
        if len(self.told) <= self.refused:
            leaf = int(np.flatnonzero(proof.parts[0].axis < 0)[0])
            return Flaw("a leaf is open", (Unclosed(0, leaf),))
        return examine(TIED, proof).flaw


def test_a_box_that_is_set_aside_counts_as_open_until_the_kernel_closes_it() -> None:
    kernel = Kernel(refused=0)
    assert isinstance(kernel.search.run().outcome, Proved)
    ((boxes, bound),) = kernel.told
    assert boxes == 1
    assert bound is not None
    assert -1e-4 < bound < 0


def test_what_the_kernel_leaves_open_is_cut_and_set_aside_again() -> None:
    kernel = Kernel(refused=1)
    assert isinstance(kernel.search.run().outcome, Proved)
    assert [boxes for boxes, _ in kernel.told] == [1, 2]


def test_before_the_last_repair_nothing_is_set_aside() -> None:
    kernel = Kernel(refused=2)
    outcome = kernel.search.run().outcome
    assert isinstance(outcome, GaveUp)
    assert len(kernel.told) == 2
    assert outcome.bound is not None
    assert outcome.bound < 0


@pytest.mark.parametrize("why", ["too many nodes", "nobody checks"])
def test_where_the_kernel_will_not_say_boxes_stay_open(why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if why == "too many nodes":
        monkeypatch.setattr(split_input, "MOST_NODES", 0)
        search = Kernel(refused=0).search
    else:
        search = InputSplitting(
            prepare(TIED), Session(Budget(work=2000), lambda _: False, lambda _: None), STAMP
        )
    outcome = search.run().outcome
    assert isinstance(outcome, GaveUp)
    assert outcome.reason in (GaveUpReason.BUDGET, GaveUpReason.NUMERICAL)
    assert outcome.bound is not None
    assert outcome.bound < 0
    assert not len(search.ties)
