"""A world for the tests of the reference meaning: small networks whose values can be worked out by hand.

In: the text of formulas and terms.  Out: what the reference semantics says of them at points.  `f` is a ReLU
between scalings, `plain` is linear and has no names, `fam` is a family, `two` has two inputs and two outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from spec_lang.diagnostics import DiagnosticLog
from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.primitives import RELU
from spec_lang.semantics import evaluate
from spec_lang.semantics.evaluate import Array, Meaning, Network, Number, World
from spec_lang.semantics.names.resolve import resolve
from spec_lang.semantics.terms.values import ArrayValue, DataValue, Value
from spec_lang.syntax import ast
from spec_lang.syntax.parse import parse_expression, parse_module
from tests.tiny_networks import chain, dense, relu_network, runnable

SPEC = """
language 1
network f = "f.onnx" {
    input a "m", b "m", c
    output p, q "m", r
    encode x = (x - [1, 0, -1/2]) / [2, 1, -3]
    decode y = y * [1/2, -2, 1] + [0, 1, 0]
    domain a in [-1, 4], c in [-2, 2]
    layer h = "t1"
}
network g = "g.onnx" like f
network plain = "plain.onnx"
network ramp = "ramp.onnx"
network two = "two.onnx"
network image = "image.onnx"
network fam[i in 1..2, j in 0..1] = "fam_{i}_{j}.onnx" {
    input u, v
    output s, t
    domain u in [0, 1]
}
param eps = 1/2
param corner = [0, -1, 1/2]
param w = [[1, 2, 3], [4, 5, 6]]
region near = ball(corner, 1, linf)
region slab[k in 0..2] on f = { x | x[k] <= 1 }
region low on fam = { z | z.u <= 1/2 }
"""

IDENTITY = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]


def _f() -> Graph:
    """`max(z, 0)`, element by element."""
    graph = chain(3, dense(IDENTITY), RELU, dense(IDENTITY))
    names = (("x", 0), ("t0", 1), ("t1", 2), ("t2", 3))
    return Graph(graph.inputs, graph.nodes, graph.outputs, names)


def _two() -> Graph:
    """Of `image` (2,) and `state` (1,): `action = image0 + 2 state`, `other = (image1, state)`."""
    inputs = (TensorSpec("image", (2,)), TensorSpec("state", (1,)))
    image, state = dense([[1, 0]]), dense([[2]])
    action = replace(image, maps=(*image.maps, *state.maps))
    image, state = dense([[0, 1], [0, 0]]), dense([[0], [1]])
    other = replace(image, maps=(*image.maps, *state.maps))
    nodes = (
        Node(action, (0, 1), TensorSpec("action", (1,))),
        Node(other, (0, 1), TensorSpec("other", (2,))),
    )
    return Graph(inputs, nodes, (2, 3))


def _image() -> Graph:
    """The sum and the last element of a tensor of shape (2, 2)."""
    graph = chain(4, dense([[1, 1, 1, 1], [0, 0, 0, 1]]))
    return replace(graph, inputs=(TensorSpec("x", (2, 2)),))


def graphs() -> dict[str, Graph]:
    found = {
        "f": _f(),
        "g": chain(3, dense([[0, 1, 0], [1, 0, 0], [0, 0, 1]])),
        "plain": chain(2, dense([[1, 1], [1, -1]])),
        "ramp": relu_network(),
        "two": _two(),
        "image": _image(),
    }
    for i in (1, 2):
        for j in (0, 1):
            found[f"fam[{i},{j}]"] = chain(2, dense([[i, 0], [0, j]]))
    return found


@dataclass(frozen=True)
class Table:
    """The numbers of an array of data."""

    numbers: tuple[Fraction, ...]

    def fractions(self, start: int, stop: int) -> tuple[Fraction, ...]:
        return self.numbers[start:stop]


def _data() -> dict[str, Value]:
    images = Table(tuple(Fraction(n, 2) for n in range(6)))
    labels = Table((Fraction(1), Fraction(2)))
    arrays = {
        "images": ArrayValue("digits.images", "real", (2, 3), images),
        "labels": ArrayValue("digits.labels", "label", (2,), labels),
    }
    return {
        "digits": DataValue("digits", arrays),
        "centre": ArrayValue("centre", "real", (3,), Table((Fraction(3), Fraction(-2), Fraction(1)))),
    }


METRES = {"m": Fraction(1), "km": Fraction(1000), "ft": Fraction(3048, 10000)}


def convert(value: Fraction, unit: str, other: str) -> Fraction:
    return value * METRES[unit] / METRES[other]


def make_world(number: Callable[[Fraction], Number] = Fraction) -> World:
    log = DiagnosticLog()
    scope = resolve(parse_module(SPEC, "spec.nnspec").module, {}, {}, frozenset(), log)
    assert not [problem for problem in log if problem.is_error], list(log)
    scope = replace(scope, parameters={**scope.parameters, **_data()})
    uses = {use.label: use.declaration for use in scope.networks}
    kind = type(number(Fraction(0)))
    networks = {label: runnable(graph, uses[label], kind) for label, graph in graphs().items()}
    return World(scope, networks, number, convert)


WORLD = make_world()
FLOATS = make_world(float)

Points = Mapping[str, "Sequence[Number] | Network"]
X: Sequence[Fraction] = tuple(map(Fraction, (3, -2, 1)))  # f(x) = [1/2, 1, 0]
Y: Sequence[Fraction] = (Fraction(-1), Fraction(1), Fraction(-7, 2))  # f(y) = [0, -1, 1]
TIES: Sequence[Fraction] = (Fraction(1), Fraction(1, 2), Fraction(1))  # f = [0, 0, 0]
AT: Points = {"x": X, "y": Y, "z": TIES}
SPACE = "everywhere(f)"


def expression(text: str) -> ast.Expr:
    """A formula or a term."""
    parsed, problems = parse_expression(text, "test")
    assert parsed is not None, problems
    return parsed


def meaning(text: str, world: World = WORLD, **points: Sequence[Number] | Network) -> Meaning:
    """`evaluate_at` of a formula, as text."""
    return evaluate.evaluate_at(expression(text), points, world)


def measure(text: str) -> ast.Optimum | ast.Radius:
    """What stands behind the `=` of a measure."""
    parsed = parse_module(f"measure m = {text}", "test")
    (declaration,) = parsed.module.declarations
    assert isinstance(declaration, ast.MeasureDecl), parsed.diagnostics
    assert not isinstance(declaration.quantity, ast.Count | ast.Share)
    return declaration.quantity


def value(text: str, points: Points = AT, world: World = WORLD) -> Array:
    """The value of a term over `x`, `y` and `z`, which are points of `f` unless something else is given."""
    bindings = ", ".join(f"{name} in {SPACE}" for name in points)
    quantity = measure(f"max {text} for {bindings}")
    assert isinstance(quantity, ast.Optimum)
    return evaluate.optimum_at(quantity, points, world).value


def truth(text: str, points: Points = AT, world: World = WORLD) -> bool:
    """Whether a formula over `x`, `y` and `z` holds."""
    bindings = ", ".join(f"{name} in {SPACE}" for name in points)
    return evaluate.evaluate_at(expression(f"forall {bindings}: {text}"), points, world).body
