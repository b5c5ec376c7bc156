"""All of a file's errors are reported at once, and what is right in it stays."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec_lang.syntax import ast
from spec_lang.syntax.parse import Parsed, parse_module
from spec_lang.syntax.recover import MAX_DIAGNOSTICS


def places(parsed: Parsed) -> list[tuple[str, int, int]]:
    found = []
    for diagnostic in parsed.diagnostics:
        assert diagnostic.span is not None
        found.append((diagnostic.code, diagnostic.span.line, diagnostic.span.column))
    return found


def names(parsed: Parsed) -> list[str]:
    return [
        d.name.text
        for d in parsed.module.declarations
        if not isinstance(d, ast.LanguageDecl | ast.ImportDecl)
    ]


MANY = """\
language 1

network f = "f.onnx" {
    input a, b
    outptu y
}
param eps = 0.1
region r on f = { x | x.a = 3 and x.b <= 1 }     # `=`
claim first: forall x in r: f(x) <= eps && x.a >= 0 || x.b ≥ 1
claim second:
    forall x in box(0, 1: f(x) <= 3

claim third: forall x in r: f(x) <= 3
clam fourth: forall x in r: f(x) <= 3
measure worst = max f(x)
def g(x) = x +

claim fifth: true
claim sixth: forall x in r: f(x) <= 1e999999999
"""


def test_every_broken_declaration_is_reported_and_the_others_stay() -> None:
    parsed = parse_module(MANY, "test.nnspec")
    assert places(parsed) == [
        ("NN018", 5, 5),
        ("NN011", 8, 27),
        ("NN005", 9, 41),
        ("NN005", 9, 53),
        ("NN005", 9, 60),
        ("NN012", 11, 25),
        ("NN018", 14, 1),
        ("NN025", 15, 25),
        ("NN019", 16, 15),
        ("NN010", 18, 14),
        ("NN008", 19, 37),
    ]
    assert names(parsed) == ["eps", "third", "fifth", "sixth"]
    assert {"f", "r", "first", "second", "worst", "g", "fifth", "sixth"} == parsed.broken


def test_positions_behind_a_broken_declaration_are_those_of_the_file() -> None:
    good = "claim b:\n    forall x in r: x <= 3"
    parsed = parse_module(f"claim a: x = 3\n\n  {good}\n", "test.nnspec")
    alone = parse_module(f"\n\n  {good}", "test.nnspec")
    assert alone.diagnostics == ()
    assert alone.module.declarations == parsed.module.declarations


@pytest.mark.parametrize(
    ("text", "kept", "broken", "found"),
    [
        # A mistake of a name or a number leaves the tree; its declaration counts as broken all the same.
        ("param in = 3\nparam b = 1", ["in", "b"], {"in"}, [("NN009", 1, 7)]),
        ('claim a "\\q": x\nclaim b: y', ["a", "b"], {"a"}, [("NN007", 1, 10)]),
        # What begins in the first column was to be a declaration: the one above is whole.
        ("param a = 3\nfoo b", ["a"], set(), [("NN018", 2, 1)]),
        ("param a = 3\n  clam b: x\nclaim c: y", ["a", "c"], set(), [("NN018", 2, 3)]),
        # Further in, it may go on with the line above, where an operator is missing.
        ("claim a: x\n  y <= 3", [], {"a"}, [("NN022", 2, 3)]),
        # An argument is not a declaration.
        ("claim a: f(\n  network: x,\n  claim: y = 3)", [], {"a"}, [("NN011", 3, 12)]),
        ("claim a: f(\n  network: x,\n  claim: y\n)\nclaim b: x = 3", ["a"], {"b"}, [("NN011", 5, 12)]),
        # A declaration that is missing its end does not take the next one with it.
        ('network f = "f" {\n  input a\nclaim a: x', ["a"], {"f"}, [("NN012", 2, 10)]),
        ("param a =\nclaim b: x", ["b"], {"a"}, [("NN019", 1, 10)]),
        ("claim a: f(x\n\nclaim b: x", ["b"], {"a"}, [("NN012", 1, 13)]),
        ('claim a "t: x\nclaim b: x', ["b"], {"a"}, [("NN006", 1, 9)]),
        ("x\nclaim b: x", ["b"], set(), [("NN018", 1, 1)]),
        ("# claim a: (\nclaim b: x = 3", [], {"b"}, [("NN011", 2, 12)]),
        ("claim\n  a: x = 3", [], {"a"}, [("NN011", 2, 8)]),
        # A number has its unit on its own line: what begins the next line is not one.
        ("param a = 3\nclam b: x", ["a"], set(), [("NN018", 2, 1)]),
        ("param a = 3 \nclam b: x", ["a"], set(), [("NN018", 2, 1)]),
        ("param a = 3 # 4 \nclam b: x", ["a"], set(), [("NN018", 2, 1)]),
        ("claim a: x <= 3\n  y <= 4", [], {"a"}, [("NN022", 2, 3)]),
        (
            'import x\ndata d = "x"\nmeasure m = max x\ninvariant p: x\nclaim b: x',
            ["b"],
            {"d", "m", "p"},
            [("NN028", 1, 8), ("NN026", 2, 10), ("NN025", 3, 18), ("NN031", 4, 12)],
        ),
    ],
)
def test_recovery(text: str, kept: list[str], broken: set[str], found: list[tuple[str, int, int]]) -> None:
    parsed = parse_module(text, "test.nnspec")
    assert found == places(parsed)
    assert kept == names(parsed)
    assert broken == parsed.broken


def test_a_file_of_nothing_but_errors_is_given_up_after_a_while() -> None:
    parsed = parse_module("claim a: x = 3\n" * (MAX_DIAGNOSTICS + 50) + "claim last: x", "test.nnspec")
    assert len(parsed.diagnostics) == MAX_DIAGNOSTICS + 1
    assert parsed.diagnostics[-1].code == "NN023"
    assert {"a", "last"} == parsed.broken, "what was not read must not be reported as unknown"


CONSTRUCTS = """\
import "a.nnspec"
network g = "g" like f {
data d = "d.npz" { images "x": real[N, 64]; labels: label[N] }
data p = "p.csv": real[3]
param q: int = 30 s
def h(x) = if x.a > 0 then let a = 1 %, b = x[1:, :2]: a + b else -x
claim u[i in {1, 3}] "t" @slow: exists x in r | s, j in 0..<3, k: x[j] <= 3 "ft/s" * (1
invariant v of f[1] on r: pattern(on: [1]) => output == 1
measure w = range f(x) for x in r, to 0.1
measure z = smallest a in [0, 1] with exists y: y[a] < 0
"""
PIECES = st.sampled_from(
    [*MANY.splitlines(keepends=True), *'()]{"@.\n \x00é', "forall x in", "=>", "0.."]
) | st.sampled_from(re.findall(r"\w+ ?|\W", CONSTRUCTS))


@given(st.lists(PIECES, max_size=12).map("".join) | st.text(max_size=40))
def test_no_text_makes_the_parser_raise_and_none_fails_in_silence(text: str) -> None:
    parsed = parse_module(text, "test.nnspec")
    lines = text.split("\n")
    for diagnostic in parsed.diagnostics:
        span = diagnostic.span
        assert span is not None
        assert 1 <= span.line <= len(lines)
        assert 1 <= span.column <= len(lines[span.line - 1]) + 1
        assert (span.line, span.column) < (span.end_line, span.end_column)
        assert diagnostic.problem
        assert diagnostic.fix
    if not parsed.diagnostics:
        assert parsed.broken == frozenset()


@given(st.lists(st.sampled_from((MANY + CONSTRUCTS).splitlines()), max_size=12).map("\n".join))
def test_a_good_declaration_survives_whatever_stands_around_it(text: str) -> None:
    parsed = parse_module(f"{text}\nclaim survivor: x <= 3\nparam next\n{text}", "test.nnspec")
    assert "survivor" in names(parsed)
    assert "survivor" not in parsed.broken
