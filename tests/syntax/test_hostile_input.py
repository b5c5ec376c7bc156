"""Input made to break a parser gets one diagnostic; what comes out is never deep.

In: texts nested 200,000 levels, or of many megabytes.  Out: NN003 or NN002; a parser whose effort grows
faster than its input would not come to the end of these.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass

import pytest

from spec_lang.diagnostics import Span
from spec_lang.syntax import ast
from spec_lang.syntax.format import format_expression
from spec_lang.syntax.parse import parse_expression, parse_module
from spec_lang.syntax.words import MAX_DEPTH, MAX_SPEC_BYTES

N = 200_000
NESTED = {
    "parentheses": "(" * N + "x" + ")" * N,
    "open parentheses": "(" * N,
    "tensors": "[" * N + "x" + "]" * N,
    "calls inside of calls": "f(" * N + "x" + ")" * N,
    "set-builders": "{ x | " * N + "x" + " }" * N,
    "not": "not " * N + "x",
    "minus": "- " * N + "x",
    "forall": "forall x in r: " * N + "x",
    "implications": "a => " * N + "b",
    "indices": "x" + "[0]" * N,
    "calls": "x" + "(y)" * N,
    "components": "x" + ".y" * N,
    "exists": "exists j: " * N + "x",
    "let": "let a = b: " * N + "x",
    "if": "if a then b else " * N + "c",
    "if in conditions": "if " * N + "c",
    "slices": "x[1:" * N + "x" + "]" * N,
    "unions": "(a | " * N + "b" + ")" * N,
    "index sets": "forall j in {(" * N + "1",
    "mixed": "a and not (-b + c * [" * N,
}


def depth(root: object) -> int:
    """The number of expressions on the longest way down, without recursion."""
    deepest, waiting = 0, [(root, 0)]
    while waiting:
        node, level = waiting.pop()
        if isinstance(node, tuple):
            waiting.extend((part, level) for part in node)
        elif is_dataclass(node) and not isinstance(node, Span):
            inside = level + isinstance(node, ast.Expr)
            deepest = max(deepest, inside)
            waiting.extend((getattr(node, field.name), inside) for field in fields(node))
    return deepest


@pytest.mark.parametrize("kind", NESTED)
def test_nesting_without_end_is_one_diagnostic(kind: str) -> None:
    parsed = parse_module(f"param good = 1\nclaim a: {NESTED[kind]}\nclaim b: x", "test.nnspec")
    (diagnostic,) = parsed.diagnostics
    assert diagnostic.code == "NN003"
    assert f"this is nested too deeply (limit {MAX_DEPTH})" == diagnostic.problem
    assert diagnostic.span is not None
    assert diagnostic.span.line == 2
    assert {"a"} == parsed.broken
    assert len(parsed.module.declarations) == 2


@pytest.mark.parametrize("kind", NESTED)
def test_so_it_is_for_an_expression(kind: str) -> None:
    tree, (diagnostic,) = parse_expression(NESTED[kind], "-p")
    assert (tree, diagnostic.code) == (None, "NN003")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("not ", ""),
        ("-", ""),
        ("[", "]"),
        ("f(", ")"),
        ("forall x in r: ", ""),
        ("a => ", ""),
        ("(a or ", ")"),
        ("exists j: ", ""),
        ("let a = 1, b = ", ": b"),
        ("let b = 1: ", ""),
        ("if a then b else ", ""),
        ("if a then ", " else b"),
        ("if ", " then a else b"),
        ("x[0, 1:", "]"),
        ("f(y, in: ", ")"),
        ("(a | ", ")"),
    ],
)
def test_the_limit_is_exact(before: str, after: str) -> None:
    inside = MAX_DEPTH - 1
    tree, diagnostics = parse_expression(before * inside + "x" + after * inside, "-p")
    assert diagnostics == ()
    assert depth(tree) == MAX_DEPTH
    assert tree is not None
    assert format_expression(tree)
    tree, (diagnostic,) = parse_expression(before * MAX_DEPTH + "x" + after * MAX_DEPTH, "-p")
    assert (tree, diagnostic.code) == (None, "NN003")


@pytest.mark.parametrize("sign", [" + ", " - ", " * ", " and ", " or ", " & ", " | ", " <= "])
def test_a_long_chain_is_not_deep(sign: str) -> None:
    tree, diagnostics = parse_expression(sign.join(["x"] * 10_000), "-p")
    assert diagnostics == ()
    assert depth(tree) == 2


def test_a_thousand_claims_parse() -> None:
    claim = (
        '# number {0}\nclaim c{0}[i, j] "title":\n    forall x in r & f.domain:\n'
        "        f(x).y <= {0}.5 and x.a >= 3\n\n"
    )
    text = "language 1\n" + "".join(claim.format(number) for number in range(1000))
    parsed = parse_module(text, "test.nnspec")
    assert parsed.diagnostics == ()
    assert len(parsed.module.declarations) == 1001


def test_a_thousand_broken_claims_are_all_reported_as_broken() -> None:
    text = "".join(f"claim c{number}: x = 3\nclaim d{number}: y <= (3\n" for number in range(1000))
    parsed = parse_module(text, "test.nnspec")
    assert len(parsed.broken) == 2000


@pytest.mark.parametrize("line", ["x", "# comment\n", "é", "claim a: x <= 3\n"])
def test_a_text_that_is_too_large_is_not_read(line: str) -> None:
    text = line * (MAX_SPEC_BYTES // len(line.encode()) + 1)
    (diagnostic,) = parse_module(text, "test.nnspec").diagnostics
    assert diagnostic.code == "NN002"
    assert parse_expression(text, "-p")[1][0].code == "NN002"


@pytest.mark.parametrize("garbage", ["\x00", "$ ", "(", ")", '"', "x ", "[0, ", "é", '{"a": [1, 2]}, '])
def test_a_large_text_that_is_no_spec_is_refused(garbage: str) -> None:
    text = garbage * (2_000_000 // len(garbage))
    parsed = parse_module(text, "test.nnspec")
    assert 1 <= len(parsed.diagnostics) <= 101
