"""Lints that look at names: what is ignored, unused, hidden."""

from __future__ import annotations

import pytest

from tests.lints.linting import of_syntax

NETWORKS = (
    'network f = "f.onnx"\nnetwork g = "g.onnx"\nclaim used: forall x in f.domain: f(x)[0] <= g(x)[0]\n'
)

IGNORED = [
    ("claim c: forall x in f.domain: f(p)[0] <= 1", ["x"]),
    ("claim c: forall x in f.domain, y in g.domain: f(x)[0] <= 1", ["y"]),
    ("claim c: forall x in f.domain, y in ball(x, 1, linf): f(y)[0] <= 1", []),
    ("claim c: forall x in f.domain: exists y in g.domain: f(x)[0] <= f(x)[1]", ["y"]),
    ("claim c: forall x in f.domain: forall x in g.domain: f(x)[0] <= 1", ["x"]),
    ("claim c: forall _x in f.domain: f(p)[0] <= 1", []),
    ("claim c: forall x in f.domain: forall j in 0..1: f(x)[0] <= 1", ["j"]),
    ("claim c: forall x in f.domain: forall j in 0..1: f(x)[j] <= 1", []),
    ("region r = { x | p <= 1 }", ["x"]),
    ("def d(y) = forall k: y[0] <= y[1]", ["k"]),
    ("measure m = max f(p)[0] for x in f.domain", ["x"]),
    ("measure m = max f(x)[0] for x in f.domain", []),
    ("measure m = largest r in [0, 1] with robust(f, at: p, label: 0, within: 0.1)", ["r"]),
    ("measure m = largest r in [0, 1] with robust(f, at: p, label: 0, within: r)", []),
    ("invariant i of f: input[0] <= output[0]", []),
]


@pytest.mark.parametrize(("declaration", "names"), IGNORED)
def test_a_variable_that_its_formula_ignores(declaration: str, names: list[str]) -> None:
    found = of_syntax(f"{NETWORKS}{declaration}\n")
    assert [name for code, name in found if code == "NN601"] == names


UNUSED = [
    ("claim c[i in 0..2]: forall x in f.domain: f(x)[0] <= 1", ["i"]),
    ("claim c[i in 0..2, _seed in 0..9]: forall x in f.domain: f(x)[i] <= 1", []),
    ("claim c[i in 0..2]: forall x in f.domain: f(x)[i] <= 1", []),
    ("region r[k in 0..2] on f = box(0, k)", []),
    ("region r[k in 0..2] on h[k] = box(0, 1)", []),
    ('network h[i in 0..2] = "h_{i}.onnx"', []),
    ('network h[i in 0..2] = "h.onnx"', ["i"]),
    ('network h[i in 0..2] = "h.onnx" { domain a in [0, i] }', []),
    ("def d(y, k) = y[0]", ["k"]),
    ("def d(y, k) = y[k]", []),
    ("claim c: forall x in f.domain: let y = f(x), z = 1: y[0] <= 1", ["z"]),
    ("claim c: forall x in f.domain: let y = f(x), z = y[0]: z <= 1", []),
    ("measure m[i in 0..1] = max f(x)[i] for x in f.domain", []),
    ("invariant v[i in 0..1] of f: input[i] <= output[0]", []),
]


@pytest.mark.parametrize(("declaration", "names"), UNUSED)
def test_a_name_that_nothing_uses(declaration: str, names: list[str]) -> None:
    found = of_syntax(f"{NETWORKS}{declaration}\n")
    assert [name for code, name in found if code == "NN607"] == names


HIDDEN = [
    ("claim c: forall x in f.domain: exists x in g.domain: f(x)[0] <= 1", ["x"]),
    ("claim c: forall x in f.domain: exists y in g.domain: f(x)[0] <= f(y)[0]", []),
    ("claim c: (forall x in f.domain: f(x)[0] <= 1) and (forall x in g.domain: g(x)[0] <= 1)", []),
    ("claim c: forall x in { x | x[0] <= 1 }: f(x)[0] <= 1", []),
    ("claim c: forall x in f.domain: let x = 1: x <= 2", ["x"]),
    ("claim c: forall left in f.domain: f(left)[0] <= 1", ["left"]),
    ("claim c: forall sum in f.domain: f(sum)[0] <= 1", ["sum"]),
    ("claim c: forall l1 in f.domain: f(l1)[0] <= 1", ["l1"]),
    ("def d(norm) = norm <= 1", ["norm"]),
    ("def d(left) = left <= 1", []),
]


@pytest.mark.parametrize(("declaration", "names"), HIDDEN)
def test_a_name_that_hides_another(declaration: str, names: list[str]) -> None:
    outputs = (
        'network h = "h.onnx" { output left, right }\nclaim h_used: forall x in h.domain: h(x)[0] <= 1\n'
    )
    found = of_syntax(f"{NETWORKS}{outputs}{declaration}\n")
    assert [name for code, name in found if code == "NN605"] == names


DECLARED = [
    ('network h = "h.onnx"', ["h"]),
    ('network h = "h.onnx" like f\nclaim c: forall x in h.domain: h(x)[0] <= 1', []),
    ("region r on f = box(0, 1)", ["r"]),
    ("region r on f = box(0, 1)\nregion s on f = r", ["s"]),
    ("param p = 1", ["p"]),
    ("param p = 1\nclaim c[i in 0..p]: forall x in f.domain: f(x)[i] <= 1", []),
    ("param p = 1\nclaim c @timeout(p): forall x in f.domain: f(x)[0] <= 1", []),
    ('param n = 1\ndata d = "d.npy": real[n, 2]\nclaim c: forall x in f.domain: f(x)[0] <= d[0, 0]', []),
    ("param _later = 1", []),
    ("def d(y) = y[0]", ["d"]),
    ('data d = "d.npz" { images: real[N, 2] }', ["d"]),
    (
        'data d = "d.npz" { images: real[N, 2] }\nclaim c: forall x in box(0, d.images[0]): f(x)[0] <= 1',
        [],
    ),
    ('network h = "h.onnx" { layer r1 = "t1" }\nclaim c: forall x in h.domain: h(x)[0] <= 1', ["r1"]),
    ('network h = "h.onnx" { layer r1 = "t1" }\nclaim c: forall x in h.domain: h.r1(x)[0] <= 1', []),
    ('network h = "h.onnx" { layer r1 = "t1" }\ninvariant v of h: r1[0] <= 1', []),
    ('import "other.nnspec"', []),
]


@pytest.mark.parametrize(("declarations", "names"), DECLARED)
def test_a_declaration_that_nothing_uses(declarations: str, names: list[str]) -> None:
    found = of_syntax(f"{NETWORKS}{declarations}\n")
    assert [name for code, name in found if code == "NN603"] == names


def test_a_library_has_no_unused_declarations() -> None:
    assert of_syntax('network f = "f.onnx"\nregion r = box(0, 1)\nparam p = 1\n') == []


def test_what_others_import_is_not_unused() -> None:
    text = f"{NETWORKS}param p = 1\n"
    assert of_syntax(text) == [("NN603", "p")]
    assert of_syntax(text, imported=True) == []
