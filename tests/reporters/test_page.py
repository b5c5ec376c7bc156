"""What docs/reports.md says is so: it names every format, and its command prints what it shows."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from spec_lang.cli.shared import formats
from spec_lang.reporters._documents import schema_text
from tests.cli.running import run


def page(checkout: Path) -> str:
    return (checkout / "docs" / "reports.md").read_text()


def test_it_names_every_format(checkout: Path) -> None:
    table = page(checkout).partition("## `json`")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE)) == set(formats())


def test_it_names_fields_that_there_are(checkout: Path) -> None:
    table = page(checkout).partition("| in a claim |")[2].partition("\n\n")[0]
    fields = json.loads(schema_text())["$defs"]["claim"]["properties"]
    assert set(re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE)) <= set(fields)


def test_every_field_of_the_schema_is_described_or_is_a_part_of_what_is() -> None:
    schema = json.loads(schema_text())
    bare = [
        f"{name}.{field}"
        for name, part in {"": schema, **schema["$defs"]}.items()
        for field, value in part.get("properties", {}).items()
        if not {"description", "const", "enum", "$ref", "type", "anyOf"} & set(value)
    ]
    assert bare == []
    claim = schema["$defs"]["claim"]["properties"]
    described = [name for name, value in claim.items() if "description" in value]
    assert set(claim) - set(described) <= {"verdict", "semantics", "backend"}


def test_its_command_prints_what_it_shows(
    checkout: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (block,) = re.findall(r"^```console\n(.*?)^```$", page(checkout), flags=re.MULTILINE | re.DOTALL)
    command, _, printed = block.partition("\n")
    monkeypatch.chdir(checkout)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    _, out, _ = run(capsys, *command.removeprefix("$ nnspec ").split())
    assert re.sub(r"[\d.]+ s$", "S s", out.strip()) == re.sub(r"[\d.]+ s$", "S s", printed.strip())
