"""Several networks, compositions, families, gradients, nested quantifiers and measures at points."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from spec_lang.diagnostics import InternalError
from spec_lang.network.graph import Graph
from spec_lang.network.primitives import RELU
from spec_lang.semantics.evaluate import (
    AtKink,
    Number,
    evaluate_at,
    holds,
    optimum_at,
    radius_at,
)
from spec_lang.syntax import ast
from tests.semantics.evaluation import WORLD, X, expression, meaning, measure, truth, value
from tests.tiny_networks import chain, dense, reference, reference_jacobian, runnable

ONE = [Fraction(1), Fraction(0)]
P = {"x": tuple(map(Fraction, (3, 1)))}


def both(text: str, **points: Sequence[Number]) -> tuple[bool, bool]:
    found = evaluate_at(expression(text), points, WORLD)
    return found.in_region, found.body


class TestSpaces:
    """The shape and the names of a point are those of the network that it is an input of."""

    @pytest.mark.parametrize(
        "formula",
        [
            "forall x in box(-9, 9): f(x).p == 1/2 and x.a == 3",
            "forall x in f.domain: x.a == 3",
            "forall x in slab[1]: x.a == 3",
            "forall x in everywhere(f): x.a == 3",
            "forall x in box(-9, 9): f(x + 0) == f(x - 0) and x.a == 3",
            "forall x in box(-9, 9): g(x) == f(x) or x.a == 3",
            "forall x in everywhere(plain): f(x + 0).p == 1/2 and x.a == 3",
            "forall x in { v | f(v).p == 1/2 and v.a == 3 }: x.a == 3",
            "forall x in box(-9, 9): f.h(x)[0] == 1 and x.a == 3",
            "forall x in box(-9, 9): preactivations(f, x)[0] == 1 and x.a == 3",
            "forall x in box(-9, 9): grad(f.p, x).a == 1/4 and x.a == 3",
        ],
    )
    def test_names(self, formula: str) -> None:
        assert both(formula, x=X) == (True, True)

    def test_without_a_network_a_point_has_the_shape_of_a_corner_or_a_centre(self) -> None:
        text = "forall x in f.domain, y in ball(x, 1, linf): x.a < y[0]"
        assert both(text, x=X, y=[Fraction(4), X[1], X[2]]) == (True, True)
        text = "forall y in box(w - 1, 9): y[1, 2] == 6 and y == w"
        assert both(text, y=list(map(Fraction, range(1, 7)))) == (True, True)
        text = "forall y in box(0, 9): y[5] == 6 and sum(y) == 21"
        assert both(text, y=list(map(Fraction, range(1, 7)))) == (True, True)

    def test_a_set_builder_lies_within_the_domain_of_its_network(self) -> None:
        outside = (Fraction(5), Fraction(0), Fraction(0))
        assert both("forall x in { v | v[0] >= 0 }: f(x).p == 2", x=outside) == (False, False)
        assert both("forall x in { v | v[0] >= 0 }: f(x).p == 1", x=outside) == (False, True)
        assert both("forall x in box(0, 9): f(x).p == 1", x=outside) == (True, True)

    def test_a_region_on_a_network_names_and_limits_the_points_of_another(self) -> None:
        assert both("forall x in low: plain(x)[0] == 1", x=ONE) == (False, True)
        assert both("forall x in low: plain(x)[0] == 1", x=[-ONE[0], Fraction(2)]) == (False, True)
        assert both("forall x in low: plain(x)[0] == 1/2", x=[ONE[0] / 2, ONE[1]]) == (
            True,
            True,
        )

    def test_a_tensor_keeps_its_shape(self) -> None:
        text = "forall x in box([1, 2, 3, 4], 9): image(x)[0] == 10 and x[1, 0] == 3 and x[:, 1] == [2, 4]"
        assert both(text, x=list(map(Fraction, (1, 2, 3, 4)))) == (True, True)
        text = "forall x in everywhere(image): forall i, j: x[i, j] == 2 * i + j + 1"
        assert both(text, x=list(map(Fraction, (1, 2, 3, 4)))) == (True, True)


class TestApplications:
    @pytest.mark.parametrize(
        "formula",
        [
            "plain(x) == [4, 2]",
            "plain(plain(x)) == 2 * x",
            "plain(plain(x) / 2) == x",
            "plain(x + [0, 1]) == [5, 1]",
            "ramp(x) == 9/4",
            "ramp(plain(x)) == 2 * x[1] + 1/4",
            "fam[2, 1](x).s == 6 and fam[1, 0](x).t == 0",
            "forall i in 1..2: fam[i, 1](x).s == 3 * i",
            "forall i, j: fam[i, j](x) == [3 * i, j]",
            "argmax(fam[2, 1](x)) == s",
            "argmax(fam[2, 1](x)) == argmax(plain(x))",
            "g([1, 3, 1]) == [3/2, 1, -1/2] and g([1, 3, 1]).q == 1",
            "two(image: [1, 2], state: 5).action == 11",
            "two(state: [5], image: x).other == [1, 5]",
            "two([1, 2], 5) == [11, 2, 5]",
            "two([1, 2, 5]) == [11, 2, 5]",
            "two([1, 2], state: 5)[1:] == [2, 5]",
            "grad(ramp, x) == [1, -1]",
            "grad(two.action, [1, 2, 5]) == [1, 0, 2]",
            "grad(plain[1], x) == [1, -1]",
            "grad(fam[2, 1].s, x) == [2, 0]",
        ],
    )
    def test_value(self, formula: str) -> None:
        text = f"forall x in box(-9, 9): plain(x) == plain(x) and ({formula})"
        assert both(text, **P) == (True, True)

    def test_every_application_encodes_and_decodes(self) -> None:
        at = (Fraction(3), Fraction(-2), Fraction(1))
        inner = value("f(x)", {"x": at}).elements
        expected = value("f(x)", {"x": inner}).elements  # type: ignore[dict-item]
        assert value("f(f(x))", {"x": at}).elements == expected != inner

    def test_several_inputs_are_quantified_one_by_one(self) -> None:
        text = "forall a in box(0, 2), b in box(0, 9): two(image: a, state: b).action == a[0] + 2 * b"
        assert both(text, a=list(map(Fraction, (1, 2))), b=[Fraction(5)]) == (True, True)

    @pytest.mark.parametrize(
        "formula",
        [
            "two(image: [1, 2], state: 5, more: 1) == 0",
            "two([1, 2], 5, 7) == 0",
            "two(image: [1, 2, 3], state: 5) == 0",
            "plain(norm(x, l2) * [1, 1]) == 0",
            "fam(x) == 0",
            "fam[3, 0](x) == 0",
            "plain.h(x) == 0",
        ],
    )
    def test_what_cannot_be_applied(self, formula: str) -> None:
        with pytest.raises(InternalError):
            meaning(f"forall x in box(-9, 9): plain(x) == 0 or {formula}", x=[Fraction(1), Fraction(1)])


class TestNestedQuantifiers:
    def test_samples_stand_for_points_inside_of_a_body(self) -> None:
        grid = [[Fraction(i), Fraction(j)] for i in range(-2, 3) for j in range(-2, 3)]

        def samples(_: ast.Binding) -> list[list[Fraction]]:
            return grid

        inverse = "forall x in box(-2, 2): exists y in box(-2, 2): plain(y) == 2 * x"
        assert not holds(expression(inverse), WORLD, samples)
        small = "forall x in box(-1, 1): exists y in box(-2, 2): plain(y) == 2 * x"
        assert holds(expression(small), WORLD, samples)
        two_claims = f"({small}) and not ({inverse})"
        assert holds(expression(two_claims), WORLD, samples)
        assert evaluate_at(expression(two_claims), {}, WORLD, samples).body
        injective = "forall x in box(-2, 2), y in box(-2, 2): plain(x) == plain(y) => x == y"
        assert holds(expression(injective), WORLD, samples)
        assert not holds(expression(injective.replace("plain", "ramp")), WORLD, samples)

    def test_nobody_gives_points(self) -> None:
        with pytest.raises(InternalError):
            holds(expression("forall x in box(0, 1): plain(x) == 0"), WORLD)

    def test_a_perturbed_network_is_given_like_a_point(self) -> None:
        plain = WORLD.networks["plain"]
        other = runnable(chain(2, dense([[1, 1], [1, -1]], [0, 0.5])), plain.declaration)
        text = "forall g2 in perturbed(plain, 1 %), x in box(0, 1): norm(g2(x) - plain(x), linf) <= {}"
        for limit, expected in (("1/2", True), ("0.4", False)):
            assert meaning(text.format(limit), g2=other, x=ONE).body is expected


class TestMeasures:
    def test_the_expression_of_an_optimum(self) -> None:
        quantity = measure("max norm(f(x) - f(y), l1) for x in f.domain, y in ball(x, 1, linf), to 1 %")
        assert isinstance(quantity, ast.Optimum)
        near = (X[0] + 1, X[1], X[2])
        found = optimum_at(quantity, {"x": X, "y": near}, WORLD)
        assert (found.in_region, found.value.scalar) == (True, Fraction(1, 4))
        far = (X[0] + 2, X[1], X[2])
        found = optimum_at(quantity, {"x": X, "y": far}, WORLD)
        assert (found.in_region, found.value.scalar) == (False, Fraction(1, 2))

    @pytest.mark.parametrize(
        ("radius", "in_region", "body"),
        [("1", True, True), ("1/2", False, True), ("2", True, False), ("4", False, False)],
    )
    def test_the_claim_of_a_radius(self, radius: str, in_region: bool, body: bool) -> None:
        quantity = measure("largest r in [0, 3] with forall x in ball(0, r, linf): r < 2 and f(x) == f(x)")
        assert isinstance(quantity, ast.Radius)
        found = radius_at(quantity, Fraction(radius), {"x": (Fraction(1), ONE[1], ONE[1])}, WORLD)
        assert (found.in_region, found.body) == (in_region, body)


# -- gradients ---------------------------------------------------------------------------------------------

small = st.integers(-3, 3)


@st.composite
def relu_chains(draw: st.DrawFn) -> Graph:
    """2 inputs, 3 ReLUs, 2 ReLUs, 2 outputs, with integer weights."""

    def layer(outputs: int, inputs: int) -> list[list[float]]:
        return [[draw(small) for _ in range(inputs)] for _ in range(outputs)]

    biases = [[float(draw(small)) for _ in range(3)], [float(draw(small)) for _ in range(2)]]
    first, second = dense(layer(3, 2), biases[0]), dense(layer(2, 3), biases[1])
    return chain(2, first, RELU, second, RELU, dense(layer(2, 2)))


coordinates = st.fractions(-3, 3, max_denominator=7)


@given(relu_chains(), st.tuples(coordinates, coordinates))
def test_the_gradient_is_the_difference_quotient_within_one_activation_region(
    graph: Graph, point: tuple[Fraction, Fraction]
) -> None:
    rows = reference_jacobian(graph, point)
    assume(rows is not None and all(_pattern(graph, point)))
    assert rows is not None
    step = Fraction(1)
    for i in range(2):
        moved = list(point)
        while True:  # until the step stays within the region, which is open
            moved[i] = point[i] + step
            if _signs(graph, moved) == _signs(graph, point):
                break
            step /= 2
        before, after = reference(graph, point), reference(graph, moved)
        for row, a, b in zip(rows, before, after, strict=True):
            assert row[i] == (b - a) / step


def _pattern(graph: Graph, point: Sequence[Fraction]) -> tuple[Fraction, ...]:
    network = runnable(graph, WORLD.networks["plain"].declaration)
    assert network.preactivations is not None
    return tuple(Fraction(t) for t in network.preactivations(point))


def _signs(graph: Graph, point: Sequence[Fraction]) -> tuple[int, ...]:
    return tuple((t > 0) - (t < 0) for t in _pattern(graph, point))


@given(st.tuples(coordinates, coordinates, coordinates), st.sampled_from(("f.p", "f.q", "f.r")))
def test_the_gradient_is_taken_in_problem_space(x: tuple[Fraction, ...], output: str) -> None:
    try:
        gradient = value(f"grad({output}, x)", {"x": x}).elements
    except AtKink:
        assert 0 in value("preactivations(f, x)", {"x": x}).elements
        return
    step = Fraction(1, 10**6)  # no coordinate is so near to a kink: denominators are small
    for i, slope in enumerate(gradient):
        moved = tuple(e + step * (i == j) for j, e in enumerate(x))
        output_of = f"f(x){output.removeprefix('f')}"
        rise = value(output_of, {"x": moved}).scalar - value(output_of, {"x": x}).scalar  # type: ignore[operator]
        assert slope == rise / step


def test_at_a_kink_there_is_no_gradient() -> None:
    with pytest.raises(AtKink):
        truth("grad(f.p, x) == 0", {"x": (Fraction(1), Fraction(1), Fraction(0))})
