"""The reference of the language is true: its blocks do what they say, and its tables are the code's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from spec_lang import claims, lints
from spec_lang._registry import discover
from spec_lang.claims.base import Claim
from spec_lang.lints.base import Lint
from spec_lang.semantics.terms.functions import BUILT_IN
from spec_lang.syntax.parse import parse_module
from spec_lang.syntax.recover import MAX_DIAGNOSTICS
from spec_lang.syntax.words import (
    CODES,
    MAX_DEPTH,
    MAX_DIGITS,
    MAX_SPEC_BYTES,
    NETWORK_ITEMS,
    PLACED_WORDS,
    RESERVED,
)
from tests.spec.blocks import Block, announced, announced_types, blocks, checked

REFERENCE = (Path(__file__).parents[2] / "grammar" / "README.md").read_text(encoding="utf-8")
BLOCKS = blocks(REFERENCE)
CHECKED = [block for block in BLOCKS if block.words.keys() & {"check", "lint"}]
FILES = {block.words["file"]: block.text for block in BLOCKS if "file" in block.words}


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_a_block_of_the_reference_does_what_it_says(block: Block) -> None:
    parsed = parse_module(block.text, "grammar/README.md")
    expected = [block.words["error"]] if "error" in block.words else []
    assert expected == [diagnostic.code for diagnostic in parsed.diagnostics]
    assert expected or parsed.module.declarations


@pytest.mark.parametrize("block", CHECKED, ids=str)
def test_a_checked_block_has_the_errors_that_it_announces_and_no_other(block: Block, tmp_path: Path) -> None:
    findings = checked(block, tmp_path, FILES)
    assert set(announced(block.text)) == set(findings.codes)
    types = announced_types(block.text)
    assert types == [(line, findings.type_at(line)) for line, _ in types]


def test_what_is_announced_is_only_said_where_it_is_checked() -> None:
    for block in BLOCKS:
        said = announced(block.text) or announced_types(block.text)
        assert block in CHECKED or not said, block


def test_every_fence_is_run_and_says_how() -> None:
    assert len(BLOCKS) == REFERENCE.count("```") // 2
    assert {word for block in BLOCKS for word in block.words} == {"check", "error", "file", "lint"}


def test_every_syntax_code_but_those_of_whole_files_has_a_block() -> None:
    shown = {block.words["error"] for block in BLOCKS if "error" in block.words}
    assert set(CODES.values()) - shown == {CODES[kind] for kind in ("encoding", "size", "depth", "many")}


def test_the_table_of_codes_is_complete() -> None:
    assert re.findall(r"^\| (NN\d+) \|", section("Errors"), re.MULTILINE) == sorted(CODES.values())


def test_the_table_of_warnings_is_that_of_the_lints() -> None:
    rows = [f"| {lint.code} | {lint.summary} |" for lint in discover(lints, "LINT", Lint)]
    assert sorted(rows) == re.findall(r"^\| NN\d+ \| .* \|$", section("Warnings"), re.MULTILINE)


def test_the_table_of_claim_forms_is_that_of_the_library() -> None:
    forms = discover(claims, "CLAIM", Claim)
    rows = {f"| `{form.name}` | {form.summary} |" for form in forms}
    assert rows == set(re.findall(r"^\| `\w+` \| .* \|$", section("Claim forms"), re.MULTILINE))


def test_every_function_is_described() -> None:
    text = section("Functions", level=3) + section("Regions")
    missing = {name for name in BUILT_IN if not re.search(rf"`{name}[(`]", text)}
    assert missing == set()


def test_the_reserved_words_and_limits_are_those_of_the_code() -> None:
    reserved = re.search(r"cannot be names: `([^`]*)`", REFERENCE)
    assert reserved is not None
    assert set(reserved[1].split()) == RESERVED - {"True", "False"}, "those two only get a better message"
    placed = re.search(r"The words `([^`]*)` mean\s+something in one place", REFERENCE)
    assert placed is not None
    assert set(placed[1].split()) == {*NETWORK_ITEMS, *PLACED_WORDS}
    assert f"at most {MAX_SPEC_BYTES // 10**6} MB" in REFERENCE
    assert f"at most {MAX_DEPTH} deep" in REFERENCE
    assert f"At most {MAX_DIGITS} digits" in REFERENCE
    assert f"more than {MAX_DIAGNOSTICS} errors" in REFERENCE


def test_every_link_within_the_page_leads_somewhere() -> None:
    headings = re.findall(r"^#+ (.*)$", REFERENCE, re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    links = re.findall(r"\]\(#([^)]*)\)", REFERENCE)
    assert links
    assert set(links) <= anchors


def section(name: str, level: int = 2) -> str:
    """What stands below a heading, up to the next of its level."""
    sign = "#" * level
    match = re.search(rf"^{sign} {name}\n(.*?)(?=^#{{1,{level}}} |\Z)", REFERENCE, re.MULTILINE | re.DOTALL)
    assert match is not None, name
    return match[1]
