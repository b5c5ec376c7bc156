"""The cases of `cluster_cases.py`, in a process of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

LIMIT = 900  # seconds, of a run that hangs


@pytest.mark.parametrize(
    ("marked", "least"), [("not long", 4), pytest.param("long", 2, marks=pytest.mark.long)], ids=str
)
def test_on_a_real_cluster(checkout: Path, marked: str, least: int) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}

    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", marked]
    done = subprocess.run(
        [*command, "tests/engine/cluster_cases.py"],
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    passed = next(int(word) for word in done.stdout.splitlines()[-1].split() if word.isdecimal())
    assert passed >= least
