"""Under float32, networks of convolutions, shortcuts, index maps and maxima: what is proved holds in every
execution, and no verdict is turned around by writing their maps in another form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from random import Random

import numpy as np
import pytest

from spec_lang.kernel.verdict import Status
from spec_lang.network.primitives import Affine, Convolution, Entries
from spec_lang.obligations.model import Box, Obligation, Semantics
from spec_lang.semantics.float32 import float32_obstacle
from tests.adversarial.reshaping import RESHAPINGS
from tests.adversarial.ways import Way, each_way, status
from tests.backends.oracle import holds
from tests.differential.cases import case
from tests.differential.examine import Limits, loosened
from tests.float32_runs import Overflow, Style, run

SEED = 11
LIMITS = Limits(seconds=0.5, work=200)
# That change nothing of what an execution may compute: other sums than before are another network.
SAME = ["maps in other forms", "index maps in between", "ReLUs another way"]


def obligations(numbers: range) -> Iterator[tuple[int, Obligation]]:
    """Claims about float32 networks that hold or fail with some room."""
    for number in numbers:
        one = case(number, SEED)
        if float32_obstacle(one.obligation.graph) is None:
            share = Fraction(-1 if one.holds else 1, 4)
            violation = loosened(one.obligation.violation, share)
            yield number, replace(one.obligation, violation=violation, semantics=Semantics.FLOAT32)


def test_the_networks_are_of_every_kind() -> None:
    kinds: set[object] = set()
    for _, obligation in obligations(range(60)):
        for node in obligation.graph.nodes:
            if isinstance(node.primitive, Affine):
                kinds |= {type(linear) for linear in node.primitive.maps}
            else:
                kinds.add(("relu", node.glue))
    assert {Convolution, Entries, ("relu", True), ("relu", False)} <= kinds


@each_way
@pytest.mark.parametrize("numbers", [range(12), pytest.param(range(12, 80), marks=pytest.mark.long)])
def test_what_is_proved_holds_in_every_execution(way: Way, numbers: range) -> None:
    decided = taken = 0
    for number, obligation in obligations(numbers):
        taken += way.supports(obligation) is None
        found = status(way, obligation, LIMITS)
        decided += found in (Status.PROVED, Status.REFUTED)
        if found is Status.PROVED:
            for x, y in executions(obligation, Random(number)):  # noqa: S311 - to be repeated
                inside = all(holds(constraint, x, y) for constraint in obligation.region.constraints)
                assert not (inside and holds(obligation.violation, x, y)), number
    # Who is made for other claims, or for reals alone, takes none of these.
    assert bool(taken) is (way.name not in ("cases", "drift", "narrow", "pairs", "pieces", "slopes"))
    assert bool(decided) is bool(taken)


def executions(obligation: Obligation, rng: Random) -> Iterator[tuple[list[Fraction], list[Fraction]]]:
    """Points of the region and what some execution makes of them."""
    graph = obligation.graph
    for box in obligation.region.boxes:
        for _ in range(6):
            point = _point(box, rng)
            if point is None:
                continue
            style = Style(*(rng.random() < 0.5 for _ in range(5)))
            try:
                values = run(graph, point, style, rng)
            except Overflow:
                raise AssertionError("proved, and yet a sum overflows") from None
            yield point, [v for output in graph.outputs for v in values[output]]


def _point(box: Box, rng: Random) -> list[Fraction] | None:
    """A point of float32 numbers, corners among them."""
    point = []
    for low, high in zip(box.lower, box.upper, strict=True):
        assert low is not None
        assert high is not None
        share = rng.choice([Fraction(0), Fraction(1), Fraction(rng.randint(0, 100), 100)])
        x = Fraction(float(np.float32(float(low + share * (high - low)))))
        if not low <= x <= high:
            return None
        point.append(x)
    return point


@each_way
@pytest.mark.parametrize("name", SAME)
@pytest.mark.parametrize("numbers", [range(4), pytest.param(range(4, 60), marks=pytest.mark.long)])
def test_no_verdict_is_turned_around(name: str, way: Way, numbers: range) -> None:
    for number, obligation in obligations(numbers):
        other = RESHAPINGS[name](obligation, Random(f"{name}/{number}"))  # noqa: S311 - to be repeated
        before, after = (status(way, one, LIMITS) for one in (obligation, other))
        assert {before, after} != {Status.PROVED, Status.REFUTED}, number
