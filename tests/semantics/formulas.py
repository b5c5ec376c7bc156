"""Random claims, as text: regions and formulas over the network `f` of `HEADER`.

In: Hypothesis.  Out: source text that type-checks.  Numbers come from a small pool, so that bounds meet, ties
happen, and strict and closed comparisons differ.
"""

from __future__ import annotations

from fractions import Fraction

from hypothesis import strategies as st

HEADER = """
language 1
network f = "f.onnx" {
    input a, b, c
    output p, q
    encode x = (x - [1, 0, -1/2]) / [2, 1, -3]
    decode y = y * [1/2, -2] + [0, 1]
    domain a in [-1, 2], c in [-2, 2]
    layer h = "t1"
}
param eps = 1/2
param corner = [0, -1, 1/2]
region near = ball(corner, 1, linf)
region slab[k in 0..2] on f = { x | x[k] <= 1 and x.a + x.b >= -1 }
def half(v) = v / 2
def grows(u, v) = u <= v
"""

NUMBERS = ("0", "1", "-1", "1/2", "2", "0.5", "-3/2", "eps")

coordinates = st.sampled_from([Fraction(n, 2) for n in range(-5, 6)])
points = st.tuples(coordinates, coordinates, coordinates)
numbers = st.sampled_from(NUMBERS)
inputs = st.sampled_from(("x.a", "x.b", "x[2]", "sum(x)", "mean(x)", "half(x.c)", "dot([1, -1, 2], x)"))
outputs = st.sampled_from(("f(x).p", "f(x).q", "f(x)[1]", "f.h(x)[0]", "sum(f(x))", "flat(f(x))[0]"))


def terms(leaves: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Linear expressions."""
    pairs = st.tuples(leaves, leaves)
    return st.one_of(
        leaves,
        numbers,
        st.tuples(numbers, leaves).map(lambda t: f"({t[0]}) * {t[1]}"),
        pairs.map(lambda t: f"{t[0]} - {t[1]}"),
        leaves.map(lambda leaf: f"-{leaf} / 2 + eps"),
    )


def comparisons(leaves: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    relation = st.sampled_from(("<=", "<", ">=", ">", "==", "!="))
    side = terms(leaves)
    return st.one_of(
        st.tuples(side, relation, side).map(" ".join),
        st.tuples(numbers, relation, side, relation, numbers).map(" ".join),
        st.tuples(side, side).map(lambda t: f"grows({t[0]}, {t[1]})"),
    )


labels = st.one_of(
    st.sampled_from(
        (
            "argmax(f(x)) == p",
            "argmax(f(x)) != q",
            "argmin(f(x)) == 1",
            "p in argmax(f(x))",
            "1 in argmin(f(x))",
            "not 0 in argmin(f(x))",
            "argmax(f.h(x)) == 2",
            "argmax([f(x).p, x.a, 1]) == 1",
            "x in near",
            "x in box([0, 0, 0], 1) & f.domain",
        )
    )
)


def formulas(leaves: st.SearchStrategy[str], atoms: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Trees of and, or, not, `=>` and `<=>` over comparisons."""
    return st.recursive(
        comparisons(leaves) | atoms,
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from(("and", "or", "=>", "<=>")), inner).map(
                lambda t: f"({t[0]}) {t[1]} ({t[2]})"
            ),
            inner.map(lambda part: f"not ({part})"),
        ),
        max_leaves=5,
    )


simple_regions = st.one_of(
    st.sampled_from(
        (
            "f.domain",
            "near",
            "slab[0]",
            "slab[1 + 1]",
            "box(-1, 1)",
            "box([-1, 0, -2], corner + 1)",
            "ball([0, 1/2, 0], 3/2, l1)",
            "ball(center: corner, radius: eps, norm: linf)",
        )
    ),
    formulas(inputs, comparisons(inputs)).map(lambda text: f"{{ x | {text} }}"),
)
regions = st.one_of(simple_regions, st.tuples(simple_regions, simple_regions).map(" & ".join))
bodies = formulas(inputs | outputs, labels)
