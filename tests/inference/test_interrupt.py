"""A process that is interrupted keeps what it has decided, and `--resume` ends with the same file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from spec_lang.inference import state
from tests.inference.networks import write_network, write_points

ENDS = 120.0


def words(folder: Path, output: str) -> list[str]:
    asked = [f"{folder / 'net.nnspec'}::net", "--data", str(folder / "points.npz"), "--property", "argmax"]
    asked += ["--output", str(folder / output), "--budget", "40", "--method", "rule,box,layer", "--most", "4"]
    return [sys.executable, "-m", "spec_lang", "infer", *asked]


@pytest.mark.long
@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_an_interrupted_process_that_is_resumed_writes_the_same_file(tmp_path: Path) -> None:
    write_network(tmp_path, 11)
    write_points(tmp_path)
    assert subprocess.run(words(tmp_path, "whole.nnspec"), capture_output=True, check=False).returncode == 0
    kept = state.path_of(tmp_path / "cut.nnspec")
    with subprocess.Popen(
        words(tmp_path, "cut.nnspec"), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as cut:
        until = time.monotonic() + ENDS
        while not kept.exists() and time.monotonic() < until and cut.poll() is None:
            time.sleep(0.02)
        cut.send_signal(signal.SIGINT)
        cut.communicate(timeout=ENDS)
    assert cut.returncode == 130
    assert (tmp_path / "cut.nnspec").exists()
    again = subprocess.run([*words(tmp_path, "cut.nnspec"), "--resume"], capture_output=True, check=False)
    assert again.returncode == 0
    assert (tmp_path / "cut.nnspec").read_bytes() == (tmp_path / "whole.nnspec").read_bytes()
