"""The laws of `nnspec fmt`: the same trees, the same comments, and a layout that is its own layout."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec_lang.syntax import ast
from spec_lang.syntax.comments import tokens
from spec_lang.syntax.layout import module as layout_module
from spec_lang.syntax.layout import render as layout_render
from spec_lang.syntax.layout.module import format_module
from spec_lang.syntax.layout.pen import PlainPen
from spec_lang.syntax.parse import parse_module
from spec_lang.syntax.words import MAX_DEPTH
from tests.laws import law
from tests.syntax.module_strategies import modules, texts, write
from tests.syntax.strategies import shape

CHECKOUT = Path(__file__).parents[2]


def formatted(text: str, width: int = layout_render.WIDTH) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layout_render, "WIDTH", width)
        patch.setattr(layout_module, "WIDTH", width)
        result = format_module(text, "test")
    assert result.diagnostics == ()
    assert result.text is not None
    return result.text


def trees(text: str) -> object:
    parsed = parse_module(text, "test")
    assert parsed.diagnostics == (), text
    return shape(parsed.module.declarations)


def comments(text: str) -> list[str]:
    return [comment.text for token in tokens(text) for comment in token.comments]


# -- laws ----------------------------------------------------------------------------------------------


@law(40, 400, parts=modules)
def test_trees_survive_being_written_and_parsed(parts: list[ast.Declaration]) -> None:
    text = "\n".join(write(part, PlainPen()) for part in parts)
    assert trees(text) == shape(tuple(parts))


# Random formulas are short: on narrow paper they break as long ones do.
WIDTHS = st.sampled_from((layout_render.WIDTH, 30))


@law(40, 400, text=texts, width=WIDTHS)
def test_the_layout_changes_no_tree(text: str, width: int) -> None:
    assert trees(formatted(text, width)) == trees(text)


@law(40, 400, text=texts, width=WIDTHS)
def test_the_layout_of_a_layout_is_the_same(text: str, width: int) -> None:
    once = formatted(text, width)
    assert formatted(once, width) == once


@law(40, 400, text=texts, width=WIDTHS)
def test_every_comment_is_kept_in_order(text: str, width: int) -> None:
    assert comments(formatted(text, width)) == comments(text)


_NUMBERS = st.lists(
    st.sampled_from(("0", "1", "16", "255", "0.5", "-3", "1e-3", "0.123456789")), min_size=1, max_size=60
)


@given(_NUMBERS, st.integers(1, 12), st.integers(1, 12), st.booleans())
def test_pictures_and_long_vectors_settle_at_once(
    numbers: list[str], per_line: int, per_row: int, nested: bool
) -> None:
    """The layout of a tensor looks at its lines in the source, so its own lines must read as the same."""
    rows = [numbers[i : i + per_row] for i in range(0, len(numbers), per_row)]
    cells = [f"[{', '.join(row)}]" for row in rows] if nested else numbers
    lines = [", ".join(cells[i : i + per_line]) for i in range(0, len(cells), per_line)]
    text = "def picture = [" + ",\n".join(lines) + "]\n"
    once = formatted(text)
    assert formatted(once) == once
    assert trees(once) == trees(text)


DEEP = {
    "call": ("f(", ")"),
    "index": ("y[", "]"),
    "tensor": ("[", "]"),
    "parentheses": ("(", ")"),
    "needed parentheses": ("2 * (1 + ", ")"),
    "not": ("not ", ""),
    "minus": ("-", ""),
    "connectives": ("p and (q or r => ", ")"),
    "quantifiers": ("forall x in r: ", ""),
    "if": ("if p then q else ", ""),
    "let": ("let a = 1: ", ""),
    "set": ("{ x | x <= ", "}"),
}


@pytest.mark.parametrize(("opening", "closing"), DEEP.values(), ids=DEEP)
def test_what_is_as_deep_as_it_may_be_is_laid_out(opening: str, closing: str) -> None:
    depth = next(
        n
        for n in range(MAX_DEPTH, 0, -1)
        if not parse_module(f"def a = {opening * n}x{closing * n}\n", "test").diagnostics
    )
    text = f"def a = {opening * depth}x{closing * depth}\n"
    assert depth > MAX_DEPTH / 5
    once = formatted(text)
    assert formatted(once) == once
    assert trees(once) == trees(text)


@given(st.text())
def test_no_text_is_an_accident(text: str) -> None:
    result = format_module(text, "test")
    assert (result.text is None) == bool(result.diagnostics)


@given(st.lists(st.sampled_from(("# a", "## b", "", "", "   ", "\t# c  "))))
def test_a_file_without_declarations_keeps_its_comments(lines: list[str]) -> None:
    text = formatted("\n".join(lines))
    assert comments(text) == [line.strip() for line in lines if line.strip()]
    assert "\n\n\n" not in text
    assert not text.startswith("\n")
    assert not text.endswith("\n\n")


# -- one layout ----------------------------------------------------------------------------------------

_CASES = (CHECKOUT / "tests" / "syntax" / "layouts.txt").read_text(encoding="utf-8").split("\n=== ")[1:]
LAYOUTS = {title: parts.split("---\n") for title, _, parts in (case.partition("\n") for case in _CASES)}


@pytest.mark.parametrize(("text", "layout"), LAYOUTS.values(), ids=LAYOUTS)
def test_this_is_the_layout(text: str, layout: str) -> None:
    wanted = layout.rstrip("\n") + "\n"
    assert formatted(text) == wanted
    assert formatted(wanted) == wanted


@pytest.mark.parametrize("text", ["", "\n", " \n\n\t\n"])
def test_a_file_with_nothing_in_it_is_empty(text: str) -> None:
    assert formatted(text) == ""


def test_a_comment_of_the_formula_does_not_become_the_documentation_of_the_next_claim() -> None:
    text = "claim a: (p\n## inside\n)\nclaim b: q\n"
    assert formatted(text) == "claim a:\n    (p\n        ## inside\n    )\n\nclaim b: q\n"


def test_a_call_breaks_at_its_brackets_and_then_at_its_commas() -> None:
    arguments = [
        "first_network_of_the_two",
        "the_second_network",
        "on: a_region_with_a_long_name",
        "within: 0.0625",
    ]
    two = formatted(f"claim c: form({', '.join(arguments)})\n")
    assert two == f"claim c:\n    form(\n        {', '.join(arguments)}\n    )\n"
    many = formatted(f"claim c: form({', '.join(arguments)}, norm: linf)\n")
    assert many.splitlines()[2:] == [*(f"        {a}," for a in arguments), "        norm: linf", "    )"]


def test_a_long_vector_fills_its_lines_in_columns() -> None:
    text = "def v = [" + ", ".join(str(n % 17) for n in range(100)) + "]\n"
    lines = formatted(text).splitlines()
    assert lines[0] == "def v = ["
    assert lines[1] == "    " + " ".join(f"{n % 17:2}," for n in range(24))
    assert lines[-1] == "]"
    assert len(lines) == 7


def test_a_flat_picture_keeps_its_lines() -> None:
    rows = [", ".join(["0", "16", "3", "8"] * 3)] * 9
    lines = formatted("def v = [\n" + ",\n".join(rows) + "]\n").splitlines()
    assert len(lines) == 11
    assert lines[1] == "    " + " ".join([" 0,", "16,", " 3,", " 8,"] * 3)


# -- files ---------------------------------------------------------------------------------------------


def test_a_file_with_a_mistake_is_left_alone() -> None:
    result = format_module("param a = 1\nclaim b: x <= \n", "test")
    assert result.text is None
    assert [diagnostic.code for diagnostic in result.diagnostics] == ["NN019"]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_lines_end_as_the_first_one_does(ending: str) -> None:
    text = f"# a{ending}param   a = 1\n\r\n\nparam b = 2"
    result = format_module(text, "test").text
    assert result == ending.join(("# a", "param a = 1", "", "param b = 2", ""))


def test_a_byte_order_mark_goes() -> None:
    assert formatted("\ufeffparam a = 1\n") == "param a = 1\n"


SPECS = [*sorted(CHECKOUT.glob("examples/*/*.nnspec")), CHECKOUT / "tests" / "acasxu" / "acasxu.nnspec"]


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.parent.name)
def test_the_examples_keep_their_meaning(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    once = formatted(text)
    assert formatted(once) == once
    assert trees(once) == trees(text)
    assert comments(once) == comments(text)


def test_the_reference_keeps_its_meaning() -> None:
    reference = (CHECKOUT / "grammar" / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```nnspec[^\n]*\n(.*?)^```", reference, re.MULTILINE | re.DOTALL)
    right = [block for block in blocks if not parse_module(block, "test").diagnostics]
    assert right
    for block in right:
        once = formatted(block)
        assert formatted(once) == once
        assert trees(once) == trees(block)
