"""Every code has a page, every page an example that gives its code, and a fix that gives none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from spec_lang import pages
from tests.pages.running import SECTIONS, blocks, diagnostics_of, sections

CODES = pages.page_codes()
SLOW = {"NN129"}  # as many cases as are too many have to be looked at
EXAMPLES = [pytest.param(code, marks=[pytest.mark.slow] if code in SLOW else []) for code in CODES]


def codes_in_use(checkout: Path) -> set[str]:
    """Every code that a module names as a string."""
    texts = (path.read_text(encoding="utf-8") for path in (checkout / "spec_lang").rglob("*.py"))
    return {code for text in texts for code in re.findall(r'"(NN\d{3})"', text)}


def test_every_code_has_a_page_and_every_page_a_code(checkout: Path) -> None:
    assert codes_in_use(checkout) == set(CODES)


def test_there_are_at_least_sixty() -> None:
    assert len(CODES) >= 60


def text_of(code: str) -> str:
    text = pages.page(code)
    assert text is not None
    return text


@pytest.mark.parametrize("code", CODES)
def test_a_page_has_its_title_and_its_parts(code: str) -> None:
    text = text_of(code)
    assert re.match(rf"# {code}: [a-z`].*[^.]\n\n## ", text), "a title in lower case, without a full stop"
    assert list(sections(text)) == SECTIONS
    assert text.count("```") == 2 * sum(len(blocks(part)) for part in sections(text).values())
    assert all(len(row) <= 100 for row in text.splitlines())
    for name in SECTIONS[:2]:
        prose = sections(text)[name].strip()
        assert prose.endswith("."), name
        assert len(prose) >= 20, name


@pytest.mark.parametrize("code", EXAMPLES)
def test_the_example_gives_exactly_its_code(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert set(diagnostics_of(sections(text_of(code))["Example"], tmp_path, monkeypatch)) == {code}


@pytest.mark.parametrize("code", CODES)
def test_the_fix_gives_none(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    section = sections(text_of(code))["Fix"]
    assert any(not block.is_only_a_file for block in blocks(section)), "nothing is run"
    assert diagnostics_of(section, tmp_path, monkeypatch) == []


def test_titles_differ() -> None:
    titles = [title for _, title in pages.titles()]
    assert sorted(titles) == sorted(set(titles))


# -- for a terminal ------------------------------------------------------------------------------------


@pytest.mark.parametrize("spelling", ["NN012", "nn012", " NN12 ", "12", "012"])
def test_a_code_is_found_however_it_is_spelt(spelling: str) -> None:
    assert pages.page(spelling) == text_of("NN012")


@pytest.mark.parametrize("code", ["NN999", "NNN", "", "NN0122", "../NN012", "__init__"])
def test_what_is_no_code_has_no_page(code: str) -> None:
    assert pages.explain_code(code) is None


def test_an_unknown_code_is_answered_with_a_close_one() -> None:
    assert pages.suggestion("N012") == "did you mean `NN012`?"
    assert "error[NN102]" in pages.suggestion("braking")


def test_the_explanation_is_the_page_without_markup() -> None:
    text = pages.explain_code("NN012")
    assert text is not None
    assert text.startswith("NN012: a bracket that is not closed\n======")
    assert "\nWHAT IT MEANS\n" in text
    assert "```" not in text
    assert "    claim " in text


@pytest.mark.parametrize("code", CODES)
def test_an_explanation_keeps_every_word_of_the_examples(code: str) -> None:
    explained = pages.explain_code(code) or ""
    for section in sections(text_of(code)).values():
        for block in blocks(section):
            assert all(row.strip() in explained for row in block.text.splitlines())
