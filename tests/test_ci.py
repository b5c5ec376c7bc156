"""`action.yml` and `docs/ci.md`: what others copy into their repositories is valid, and does what it says.

In: the action, run step by step by a small stand-in for GitHub's runner; the blocks of the page.  Out: which
command is run, whatever the inputs hold, and that every file follows the schema of the program that reads it.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from jsonschema import Draft7Validator  # type: ignore[import-untyped]

from spec_lang.cli.arguments import parse_arguments
from spec_lang.cli.shared import formats

Document = dict[str, Any]
BLOCK = re.compile(r"^```(\S+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
REPORTS = (*("--output-format", "github", "--output-format", "plain", "--output-file", "T/nnspec.txt"),)
# Says what it was called with, one argument on each line, and ends as it is told.
STAND_IN = """#!/usr/bin/env bash
printf '%s\\n' "$@" > "$RUNNER_TEMP/called"
echo said > "$RUNNER_TEMP/nnspec.txt"
if [ -n "$NNSPEC_SARIF" ]; then echo '{}' > "$NNSPEC_SARIF"; fi
exit "${STATUS:-0}"
"""


@pytest.fixture(scope="module")
def action(checkout: Path) -> Document:
    found: Document = yaml.safe_load((checkout / "action.yml").read_text())
    return found


@pytest.fixture(scope="module")
def page(checkout: Path) -> str:
    return (checkout / "docs" / "ci.md").read_text()


def blocks(page: str, kind: str) -> list[str]:
    """Those with this word beside their language, or in this language."""
    found = [text for language, word, text in BLOCK.findall(page) if kind in (word, language)]
    assert found, kind
    return found


def problems(document: object, schema: str) -> list[str]:
    """What breaks the schema of GitHub's or GitLab's files, as the package check-jsonschema has it."""
    folder = resources.files("check_jsonschema") / "builtin_schemas" / "vendor"
    validator = Draft7Validator(json.loads((folder / f"{schema}.json").read_text()))
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


def step(action: Document, name: str) -> Document:
    (found,) = (s for s in action["runs"]["steps"] if s["name"] == name)
    assert isinstance(found, dict)
    return found


class Runner:
    """One step, as GitHub runs it: inputs are put into its environment, and its script is given to bash."""

    def __init__(self, folder: Path, action: Document) -> None:
        self.folder, self.action = folder, action
        self.temp, self.work = folder / "T", folder / "work"
        self.temp.mkdir()
        self.work.mkdir()
        self.program = folder / "nnspec"
        self.program.write_text(STAND_IN)
        self.program.chmod(0o755)

    def run(self, name: str, *, status: str = "0", **inputs: str) -> subprocess.CompletedProcess[str]:
        found = step(self.action, name)
        values = {key: str(one.get("default", "")) for key, one in self.action["inputs"].items()}
        values |= {key.replace("_", "-"): value for key, value in inputs.items()}
        environment = {key: self._value(text, values) for key, text in found["env"].items()}
        files = {"GITHUB_OUTPUT": "output", "GITHUB_STEP_SUMMARY": "summary"}
        environment |= {key: str(self.temp / file) for key, file in files.items()}
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", found["run"]],
            cwd=self.work,
            env=os.environ | environment | {"RUNNER_TEMP": str(self.temp), "STATUS": status},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    def called(self) -> list[str]:
        text = (self.temp / "called").read_text().replace(str(self.temp), "T")
        return text.removesuffix("\n").split("\n")

    def _value(self, text: str, inputs: dict[str, str]) -> str:
        known = {f"inputs.{key}": value for key, value in inputs.items()}
        known |= {"steps.install.outputs.program": str(self.program), "github.action_path": str(self.folder)}
        return re.sub(r"\$\{\{ (\S+) \}\}", lambda found: known[found[1]], text)


@pytest.fixture
def runner(action: Document, tmp_path: Path) -> Runner:
    return Runner(tmp_path, action)


# -- the action ----------------------------------------------------------------------------------------


def test_the_action_follows_the_schema_of_actions(action: Document) -> None:
    assert problems(action, "github-actions") == []
    broken = action | {"runs": {"using": "composite"}}
    assert problems(broken, "github-actions")


def test_no_script_of_the_action_holds_an_expression_and_each_names_its_shell(action: Document) -> None:
    scripts = [step for step in action["runs"]["steps"] if "run" in step]
    assert len(scripts) == 2
    for script in scripts:
        assert "${{" not in script["run"]
        assert script["shell"] == "bash"


@pytest.mark.parametrize("name", ["Install nnspec", "Check"])
def test_the_scripts_of_the_action_have_nothing_that_shellcheck_minds(action: Document, name: str) -> None:
    checked = subprocess.run(
        ["shellcheck", "--shell", "bash", "-"],
        input=step(action, name)["run"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert checked.stdout == ""


@pytest.mark.parametrize(
    ("inputs", "called"),
    [
        ({}, ["check", *REPORTS, "--", "."]),
        ({"paths": "a b\n\n  c.nnspec\n"}, ["check", *REPORTS, "--", "a b", "c.nnspec"]),
        (
            {"args": " --timeout 30\n--claim p_*"},
            ["check", *REPORTS, "--timeout", "30", "--claim", "p_*", "--", "."],
        ),
        ({"locked": "true"}, ["check", *REPORTS, "--locked", "--", "."]),
        (
            {"sarif_file": "n.sarif", "junit_file": "n.xml"},
            [
                *("check", *REPORTS, "--output-format", "sarif", "--output-file", "n.sarif"),
                *("--output-format", "junit", "--output-file", "n.xml", "--", "."),
            ],
        ),
        (
            {"paths": "$(touch pwned); `touch pwned`"},
            ["check", *REPORTS, "--", "$(touch pwned); `touch pwned`"],
        ),
        ({"args": '"; touch pwned #'}, ["check", *REPORTS, '";', "touch", "pwned", "#", "--", "."]),
    ],
)
def test_inputs_become_arguments_and_never_commands(
    runner: Runner, inputs: dict[str, str], called: list[str]
) -> None:
    (runner.work / "p_file").touch()  # what a glob would find
    done = runner.run("Check", status="0", **inputs)
    assert (done.returncode, done.stderr) == (0, "")
    assert runner.called() == called
    assert not (runner.work / "pwned").exists()


def test_a_lock_has_to_be_up_to_date_where_there_is_one(runner: Runner) -> None:
    (runner.work / "nnspec.lock").touch()
    runner.run("Check")
    assert "--locked" in runner.called()
    runner.run("Check", locked="false")
    assert "--locked" not in runner.called()


@pytest.mark.parametrize("status", [0, 1, 3])
def test_the_action_ends_as_the_check_does_and_hands_on_what_it_wrote(runner: Runner, status: int) -> None:
    done = runner.run("Check", status=str(status), sarif_file="n.sarif")
    assert done.returncode == status
    assert done.stdout == "said\n"
    assert (runner.temp / "output").read_text() == f"sarif=true\nexit-status={status}\n"


@pytest.mark.long
def test_the_action_installs_the_nnspec_beside_it(runner: Runner, checkout: Path) -> None:
    for name in ("spec_lang", "grammar", "pyproject.toml", "README.md", "LICENSE"):
        copy = shutil.copytree if (checkout / name).is_dir() else shutil.copy2
        copy(checkout / name, runner.folder / name)
    packages = os.pathsep.join(path for path in sys.path if "site-packages" in path)
    environment = {"PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0", "PYTHONPATH": packages}
    with pytest.MonkeyPatch.context() as patch:
        for key, value in environment.items():
            patch.setenv(key, value)
        done = runner.run("Install nnspec")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^nnspec \d", done.stdout, re.MULTILINE)
    program = (runner.temp / "output").read_text().strip().removeprefix("program=")
    assert Path(program).is_relative_to(runner.temp)
    assert Path(program).is_file()


# -- the page ------------------------------------------------------------------------------------------


def test_the_workflow_of_the_page_follows_the_schema_and_gives_inputs_that_there_are(
    action: Document, page: str
) -> None:
    (text,) = blocks(page, "workflow")
    workflow = yaml.safe_load(text)
    workflow["on"] = workflow.pop(True)  # which YAML 1.1 takes for a truth value
    assert problems(workflow, "github-workflows") == []
    (used,) = (s for s in workflow["jobs"]["check"]["steps"] if "nnspec" in s["uses"])
    assert set(used["with"]) <= set(action["inputs"])


def test_the_page_names_every_input_and_output_of_the_action(action: Document, page: str) -> None:
    for name in (*action["inputs"], *action["outputs"]):
        assert f"`{name}`" in page


def test_the_pre_commit_configurations_of_the_page_are_valid(
    page: str, checkout: Path, tmp_path: Path
) -> None:
    hooks = {hook["id"]: hook for hook in yaml.safe_load((checkout / ".pre-commit-hooks.yaml").read_text())}
    for text in blocks(page, "pre-commit"):
        (tmp_path / "config.yaml").write_text(text)
        command = [sys.executable, "-m", "pre_commit", "validate-config", "config.yaml"]
        checked = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
        )
        assert (checked.returncode, checked.stdout) == (0, "")
        for hook in yaml.safe_load(text)["repos"][0]["hooks"]:
            entry = hooks[hook["id"]]["entry"].split()
            parse_arguments([*entry[1:], *hook.get("args", [])])


def test_the_jobs_of_the_page_follow_the_schema_of_gitlab(page: str) -> None:
    (text,) = blocks(page, "gitlab")
    assert problems(yaml.safe_load(text), "gitlab-ci") == []


def test_the_commands_of_the_page_are_those_of_nnspec(page: str) -> None:
    text = "\n".join(text for kind in ("gitlab", "make", "sh") for text in blocks(page, kind))
    commands = re.findall(r"(?:- |\t|run |uvx |^)nnspec (check|completion)( [^>#\n]*)", text, re.MULTILINE)
    assert len(commands) == 7
    for command, rest in commands:
        arguments = [command, *shlex.split(rest)]
        given = {word for word in arguments if word in formats()} | {"sarif", "junit", "github"}
        parse_arguments([word for word in arguments if word not in given and not word.startswith("--output")])
