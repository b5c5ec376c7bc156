"""`softmax(f)`, `cross_entropy(f)`, `sigmoid(f)` and their gradients: what is lowered against the meaning.

Values are irrational: both are computed in floats, in different ways, and compared by nearness.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume
from hypothesis import strategies as st

from spec_lang.network.evaluate import evaluate
from spec_lang.network.primitives import Binary, Smooth
from spec_lang.obligations.model import LinearAtom
from spec_lang.semantics.evaluate import World, optimum_at
from spec_lang.syntax import ast
from spec_lang.syntax.parse import parse_module
from tests.laws import law
from tests.semantics.worlds import accepted, check, network, stated
from tests.tiny_networks import reference_jacobian, runnable

FILE = """
network f = "f.onnx" {
    input a, b, c
    output DISPLAYED
    encode x = (x - [1, 0, 1/3]) / [3, 7, -5/3]
    decode y = y * SCALES - 1/2
}
region near on f = box(-3, 3)
"""
NAMES = ("p", "q", "r", "s", "t")
coordinates = st.integers(-18, 18).map(lambda n: Fraction(n, 6))
TERMS = (
    "{head}(f)(x).{label}",
    "sum({head}(f)(x))",
    "grad({head}(f).{label}, x).b",
    "dot(grad({head}(f)[0], x), x)",
    "grad({head}(f).{label}, x).a - grad({head}(f)[1], [1/3, -1/2, 2/7]).a",
    "f(x).{label} + {head}(f)(x)[1]",
)


def file(outputs: int) -> str:
    scales = ", ".join(("1/4", "-1/2", "1", "1/8", "-1/4")[:outputs])
    return FILE.replace("DISPLAYED", ", ".join(NAMES[:outputs])).replace("SCALES", f"[{scales}]")


@law(
    60,
    1000,
    seed=st.integers(0, 30),
    outputs=st.integers(2, 5),
    head=st.sampled_from(["softmax", "cross_entropy", "sigmoid"]),
    term=st.sampled_from(TERMS),
    label=st.integers(0, 4),
    point=st.tuples(coordinates, coordinates, coordinates),
)
def test_the_graph_computes_the_meaning(
    seed: int, outputs: int, head: str, term: str, label: int, point: tuple[Fraction, ...]
) -> None:
    written = term.format(head=head, label=NAMES[label % outputs])
    text = f"{file(outputs)}claim c: forall x in near: {written} <= 0\n"
    checked = accepted(text, {"f": network(outputs=outputs, seed=seed)})
    statement = stated(checked["c"])
    atom = statement.violation
    assert isinstance(atom, LinearAtom)
    axes = statement.frame.inputs[:3]
    own = (axis.scaling.to_network(value) for axis, value in zip(axes, point, strict=True))
    tied = {tie.input: tie.constant for tie in statement.ties}  # where a gradient at a point is computed
    place = (*own, *(tied[index] for index in range(3, statement.graph.input_size)))
    graph = checked.graphs["f"]
    kinks = [reference_jacobian(graph, place[start : start + 3]) is None for start in range(0, len(place), 3)]
    assume(not any(kinks))  # which floats miss
    found = evaluate(statement.graph, np.array([list(map(float, place))]))[0]
    value = float(atom.constant) + sum(float(c) * float(place[i]) for i, c in atom.inputs)
    value += sum(float(c) * float(found[j]) for j, c in atom.outputs)
    expected = meaning_of(written, text, outputs, seed, point)
    assert value == pytest.approx(-expected, rel=1e-9, abs=1e-9)  # the violation is −E < 0


def meaning_of(written: str, text: str, outputs: int, seed: int, point: tuple[Fraction, ...]) -> float:
    checked = accepted(text, {"f": network(outputs=outputs, seed=seed)})
    uses = checked.scope.networks
    networks = {use.label: runnable(checked.graphs[use.label], use.declaration, float) for use in uses}
    module = parse_module(f"{text}measure m = max {written} for x in near\n", "spec.nnspec").module
    (quantity,) = (d.quantity for d in module.declarations if isinstance(d, ast.MeasureDecl))
    assert isinstance(quantity, ast.Optimum)
    world = World(checked.scope, networks, float)
    return float(optimum_at(quantity, {"x": tuple(map(float, point))}, world).value.scalar)


def test_of_two_classes_nothing_is_multiplied_but_by_slopes_of_the_network() -> None:
    """A gradient of a probability starts from a square, that of a loss from a constant less a probability."""
    for head, squares in (("softmax", 1), ("cross_entropy", 0)):
        text = f"{file(2)}claim c: forall x in near: grad({head}(f).p, x).a <= 0\n"
        graph = stated(accepted(text, {"f": network(outputs=2)})["c"]).graph
        kinds = [node.primitive for node in graph.nodes]
        assert Binary.PRODUCT not in kinds
        assert Smooth.SOFTPLUS not in kinds
        assert kinds.count(Smooth.SQUARE) == squares


@pytest.mark.parametrize(
    ("claim", "code", "says"),
    [
        ("softmax(f(x)).p <= 1", "NN118", "softmax(f)(x)"),
        ("softmax(softmax(f))(x).p <= 1", "NN118", "without a head"),
        ("grad(softmax(f), x).a <= 1", "NN118", "has 2 outputs"),
        ("softmax(f)(x).z <= 1", "NN117", "`z`"),
        ("softmax(f).z <= 1", "NN117", "`softmax(f)` has no layer and no output `z`"),
        ("softmax(f)[2](x) <= 1", "NN122", "`softmax(f)` has no output 2"),
        ("softmax(f, x).p <= 1", "NN109", "softmax"),
        ("softmax(x)(x).p <= 1", "NN118", "stands where a network is needed"),
        ("cosine(f(x), [0, 0]) >= 0.5", "NN152", "has no direction"),
        ("cosine(f(x), [0, 1]) >= 1.5", "NN125", "between"),
        ("cosine(f(x), [0, 1]) == 1", "NN125", "=="),
        ("cosine(f(x), [0, 1]) + 1 <= 1", "NN118", "by itself"),
        ("cosine(f(x), [0, 1, 2]) <= 1", "NN119", "elements"),
        ("cosine(f(x), [0, 1]) <= f(x).p", "NN153", "what varies"),
        ("argtop(f(x), 2) == argtop([1, 2], 2)", "NN119", "picks some"),
        ("argtop(f(x), 1) == argtop([1, 1], 1)", "NN152", "tie"),
        ("argtop(f(x), 1) == argtop([1, 2, 3], 1)", "NN125", "as many elements"),
        ("argtop(f(x), 1) == argmax(f(x))", "NN125", "something else"),
        ("argmax(f(x)) == argtop(f(x), 1)", "NN125", "two kinds"),
        ("1 in argtop(f(x), 1)", "NN125", "which they all are"),
        ("argtop(x, 1) == argtop([1, 2, 3], 2)", "NN125", "2 greatest"),
    ],
)
def test_a_mistake_gets_its_diagnostic(claim: str, code: str, says: str) -> None:
    checked = check(f"{file(2)}claim c: forall x in near: {claim}\n", {"f": network(outputs=2)})
    assert checked.codes == (code,)
    (problem,) = checked.problems
    assert says in f"{problem.problem} {problem.fix}"


def test_one_output_has_no_softmax_but_a_sigmoid() -> None:
    text = f"{file(1)}claim c: forall x in near: HEAD(f)(x).p <= 1\n"
    graphs = {"f": network(outputs=1)}
    refused = check(text.replace("HEAD", "softmax"), graphs)
    assert refused.codes == ("NN118",)
    assert refused.problems[0].fix == "write `sigmoid(f)`"
    assert accepted(text.replace("HEAD", "sigmoid"), graphs)["c"].statement is not None


def test_what_no_float_holds_is_no_logit() -> None:
    text = file(2).replace("1/4", "1/3")
    checked = check(f"{text}claim c: forall x in near: softmax(f)(x).p <= 1\n", {"f": network(outputs=2)})
    assert checked.codes == ("NN156",)
    assert checked["c"].statement is None


def test_two_sides_that_vary_have_no_known_ranks() -> None:
    claim = "forall x in near: argtop(grad(f.p, x), 1) == argtop(grad(f.q, x), 1)"
    checked = check(f"{file(2)}claim c: {claim}\n", {"f": network(outputs=2)})
    assert checked.codes == ("NN120",)
