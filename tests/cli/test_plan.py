"""Laws of `nnspec plan`: what it says is what `check` would do, and nothing is decided."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from spec_lang.engine.decide import installed_backends
from tests.cli.running import run
from tests.engine.specs import EMPTY, FAMILY, HOLDS, write

BEYOND = "claim beyond: exists x in f.domain: forall y in f.domain: f(x).p >= f(y).p\n"
NO_DOMAIN = 'network f = "f.onnx" {\n    input a, b\n    output p, q\n}\n'
UNBOUNDED = "claim unbounded: forall x in { x | x.a >= 0 }: f(x).p >= -100\n"


Json = Any  # what the standard library reads


def plan(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> Json:
    """The claims of the document."""
    status, out, err = run(capsys, "plan", *arguments, "--output-format", "json")
    assert (status, err) == (0, "")
    return json.loads(out)["claims"]


def names(entries: Json) -> list[str]:
    return [entry["backend"] for entry in entries]


def test_every_backend_is_tried_or_refused_with_a_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (claim,) = plan(capsys, write(tmp_path, HOLDS))
    (obligation,) = claim["obligations"]
    tried, refused = obligation["attempts"], obligation["refusals"]
    assert sorted({*names(tried), *names(refused)}) == sorted(b.name for b in installed_backends())
    assert all(entry["why"] for entry in (*tried, *refused))
    assert sum(entry["seconds"] for entry in tried) == pytest.approx(60.0)
    assert obligation["features"]["neurons"] == 3


def test_the_plan_is_what_a_check_follows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, HOLDS)
    (claim,) = plan(capsys, path)
    planned = names(claim["obligations"][0]["attempts"])
    _, out, _ = run(capsys, "check", path, "--output-format", "json")
    done = names(json.loads(out)["claims"][0]["plan"])
    assert planned[: len(done)] == done


def test_text_names_backends_times_and_reasons_and_a_family_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = run(capsys, "plan", write(tmp_path, FAMILY), "--using", "bounds", "--timeout", "8")
    assert status == 0
    assert out.startswith("every[0] and 3 more of its family  (")
    assert "  obligation 1 of 1: 2 inputs, 3 neurons, 2 outputs, 1 way to be broken\n" in out
    assert "    bounds, 8.00 s: it was asked for: " in out
    assert "    not falsify: `bounds` was asked for\n" in out


def test_a_budget_is_planned_in_units_of_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, HOLDS)
    (claim,) = plan(capsys, path, "--budget", "1_000")
    attempts = claim["obligations"][0]["attempts"]
    assert claim["timeout"] is None
    assert 1000 - len(attempts) < sum(entry["units"] for entry in attempts) <= 1000  # of whole units
    assert {entry["seconds"] for entry in attempts} == {None}
    _, out, _ = run(capsys, "plan", path, "--budget", "1000", "--using", "bounds")
    assert "    bounds, 1,000 units of work: it was asked for: " in out


def test_a_claim_that_no_backend_gets_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "plan", write(tmp_path, EMPTY, BEYOND))
    assert status == 0
    assert "  vacuous: the region is empty, and no backend is asked\n" in out
    assert "  unsupported: " in out


def test_a_refusal_of_the_backend_that_was_asked_for_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, UNBOUNDED, head=NO_DOMAIN)
    _, out, _ = run(capsys, "plan", path, "--using", "bounds")
    assert "    no backend takes it\n" in out
    assert "    not bounds: the region leaves input 0 unbounded" in out


def test_an_obligation_that_needs_nobody_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "plan", write(tmp_path, "claim c: forall x in f.domain: x.a <= 2\n"))
    assert "    none is needed: what it denies is impossible\n" in out


def test_a_mistake_is_reported_and_the_status_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, "claim bad: 1 < f\n")
    status, out, _ = run(capsys, "plan", path)
    assert (status, "error[" in out) == (2, True)
    status, out, _ = run(capsys, "plan", path, "--output-format", "json")
    assert (status, len(json.loads(out)["diagnostics"])) == (2, 1)
