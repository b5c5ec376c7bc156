"""The reference of the language is true: its blocks parse, or fail with the code that they name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from spec_lang.syntax.parse import parse_module
from spec_lang.syntax.words import CODES, MAX_DEPTH, MAX_DIGITS, MAX_SPEC_BYTES, RESERVED

REFERENCE = (Path(__file__).parents[2] / "grammar" / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```nnspec(?: error=(\w+))?\n(.*?)^```$", REFERENCE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("code", "source"), BLOCKS)
def test_a_block_of_the_reference_does_what_it_says(code: str, source: str) -> None:
    parsed = parse_module(source, "grammar/README.md")
    expected = [code] if code else []
    assert [diagnostic.code for diagnostic in parsed.diagnostics] == expected
    assert code or parsed.module.declarations


def test_every_fence_is_run() -> None:
    assert len(BLOCKS) == REFERENCE.count("```") // 2


def test_the_table_of_codes_is_complete() -> None:
    assert re.findall(r"^\| (NN\d+) \|", REFERENCE, re.MULTILINE) == sorted(CODES.values())


def test_the_reserved_words_and_limits_are_those_of_the_code() -> None:
    listed = re.search(r"cannot be names: `([^`]*)`", REFERENCE)
    assert listed is not None
    assert set(listed[1].split()) == RESERVED - {"True", "False"}, "those two only get a better message"
    assert f"at most {MAX_SPEC_BYTES // 10**6} MB" in REFERENCE
    assert f"at most {MAX_DEPTH} deep" in REFERENCE
    assert f"At most {MAX_DIGITS} digits" in REFERENCE
