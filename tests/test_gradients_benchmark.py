"""The benchmark of gradients: its networks, its baselines against each other, and a line a question.

In: a network of a few neurons with weights at random, and the trained ones at a small sample.  Out: nothing
but failures.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import strategies as st
from onnx.reference import ReferenceEvaluator

from benchmarks.explained import Explained, furthest, leaves_out
from benchmarks.gradient_cells import exact
from benchmarks.gradient_engine import Enclosures
from benchmarks.gradient_floats import (
    Ends,
    Logit,
    gradients,
    interval_gradients,
    layers_of,
    phase_bounds,
    pre_activations,
    weight_interval_gradients,
)
from benchmarks.gradient_networks import trained
from benchmarks.gradient_specs import query_box
from benchmarks.gradient_witnesses import ascend, other_weights
from benchmarks.gradients import main
from examples.perceptron import Array, Layer, Slopes, write_onnx
from tests.laws import law

REACH = 0.25
SEEDS = st.integers(0, 2**32 - 1)


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trained networks' folder, empty at first."""
    return tmp_path_factory.mktemp("networks")


def layers(seed: int) -> list[Layer]:
    """3-6-5-2."""
    random = np.random.default_rng(seed)
    sizes = [(3, 6), (6, 5), (5, 2)]
    return [(random.normal(size=size), random.normal(size=size[1])) for size in sizes]


def around(point: Array) -> Ends:
    return (point - REACH)[None], (point + REACH)[None]


def points_within(point: Array, seed: int) -> Array:
    return point + np.random.default_rng(seed).uniform(-REACH, REACH, (500, len(point)))


@law(20, 500, seed=SEEDS)
def test_a_gradient_is_what_differences_are(seed: int) -> None:
    network, point = layers(seed), np.random.default_rng([seed, 1]).normal(size=3)
    steps = 1e-7 * np.eye(3)
    near = np.concatenate([point + steps, point - steps])
    entering, values = pre_activations(network, near)
    if any(((z > 0).any(axis=0) & (z < 0).any(axis=0)).any() for z in entering):
        return  # a kink lies between
    differences = (values[:3, 1] - values[3:, 1]) / 2e-7
    np.testing.assert_allclose(gradients(Logit(network, 1), point[None])[0], differences, atol=1e-5)


@law(20, 500, seed=SEEDS)
def test_every_enclosure_has_what_points_of_the_box_have(seed: int) -> None:
    logit, point = Logit(layers(seed), 1), np.random.default_rng([seed, 1]).normal(size=3)
    box, inside = around(point), points_within(point, seed)
    seen = gradients(logit, inside)
    reached = seen.min(axis=0), seen.max(axis=0)
    cells = exact(logit, (box[0][0], box[1][0]))
    plain = interval_gradients(logit, box)
    witness = ascend(logit, point, REACH, restarts=1)
    assert cells is not None
    for outer, inner in (
        (cells, reached),
        (cells, (witness.lower, witness.upper)),
        ((plain[0][0], plain[1][0]), cells),
    ):
        assert not leaves_out(outer, inner)
    entering = pre_activations(logit.layers, inside)[0]
    for (low, high), z in zip(phase_bounds(logit.layers, box), entering, strict=True):
        assert (low - 1e-9 <= z).all()
        assert (z <= high + 1e-9).all()


@law(5, 100, seed=SEEDS)
def test_cells_are_no_wider_than_what_points_reach(seed: int) -> None:
    """The lines x = 0, y = 0 and x + y = 1/2 cut the box into seven cells, which a grid meets all."""
    outgoing = np.random.default_rng(seed).normal(size=(3, 1))
    lines = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]]), np.array([0.0, 0.0, -0.5])
    logit = Logit([lines, (outgoing, np.zeros(1))], 0)
    cells = exact(logit, (np.full(2, -1.0), np.full(2, 1.0)))
    grid = np.stack(np.meshgrid(*2 * [np.linspace(-0.95, 0.95, 20)]), axis=-1).reshape(-1, 2)
    assert len({tuple(row) for row in pre_activations(logit.layers, grid)[0][0] > 0}) == 7
    seen = gradients(logit, grid)
    assert cells is not None
    np.testing.assert_allclose(cells[0], seen.min(axis=0), atol=1e-9)
    np.testing.assert_allclose(cells[1], seen.max(axis=0), atol=1e-9)


@law(20, 500, seed=SEEDS)
def test_weights_nearby_have_gradients_within_the_intervals(seed: int) -> None:
    logit, point = Logit(layers(seed), 0), np.random.default_rng([seed, 1]).normal(size=3)
    seen = other_weights(logit, point, 0.05, seed=seed)
    low, high = weight_interval_gradients(logit, point[None], 0.05)
    assert not leaves_out((low[0], high[0]), (seen.lower, seen.upper))


@law(10, 200, seed=SEEDS)
def test_the_engine_encloses_what_cells_have(seed: int) -> None:
    point = np.random.default_rng([seed, 1]).normal(size=3)
    box = around(point)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "f.onnx"
        write_onnx(path, layers(seed), "f", shape=(3,))
        low, high = Enclosures.of(path, 1)(box)
        cells = exact(Logit(layers_of(path), 1), (box[0][0], box[1][0]))
    assert cells is not None
    assert not leaves_out((low[0], high[0]), cells)


@law(20, 500, seed=SEEDS)
def test_what_follows_from_an_enclosure_holds_for_all_within(seed: int) -> None:
    random = np.random.default_rng(seed)
    base = random.normal(size=4)
    low, high = base - random.exponential(size=4), base + random.exponential(size=4)
    l2, linf, cosine = furthest((low, high), base)
    inside = random.uniform(low, high, (500, 4))
    assert (np.linalg.norm(inside - base, axis=1) <= l2 + 1e-9).all()
    assert (abs(inside - base).max(axis=1) <= linf + 1e-9).all()
    cosines = inside @ base / np.linalg.norm(inside, axis=1) / np.linalg.norm(base)
    assert (cosines >= cosine - 1e-9).all()


@pytest.mark.parametrize(("name", "least"), [("digits", 0.96), ("convolutional", 0.96), ("cancer", 0.95)])
def test_a_trained_network_is_good_and_kept(name: str, least: float, networks: Path) -> None:
    found = trained(name, networks)
    assert found.figure >= least
    network = ReferenceEvaluator(str(found.path))
    shape = [d.dim_value for d in onnx.load(found.path).graph.input[0].type.tensor_type.shape.dim]
    points = found.points.astype(np.float32).reshape(-1, *shape)
    outputs = np.array([np.asarray(*network.run(None, {"input": point}))[0] for point in points[:100]])
    said = outputs.argmax(axis=1) if outputs.shape[1] > 1 else outputs[:, 0] > 0
    assert np.mean(said == found.labels[:100]) >= 0.9
    before = found.path.stat().st_mtime_ns
    assert trained(name, networks).figure == found.figure
    assert found.path.stat().st_mtime_ns == before


def test_slopes_are_asked_for_with_weights_of_both_signs(networks: Path) -> None:
    found = trained("monotone", networks)
    network = layers_of(found.path)
    box = Slopes(np.zeros(6), np.ones(6), np.ones(6), margin=0.0, weight=1.0)
    slopes = gradients(Logit(network, 0), box.draw(np.random.default_rng(5), 10_000))
    assert (slopes[:, :4] > 0).all()
    assert (slopes[:, 4] > 0).any()
    assert (slopes[:, 4] < 0).any()
    for weight, _ in network:
        assert 0.3 < (weight < 0).mean() < 0.7


def asked(networks: Path, capsys: pytest.CaptureFixture[str], *names: str) -> list[str]:
    """The lines of some questions about one point."""
    for name in names:
        assert main(["--networks", str(networks), "--points", "1", "--only", name]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert not any("WRONG" in line for line in lines)
    return lines


def test_a_line_a_question(networks: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = asked(networks, capsys, "radii", "widths", "weights")
    assert sum(line.startswith("radii ") for line in lines) == 5
    assert sum(line.startswith("widths ") and "cells" in line for line in lines) == 3


@pytest.mark.long
def test_so_it_is_with_searches(networks: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = asked(networks, capsys, "searched", "hard", "certified", "claimed")
    assert sum(line.startswith("searched ") and "exact" in line for line in lines) >= 1
    assert sum(line.startswith("certified ") and "→" in line for line in lines) == 12
    assert sum(line.startswith("claimed ") and "proved" in line for line in lines) == 3


def test_an_enclosure_that_leaves_something_out_is_shouted(
    networks: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def narrow(one: Explained) -> tuple[Ends, float]:
        return (one.base, one.base), 0.0

    monkeypatch.setattr(Explained, "engine", narrow)
    assert main(["--networks", str(networks), "--points", "1", "--only", "widths"]) == 1
    assert "WRONG" in capsys.readouterr().out


def test_the_monotone_network_is_proved_to_be(networks: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--networks", str(networks), "--only", "monotone"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum("proved" in line for line in lines) == 4


def test_data_that_are_not_there_are_said_to_be_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--data", str(tmp_path), "--only", "lipschitz"]) == 0
    assert "set NNSPEC_DATA" in capsys.readouterr().out


def test_a_name_that_no_question_has_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--only", "nothing"]) == 2
    assert "nothing is called nothing" in capsys.readouterr().err


def test_the_box_of_a_query_has_the_numbers_that_it_writes(tmp_path: Path) -> None:
    query = tmp_path / "q.vnnlib"
    query.write_text("(assert (<= X_0 0.5))\n(assert (>= X_0 -0.25))\n(assert (>= Y_0 3))\n")
    assert query_box(query) == "box([-0.25], [0.5])"
