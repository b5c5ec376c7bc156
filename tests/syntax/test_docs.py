"""Doc comments: what `##` says directly above a declaration belongs to it, and nothing else does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec_lang.syntax import ast
from spec_lang.syntax.parse import Parsed, parse_module

_LINES = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=10).map(str.rstrip)


def said(parsed: Parsed) -> list[str | None]:
    return [
        None if isinstance(d, ast.LanguageDecl | ast.ImportDecl) else d.doc
        for d in parsed.module.declarations
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("## one\nparam a", ["one"]),
        ("## one\n## two\nparam a", ["one\ntwo"]),
        ("  ##one \n\t##   two\n  param a", ["one\n  two"]),
        ("##\nparam a", [""]),
        ("## far\n\nparam a", [None]),
        ("## far\n# plain\nparam a", [None]),
        ("# plain\n## near\nparam a", ["near"]),
        ("### a rule\nparam a", [None]),
        ("## of the file\nlanguage 1\nparam a", [None, None]),
        ('## of the import\nimport "a"\n## of a\nparam a', [None, "of a"]),
        ("## first\nparam a param b", ["first", None]),
        ("param a ## behind\nparam b", [None, None]),
        ('network f = "f" {\n## inside\n}\n## g\nnetwork g = "g"', [None, "g"]),
        ('network f = "f" {\n## inside\n} param a', [None, None]),
        ("claim a: x\n## in the formula\n<= 3\nclaim b: x", [None, None]),
        ('claim a "## no": x', [None]),
    ],
)
def test_what_stands_above_belongs_to_a_declaration(text: str, expected: list[str | None]) -> None:
    parsed = parse_module(text, "test.nnspec")
    assert parsed.diagnostics == ()
    assert said(parsed) == expected


def test_every_kind_of_declaration_has_one() -> None:
    kinds = (
        'network f = "f"',
        "region r = x",
        "param a",
        'data d = "d": real',
        "def g = x",
        "claim c: x",
        "invariant i of f: x",
        "measure m = max x for x in r",
    )
    parsed = parse_module("".join(f"## {kind}\n{kind}\n" for kind in kinds), "test.nnspec")
    assert parsed.diagnostics == ()
    assert said(parsed) == list(kinds)


def test_a_mistake_elsewhere_leaves_them_in_place() -> None:
    parsed = parse_module("## a\nparam a\n## b\nclaim b: x = 3\n## c\nclaim c: x\nfoo\n## d\nparam d", "test")
    assert len(parsed.diagnostics) == 2
    assert said(parsed) == ["a", "c", "d"]


@given(st.lists(_LINES, max_size=3))
def test_any_line_of_text_can_be_said(lines: list[str]) -> None:
    above = "".join(f"## {line}\n" for line in lines)
    expected = "\n".join(lines) if lines else None
    assert said(parse_module(f"{above}param a", "test.nnspec")) == [expected]
