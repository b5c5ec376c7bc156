"""What every claim form must be, those of the language and those of an installed package alike."""

from __future__ import annotations

import re
import sys
from importlib import import_module
from pathlib import Path

import pytest

from spec_lang import _registry, claims
from spec_lang.claims.base import ArgumentKind, Claim, Parameter
from spec_lang.diagnostics import DiagnosticLog
from spec_lang.engine.explain import explain_form
from spec_lang.semantics.forms.arguments import own_words
from spec_lang.semantics.forms.library import built_in_forms, example_formulas, find_form
from spec_lang.semantics.terms.functions import BUILT_IN, NORMS
from spec_lang.syntax import ast
from spec_lang.syntax.parse import parse_expression
from spec_lang.syntax.words import RESERVED
from tests.claims.calls import expand_file

PLUGIN = Path(__file__).parent.parent / "plugin" / "example"


def _example() -> Claim:
    """The form of the example package, without installing it."""
    sys.path.insert(0, str(PLUGIN))
    try:
        claim = import_module("nnspec_symmetry.shift_invariant").CLAIM
    finally:
        sys.path.remove(str(PLUGIN))
    assert isinstance(claim, Claim)
    return claim


FORMS = [*built_in_forms().values(), _example()]
every_form = pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)


def test_a_form_s_file_has_its_name() -> None:
    assert list(built_in_forms()) == list(_registry.module_names(claims))


@every_form
def test_a_form_has_a_name_of_its_own(form: Claim) -> None:
    assert form.name not in BUILT_IN
    assert form.name not in RESERVED
    assert [other.name for other in FORMS].count(form.name) == 1


@every_form
def test_a_form_says_what_it_and_its_parameters_mean(form: Claim) -> None:
    texts = [form.summary, *(p.meaning for p in form.parameters)]
    assert [text for text in texts if not text[0].islower() or text.endswith(".")] == []
    assert all(variant.when and variant.formula for variant in form.variants)


@every_form
def test_a_formula_speaks_of_every_required_parameter(form: Claim) -> None:
    formulas = " ".join((form.formula, *(variant.formula for variant in form.variants)))
    words = set(re.findall(r"\w+", formulas))
    spoken_of = {"in": {"i"}, "direction": {"output"}}  # a direction is a relation, `in` one component
    required = (p.name for p in form.parameters if p.required and p.default is None)
    assert [name for name in required if not words & {name, *spoken_of.get(name, ())}] == []


@every_form
def test_defaults_parse_and_are_taken(form: Claim) -> None:
    for parameter in form.parameters:
        if parameter.default is not None:
            value, problems = parse_expression(parameter.default, "default")
            assert problems == ()
            known = {ArgumentKind.NORM: NORMS, ArgumentKind.WORD: parameter.words}.get(parameter.kind)
            assert known is None or (isinstance(value, ast.Name) and value.text in known)


@every_form
def test_the_example_parses_and_expands(form: Claim) -> None:
    found = expand_file(form.example, {form.name: form})
    assert found.problems == ()
    assert found.texts
    assert tuple(found.texts.values()) == example_formulas(form)
    assert all(form.name not in text for text in found.texts.values())


@every_form
def test_the_example_uses_every_required_parameter_by_name_or_place(form: Claim) -> None:
    assert f"{form.name}(" in form.example
    required = [p.name for p in form.parameters if p.required and p.default is None and not p.positional]
    assert [name for name in required if f"{name}:" not in form.example] == []


def test_the_page_of_a_form_has_its_formula_its_arguments_and_its_example() -> None:
    for form in built_in_forms().values():
        page = explain_form(form.name)
        assert page is not None
        parts = [form.summary, form.formula, *(p.meaning for p in form.parameters)]
        parts += [variant.formula for variant in form.variants]
        parts += [*form.example.strip().splitlines(), *example_formulas(form)]
        assert [part for part in parts if part not in page] == [], form.name


def test_there_is_no_page_of_what_is_no_form() -> None:
    assert explain_form("robst") is None


def test_a_form_is_found_by_its_name() -> None:
    assert find_form("robust", DiagnosticLog()) is built_in_forms()["robust"]


@pytest.mark.parametrize(
    ("call", "inputs", "words"),
    [
        ("robust(f, at: p, label: q, within: eps, norm: linf, by: argmin)", (), ["q", "linf", "argmin"]),
        ("monotone(f.c, in: a, increasing, on: r)", ("a", "b"), ["a", "increasing"]),
        ("monotone(f.c, rising, in: [a, k, b], on: r)", ("a", "b"), ["rising", "a", "b"]),
        ("monotone(f.c, direction: decreasing, in: k, on: r)", ("a",), ["decreasing"]),
        ("pattern(h, on: [a], off: some)", ("a",), []),
        ("monotone(increasing, a, decreasing, b, c, nonsense: d)", ("a",), ["a"]),
    ],
)
def test_words_of_a_form_need_no_declaration(call: str, inputs: tuple[str, ...], words: list[str]) -> None:
    tree, _ = parse_expression(call, "call")
    assert isinstance(tree, ast.Call)
    assert isinstance(tree.function, ast.Name)
    form = built_in_forms()[tree.function.text]
    assert [name.text for name in own_words(form, tree, frozenset(inputs))] == words


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "two words"}, "cannot be the name"),
        ({"summary": " "}, "has no summary"),
        ({"formula": ""}, "has no formula"),
        ({"example": ""}, "has no example"),
        ({"parameters": (Parameter("f", ArgumentKind.NETWORK, "one"),) * 2}, "the same name"),
    ],
)
def test_a_claim_without_documentation_cannot_be_made(change: dict[str, object], words: str) -> None:
    parts: dict[str, object] = {
        "name": "a",
        "summary": "s",
        "formula": "f",
        "parameters": (),
        "expand": lambda call: call.core("0"),
        "example": "e",
    }
    with pytest.raises(ValueError, match=words):
        Claim(**{**parts, **change})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "kind", "meaning", "words", "problem"),
    [
        ("a b", ArgumentKind.SCALAR, "a number", (), "cannot be the name"),
        ("a", ArgumentKind.SCALAR, "", (), "no meaning"),
        ("a", ArgumentKind.SCALAR, "a number", ("up", "down"), "if and only if"),
        ("a", ArgumentKind.WORD, "a word", (), "if and only if"),
    ],
)
def test_a_parameter_without_documentation_cannot_be_made(
    name: str, kind: ArgumentKind, meaning: str, words: tuple[str, ...], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        Parameter(name, kind, meaning, words=words)
