"""What a typed claim carries: attributes, the way back, the clauses, the graph."""

from __future__ import annotations

from fractions import Fraction

from spec_lang.network.graph import Graph, TensorSpec
from spec_lang.obligations.model import Axis, Scaling, atoms
from spec_lang.semantics.claim_graph.uses import networks_used
from spec_lang.semantics.formulas.clauses import clause_text
from spec_lang.semantics.model import Attributes, Expectation
from tests.semantics.evaluation import expression
from tests.semantics.worlds import accepted, network, stated

FILE = """
network f = "f.onnx" {
    input a "ft", b, c
    output p, q
    encode x = [x.a / 2, x.b - 1, 3 - x.c]
    decode y = y * 10
    layer h = "t1"
}
"""


def sources(body: str) -> list[str]:
    claim = accepted(f"{FILE}claim c: forall x in box(0, 1): {body}")["c"]
    return list(dict.fromkeys(atom.source for atom in atoms(stated(claim).violation)))


def shaped(shape: tuple[int, ...]) -> Graph:
    """`network`, its input seen as a tensor."""
    size = TensorSpec("x", shape).size
    graph = network(inputs=size)
    return Graph((TensorSpec("x", shape),), graph.nodes, graph.outputs, graph.tensors)


def test_attributes_are_read() -> None:
    text = "claim c @timeout(1.5 min) @using(bounds) @expect(refuted) @tags(slow, nightly): "
    attributes = accepted(f"{FILE}{text} forall x in box(0, 1): f(x).p <= 0")["c"].attributes
    assert attributes.using is not None
    assert attributes == Attributes(Fraction(90), attributes.using, Expectation.REFUTED, ("slow", "nightly"))
    assert attributes.using.text == "bounds"


def test_the_frame_leads_back_to_the_user_s_units() -> None:
    frame = stated(accepted(f"{FILE}claim c: forall z in box(0, 1): f(z).p <= 0")["c"]).frame
    assert (frame.network, frame.variable) == ("f", "z")
    assert frame.inputs == (
        Axis("a", "ft", Scaling(Fraction(2), Fraction(0))),
        Axis("b", None, Scaling(Fraction(1), Fraction(1))),
        Axis("c", None, Scaling(Fraction(-1), Fraction(3))),
    )
    assert [axis.scaling.factor for axis in frame.outputs] == [10, 10]


def test_elements_without_names_are_shown_by_their_indices() -> None:
    claim = accepted(
        'network f = "f.onnx"\nclaim c: forall x in box(0, 1): x[0, 1, 1] <= f(x)[0]',
        {"f": shaped((1, 2, 2))},
    )["c"]
    assert [axis.name for axis in stated(claim).frame.inputs] == [
        "x[0, 0, 0]",
        "x[0, 0, 1]",
        "x[0, 1, 0]",
        "x[0, 1, 1]",
    ]
    assert [axis.name for axis in stated(claim).frame.outputs] == ["y[0]", "y[1]"]
    (atom,) = atoms(stated(claim).violation)
    assert (atom.inputs, atom.outputs) == (((3, Fraction(-1)),), ((0, Fraction(1)),))


def test_a_vector_of_data_stands_for_a_tensor_row_by_row() -> None:
    text = 'network f = "f.onnx"\nclaim c: forall x in ball([1, 2, 3, 4], 0, linf): f(x)[0] <= 0'
    claim = accepted(text, {"f": shaped((1, 2, 2))})["c"]
    assert [abs(atom.constant) for atom in atoms(stated(claim).region)] == [1, 1, 2, 2, 3, 3, 4, 4]


def test_hidden_tensors_stand_behind_the_outputs() -> None:
    claim = accepted(f"{FILE}claim c: forall x in box(0, 1): f.h(x)[1] <= f(x).q")["c"]
    assert [axis.name for axis in stated(claim).frame.outputs] == ["p", "q", "h[0]", "h[1]", "h[2]"]
    assert stated(claim).graph.output_size == 5
    (atom,) = atoms(stated(claim).violation)
    assert atom.outputs == ((1, Fraction(10)), (3, Fraction(-1)))


def test_a_clause_is_a_conjunct_as_the_user_wrote_it() -> None:
    assert sources("f(x).p <= 0 and f(x).q > 1") == ["f(x).p <= 0", "f(x).q > 1"]
    assert sources("0 <= f(x).p < 3") == ["0 <= f(x).p", "f(x).p < 3"]
    assert sources("f(x).p <= 0 or f(x).q > 1") == ["f(x).p <= 0 or f(x).q > 1"]
    assert sources("x.a <= 0 => f(x).p <= 0") == ["x.a <= 0 => f(x).p <= 0"]
    assert sources("not f(x).p <= 0") == ["not f(x).p <= 0"]
    assert sources("argmax(f(x)) == p") == ["argmax(f(x)) == p"]


def test_long_data_is_cut_short_in_clauses() -> None:
    numbers = ", ".join(str(n) for n in range(20))
    text = f'network f = "f.onnx"\nclaim c: forall x in box([{numbers}], 99): f(x)[0] <= 0'
    claim = accepted(text, {"f": network(inputs=20)})["c"]
    assert next(atoms(stated(claim).region)).source == "box([0, 1, …, 19], 99)"
    assert clause_text(expression("dot(x, [[1, 2], [3, 4]])")) == "dot(x, [[1, 2], [3, 4]])"
    rows = ", ".join(["[1, 2, 3]"] * 3)
    assert clause_text(expression(f"[{rows}] + 1")) == "[[1, …], …] + 1"
    assert clause_text(expression(f"[[{rows}], [{rows}]]")) == "[[[1, …], …], …]"


def test_the_networks_of_the_wanted_claims_are_known_without_loading_any() -> None:
    text = """
network g[i in 1..9] = "g_{i}.onnx" { input a, b, c }
region low on g = { x | x.a <= 0 }
region seventh on g[7] = box(0, 1)
claim c[i in 2..3]: forall x in low: g[i](x)[0] <= 0
claim d: forall x in seventh: x.a <= 2
"""
    scope = accepted(text).scope
    assert [use.label for use in networks_used(scope, lambda _: True)] == ["g[2]", "g[3]", "g[7]"]
    assert [use.label for use in networks_used(scope, lambda name: name == "c[3]")] == ["g[3]"]
