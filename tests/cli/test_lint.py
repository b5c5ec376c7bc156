"""Laws of `nnspec lint`: what it says, where, with which exit status, and what it does not import."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.running import run
from tests.engine.specs import EMPTY, FAILS, FAMILY, HOLDS, write

BROKEN = "claim bad: forall x in nowhere: f(x).p <= 1\n"
SOLVERS = ("z3", "highspy", "onnxruntime", "onnx", "rich", "spec_lang.backends.bounds", "spec_lang.planning")


@pytest.mark.parametrize(
    ("claims", "options", "status", "summary"),
    [
        ((HOLDS,), (), 0, "1 file, 1 claim: nothing to say"),
        ((HOLDS, FAILS), (), 0, "1 file, 2 claims: nothing to say"),
        ((FAMILY,), ("--strict",), 0, "1 file, 4 claims: nothing to say"),
        ((HOLDS, EMPTY), (), 0, "1 file, 2 claims: 1 warning"),
        ((HOLDS, EMPTY), ("--strict",), 2, "1 file, 2 claims: 1 error"),
        ((HOLDS, BROKEN), (), 2, "1 error"),
        (("claim bad: forall x in f.domain: (\n",), (), 2, "1 error"),
    ],
)
def test_the_status_is_2_where_there_is_an_error(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    claims: tuple[str, ...],
    options: tuple[str, ...],
    status: int,
    summary: str,
) -> None:
    found, out, err = run(capsys, "lint", write(tmp_path, *claims), *options)
    assert (found, err) == (status, "")
    assert out.splitlines()[-1].endswith(summary)


def test_mistakes_of_every_kind_are_reported_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    syntax = "claim syntax: forall x in f.domain: (f(x).p <= 1\n"
    shape = "claim shape: forall x in f.domain: f(x).nothing <= 1\n"
    status, out, _ = run(capsys, "lint", write(tmp_path, syntax, BROKEN, shape, HOLDS))
    assert status == 2
    assert [code for code in ("NN012", "NN102", "NN117") if f"error[{code}]" not in out] == []


def test_shapes_are_those_of_the_onnx_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    head = 'network f = "f.onnx" {\n    input a, b\n    output p, q, r\n}\n'
    status, out, _ = run(capsys, "lint", write(tmp_path, HOLDS.replace("f.domain", "box(0, 1)"), head=head))
    assert status == 2
    assert "the network has 2 outputs, 3 names are declared" in out


def test_the_diagnostics_go_into_the_format_that_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = run(capsys, "lint", write(tmp_path, EMPTY), "--output-format", "json")
    assert (status, err) == (0, "")
    assert [found["severity"] for found in json.loads(out)["diagnostics"]] == ["warning"]


def test_a_report_in_colours_says_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, EMPTY)
    plain = run(capsys, "lint", path)
    assert run(capsys, "lint", path, "--output-format", "rich") == plain


def test_parameters_and_networks_are_taken_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, "param eps\n", HOLDS.replace("-100", "-eps"))
    (tmp_path / "f.onnx").rename(tmp_path / "g.onnx")
    assert run(capsys, "lint", path)[0] == 2
    assert run(capsys, "lint", path, "-p", "eps=100", "--network", f"f={tmp_path / 'g.onnx'}")[0] == 0


def test_lint_imports_no_solver_no_runtime_and_no_backend(tmp_path: Path) -> None:
    path = write(tmp_path, HOLDS, EMPTY, FAMILY)
    code = (
        "import sys\n"
        f"sys.modules.update(dict.fromkeys({('z3', 'highspy', 'onnxruntime')!r}))  # importing one raises\n"
        "from spec_lang.cli import main\n"
        f"assert main(['lint', {str(path)!r}]) == 0\n"
        f"print([name for name in {SOLVERS!r} if sys.modules.get(name) is not None])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("example", ["braking", "compression", "digits", "moons"])
def test_the_examples_give_no_warning(
    checkout: Path, capsys: pytest.CaptureFixture[str], example: str
) -> None:
    status, out, err = run(capsys, "lint", checkout / "examples" / example, "--strict")
    assert (status, err) == (0, "")
    assert out.splitlines()[-1].endswith("nothing to say")
