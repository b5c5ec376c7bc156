"""The ACAS Xu spec says what the VNN-LIB queries of the same properties say.

In: `acasxu.nnspec`, in the user's units, and the queries, in network space.  Out: nothing but failures.
The queries print their bounds with nine digits, so the boxes agree up to that rounding; violations
compare outputs with each other, and agree exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import product
from pathlib import Path

import pytest

from benchmarks.instances import acasxu_claim, acasxu_folder, read_instances
from spec_lang.engine import CheckOptions
from spec_lang.engine.prepare import prepare
from spec_lang.engine.task import Task
from spec_lang.obligations.model import All, Condition, Goal, LinearAtom, atoms
from spec_lang.syntax.layout.module import format_module

SPEC = Path(__file__).with_name("acasxu.nnspec")
MOST_LINES = 70
ROUNDING = Fraction(1, 10**9)  # the queries print nine digits behind the point
# The query's threshold comes from the mean of the scores with more digits than its comment, and we, print.
THRESHOLD_ROUNDING = Fraction(1, 10**10)
# The first network that each property speaks of; on the others it has the same region and violation.
FIRST = [f"*_1_1_* prop_{number}" for number in range(1, 7)]
FIRST += ["*_1_9_* prop_7", "*_2_9_* prop_8", "*_3_3_* prop_9", "*_4_5_* prop_10"]


@pytest.fixture(scope="module")
def claims(data_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Task]:
    """Every claim of the spec, by name."""
    folder = tmp_path_factory.mktemp("acasxu")
    spec = acasxu_folder(SPEC, data_root / "acasxu" / "onnx", folder)
    preparation, _ = prepare([spec], CheckOptions())
    assert list(preparation.problems) == []
    return {task.name: task for task in preparation.tasks}


@pytest.fixture
def goals(claims: Mapping[str, Task], data_root: Path, request: pytest.FixtureRequest) -> tuple[Goal, Goal]:
    """The same instance, as a claim of the spec and as a query."""
    (instance,) = read_instances(data_root / "acasxu", request.param)
    options = CheckOptions(networks=(("", instance.onnx),))
    preparation, _ = prepare([instance.vnnlib], options)
    (query,) = preparation.tasks
    return claims[acasxu_claim(instance)].goal(), query.goal()


def sides(goal: Goal) -> list[tuple[Fraction, ...]]:
    """Every box of the goal, as its lower and then its upper bounds; the boxes sorted."""
    boxes = [box for obligation in goal.obligations for box in obligation.region.boxes]
    ends = [tuple(side for side in (*box.lower, *box.upper) if side is not None) for box in boxes]
    return sorted(ends)


def holds(condition: Condition, outputs: tuple[int, ...]) -> bool:
    if isinstance(condition, LinearAtom):
        value = sum((c * outputs[i] for i, c in condition.outputs), start=condition.constant)
        return value < 0 or (value == 0 and not condition.strict)
    parts = (holds(part, outputs) for part in condition.parts)
    return all(parts) if isinstance(condition, All) else any(parts)


def violated(goal: Goal, outputs: tuple[int, ...]) -> bool:
    return any(holds(obligation.violation, outputs) for obligation in goal.obligations)


def test_ten_properties_fit_on_seventy_lines_as_fmt_lays_them_out() -> None:
    text = SPEC.read_text(encoding="utf-8")
    assert format_module(text, str(SPEC)).text == text
    assert len(text.splitlines()) <= MOST_LINES


def test_the_claims_of_the_spec_are_the_instances(claims: Mapping[str, Task], data_root: Path) -> None:
    instances = read_instances(data_root / "acasxu")
    assert sorted(claims) == sorted(acasxu_claim(instance) for instance in instances)


@pytest.mark.parametrize("goals", FIRST, indirect=True)
def test_the_regions_are_the_boxes_of_the_query_up_to_its_rounding(goals: tuple[Goal, Goal]) -> None:
    ours, theirs = map(sides, goals)
    assert [len(box) for box in ours] == [len(box) for box in theirs] == [10] * len(ours)
    for our_box, their_box in zip(ours, theirs, strict=True):
        assert max(abs(a - b) for a, b in zip(our_box, their_box, strict=True)) <= ROUNDING


@pytest.mark.parametrize("goals", FIRST, indirect=True)
def test_the_regions_are_boxes_without_further_constraints(goals: tuple[Goal, Goal]) -> None:
    for goal in goals:
        assert [obligation.region.constraints for obligation in goal.obligations] == [()] * len(
            goal.obligations
        )


@pytest.mark.parametrize("goals", FIRST[1:], indirect=True)
def test_the_violations_are_those_of_the_query_for_every_order_and_tie(goals: tuple[Goal, Goal]) -> None:
    # Five levels give five outputs every weak order, and the atoms compare outputs with each other alone.
    for goal in goals:
        for atom in (a for obligation in goal.obligations for a in atoms(obligation.violation)):
            assert atom.inputs == ()
            assert atom.constant == sum(c for _, c in atom.outputs) == 0
    for outputs in product(range(5), repeat=5):
        assert violated(goals[0], outputs) == violated(goals[1], outputs)


@pytest.mark.parametrize("goals", FIRST[:1], indirect=True)
def test_property_1_has_the_closed_threshold_of_the_query(goals: tuple[Goal, Goal]) -> None:
    thresholds = []
    for goal in goals:
        (atom,) = (a for obligation in goal.obligations for a in atoms(obligation.violation))
        ((output, coefficient),) = atom.outputs
        assert (output, coefficient < 0, atom.strict) == (0, True, False)
        thresholds.append(-atom.constant / coefficient)
    assert abs(thresholds[0] - thresholds[1]) <= THRESHOLD_ROUNDING
