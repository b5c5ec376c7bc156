"""Random claims about several points and several networks, as text, with all that a formula may hold.

In: Hypothesis.  Out: source text that type-checks and has a statement: no norms within products, no
gradients, no alternation of quantifiers.  Scalings are chosen so that some applications are ties and some are
affine maps.
"""

from __future__ import annotations

from hypothesis import strategies as st

from tests.semantics.formulas import HEADER, NUMBERS, coordinates

WIDE_HEADER = (
    HEADER
    + """
network g = "g.onnx" {
    input a, b, c
    output r, s
}
network m = "m.onnx" {
    output s, t, w
    decode z = z * 2 - 1
}
def gap(u, v) = abs(u - v)
def wins(v, i) = forall j: j != i => v[j] <= v[i]
"""
)

points = st.tuples(coordinates, coordinates, coordinates)
numbers = st.sampled_from(NUMBERS)
vectors = st.sampled_from(
    ("f(x)", "g(x)", "f(y)", "g(x - y)", "f((x + y) / 2)", "f.h(y)[0:2]", "m(f(x))[1:]", "g(y + [1, 0, 1/3])")
)
leaves = st.one_of(
    st.sampled_from(("x.a", "y.b", "(x - y).c", "f(x).p", "g(y).s", "m(f(x)).t", "m(f(y))[0]", "x[p]")),
    st.sampled_from(("x.a * y.b", "f(x).p * g(x).s", "dot(x, x - 2 * y)", "m(f(x)).t * (1/3 - x.a)")),
    st.tuples(st.sampled_from(("max", "min", "sum", "mean")), vectors).map(lambda t: f"{t[0]}({t[1]})"),
    st.tuples(vectors, vectors, st.sampled_from(("l1", "linf"))).map(
        lambda t: f"norm({t[0]} - {t[1]}, {t[2]})"
    ),
)


def _terms(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.tuples(inner, inner)
    return st.one_of(
        pairs.map(lambda t: f"({t[0]} + {t[1]})"),
        pairs.map(lambda t: f"gap({t[0]}, {t[1]})"),
        pairs.map(lambda t: f"max({t[0]}, {t[1]}, 0)"),
        pairs.map(lambda t: f"min({t[0]}, {t[1]})"),
        st.tuples(inner, inner, inner).map(lambda t: f"(if {t[0]} <= 1/2 then {t[1]} else {t[2]})"),
        st.tuples(numbers, inner).map(lambda t: f"{t[0]} * {t[1]}"),
        pairs.map(lambda t: f"(let d = {t[0]}, e = d - {t[1]}: e - 2 * d)"),
        inner.map(lambda t: f"-abs({t})"),
    )


terms = st.recursive(leaves | numbers, _terms, max_leaves=3)
relations = st.sampled_from(("<=", "<", ">=", ">", "==", "!="))
atoms = st.one_of(
    st.tuples(terms, relations, terms).map(" ".join),
    st.tuples(vectors, relations, vectors).map(" ".join),
    st.tuples(vectors, vectors).map(lambda t: f"argmax({t[0]}) == argmin({t[1]})"),
    vectors.map(lambda v: f"wins({v}, 1)"),
    vectors.map(lambda v: f"exists j in {{0, 1}}: {v}[j] > eps"),
    vectors.map(lambda v: f"forall i in 0..<2, j: {v}[i] - {v}[j] <= 3 / 2"),
    st.sampled_from(
        (
            "y in near | slab[1]",
            "x - y in box(-1, 1)",
            "x.a in [-1, 1/2]",
            "x in ball(y, 1, l1) & everywhere(g)",
            "x in ball(y, 3/2, l2)",
            "norm(x - y, l2) < 3/2",
            "norm(f(x) - g(x), l2) >= 2",
            "norm(f(x), l2) <= 1/3 * norm(g(y) - [1, 2], l2)",
            "max(norm(f(x), l2), y.b) <= abs(x.a) + 1",
            "3 - norm(m(f(x)), l2) < x.a",
            "norm(x, l2) == norm(y, l2)",
            "x.a * x.a * y.b <= 1/2",
            "y in { z | z.a <= z.b or z in near }",
            "argmax(g(x)) == r",
            "q in argmin(f(y))",
        )
    ),
)


def _formulas(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, st.sampled_from(("and", "or", "=>", "<=>")), inner).map(
            lambda t: f"({t[0]}) {t[1]} ({t[2]})"
        ),
        inner.map(lambda part: f"not ({part})"),
        st.tuples(inner, inner, inner).map(lambda t: f"(if {t[0]} then {t[1]} else {t[2]})"),
        st.tuples(inner, inner).map(lambda t: f"(let ok = ({t[0]}): ok or ({t[1]}))"),
    )


bodies = st.recursive(atoms, _formulas, max_leaves=3)
first_regions = st.sampled_from(
    (
        "f.domain",
        "near & everywhere(f)",
        "f.domain & box(-2, 0) | near",
        "box(-1, corner + 2) | slab[0] & near",
        "everywhere(f)",
    )
)
second_regions = st.sampled_from(
    (
        "f.domain",
        "ball(x, 1, linf)",
        "box(x - 1/2, x + 1)",
        "slab[2] & ball(x, 3/2, l1) | near",
        "everywhere(f) & { z | z.a <= x.b }",
    )
)
