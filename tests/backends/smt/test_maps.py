"""Convolutions and entries in exact forms: the same question as of the matrices, written down in parts, and
within limits of time and size."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from random import Random

import numpy as np
import pytest

from spec_lang.backends.smt import BACKEND, engine, forms
from spec_lang.backends.smt.encode import NOTHING, Encoder
from spec_lang.backends.smt.engine import exact_numbers
from spec_lang.bounding.context import Expired
from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.primitives import RELU, Affine, Convolution, frozen
from spec_lang.obligations.model import Box, LinearAtom, Obligation, Region
from tests.adversarial.reshaping import in_other_forms
from tests.backends.oracle import holds
from tests.backends.smt.test_encoding import satisfies
from tests.differential.cases import case
from tests.graphs import exact_outputs

SEED = 5


def questions() -> Iterator[Obligation]:
    for number in range(60):
        one = case(number, SEED).obligation
        yield one
        yield in_other_forms(one, Random(number))  # noqa: S311 - to be repeated


@pytest.mark.parametrize("pairs", [1, 7, 2**21])
def test_a_question_holds_at_exactly_the_counterexamples(pairs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms, "_PAIRS", pairs)
    breaking = 0
    for number, obligation in enumerate(questions()):
        rng = Random(number)  # noqa: S311 - to be repeated
        box = obligation.region.boxes[0]
        sides = [(lo or Fraction(0), hi or Fraction(0)) for lo, hi in zip(box.lower, box.upper, strict=True)]
        x = [lo + Fraction(rng.randint(0, 8), 8) * (hi - lo) for lo, hi in sides]
        if any(lo > hi for lo, hi in sides):
            continue
        y = exact_outputs(obligation.graph, x)
        broken = all(holds(part, x, y) for part in (*obligation.region.constraints, obligation.violation))
        assert satisfies(Encoder(obligation).question(list(sides), NOTHING, None), x) == broken
        breaking += broken
    assert breaking


def test_a_question_is_the_same_in_every_form() -> None:
    for number in range(30):
        one = case(number, SEED).obligation
        other = in_other_forms(one, Random(number))  # noqa: S311 - to be repeated
        box = list(zip(one.region.boxes[0].lower, one.region.boxes[0].upper, strict=True))
        found = [Encoder(obligation).question(box, NOTHING, None) for obligation in (one, other)]
        assert found[0] == found[1]


def wide(side: int) -> Obligation:
    """Three convolutions of 16 channels over an image of `side` by `side`."""
    rng = np.random.default_rng(0)
    nodes: list[Node] = []
    channels = 3
    for layer in range(3):
        weight = frozen(rng.integers(-2, 3, (16, channels, 3, 3)).astype(np.float32))
        kernel = Convolution(weight, 1, (side, side), (side, side), (1, 1), (1, 1), (1, 1))
        size = 16 * side * side
        bias = frozen(np.zeros(size, dtype=np.float32))
        nodes.append(Node(Affine((kernel,), bias), (len(nodes),), TensorSpec(f"z{layer}", (size,))))
        nodes.append(Node(RELU, (len(nodes),), TensorSpec(f"a{layer}", (size,))))
        channels = 16
    inputs = 3 * side * side
    graph = Graph((TensorSpec("x", (inputs,)),), tuple(nodes), (len(nodes),))
    box = Box((Fraction(0),) * inputs, (Fraction(1),) * inputs)
    return Obligation(graph, Region((box,)), LinearAtom((), ((0, Fraction(1)),), Fraction(1), strict=False))


def test_a_network_that_nobody_decides_exactly_is_not_taken() -> None:
    reason = BACKEND.supports(wide(32))
    assert reason is not None
    assert "too many for z3" in reason
    assert BACKEND.supports(wide(4)) is None


def test_the_numbers_that_are_written_out_are_at_most_those_that_were_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    obligation = wide(4)
    box = list(zip(obligation.region.boxes[0].lower, obligation.region.boxes[0].upper, strict=True))
    question = Encoder(obligation).question(box, NOTHING, None)
    written = sum(len(row[0]) for row, *_ in question[2])
    assert 0 < written <= exact_numbers(obligation.graph)
    monkeypatch.setattr(engine, "MOST_NUMBERS", exact_numbers(obligation.graph) - 1)
    assert BACKEND.supports(obligation) is not None


def test_writing_a_question_stops_when_the_time_is_up() -> None:
    def expired() -> None:
        raise Expired

    obligation = wide(4)
    box = list(zip(obligation.region.boxes[0].lower, obligation.region.boxes[0].upper, strict=True))
    with pytest.raises(Expired):
        Encoder(obligation, expired).question(box, NOTHING, None)
