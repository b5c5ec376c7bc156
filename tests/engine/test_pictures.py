"""What is looked at of a counterexample: images, and slices of the region."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume
from hypothesis import strategies as st

from examples.perceptron import write_onnx
from spec_lang.engine import CheckOptions, check
from spec_lang.engine.pictures import image_shape, pictured
from spec_lang.engine.plane_directions import directions
from spec_lang.engine.prepare import prepare
from spec_lang.engine.slices import slice_through
from spec_lang.kernel.verdict import Status, Verdict
from spec_lang.kernel.witness import check_witness
from spec_lang.obligations.model import Goal
from spec_lang.reporters._pictures import Slice
from spec_lang.reporters.model import Counterexample, Replay
from tests.laws import law

# f(u, v) = (|u| + relu(v) / 4, v)
HEAD = """language 1
network f = "fold.onnx" { input u, v  output a, b }
network g = "fold.onnx" { input u "mol", v  output p "m", q  encode x = (x - [1, 2]) / [2, -4] }
network wide = "wide.onnx" { output a }
network image = "image.onnx"
network long = "flat.onnx"
"""
EIGHTHS = st.integers(-16, 16).map(lambda n: n / 8)
BOXES = st.tuples(EIGHTHS, EIGHTHS, st.integers(1, 16), st.integers(1, 16))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pictures")
    first = np.array([[1.0, -1.0, 0.0, 0.0], [0.0, 0.0, 1.0, -1.0]])
    second = (np.array([[1.0, 0.0], [1.0, 0.0], [0.25, 1.0], [0.0, -1.0]]), np.zeros(2))
    write_onnx(path / "fold.onnx", [(first, np.zeros(4)), second], "fold", (2,))
    wide = np.zeros((5, 2))
    wide[1, 0], wide[3, 1] = 3.0, -2.0
    write_onnx(path / "wide.onnx", [(wide, np.ones(2)), (np.ones((2, 1)), np.zeros(1))], "wide", (5,))
    for name, shape in (("image", (1, 6, 4)), ("flat", (784,))):
        size = int(np.prod(shape))
        layers = [(np.ones((size, 3)), np.zeros(3)), (np.ones((3, 2)), np.zeros(2))]
        write_onnx(path / f"{name}.onnx", layers, name, shape)
    return path


def goal_of(folder: Path, claim: str) -> Goal:
    path = folder / "spec.nnspec"
    path.write_text(f"{HEAD}claim it: {claim}\n")
    preparation, _ = prepare([path], CheckOptions())
    assert not list(preparation.problems)
    (task,) = preparation.tasks
    return task.goal()


def sliced(folder: Path, claim: str, point: Sequence[float]) -> Slice | None:
    """The slice through a point that the kernel confirms; None where it does not."""
    goal = goal_of(folder, claim)
    exact = tuple(Fraction(value) for value in point)
    for place, obligation in enumerate(goal.obligations):
        witness = check_witness(obligation, obligation.completed(exact))
        if witness is not None:
            return slice_through(goal, place, witness)
    return None


def grid(found: Slice) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.float64]], ...]:
    """The margins, and where each of them is."""
    across, up = (np.linspace(side.low, side.high, len(found.margins)) for side in (found.across, found.up))
    return np.array(found.margins), *np.meshgrid(across, up)


def fold(u: np.ndarray[tuple[int, ...], np.dtype[np.float64]], v: object) -> object:
    return np.abs(u) + np.maximum(v, 0) / 4  # type: ignore[call-overload]


@law(10, 200, box=BOXES, inside=st.tuples(st.integers(0, 8), st.integers(0, 8)), limit=EIGHTHS)
def test_a_slice_shows_where_the_claim_is_broken_and_the_region_around_it(
    folder: Path, box: tuple[float, float, int, int], inside: tuple[int, int], limit: float
) -> None:
    left, bottom, width, height = box
    right, top = left + width / 8, bottom + height / 8
    u, v = left + (right - left) * inside[0] / 8, bottom + (top - bottom) * inside[1] / 8
    claim = f"forall x in box([{left}, {bottom}], [{right}, {top}]): f(x).a <= {limit}"
    assume(abs(u) + max(v, 0) / 4 > limit)
    found = sliced(folder, claim, (u, v))
    assume(found is not None or abs(u) + max(v, 0) / 4 > limit)
    assert found is not None
    assert (found.across.name, found.up.name, found.fixed, found.follow) == ("u", "v", 0, ())
    assert (found.across.at, found.up.at) == (u, v)
    assert sorted(found.outline) == sorted([(left, bottom), (right, bottom), (right, top), (left, top)])
    margins, us, vs = grid(found)
    expected = limit - np.asarray(fold(us, vs))
    clear = np.abs(expected) > 1e-4
    assert ((margins <= 0) == (expected <= 0))[clear].all()


def test_a_slice_is_in_problem_space_also_where_an_axis_is_turned_round(folder: Path) -> None:
    # In problem space (3, -2) is (1, 1) in the network's, and the region is [-1, 1] by [-1, 1] there.
    found = sliced(folder, "forall x in box([-1, -2], [3, 6]): g(x).p <= 1", (1, 1))
    assert found is not None
    assert (found.across.name, found.across.unit, found.up.unit) == ("u", "mol", None)
    assert (found.across.at, found.up.at) == (3, -2)
    assert (min(found.outline), max(found.outline)) == ((-1, -2), (3, 6))
    margins, us, vs = grid(found)
    expected = 1 - np.asarray(fold((us - 1) / 2, (vs - 2) / -4))
    clear = np.abs(expected) > 1e-4
    assert ((margins <= 0) == (expected <= 0))[clear].all()


def test_the_two_inputs_are_those_that_matter_and_the_others_are_said_to_be_fixed(folder: Path) -> None:
    found = sliced(folder, "forall x in box(0, 1): wide(x).a <= 3", (0.5, 1, 0.5, 0, 0.5))
    assert found is not None
    assert (found.across.name, found.up.name, found.fixed) == ("x[1]", "x[3]", 3)


def test_inputs_that_a_claim_ties_to_the_two_follow_them(folder: Path) -> None:
    claim = (
        "forall x in box([0, 0], [1, 1]), y in box([0, 0], [1, 1]): "
        "x.u == y.u and x.v <= y.v => f(x).a >= f(y).a"
    )
    found = sliced(folder, claim, (0.5, 0.25, 0.5, 0.75))
    assert found is not None
    assert {found.across.name, found.up.name} == {"x.v", "y.v"}
    # What is below the diagonal lies outside of the region.
    assert len(found.outline) == 3
    goal = goal_of(folder, claim)
    ways = directions(goal.obligations[0], range(4))
    assert sorted(ways) == [0, 1, 3]
    assert ways[0] == {0: 1, 2: 1}


def test_a_point_without_two_free_inputs_has_no_slice(folder: Path) -> None:
    assert sliced(folder, "forall x in { x | x.u in [0, 1] and x.v == 1 }: f(x).a <= 0.5", (1, 1)) is None


@pytest.mark.parametrize(
    ("shape", "found"),
    [
        ((8, 8), ((1, 8, 8), False)),
        ((1, 28, 28), ((1, 28, 28), False)),
        ((3, 32, 32), ((3, 32, 32), False)),
        ((32, 32, 3), ((3, 32, 32), True)),
        ((28, 28, 1), ((1, 28, 28), False)),
        ((1, 1, 16, 16), ((1, 16, 16), False)),
        ((5,), None),
        ((1, 1, 5), None),
        ((784,), None),
        ((2, 3), None),
        ((4, 900), None),
        ((7, 20, 20), None),
    ],
)
def test_an_image_is_told_by_its_shape(shape: tuple[int, ...], found: object) -> None:
    assert image_shape(shape) == found


def test_an_image_is_shown_beside_the_center_of_its_ball_or_the_middle_of_its_region(folder: Path) -> None:
    around = "[[[" + "], [".join(", ".join(["0.25"] * 4) for _ in range(6)) + "]]]"
    (folder / "spec.nnspec").write_text(
        f"{HEAD}def given = {around}\n"
        "region near = ball(given, 0.125, linf) & box(0, 1)\n"
        "claim ball: forall x in near: image(x)[0] <= 0\n"
        "claim box: forall x in box(0, 1): image(x)[0] <= 0\n"
        "claim guess: forall x in box(0, 1): long(x)[0] <= 0\n"
    )
    report = check([folder / "spec.nnspec"], CheckOptions(pictures=True))
    assert [str(d) for d in report.diagnostics] == []
    found = {claim.name: claim.counterexample for claim in report}
    pictures = {name: each.pictures[0] for name, each in found.items() if each is not None}
    assert {name: p.size for name, p in pictures.items()} == {
        "ball": (1, 6, 4),
        "box": (1, 6, 4),
        "guess": (1, 28, 28),
    }
    assert pictures["ball"].beside == (0.25,) * 24
    assert pictures["box"].beside == (0.5,) * 24
    assert pictures["ball"].beside_words != pictures["box"].beside_words
    assert [p.guessed for p in pictures.values()] == [False, False, True]
    point = found["ball"]
    assert point is not None
    assert pictures["ball"].values == tuple(float(r.problem) for r in point.inputs)


def test_pictures_change_nothing_else_of_a_report(folder: Path) -> None:
    (folder / "spec.nnspec").write_text(f"{HEAD}claim it: forall x in box(0, 1): f(x).a <= 0.5\n")
    plain, seen = (
        check([folder / "spec.nnspec"], CheckOptions(pictures=pictures, budget=10_000))
        for pictures in (False, True)
    )
    (first,), (second,) = plain.claims, seen.claims
    assert second.counterexample is not None
    assert second.counterexample.slice is not None
    assert first.course is None
    stripped = replace(second.counterexample, slice=None)
    same = replace(second, counterexample=stripped, seconds=first.seconds, plan=first.plan, course=None)
    assert same == first


def test_a_counterexample_that_was_stored_is_pictured_again(folder: Path, tmp_path: Path) -> None:
    path = folder / "spec.nnspec"
    path.write_text(f"{HEAD}claim it: forall x in box(0, 1): f(x).a <= 0.5\n")
    options = CheckOptions(pictures=True, store=tmp_path / "proofs")
    (first,), (second,) = (check([path], options).claims for _ in range(2))
    assert second.known is not None
    assert first.counterexample is not None
    assert second.counterexample is not None
    assert second.counterexample.slice == first.counterexample.slice is not None


def test_a_picture_that_fails_costs_nothing_but_itself(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / "spec.nnspec"
    path.write_text(f"{HEAD}claim it: forall x in box(0, 1): f(x).a <= 0.5\n")
    monkeypatch.setattr("spec_lang.engine.pictures.slice_through", lambda *_: 1 / 0)
    (claim,) = check([path], CheckOptions(pictures=True)).claims
    assert claim.status is Status.REFUTED
    assert claim.counterexample is not None
    assert claim.counterexample.slice is None


def test_a_verdict_without_a_point_has_nothing_to_look_at(folder: Path) -> None:
    path = folder / "spec.nnspec"
    path.write_text(f"{HEAD}claim it: forall x in box(0, 1): f(x).a <= 0.5\n")
    preparation, _ = prepare([path], CheckOptions())
    (task,) = preparation.tasks
    found = Counterexample((), (), "", Replay(exact=True, onnxruntime=None))
    assert pictured(task, task.goal(), Verdict(Status.UNKNOWN), found) is found
