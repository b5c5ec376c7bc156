"""Definitions are inlined without capture; forms are expanded where their arguments are known."""

from __future__ import annotations

import pytest

from spec_lang.obligations.lower import lower
from spec_lang.semantics.forms.expansion import MAX_DEPTH
from spec_lang.semantics.traverse import substitute
from spec_lang.syntax import ast
from spec_lang.syntax.format import format_expression
from spec_lang.syntax.parse import parse_expression
from tests.semantics.worlds import Checked, accepted, check

FILE = """
network f = "f.onnx" { input a, b, c
 output p, q
 domain a in [0, 1], b in [0, 1], c in [0, 1] }
network g[i in 1..3] = "g_{i}.onnx"
"""


def formula(checked: Checked, name: str = "c") -> str:
    return format_expression(checked[name].formula)


def parsed(text: str) -> ast.Expr:
    expression, problems = parse_expression(text, "t")
    assert expression is not None, problems
    return expression


@pytest.mark.parametrize(
    ("text", "name", "value", "expected"),
    [
        ("x + y", "x", "2 * y", "2 * y + y"),
        ("{ x | x <= y }", "x", "y", "{ x | x <= y }"),
        ("{ x | x <= y }", "y", "x + 1", "{ x_1 | x_1 <= x + 1 }"),
        ("forall x in r: x <= y", "y", "x", "forall x_1 in r: x_1 <= x"),
        ("forall x in x: x <= y", "x", "r", "forall x in r: x <= y"),
        ("forall x in r: x_1 <= x + y", "y", "x", "forall x_2 in r: x_1 <= x_2 + x"),
    ],
)
def test_substitution_never_captures(text: str, name: str, value: str, expected: str) -> None:
    assert format_expression(substitute(parsed(text), {name: parsed(value)})) == expected


def test_definitions_use_each_other_in_any_order() -> None:
    text = (
        f"{FILE}def one(v) = two(v, 1)\ndef two(v, k) = v + k\nclaim c: forall x in f.domain: one(x.a) <= 3"
    )
    assert formula(accepted(text)) == "forall x in f.domain: x.a + 1 <= 3"


def test_a_definition_may_stand_for_a_region_a_network_or_a_formula() -> None:
    text = f"""{FILE}
def around(c) = ball(c, 1, linf)
def net = g[2]
def fine(y) = y[0] <= 0 and y[1] <= 0
claim c: forall x in around([0, 0, 0]): fine(net(x))
"""
    checked = accepted(text)
    assert checked["c"].networks[0].label == "g[2]"
    assert formula(checked) == ("forall x in ball([0, 0, 0], 1, linf): g[2](x)[0] <= 0 and g[2](x)[1] <= 0")


def test_a_definition_may_wrap_a_claim_form() -> None:
    text = f"""{FILE}
def steady(net, k) = robust(net, at: [0, 0, 0], label: k, within: 1/4)
claim c[i in 1..3]: steady(g[i], 1)
"""
    assert formula(accepted(text), "c[3]") == (
        "forall x in ball([0, 0, 0], 1 / 4, linf): argmax(g[3](x)) == 1"
    )


def test_a_definition_of_a_form_with_a_mistake_is_reported_where_it_is_used() -> None:
    text = f"{FILE}def steady(net) = robust(net, at: [0, 0, 0], label: 0, within: 1)\nclaim c: steady(3)\n"
    (found,) = check(text).problems
    assert (found.code, found.problem) == ("NN109", "`f` of `robust` must be a network, not a number")


def test_names_of_forms_do_not_capture_the_user_s() -> None:
    text = f"{FILE}param x = [0, 0, 0]\nclaim c: robust(f, at: x, label: p, within: 1)\n"
    assert formula(accepted(text)) == "forall x_1 in ball(x, 1, linf): argmax(f(x_1)) == p"


def test_definitions_that_double_are_stopped() -> None:
    lines = [f"def d{n}(v) = d{n - 1}(v) + d{n - 1}(v)" for n in range(1, 40)]
    text = f"{FILE}def d0(v) = v\n" + "\n".join(lines) + "\nclaim c: forall x in f.domain: d39(x.a) <= 0\n"
    checked = check(text)
    assert set(checked.codes) == {"NN108"}
    assert "too large" in checked.problems[0].problem


def test_definitions_that_nest_too_deeply_are_stopped() -> None:
    lines = [f"def d{n}(v) = -(d{n - 1}(v))" for n in range(1, 300)]
    text = f"{FILE}def d0(v) = v\n" + "\n".join(lines) + "\nclaim c: forall x in f.domain: d299(x.a) <= 0\n"
    checked = check(text)
    assert set(checked.codes) == {"NN108"}
    assert "too deep" in checked.problems[0].problem


def test_formulas_of_the_greatest_depth_are_checked() -> None:
    words = ("and", "or", "=>")
    lines = [
        f"def d{n}(v, w) = (w <= {n} {words[n % 3]} d{n - 1}(v, w)) {words[(n + 1) % 3]} v + w <= {n}"
        for n in range(1, MAX_DEPTH // 2 - 3)
    ]
    last = len(lines)
    head = f"{FILE}def d0(v, w) = v <= 0\n"
    text = head + "\n".join(lines) + f"\nclaim c: forall x in f.domain: d{last}(f(x).p, f(x).q)\n"
    assert lower(accepted(text)["c"]).obligations
    sums = [f"def e{n}(v) = 1 + 2 * (-(e{n - 3}(v)))" for n in range(3, MAX_DEPTH - 6, 3)]
    head = f"{FILE}def e0(v) = v\n"
    text = head + "\n".join(sums) + f"\nclaim c: forall x in f.domain: e{3 * len(sums)}(f(x).p) <= 0\n"
    assert lower(accepted(text)["c"]).obligations
