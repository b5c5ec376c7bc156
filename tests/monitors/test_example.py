"""examples/monitor: its commands run, its monitor agrees with exact counts, its README prints what is so."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest

from examples.monitor import watch
from spec_lang.engine import CheckOptions, check
from spec_lang.kernel.verdict import Status
from tests.cli.running import run

ROOT = Path(__file__).parent.parent.parent
EXAMPLE = ROOT / "examples" / "monitor"
README = (EXAMPLE / "README.md").read_text(encoding="utf-8")
COMMANDS = [
    line for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) for line in block.splitlines()
]
(PRINTED,) = re.findall(r"```text\n(.*?)```", README, re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the example, where the README's commands may write."""
    for name in ("monitor", "digits"):
        shutil.copytree(EXAMPLE.with_name(name), tmp_path / "examples" / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "examples" / "monitor"


def test_the_monitor_counts_what_the_readme_prints(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    watch.main(folder / "monitor.onnx")
    out = capsys.readouterr().out
    assert PRINTED in out
    assert "reads what is proved at 100% of these" in out
    covered = re.match(r"(\d+) of 297", PRINTED)
    assert covered is not None
    names = re.findall(r"^  (label_\w+): proved", out, re.MULTILINE)
    spec = folder / "invariants.nnspec"
    lines = (
        'data unseen = "unseen.npz" { inputs: real[M, 8, 8]; labels: label[M] }',
        f"measure covered = coverage of [{', '.join(names)}] over unseen.inputs",
    )
    spec.write_text("\n".join((spec.read_text(encoding="utf-8"), *lines, "")), encoding="utf-8")
    report = check([spec], CheckOptions(claims=("covered",)))
    (measure,) = report
    assert measure.measurement is not None and measure.measurement.share is not None
    share = measure.measurement.share
    assert (share.points, share.covered, share.undecided) == (297, int(covered[1]), 0)


def test_every_digit_has_an_invariant_and_what_is_quoted_is_there() -> None:
    text = (EXAMPLE / "invariants.nnspec").read_text(encoding="utf-8")
    names = re.findall(r"^invariant (label_(\d)_\w+) of", text, re.MULTILINE)
    assert {digit for _, digit in names} == set("0123456789")
    assert f"[{len(names)} invariants](invariants.nnspec)" in README
    (quoted,) = re.findall(r"```nnspec\n(.*?)```", README, re.DOTALL)
    assert quoted in text


@pytest.mark.long
def test_the_commands_of_the_readme_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Inference finds at least as much again; with another inference, other invariants."""
    before = (folder / "invariants.nnspec").read_text(encoding="utf-8")
    for line in COMMANDS:
        words = shlex.split(line)
        if words[0] == "nnspec":
            assert run(capsys, *words[1:])[0] == 0, line
    after = (folder / "invariants.nnspec").read_text(encoding="utf-8")
    assert after.count("\ninvariant ") >= before.count("\ninvariant ") // 2
    report = check([folder / "invariants.nnspec"], CheckOptions())
    assert {claim.status for claim in report} == {Status.PROVED}


def test_what_is_prepared_again_is_what_is_committed(tmp_path: Path) -> None:
    from examples.monitor import prepare  # noqa: PLC0415 - scikit-learn

    prepare.main(tmp_path)
    for name in ("seen.npz", "unseen.npz"):
        committed, again = np.load(EXAMPLE / name), np.load(tmp_path / name)
        assert set(committed) == set(again)
        for key in committed:
            np.testing.assert_array_equal(again[key], committed[key])
