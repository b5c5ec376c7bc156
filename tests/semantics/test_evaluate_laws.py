"""Laws of the reference meaning: constructs against others that say the same."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.semantics.evaluation import FLOATS, truth, value

quick = settings(max_examples=40)  # parsing takes most of the time
halves = st.integers(-6, 6).map(lambda n: Fraction(n, 2))
points = st.tuples(halves, halves, halves)
CONSTANTS = ("0", "1", "-1", "1/2", "3", "eps", "25 %")

leaves = st.sampled_from(
    ("x.a", "x.b", "x[2]", "f(x).p", "f(x).q", "f(x)[2]", "sum(x)", "mean(f(x))", "dot([1, -1, 2], x)")
)
constants = st.sampled_from(CONSTANTS)


def _continuous(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.tuples(inner, inner)
    return st.one_of(
        pairs.map(lambda t: f"({t[0]} - {t[1]})"),
        pairs.map(lambda t: f"max({t[0]}, {t[1]})"),
        pairs.map(lambda t: f"min({t[0]}, {t[1]}, 1)"),
        pairs.map(lambda t: f"(let t = {t[0]}: t * {t[1]})"),
        inner.map(lambda t: f"abs({t})"),
        inner.map(lambda t: f"norm([{t}, x.a], linf)"),
        inner.map(lambda t: f"-{t} / 2"),
    )


def _terms(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.tuples(inner, inner)
    return _continuous(inner) | pairs.map(lambda t: f"(if {t[0]} <= {t[1]} then {t[0]} else x.c)")


continuous_terms = st.recursive(leaves | constants, _continuous, max_leaves=4)
terms = st.recursive(leaves | constants, _terms, max_leaves=4)
atoms = st.one_of(
    st.tuples(terms, st.sampled_from(("<=", "<", ">=", ">", "==", "!=")), terms).map(" ".join),
    st.sampled_from(
        (
            "argmax(f(x)) == q",
            "argmin(f(x)) != r",
            "p in argmax(f(x))",
            "argmax(f(x)) == argmin(f(x))",
            "x in near",
            "x in f.domain & box(-1, 2) | slab[1]",
            "exists j: f(x)[j] > x[j]",
            "x <= f(x)",
        )
    ),
)
formulas = st.recursive(
    atoms,
    lambda inner: st.tuples(inner, st.sampled_from(("and", "or", "=>", "<=>")), inner).map(
        lambda t: f"(({t[0]}) {t[1]} ({t[2]}))"
    ),
    max_leaves=3,
)
tensors = st.sampled_from(("x", "f(x)", "x - f(x)", "[x.b, 1]", "w * x.a", "f.h(x) / 2", "x - corner"))
regions = st.sampled_from(
    (
        "near",
        "slab[0]",
        "f.domain",
        "box(-1, corner + 1)",
        "ball(corner, 2, l1)",
        "ball(corner, 3/2, l2)",
        "{ v | v.a <= v.b and f(v).q <= 0 }",
        "{ v | exists j: v[j] == 0 }",
    )
)


def same(a: str, b: str, x: tuple[Fraction, ...]) -> None:
    assert truth(a, {"x": x}) is truth(b, {"x": x})


@quick
@given(formulas, formulas, points)
def test_de_morgan(a: str, b: str, x: tuple[Fraction, ...]) -> None:
    same(f"not (({a}) and ({b}))", f"not ({a}) or not ({b})", x)
    same(f"not (({a}) or ({b}))", f"not ({a}) and not ({b})", x)


@quick
@given(formulas, formulas, points)
def test_an_equivalence_is_both_implications(a: str, b: str, x: tuple[Fraction, ...]) -> None:
    same(f"({a}) <=> ({b})", f"(({a}) => ({b})) and (({b}) => ({a}))", x)
    same(f"({a}) => ({b})", f"not ({a}) or ({b})", x)


@quick
@given(formulas, formulas, formulas, points)
def test_a_condition_chooses_between_formulas(c: str, a: str, b: str, x: tuple[Fraction, ...]) -> None:
    same(f"if {c} then {a} else {b}", f"(({c}) and ({a})) or (not ({c}) and ({b}))", x)


@quick
@given(formulas, terms, terms, points)
def test_a_condition_chooses_between_values(c: str, a: str, b: str, x: tuple[Fraction, ...]) -> None:
    same(f"(if {c} then {a} else {b}) <= 1", f"if {c} then {a} <= 1 else {b} <= 1", x)


@quick
@given(terms, tensors, points)
def test_a_let_is_a_substitution(a: str, v: str, x: tuple[Fraction, ...]) -> None:
    assert truth(f"(let t = {a}, u = t + 1: u * t - t) == (({a}) + 1) * ({a}) - ({a})", {"x": x})
    assert truth(f"(let v = {v}: sum(v) * max(v)) == sum({v}) * max({v})", {"x": x})


@quick
@given(formulas, points)
def test_a_let_of_a_formula_is_a_substitution(a: str, x: tuple[Fraction, ...]) -> None:
    same(f"let ok = {a}: ok <=> x.a >= 0", f"({a}) <=> x.a >= 0", x)


@quick
@given(st.sampled_from(("f(x)", "x", "f.h(x)", "x - f(x)")), terms, points)
def test_an_index_quantifier_is_spelled_out(v: str, t: str, x: tuple[Fraction, ...]) -> None:
    spelled = [f"({v})[{j}] <= {t}" for j in range(3)]
    for domain in ("", " in 0..2", " in 0..<3", " in {2, 0, 1}"):
        same(f"forall j{domain}: ({v})[j] <= {t}", " and ".join(spelled), x)
        same(f"exists j{domain}: ({v})[j] <= {t}", " or ".join(spelled), x)
    same(f"({v}) <= {t}", " and ".join(spelled), x)
    same(f"not forall j: ({v})[j] <= {t}", f"exists j: not ({v})[j] <= {t}", x)


@quick
@given(regions, regions, points)
def test_union_and_intersection_are_or_and_and(a: str, b: str, x: tuple[Fraction, ...]) -> None:
    same(f"x in {a} | {b}", f"x in {a} or x in {b}", x)
    same(f"x in {a} & {b}", f"x in {a} and x in {b}", x)
    same(f"x in {{ v | v in {a} }}", f"x in {a} and x in f.domain", x)


@quick
@given(points, points, st.fractions(0, 6, max_denominator=4), st.sampled_from(("l1", "l2", "linf")))
def test_a_ball_is_a_bound_on_a_norm(
    x: tuple[Fraction, ...], y: tuple[Fraction, ...], r: Fraction, norm: str
) -> None:
    at = {"x": x, "y": y}
    assert truth(f"x in ball(y, {r}, {norm}) <=> norm(x - y, {norm}) <= {r}", at)


@quick
@given(st.sampled_from(("f(x)", "x", "[x.a, 1, x.b, 1]")), points)
def test_an_extremum_is_spelled_out(v: str, x: tuple[Fraction, ...]) -> None:
    size = len(value(v, {"x": x}).elements)
    for k in range(size):
        for word, relation in (("argmax", ">"), ("argmin", "<")):
            others = [j for j in range(size) if j != k]
            alone = " and ".join(f"({v})[{k}] {relation} ({v})[{j}]" for j in others)
            among = " and ".join(f"({v})[{k}] {relation}= ({v})[{j}]" for j in others)
            same(f"{word}({v}) == {k}", alone, x)
            same(f"{k} in {word}({v})", among, x)
            same(f"{word}({v}) != {k}", f"not ({alone})", x)


@quick
@given(st.sampled_from(("f(x)", "x", "[x.a, 1, x.b]")), st.sampled_from(("f(x)", "[x.c, 0, 1]")), points)
def test_two_sets_are_equal_when_they_have_the_same_members(a: str, b: str, x: tuple[Fraction, ...]) -> None:
    members = " and ".join(f"({k} in argmax({a}) <=> {k} in argmax({b}))" for k in range(3))
    same(f"argmax({a}) == argmax({b})", members, x)
    same(f"argmax({a}) != argmax({b})", f"not ({members})", x)


@quick
@given(tensors, st.sampled_from(("l1", "l2", "linf")), constants, points, points)
def test_laws_of_norms(v: str, kind: str, c: str, x: tuple[Fraction, ...], y: tuple[Fraction, ...]) -> None:
    at = {"x": x, "y": y}
    assert truth(f"norm(x + y, {kind}) <= norm(x, {kind}) + norm(y, {kind})", at)
    assert truth(f"norm({c} * ({v}), {kind}) == abs({c}) * norm({v}, {kind})", at)
    assert truth(f"norm({v}, {kind}) >= 0 and (norm({v}, {kind}) == 0 <=> {v} == 0 * ({v}))", at)
    assert truth(f"norm({v}, linf) <= norm({v}, l2) <= norm({v}, l1)", at)
    assert truth(f"norm({v}, l2) * norm({v}, l2) == dot({v}, {v})", at)
    assert truth(f"norm({v}, l1) == sum(abs({v})) and norm({v}, linf) == max(abs({v}))", at)
    assert truth("abs(dot(x, y)) <= norm(x, l2) * norm(y, l2)", at)


@quick
@given(tensors, tensors, points)
def test_comparisons_of_tensors(a: str, b: str, x: tuple[Fraction, ...]) -> None:
    assume(value(a, {"x": x}).shape == value(b, {"x": x}).shape)
    same(f"{a} == {b}", f"{a} <= {b} and {a} >= {b}", x)
    same(f"{a} != {b}", f"not {a} == {b}", x)
    same(f"{a} < {b}", f"{b} > {a}", x)
    same(f"{a} <= {b} <= {a} + 1", f"{a} <= {b} and {b} <= {a} + 1", x)
    same(f"{a} <= {b}", f"max({a}, {b}) == {b} and min({a}, {b}) == {a}", x)


@quick
@given(continuous_terms, continuous_terms, points)
def test_floats_agree_with_fractions_away_from_ties(a: str, b: str, x: tuple[Fraction, ...]) -> None:
    floats = {"x": tuple(map(float, x))}
    exact = [value(t, {"x": x}).scalar for t in (a, b)]
    rounded = [value(t, floats, FLOATS).scalar for t in (a, b)]
    assert all(type(number) is float for number in rounded)
    for one, other in zip(exact, rounded, strict=True):
        assert abs(float(one) - float(other)) <= 1e-9 * (1 + abs(float(one)))
    assume(abs(float(exact[0]) - float(exact[1])) > 1e-6)
    for relation in ("<=", "<", ">=", ">", "==", "!="):
        same_truth = truth(f"{a} {relation} {b}", {"x": x})
        assert truth(f"{a} {relation} {b}", floats, FLOATS) is same_truth
