"""Forms mean what they say: their formulas, read by the reference semantics, against definitions in Python.

Networks are small and random; quantifiers run over a handful of points, some of them outside of the region.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import TypeVar

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from spec_lang.semantics.evaluate import Hidden, Network, Port, World, holds
from tests.claims.calls import tree_of
from tests.semantics.worlds import check

T = TypeVar("T")
Point = tuple[Fraction, ...]
REGION = "box(-1, 1)"
HEAD = """
network f = "f.onnx" {
    input  a, b
    output p, q
    layer  h = "h"
}
network g = "g.onnx"
"""


@dataclass(frozen=True)
class Net:
    """x ↦ V · relu(W · x + c): two inputs, three neurons, two outputs."""

    w: tuple[Point, ...]
    c: Point
    v: tuple[Point, ...]

    def before(self, x: Sequence[Fraction]) -> Point:
        return tuple(dot(row, x) + c for row, c in zip(self.w, self.c, strict=True))

    def hidden(self, x: Sequence[Fraction]) -> Point:
        return tuple(max(z, Fraction(0)) for z in self.before(x))

    def __call__(self, x: Sequence[Fraction]) -> Point:
        return tuple(dot(row, self.hidden(x)) for row in self.v)

    def gradient(self, x: Sequence[Fraction]) -> tuple[Point, ...] | None:
        phases = self.before(x)
        if 0 in phases:
            return None
        on = [Fraction(z > 0) for z in phases]
        return tuple(
            tuple(
                sum((v * s * w[i] for v, s, w in zip(row, on, self.w, strict=True)), Fraction(0))
                for i in (0, 1)
            )
            for row in self.v
        )


def dot(a: Sequence[Fraction], b: Sequence[Fraction]) -> Fraction:
    return sum((x * y for x, y in zip(a, b, strict=True)), Fraction(0))


def difference(a: Sequence[Fraction], b: Sequence[Fraction]) -> Point:
    return tuple(x - y for x, y in zip(a, b, strict=True))


def size(vector: Sequence[Fraction], norm: str) -> Fraction:
    return max(map(abs, vector)) if norm == "linf" else sum(map(abs, vector), Fraction(0))


def winners(values: Sequence[Fraction], by: str) -> set[int]:
    best = max(values) if by == "argmax" else min(values)
    return {i for i, value in enumerate(values) if value == best}


integers = st.integers(-2, 2).map(Fraction)
halves = st.sampled_from([Fraction(n, 2) for n in range(-3, 4)])
points = st.tuples(halves, halves)
nets = st.builds(
    Net,
    st.tuples(*(st.tuples(integers, integers),) * 3),
    st.tuples(integers, integers, integers),
    st.tuples(*(st.tuples(integers, integers, integers),) * 2),
)
samples = st.lists(points, min_size=1, max_size=5, unique=True)
small = st.sampled_from([Fraction(n, 2) for n in range(6)])
norms = st.sampled_from(["linf", "l1"])
extrema = st.sampled_from(["argmax", "argmin"])
SCOPE = check(HEAD).scope


def said(call: str, f: Net, g: Net, tried: Sequence[Point]) -> bool:
    """What the formula of `call` says, its variables tried with these points."""
    networks = {
        name: Network(
            SCOPE.families[name].declaration,
            (Port("x", (2,)),),
            (Port("y", (2,)),),
            exactly(net),
            {"h": Hidden((3,), exactly(net.hidden))},
            exactly(net.before),
            exactly(net.gradient),
        )
        for name, net in (("f", f), ("g", g))
    }
    return holds(tree_of(call, HEAD), World(SCOPE, networks), lambda _: tried)


def exactly(function: Callable[[Sequence[Fraction]], T]) -> Callable[[Sequence[Fraction | float]], T]:
    return lambda x: function([Fraction(e) for e in x])


def inside(tried: Sequence[Point]) -> list[Point]:
    return [x for x in tried if all(abs(e) <= 1 for e in x)]


def pairs(tried: Sequence[Point]) -> list[tuple[Point, Point]]:
    return list(product(inside(tried), inside(tried)))


def text(point: Sequence[Fraction]) -> str:
    return f"[{', '.join(map(str, point))}]"


@given(nets, nets, samples, st.tuples(small, small), norms)
@settings(max_examples=40)
def test_equivalent(f: Net, g: Net, tried: list[Point], within: Point, norm: str) -> None:
    gaps = [difference(f(x), g(x)) for x in inside(tried)]
    one = within[0]
    assert said(f"equivalent(f, g, on: {REGION}, within: {one}, norm: {norm})", f, g, tried) == all(
        size(gap, norm) <= one for gap in gaps
    )
    assert said(f"equivalent(f, g, on: {REGION}, within: {text(within)})", f, g, tried) == all(
        abs(d) <= limit for gap in gaps for d, limit in zip(gap, within, strict=True)
    )
    assert said(f"equivalent(f, g, on: {REGION}, relative: {one} * 100 %)", f, g, tried) == all(
        abs(y - z) <= one * abs(y) for x in inside(tried) for y, z in zip(f(x), g(x), strict=True)
    )


@given(nets, nets, samples, small, extrema)
@settings(max_examples=40)
def test_same_decision(f: Net, g: Net, tried: list[Point], margin: Fraction, by: str) -> None:
    here = inside(tried)
    assert said(f"same_decision(f, g, on: {REGION}, by: {by})", f, g, tried) == all(
        winners(f(x), by) == winners(g(x), by) for x in here
    )
    sign = 1 if by == "argmax" else -1
    clear = [(x, k) for x in here for k in (0, 1) if sign * (f(x)[k] - f(x)[1 - k]) > margin]
    assert said(f"same_decision(f, g, on: {REGION}, by: {by}, unless_within: {margin})", f, g, tried) == all(
        winners(g(x), by) == {k} for x, k in clear
    )


@given(nets, points, samples, small, norms, st.integers(0, 1), extrema)
@settings(max_examples=40)
def test_robust(
    f: Net, at: Point, tried: list[Point], radius: Fraction, norm: str, label: int, by: str
) -> None:
    call = (
        f"robust(f, at: {text(at)}, label: {label}, within: {radius}, norm: {norm}, clip: [-1, 1], by: {by})"
    )
    near = [x for x in inside(tried) if size(difference(x, at), norm) <= radius]
    assert said(call, f, f, tried) == all(winners(f(x), by) == {label} for x in near)


@given(nets, nets, points, samples)
@settings(max_examples=40)
def test_injective_no_other_preimage_and_determines(f: Net, g: Net, of: Point, tried: list[Point]) -> None:
    two = pairs(tried)
    assert said(f"injective(f, on: {REGION})", f, g, tried) == all(f(x) != f(y) or x == y for x, y in two)
    assert said(f"no_other_preimage(f, of: {text(of)}, on: {REGION})", f, g, tried) == all(
        f(x) != f(of) or x == of for x in inside(tried)
    )
    assert said(f"determines(f, g, on: {REGION})", f, g, tried) == all(
        f(x) != f(y) or g(x) == g(y) for x, y in two
    )


@given(nets, points, samples, small)
@settings(max_examples=40)
def test_affine(f: Net, at: Point, tried: list[Point], within: Fraction) -> None:
    def middle(a: Sequence[Fraction], b: Sequence[Fraction]) -> Point:
        return tuple((x + y) / 2 for x, y in zip(a, b, strict=True))

    assert said(f"affine(f, on: {REGION})", f, f, tried) == all(
        f(middle(x, y)) == middle(f(x), f(y)) for x, y in pairs(tried)
    )
    slopes = f.gradient(at)
    assume(slopes is not None)
    assert slopes is not None
    assert said(f"affine(f, on: {REGION}, at: {text(at)}, within: {within})", f, f, tried) == all(
        abs(f(x)[j] - f(at)[j] - dot(slopes[j], difference(x, at))) <= within
        for x in inside(tried)
        for j in (0, 1)
    )


@given(nets, samples)
@settings(max_examples=40)
def test_one_activation_region(f: Net, tried: list[Point]) -> None:
    assert said(f"one_activation_region(f, on: {REGION})", f, f, tried) == all(
        not (z > 0 > w) for x, y in pairs(tried) for z, w in zip(f.before(x), f.before(y), strict=True)
    )


@given(nets, points, samples, small, norms, st.booleans())
@settings(max_examples=40)
def test_explanation_stable(
    f: Net, at: Point, tried: list[Point], within: Fraction, norm: str, saliency: bool
) -> None:
    explain = explaining(f, (at, *tried), saliency)
    by = "saliency" if saliency else "gradient"
    measured = f"within: {within}, norm: {norm}, by: {by}"
    call = f"explanation_stable(f.q, at: {text(at)}, on: {REGION}, {measured})"
    assert said(call, f, f, tried) == all(
        size(difference(explain(x), explain(at)), norm) <= within for x in inside(tried)
    )
    call = f"explanation_stable(f.q, on: {REGION}, never_near: {text(at)}, {measured})"
    assert said(call, f, f, tried) == all(
        size(difference(explain(x), at), norm) > within for x in inside(tried)
    )


@given(nets, points, samples, st.sampled_from([Fraction(n, 4) for n in range(-4, 5)]), st.booleans())
@settings(max_examples=80)
def test_explanation_stable_by_direction(
    f: Net, at: Point, tried: list[Point], least: Fraction, saliency: bool
) -> None:
    explain = explaining(f, (at, *tried), saliency)
    by = "saliency" if saliency else "gradient"
    assert said(
        f"explanation_stable(f.q, at: {text(at)}, on: {REGION}, cosine: {least}, by: {by})", f, f, tried
    ) == all(cosine_is_at_least(explain(x), explain(at), least) for x in inside(tried))
    assert said(
        f"explanation_stable(f.q, on: {REGION}, never_near: {text(at)}, cosine: {least}, by: {by})",
        f,
        f,
        tried,
    ) == all(not cosine_is_at_least(explain(x), at, least) for x in inside(tried))


@given(nets, points, samples, st.booleans())
@settings(max_examples=40)
def test_same_signs_and_same_top(f: Net, at: Point, tried: list[Point], saliency: bool) -> None:
    explain = explaining(f, (at, *tried), saliency)
    where = f"at: {text(at)}, on: {REGION}, by: {'saliency' if saliency else 'gradient'}"
    signs = [tuple((e > 0) - (e < 0) for e in explain(x)) for x in (at, *inside(tried))]
    assert said(f"same_signs(f.q, {where})", f, f, tried) == (len(set(signs)) == 1)
    tops = [
        {i for i, e in enumerate(sizes) if e == max(sizes)}
        for sizes in (tuple(map(abs, explain(x))) for x in (at, *inside(tried)))
    ]
    assert said(f"same_top(f.q, {where}, k: 1)", f, f, tried) == all(top == tops[0] for top in tops)


def explaining(f: Net, needed: Sequence[Point], saliency: bool) -> Callable[[Point], Point]:
    """The explanation of f's second output; all of `needed` must have one."""
    assume(all(f.gradient(x) is not None for x in needed))

    def explain(x: Point) -> Point:
        gradient = (f.gradient(x) or ())[1]
        return tuple(a * b for a, b in zip(x, gradient, strict=True)) if saliency else gradient

    return explain


def cosine_is_at_least(a: Point, b: Point, least: Fraction) -> bool:
    """In squares alone; the cosine with 0 is 0."""
    along, lengths = dot(a, b), dot(a, a) * dot(b, b)
    if lengths == 0:
        return least <= 0
    if (along >= 0) != (least >= 0):
        return along >= 0
    return along**2 >= least**2 * lengths if least >= 0 else along**2 <= least**2 * lengths


@given(nets, samples, st.sampled_from(["increasing", "decreasing"]), st.sampled_from(["a", "b", "[b, a]"]))
@settings(max_examples=40)
def test_monotone(f: Net, tried: list[Point], direction: str, which: str) -> None:
    moved = {"a": {0}, "b": {1}, "[b, a]": {0, 1}}[which]
    sign = 1 if direction == "increasing" else -1
    expected = all(
        sign * f(x)[1] <= sign * f(y)[1]
        for x, y in pairs(tried)
        if all(x[i] <= y[i] if i in moved else x[i] == y[i] for i in (0, 1))
    )
    assert said(f"monotone(f.q, in: {which}, {direction}, on: {REGION})", f, f, tried) == expected
    numbers = f"[{', '.join(map(str, sorted(moved)))}]"
    assert said(f"monotone(f[1], in: {numbers}, {direction}, on: {REGION})", f, f, tried) == expected
    # g's inputs have no names: the formula speaks of numbers.
    assert said(f"monotone(g[1], in: {numbers}, {direction}, on: {REGION})", f, f, tried) == expected


@given(nets, samples, small, norms)
@settings(max_examples=40)
def test_lipschitz(f: Net, tried: list[Point], most: Fraction, norm: str) -> None:
    assert said(f"lipschitz(f, on: {REGION}, at_most: {most}, norm: {norm})", f, f, tried) == all(
        size(difference(f(x), f(y)), norm) <= most * size(difference(x, y), norm) for x, y in pairs(tried)
    )


@given(nets, samples, small, norms)
@settings(max_examples=40)
def test_inverse_lipschitz(f: Net, tried: list[Point], least: Fraction, norm: str) -> None:
    call = f"inverse_lipschitz(f, on: {REGION}, at_least: {least}, norm: {norm})"
    assert said(call, f, f, tried) == all(
        size(difference(f(x), f(y)), norm) >= least * size(difference(x, y), norm) for x, y in pairs(tried)
    )


@given(nets, samples, st.permutations([0, 1, 2]), st.integers(0, 3))
@settings(max_examples=40)
def test_pattern(f: Net, tried: list[Point], neurons: list[int], count: int) -> None:
    on, off = neurons[:count], neurons[count:]
    lists = "".join(f", {word}: {some}" for word, some in (("on", on), ("off", off)) if some)
    call = f"forall x in {REGION}: pattern(f.h(x){lists})"
    assert said(call, f, f, tried) == all(
        all(f.hidden(x)[i] > 0 for i in on) and all(f.hidden(x)[i] <= 0 for i in off) for x in inside(tried)
    )


@pytest.mark.parametrize(
    "limits", ["within: [-1, 1]", "at_least: -1, at_most: 1", "at_most: 1, within: [-1, 2]"]
)
@given(f=nets, tried=samples)
@settings(max_examples=30)
def test_output_range(limits: str, f: Net, tried: list[Point]) -> None:
    call = f"output_range(f.q, on: {REGION}, {limits})"
    assert said(call, f, f, tried) == all(-1 <= f(x)[1] <= 1 for x in inside(tried))
