"""The README says what is so: its spec gives the verdicts it prints, and its commands are the right ones.

In: `README.md`.  Out: nothing but failures.  Seconds, and the digits of a counterexample, may differ.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def readme(checkout: Path) -> str:
    return (checkout / "README.md").read_text()


def block(readme: str, language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", readme, flags=re.MULTILINE | re.DOTALL)
    return str(found)


def without_noise(text: str) -> list[str]:
    """The lines without what another machine may change: seconds, the size of a proof, and where a
    counterexample was met."""
    timeless = re.sub(r"\d+\.\d\d s\b", "S.SS s", re.sub(r"\b\d+ B$", "N B", text, flags=re.MULTILINE))
    return [" ".join(line.split()) for line in re.sub(r"~-?[\d.]+", "~N", timeless).splitlines()]


def run_console(console: str, folder: Path, checkout: Path) -> tuple[subprocess.CompletedProcess[str], str]:
    """Run the block's first line, `$ nnspec …`, in `folder`; the result, and what the block says of it."""
    command, _, printed = console.partition("\n")
    assert command.startswith("$ nnspec ")
    run = subprocess.run(
        [sys.executable, "-m", "spec_lang", *command.removeprefix("$ nnspec ").split()],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(checkout)},
        capture_output=True,
        text=True,
        check=False,
    )
    return run, printed


def test_the_readmes_spec_gives_the_verdicts_that_it_prints(
    readme: str, checkout: Path, tmp_path: Path
) -> None:
    (tmp_path / "braking.nnspec").write_text(block(readme, "nnspec"))
    shutil.copy2(checkout / "examples" / "braking" / "model.onnx", tmp_path)
    run, printed = run_console(block(readme, "console"), tmp_path, checkout)
    assert run.returncode == 1
    assert without_noise(run.stdout) == without_noise(printed)


def test_the_braking_example_prints_what_its_readme_says(checkout: Path) -> None:
    text = (checkout / "examples" / "braking" / "README.md").read_text()
    run, printed = run_console(block(text, "console"), checkout, checkout)
    assert run.returncode == 0
    assert without_noise(run.stdout) == without_noise(printed)


def test_the_readme_has_one_command_to_check_the_examples_and_one_to_run_the_tests(readme: str) -> None:
    commands = re.findall(r"^pip install .*$", readme, flags=re.MULTILINE)
    assert commands == [
        "pip install . && nnspec check examples",
        "pip install -e '.[test]' && python -m pytest",
    ]


def test_ci_runs_the_readmes_test_command(checkout: Path, readme: str) -> None:
    (pattern,) = re.findall(r'sed -n "s/\^\\\((.*?)\\\)\$', (checkout / ".ci" / "run").read_text())
    found = [line for line in readme.splitlines() if re.fullmatch(pattern, line)]
    assert found == ["pip install -e '.[test]' && python -m pytest"]


def test_every_file_that_the_readme_links_is_there(readme: str, checkout: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", readme)
    assert [link for link in links if not (checkout / link).exists()] == []
