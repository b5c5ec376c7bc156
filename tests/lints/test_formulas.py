"""Lints that look at formulas: ties that are left out, parts that are repeated."""

from __future__ import annotations

import pytest

from tests.lints.linting import of_syntax

TIES = [
    ("argmax(f(x)) == 0 or argmax(f(x)) == 1", ["argmax(f(x)) == 1"]),
    ("0 == argmin(f(x)) or x[0] <= 1 or 1 == argmin(f(x))", ["1 == argmin(f(x))"]),
    ("not (argmax(f(x)) == 0 or argmax(f(x)) == 1)", ["argmax(f(x)) == 1"]),
    ("argmax(f(x)) != 0 and argmax(f(x)) != 1", ["argmax(f(x)) != 1"]),
    ("f(x)[0] < f(x)[1] or f(x)[1] < f(x)[0]", ["f(x)[1] < f(x)[0]"]),
    ("f(x)[0] < f(x)[1] or f(x)[0] > f(x)[1]", ["f(x)[0] > f(x)[1]"]),
    # these say what they say
    ("argmax(f(x)) == 0", []),
    ("argmax(f(x)) != 0", []),
    ("0 in argmax(f(x)) or 1 in argmax(f(x))", []),
    ("argmax(f(x)) == 0 or argmax(f(x)) == 0", []),
    ("argmax(f(x)) == 0 or argmin(f(x)) == 1", []),
    ("argmax(f(x)) == 0 or argmax(g(x)) == 1", []),
    ("argmax(f(x)) == 0 and argmax(g(x)) == 0", []),
    ("argmax(f(x)) == argmax(g(x)) or argmax(f(x)) == 1", []),
    ("f(x)[0] <= f(x)[1] or f(x)[1] < f(x)[0]", []),
    ("f(x)[0] < f(x)[1] or f(x)[1] < f(x)[2]", []),
    ("f(x)[0] < 1 or f(x)[0] > 2", []),
    ("f(x)[0] != f(x)[1]", []),
    ("f(x)[0] < f(x)[1] and f(x)[1] < f(x)[2]", []),
]


@pytest.mark.parametrize(("formula", "places"), TIES)
def test_alternatives_that_leave_out_a_tie(formula: str, places: list[str]) -> None:
    found = of_syntax(f"claim c: forall x in box(0, 1): {formula}\n")
    assert [place for code, place in found if code == "NN604"] == places


REPEATED = [
    ("f(x)[0] <= 1 and f(x)[0] <= 1", ["f(x)[0] <= 1"]),
    ("f(x)[0] <= 1 and f(x)[1] <= 1 and f(x)[0] <= 1.0", ["f(x)[0] <= 1.0"]),
    ("x in r or x in r", ["x in r"]),
    ("x in r & r", ["r"]),
    ("x in r | s | r", ["r"]),
    ("(forall y in r: f(y)[0] <= 1) and (forall y in r: f(y)[0] <= 1)", ["(forall y in r: f(y)[0] <= 1)"]),
    ("f(x)[0] <= 1 and f(x)[0] < 1", []),
    ("f(x)[0] <= 1 and f(x)[1] <= 1", []),
    ("f(x)[0] <= 1 m and f(x)[0] <= 1 km", []),
    ("f(x)[0:1] <= 1 and f(x)[0:2] <= 1", []),
    ("g(x, norm: l1) <= 1 and g(x, norm: l2) <= 1", []),
    ("(forall y in r: f(y)[0] <= 1) and (exists y in r: f(y)[0] <= 1)", []),
    ("f(x)[0] - f(x)[1] <= 1 and f(x)[0] + f(x)[1] <= 1", []),
]


@pytest.mark.parametrize(("formula", "places"), REPEATED)
def test_a_part_that_stands_twice(formula: str, places: list[str]) -> None:
    found = of_syntax(f"claim c: forall x in box(0, 1): {formula}\n")
    assert [place for code, place in found if code == "NN608"] == places
