"""What is drawn of a counterexample: its points, the regions that they are from, and their one image."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from examples.perceptron import write_onnx
from spec_lang.engine import CheckOptions, check
from spec_lang.engine.planes import planes
from spec_lang.engine.prepare import prepare
from spec_lang.kernel.witness import check_witness
from spec_lang.reporters.model import Plane, Readings

# f(u, v) = (|u| + relu(v) / 4, v): what is left of v's axis lies on what is right of it.
HEAD = """
network f = "fold.onnx" { input u, v  output a, b }
network g = "fold.onnx" { input u "mol", v  output p "m", q  encode x = (x - [1, 2]) / [2, 4] }
network third = "third.onnx" { input u, v, w  output a, b }
param c = [0.5, 0.25]
def twice(x) = f(f(x))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fold")
    first = np.array([[1.0, -1.0, 0.0, 0.0], [0.0, 0.0, 1.0, -1.0]])
    second = (np.array([[1.0, 0.0], [1.0, 0.0], [0.25, 1.0], [0.0, -1.0]]), np.zeros(2))
    write_onnx(path / "fold.onnx", [(first, np.zeros(4)), second], "fold", (2,))
    three = np.concatenate([first, np.zeros((1, 4))])
    write_onnx(path / "third.onnx", [(three, np.zeros(4)), second], "third", (3,))
    return path


def drawn(folder: Path, claim: str, point: Sequence[float]) -> tuple[Plane, ...]:
    """The planes of a claim's counterexample, which is given and which the kernel confirms."""
    path = folder / "spec.nnspec"
    path.write_text(f"{HEAD}claim it: {claim}\n")
    preparation, _ = prepare([path], CheckOptions())
    assert not list(preparation.problems)
    (task,) = preparation.tasks
    goal = task.goal()
    exact = tuple(Fraction(value) for value in point)
    found = (check_witness(obligation, obligation.completed(exact)) for obligation in goal.obligations)
    witness = next(witness for witness in found if witness is not None)
    return planes(task.runs or (), goal, witness)


def at(spot: Readings) -> tuple[str, float, float]:
    across, up = (float(reading.problem) for reading in spot.readings)
    return spot.name, across, up


def outlines(plane: Plane) -> list[list[tuple[float, float]]]:
    return [[(float(x), float(y)) for x, y in outline] for outline in plane.outlines]


def test_two_points_of_a_square_with_one_image(folder: Path) -> None:
    points, images = drawn(folder, "injective(f, on: ball(c, 1, linf))", (0.5, 0, -0.5, 0))
    assert [at(spot) for spot in points.spots] == [("x", 0.5, 0), ("y", -0.5, 0)]
    assert outlines(points) == [[(-0.5, -0.75), (1.5, -0.75), (1.5, 1.25), (-0.5, 1.25)]]
    assert [at(spot) for spot in images.spots] == [("f(x)", 0.5, 0), ("f(y)", 0.5, 0)]
    assert outlines(images) == []


def test_a_diamond_is_drawn_as_one(folder: Path) -> None:
    points, _ = drawn(folder, "injective(f, on: ball(c, 1, l1))", (0.25, 0, -0.25, 0))
    (outline,) = outlines(points)
    assert set(outline) == {(-0.5, 0.25), (1.5, 0.25), (0.5, 1.25), (0.5, -0.75)}


def test_points_and_outlines_are_in_the_users_units(folder: Path) -> None:
    points, images = drawn(folder, "injective(g, on: ball([1, 2], 1, linf))", (0.25, 0, -0.25, 0))
    assert [at(spot) for spot in points.spots] == [("x", 1.5, 2), ("y", 0.5, 2)]
    assert outlines(points) == [[(0, 1), (2, 1), (2, 3), (0, 3)]]
    assert [reading.unit for spot in points.spots for reading in spot.readings] == ["mol", None] * 2
    assert [reading.unit for spot in images.spots for reading in spot.readings] == ["m", None] * 2


def test_two_regions_have_two_outlines(folder: Path) -> None:
    claim = "forall x in box([0, 0], [1, 1]), y in box([-1, 0], [0, 1]): f(x) == f(y) => x == y"
    points, _ = drawn(folder, claim, (0.5, 0, -0.5, 0))
    assert outlines(points) == [[(0, 0), (1, 0), (1, 1), (0, 1)], [(-1, 0), (0, 0), (0, 1), (-1, 1)]]


@pytest.mark.parametrize(("written", "name"), [("c", "c"), ("[0.5, 0.25]", "[0.5, 0.25]")])
def test_a_point_that_is_written_in_the_claim_is_drawn_too(folder: Path, written: str, name: str) -> None:
    claim = f"no_other_preimage(f, of: {written}, on: ball(c, 2, linf))"
    points, images = drawn(folder, claim, (-0.5, 0.25, 0, 0))
    assert [at(spot) for spot in points.spots] == [("x", -0.5, 0.25), (name, 0.5, 0.25)]
    assert len(points.outlines) == 1
    assert [spot.name for spot in images.spots] == ["f(x)", f"f({name})"]


def test_images_of_another_network_lie_apart(folder: Path) -> None:
    claim = "forall x in box(-1, 1), y in box(-1, 1): f(x) == f(y) => f(x + [1, 0]) == f(y + [1, 0])"
    _, images = drawn(folder, claim, (0.5, 0, -0.5, 0))
    assert [at(spot)[1:] for spot in images.spots] == [(0.5, 0), (0.5, 0), (1.5, 0), (0.5, 0)]


def test_of_a_composition_all_images_on_the_way_are_drawn(folder: Path) -> None:
    _, images = drawn(folder, "injective(twice, on: ball(c, 1, linf))", (0.5, 0, -0.5, 0))
    assert {at(spot)[1:] for spot in images.spots} == {(0.5, 0)}
    assert {spot.name for spot in images.spots} == {"f(x)", "f(y)", "f(f(x))", "f(f(y))"}


@pytest.mark.parametrize(
    ("claim", "point"),
    [
        ("forall x in box(-1, 1), y in box(-1, 1): f(x).a <= f(y).a", (1, 0, 0, 0)),  # no common image
        ("forall x in box(-1, 1): f(x).a <= 0", (1, 0)),  # one point
        ("forall x in box(-1, 1), y in box(-1, 1): f(x).a + f(y).a <= 0", (1, 0, 1, 0)),  # at one place
        ("injective(third, on: box(-1, 1), given: w)", (1, 0, 0, -1, 0, 0)),  # not in a plane
    ],
)
def test_of_other_counterexamples_nothing_is_drawn(
    folder: Path, claim: str, point: tuple[float, ...]
) -> None:
    assert drawn(folder, claim, point) == ()


def test_a_report_has_the_planes_of_its_counterexample(folder: Path) -> None:
    path = folder / "ghost.nnspec"
    path.write_text(f"{HEAD}claim ghost: no_other_preimage(f, of: c, on: ball(c, 2, linf))\n")
    (claim,) = check([path], CheckOptions(timeout=60.0))
    assert claim.counterexample is not None
    points, images = claim.counterexample.planes
    assert at(points.spots[0])[1:] == (-0.5, 0.25)
    assert [spot.name for spot in (*points.spots, *images.spots)] == ["x", "c", "f(x)", "f(c)"]
