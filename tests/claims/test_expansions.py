"""A call of a form stands for exactly this formula (`expansions.txt`), and the formula reads back."""

from __future__ import annotations

from pathlib import Path

import pytest

from spec_lang.semantics.forms.library import built_in_forms
from spec_lang.semantics.traverse import walk
from spec_lang.syntax import ast
from spec_lang.syntax.parse import parse_expression
from tests.claims.calls import formula_of, tree_of
from tests.syntax.strategies import shape


def _cases() -> list[tuple[str, str]]:
    text = (Path(__file__).parent / "expansions.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return list(zip(lines[::2], (line.strip() for line in lines[1::2]), strict=True))


CASES = _cases()


@pytest.mark.parametrize(("call", "formula"), CASES, ids=[call for call, _ in CASES])
def test_a_call_stands_for_its_formula(call: str, formula: str) -> None:
    assert formula_of(call) == formula


@pytest.mark.parametrize("call", [call for call, _ in CASES])
def test_the_formula_as_text_is_the_formula(call: str) -> None:
    again, problems = parse_expression(formula_of(call), "again")
    assert problems == ()
    assert shape(again) == shape(tree_of(call))


def test_every_form_is_called() -> None:
    assert [name for name in built_in_forms() if not any(f"{name}(" in call for call, _ in CASES)] == []


def test_what_a_form_adds_has_the_place_of_the_call_and_arguments_keep_theirs() -> None:
    call = "robust(f, at: [0, 0, 0], label: q, within: 0.1)"
    tree = tree_of(call)
    (point,) = (node.span for node in walk(tree) if isinstance(node, ast.TensorLiteral))
    assert tree.span.end_column - tree.span.column == len(call)
    assert point.column - tree.span.column == call.index("[0")


def test_an_output_or_an_input_may_be_called_like_a_form() -> None:
    head = 'network f = "f.onnx" { input robust, b  output affine, pattern }\n'
    label = "forall pattern in f.domain: argmax(f(pattern)) == affine and pattern.b <= 0"
    assert formula_of(label, head) == label
    call = "monotone(f.affine, in: robust, increasing, on: f.domain)"
    assert "x.robust <= y.robust" in formula_of(call, head)
