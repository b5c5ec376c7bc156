"""The reference meaning of terms, formulas and regions, worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from spec_lang.diagnostics import InternalError
from spec_lang.semantics.evaluate.world import no_conversion
from tests.semantics.evaluation import AT, FLOATS, TIES, WORLD, X, Y, meaning, truth, value


def numbers(text: str) -> list[Fraction]:
    return [Fraction(word) for word in text.split()]


TERMS = [
    ("2", ""),
    ("0.1", "1/10"),
    ("1 %", "1/100"),
    ("x.a * 5 %", "3/20"),
    ("eps", "1/2"),
    ("corner", "0 -1 1/2"),
    ("x", "3 -2 1"),
    ("x.a", "3"),
    ("x[1]", "-2"),
    ("x[-1]", "1"),
    ("x[1 + 1]", "1"),
    ("x[0:2]", "3 -2"),
    ("x[1:]", "-2 1"),
    ("x[:-1]", "3 -2"),
    ("x[:]", "3 -2 1"),
    ("x[0:2][b]", "-2"),
    ("w[1]", "4 5 6"),
    ("w[1][2]", "6"),
    ("w[1, 2]", "6"),
    ("w[:, 2]", "3 6"),
    ("w[0, 1:]", "2 3"),
    ("w[:, 1:]", "2 3 5 6"),
    ("w[1:, 0]", "4"),
    ("eps[0]", "1/2"),
    ("digits.images[1]", "3/2 2 5/2"),
    ("digits.images[1][0]", "3/2"),
    ("digits.images[1, 2]", "5/2"),
    ("digits.images[:, 0]", "0 3/2"),
    ("digits.labels[1]", "2"),
    ("digits.labels[-1]", "2"),
    ("centre", "3 -2 1"),
    ("centre[0]", "3"),
    ("f(x)", "1/2 1 0"),
    ("f(y)", "0 -1 1"),
    ("f(z)", "0 0 0"),
    ("f(x).q", "1"),
    ("f(x)[q]", "1"),
    ("f(x)[1:].r", "0"),
    ("f.h(x)", "1 0 0"),
    ("f(x + [0, 3, 0]).q", "-1"),
    ("f((x + y) / 2)", "0 1 1/4"),
    ("f(0)", "0 1 0"),
    ("f([3, -2, 1])", "1/2 1 0"),
    ("-x", "-3 2 -1"),
    ("(-x).b", "2"),
    ("x + 1", "4 -1 2"),
    ("1 - x", "-2 3 0"),
    ("x - y - x", "1 -1 7/2"),
    ("x * 2 / 4", "3/2 -1 1/2"),
    ("12 / 2 / 3", "2"),
    ("x * y", "-3 -2 -7/2"),
    ("[x.a, 2] * [1, 3]", "3 6"),
    ("[[1, 2], [3, x.b]]", "1 2 3 -2"),
    ("abs(x)", "3 2 1"),
    ("max(x)", "3"),
    ("min(x)", "-2"),
    ("max(x, 0)", "3 0 1"),
    ("min(x, [1, 1, 1], 0)", "0 -2 0"),
    ("sum(x)", "2"),
    ("sum(w)", "21"),
    ("mean(x)", "2/3"),
    ("norm(x, l1)", "6"),
    ("norm(x, linf)", "3"),
    ("norm([3, -4], l2)", "5"),
    ("norm(w, linf)", "6"),
    ("dot(x, [1, 2, 3])", "2"),
    ("flat(w)", "1 2 3 4 5 6"),
    ("if x.a > 0 then x.b else x.c", "-2"),
    ("if x.a < 0 then x else f(x)", "1/2 1 0"),
    ("if x.a != 0 then 1 / x.a else 1 / 0", "1/3"),
    ("let t = x.a + 1, u = t * 2: u - t", "4"),
    ("let x = y: x.a", "-1"),
    ("let t = x.a: let x = y: t + x.a", "2"),
    ("let unused = 1 / 0: 1", "1"),
    ("let v = f(x): v.q + v[0]", "3/2"),
    ("preactivations(f, x)", "1 -2 -1/2"),
    ("grad(f.p, x)", "1/4 0 0"),
    ("grad(f.p, x).a", "1/4"),
    ("grad(f.q, y)", "0 -2 0"),
    ("grad(f[2], y)", "0 0 -1/3"),
]


@pytest.mark.parametrize(("term", "expected"), TERMS)
def test_the_value_of_a_term(term: str, expected: str) -> None:
    expected = expected or term
    assert list(value(term).elements) == numbers(expected)


@pytest.mark.parametrize(("term", "expected"), TERMS)
def test_the_value_of_a_term_over_floats_is_made_of_floats(term: str, expected: str) -> None:
    expected = expected or term
    points = {name: tuple(map(float, point)) for name, point in AT.items()}  # type: ignore[arg-type]
    found = value(term, points, FLOATS).elements
    assert all(type(element) is float for element in found)
    assert list(found) == pytest.approx(list(map(float, numbers(expected))))


@pytest.mark.parametrize(
    ("term", "shape"),
    [
        ("x.a", ()),
        ("x", (3,)),
        ("w", (2, 3)),
        ("w[0]", (3,)),
        ("w[:, 1:]", (2, 2)),
        ("w[:1, 2]", (1,)),
        ("flat(w)", (6,)),
        ("w * 2 + x.a", (2, 3)),
        ("[w, w]", (2, 2, 3)),
        ("sum(w)", ()),
        ("f.h(x)", (3,)),
        ("digits.images", (2, 3)),
    ],
)
def test_the_shape_of_a_term(term: str, shape: tuple[int, ...]) -> None:
    assert value(term).shape == shape


TRUE = [
    "x.a == 3 and x.b == -2",
    "x.a == 4 or x.b == -2",
    "not x.a == 4",
    "x.a == 4 => x.a == 5",
    "x.a == 3 => x.b == -2",
    "x.a == 4 <=> x.b == 4",
    "x.a == 3 <=> x.b == -2",
    "-2 <= x.b < x.c <= x.a",
    "x.a == 0 or 1 / x.a <= 1",
    "z.a == 0 or 1 / z.a == 1",
    # tensors, element by element
    "x == [3, -2, 1]",
    "x != [3, -2, 0]",
    "x <= [3, 0, 1]",
    "not x < [3, 0, 2]",
    "f(x) == f(x)",
    "f(x) != f(y)",
    "x <= 3",
    # sets of positions
    "argmax(f(x)) == q",
    "argmax(f(x)) == 1",
    "q == argmax(f(x))",
    "argmax(f(x)) != p",
    "argmin(f(x)) == r",
    "q in argmax(f(x))",
    "not p in argmax(f(x))",
    "p in argmin(f(z)) and r in argmin(f(z))",
    "argmin(f(z)) != p",
    "argmin(f(z)) != r",
    "argmax(f(x)) == argmax(f(x + [1, 0, 0]))",
    "argmax(f(x)) != argmax(f(y))",
    "argmin(f(z)) != argmin(f(x))",
    "argmax(f(x)) == digits.labels[0]",
    "argmax([x.a, 3, 1]) == argmax([1, 1])",
    "argmax(if x.a > 0 then f(x) else f(y)) == q",
    "(if x.a > 0 then argmax(f(x)) else argmax(f(y))) == q",
    "argmax(f(x)) == (if x.a > 0 then q else r)",
    "let best = argmax(f(x)): best == q and best != p",
    "let k = q: argmax(f(x)) == k",
    "let k = q: f(x)[k] == 1",
    # if and let
    "if x.a > 0 then x.b < 0 else x.b > 0",
    "let t = x.a, ok = t > 0: ok and t == 3",
    # indices
    "forall j in 0..2: x[j] <= 3",
    "forall j in 0..<2: x[j] != 1",
    "not forall j in 0..2: x[j] != 1",
    "exists j in {1, 2}: x[j] == 1",
    "not exists j in {0, 1}: x[j] == 1",
    "forall j in 1..0: x.a == 4",
    "not exists j in 1..0: x.a == 3",
    "forall j: j != q => f(x)[j] < f(x)[q]",
    "forall j: j == q or f(x)[j] < f(x)[1]",
    "forall j in 0..2: q == j => f(x)[j] == 1",
    "exists j: f(x)[j] == 0 and j == r",
    "forall i, j: w[i, j] == 3 * i + j + 1",
    "forall j, i: w[i][j] == 3 * i + j + 1",
    "let v = w: forall i: exists j: v[i][j] == 3 * i + 1",
    "forall i in 0..1, j in i..2: w[i, j] >= 1 + 4 * i",
    "forall j: let v = f(x): v[j] <= 1",
    "forall j: let v = x[j], j = 1: v <= 3 and x[j] == -2",
    "forall n: digits.images[n][0] >= 0 and n <= 1",
    "exists n: digits.labels[n] == 2",
    "forall j, k in {1, 0}: w[k][j] >= 1",
    "forall j: forall k in j..2: w[1, j] <= w[1, k]",
    "forall j: exists i: w[i][j] >= 4",
    "forall j: grad(f[j], y)[0] == 0",
    "exists k: x in slab[k] and not x in slab[0]",
    "forall j: x in { v | f(v)[j] <= 1 }",
    # regions
    "x in f.domain",
    "not y in f.domain",
    "x in everywhere(f)",
    "x in box(-2, 3)",
    "not x in box(-2, [2, 2, 2])",
    "x in box(upper: 3, lower: [3, -2, 1])",
    "x in ball([3, -2, 0], 1, linf)",
    "x in ball([2, -2, 0], 2, l1) and not x in ball([2, -2, 0], 199/100, l1)",
    "x in ball([2, -2, 0], 1.4142135623730951, l2)",
    "not x in ball([2, -2, 0], 1.4142135623730950, l2)",
    "x in ball(center: 0, norm: l2, radius: norm(x, l2))",
    "x in ball(y, 9/2, linf)",
    "x in { v | v.a == 3 }",
    "y in box(-4, 2) and not y in { v | v.a == -1 }",
    "x in box(0, 1) | box(-2, 3)",
    "not x in box(-2, 3) & box(0, 1)",
    "x in box(0, 1) & box(2, 3) | box(-2, 3)",
    "not x in near",
    "z in near | { v | v.b == 1/2 }",
    "x in slab[2] and x in slab[3 - 2] and not x in slab[0]",
    "forall k: k != 0 => x in slab[k]",
    "forall k: x in { v | (v + 1)[k] <= 4 }",
    "forall k in 0..2: x in { v | (v + 1)[k] <= 4 }",
    "x in (if x.a > 0 then box(-2, 3) else near)",
    "let ours = box(-2, 3): x in ours",
    "x in (let r = 3: box(-2, r))",
    "x + 1 in box(-1, 4)",
    "x in box(digits.images[0] - 10, centre)",
    # quantities, in the units of what they meet
    "x.a <= 0.003 km and not x.a < 0.003 km",
    "x.a >= 9 ft",
    "not x.a >= 10 ft",
    "0.002 km + x.a == 5",
    "2 * 0.003 km == x.a + 3",
    "5 km - 1000 m == 4 km",
    "x.a * x.b <= 0.001 km and x.a * 2 == 0.006 km",
    "x[0:2] <= [0.003 km, 0 m]",
    "x[0:2] in ball([3 m, -3 m], 0.001 km, linf) and not x[0:2] in ball([3 m, -4 m], 0.001 km, l1)",
    "x[0:2] in ball([2 m, -3 m], 0.0015 km, l2) and not x[0:2] in ball([2 m, -3 m], 1.4 m, l2)",
    "x.a in [2, 3] and not x.b in [-1, 1] and x.a in [0 m, 0.003 km]",
    "max(x[0:2]) <= 0.003 km",
    "x.c <= 1",
]


@pytest.mark.parametrize("formula", TRUE)
def test_a_formula_that_holds(formula: str) -> None:
    assert truth(formula)
    assert not truth(f"not ({formula})")


@pytest.mark.parametrize(
    ("text", "in_region", "body"),
    [
        ("forall x in f.domain: x.a == 3", True, True),
        ("forall x in f.domain: x.a == 4", True, False),
        ("forall x in near: f(x).q == 1", False, True),
        ("forall x in f.domain, y in ball(x, 9/2, linf): f(x).q > f(y).q", True, True),
        ("forall x in f.domain, y in ball(x, 4, linf): f(x).q > f(y).q", False, True),
        ("forall x in f.domain, y in { v | v.a < x.a }: f(y).q > f(x).q", False, False),
        ("forall x in f.domain, y in box(-4, x): f(y).q < f(x).q", False, True),
        ("exists x in f.domain: x.a == 3", True, True),
        ("exists x in near, y in near: f(x) == f(y)", False, False),
        ("let t = 3: forall x in f.domain: x.a == t", True, True),
        ("forall j in 0..2, x in f.domain: x[j] <= 3", True, True),
        ("forall j in 0..2, x in f.domain: x[j] <= 2", True, False),
        ("exists x in f.domain, j in 0..2: x[j] == 1", True, True),
        # of the slabs, x lies in those of 1 and 2
        ("forall j in 0..2, x in slab[j]: x[j] <= 1", True, True),
        ("forall j in 0..2, x in slab[j]: x[j] <= 0", True, False),
        ("forall j in 0..0, x in slab[j]: x[j] <= 1", False, False),
        ("forall x in f.domain: forall y in near: x.a < y[0]", True, True),
        ("forall x in f.domain: exists y in near: x.a > y[0]", True, False),
        ("forall x in f.domain: exists y in box(-4, 2): x.a > y[0]", True, True),
    ],
)
def test_the_points_of_the_outermost_quantifier(text: str, in_region: bool, body: bool) -> None:
    found = meaning(text, x=X, y=Y)
    assert (found.in_region, found.body) == (in_region, body)


@pytest.mark.parametrize(
    "formula",
    [
        "x.nothing == 1",
        "x[3] == 1",
        "x == [1, 2]",
        "x in w",
        "x.c <= 3 m",
        "x.c + 3 m == 4",
        "dot(x) == 1",
        "norm(x) == 1",
        "norm(x, l1, l1) == 1",
        "abs(x, x) == 1",
        "x in box(0)",
        "x in [0, 1]",
        "f[0] == 1",
        "x[1/2] == 1",
        "x[norm(x, l2)] == 1",
        "x[0, 0] == 1",
        "{ v | v.a == 1 } == x",
        'x == "text"',
        "f.p.q == 1",
        "digits.images.nothing == 1",
        "x in near[0]",
        "norm(x, 1 + 1) == 1",
        "argmax(f(x)) < 1",
        "grad(f, x) == 0",
        "grad(x, x) == 0",
        "x in x.domain",
        "x in fam.domain",
        "f[p, q](x) == 1",
        "forall j: let j = 1: x[j] == -2",
        "forall j: x in near | { v | v[j] <= 1 }",
        "(if x.a > 0 then argmax(x) else x) == (if x.a < 0 then argmax(x) else x)",
        "f(x) <= argmax(f(x))",
        "nobody == 1",
        "norm(x, l3) <= 1",
        "[1, [1, 2]] == x",
        "x.a <= norm(norm(x, l2) * [1, 1] + 1, l2)",
        "f([1, 2]) == 1",
        "f.k(x) == 1",
        "grad(plain, x) == 0",
        "forall j: x.a == 1",
        "forall v in near: v == x",
        "x",
        "x + (x.a == 1) == x",
        "f == f",
        "1 + near == x",
    ],
)
def test_what_means_nothing_is_our_own_mistake(formula: str) -> None:
    with pytest.raises(InternalError):
        truth(formula)


def test_a_point_has_the_size_of_its_space() -> None:
    with pytest.raises(InternalError):
        meaning("forall x in f.domain: f(x).p == 0", x=TIES[:2])


def test_without_a_table_quantities_are_not_converted() -> None:
    bare = replace(WORLD, convert=no_conversion)
    assert truth("x.a == 3 m", AT, bare)
    with pytest.raises(InternalError):
        truth("x.a == 3 km", AT, bare)
