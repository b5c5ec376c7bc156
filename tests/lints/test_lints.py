"""What holds of every lint."""

from __future__ import annotations

from pathlib import Path

import pytest

from spec_lang.lints._allows import CODES
from spec_lang.lints.base import Lint, LintContext, run_lints
from spec_lang.semantics.names.scope import Scope
from spec_lang.syntax import ast
from spec_lang.syntax.parse import parse_module
from tests.lints.linting import HEAD, LINTS, diagnostics, found_in, of_syntax


def test_codes_and_names_are_their_own() -> None:
    codes = [lint.code for lint in LINTS]
    assert len({*codes, *CODES}) == len(codes) + len(CODES)
    assert all(600 < int(code[2:]) < 630 for code in (*codes, *CODES))
    assert len({lint.name for lint in LINTS}) == len(LINTS)


@pytest.mark.parametrize("lint", LINTS, ids=lambda lint: lint.name)
def test_nothing_is_found_in_an_empty_file(lint: Lint) -> None:
    scope = Scope("spec.nnspec", {}, {}, (), {}, frozenset())
    assert list(lint.run(LintContext(ast.Module("spec.nnspec", ()), scope))) == []


def test_what_is_found_is_a_warning_with_a_place_and_stands_in_the_order_of_the_text() -> None:
    text = HEAD + "param one = 1\nparam two = 1\nclaim c[i in 0..1]: forall x in f.domain: f(x).p <= 1\n"
    found = diagnostics(text)
    assert [one.code for one in found] == ["NN603", "NN603", "NN607"]
    assert not any(one.is_error for one in found)
    assert [one.span for one in found] == sorted(one.span for one in found if one.span)


def test_without_types_the_lints_that_need_them_are_not_counted_as_having_looked() -> None:
    parsed = parse_module(HEAD, "spec.nnspec")
    scope = Scope("spec.nnspec", {}, {}, (), {}, frozenset())
    looked_for = run_lints(LintContext(parsed.module, scope), LINTS).looked_for
    assert looked_for == {lint.code for lint in LINTS if not lint.needs_types}
    assert "NN602" not in looked_for


@pytest.mark.parametrize(
    "claim",
    [
        "claim c: forall x in f.domain: f(x).p <= 1",
        "claim c[k in 0..1]: forall x in f.domain: f(x)[k] <= 1",
        "claim c: robust(f, at: [0.5, 1, 0], label: p, within: 0.1)",
        "claim c: output_range(f.p, on: f.domain, within: [-9, 9])",
        "claim c: forall x in { x | x.a <= 1/2 and x.b >= 1 }: argmax(f(x)) == p",
        "region r[k in 1..2] on f = { x | x.b <= k }\nclaim c[k]: forall x in r[k]: f(x).p <= 1",
        "def low(y, k) = y[k] <= 1\nparam j = 0\nclaim c: forall x in f.domain: low(f(x), j)",
    ],
)
def test_what_is_meant_is_not_warned_of(claim: str) -> None:
    assert found_in(claim + "\n") == []


@pytest.mark.parametrize("name", ["examples", "tests/acasxu"])
def test_the_projects_own_specs_are_clean(checkout: Path, name: str) -> None:
    specs = sorted((checkout / name).rglob("*.nnspec"))
    assert specs
    for path in specs:
        assert of_syntax(path.read_text(encoding="utf-8")) == [], path
