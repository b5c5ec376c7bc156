"""What docs/monitors.md says is so: its spec is decided, its commands run."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from tests.cli.running import run

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "monitors.md").read_text(encoding="utf-8")


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (text,) = re.findall(r"```nnspec\n(.*?)```", PAGE, re.DOTALL)
    shutil.copy(ROOT / "examples" / "loan" / "model.onnx", tmp_path)
    (tmp_path / "page.nnspec").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("page")
def test_the_commands_of_the_page_run(capsys: pytest.CaptureFixture[str]) -> None:
    commands = re.findall(r"```console\n\$ nnspec (.*)\n```", PAGE)
    assert len(commands) == 2
    said = [run(capsys, *shlex.split(command)) for command in commands]
    assert [status for status, _, _ in said] == [0, 0], said
    assert "poor: proved" in said[0][1]
    assert "inputs are enough" in said[1][1]
    session = onnxruntime.InferenceSession("monitor.onnx", providers=["CPUExecutionProvider"])
    poor = np.array([[0.05, 0.95, 0.5, 0.5, 0.5, 0]], np.float32)
    assert session.run(["poor"], {session.get_inputs()[0].name: poor})[0].all()
    assert not session.run(["poor"], {session.get_inputs()[0].name: poor + np.float32(0.1)})[0].any()
