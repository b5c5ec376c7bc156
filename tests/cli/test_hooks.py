"""The hooks of `.pre-commit-hooks.yaml` are commands that exist, and take what they are handed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from spec_lang.cli.arguments import parse_arguments


def hooks() -> list[dict[str, object]]:
    path = Path(__file__).parents[2] / ".pre-commit-hooks.yaml"
    found: list[dict[str, object]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("hook", hooks(), ids=lambda hook: str(hook["id"]))
def test_a_hook_runs_a_command_with_options_that_it_has(hook: dict[str, object]) -> None:
    program, *arguments = str(hook["entry"]).split()
    given = hook.get("args", [])
    assert isinstance(given, list)
    staged = ["a.nnspec", "b.nnspec"] if hook.get("pass_filenames", True) else []
    command, _ = parse_arguments([*arguments, *given, *staged])
    assert (program, command.name) == ("nnspec", str(hook["id"]).removeprefix("nnspec-"))


@pytest.mark.parametrize("hook", hooks(), ids=lambda hook: str(hook["id"]))
def test_a_hook_that_is_handed_files_is_handed_specs_alone(hook: dict[str, object]) -> None:
    files = re.compile(str(hook["files"]))
    assert files.search("specs/a.nnspec")
    assert not files.search("a.nnspec.orig")
    assert hook.get("pass_filenames", True) is (files.search("model.onnx") is None)
