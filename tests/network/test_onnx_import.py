"""Laws of the import: the graph is the file's function, exactly, with the file's own names and floats."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper, numpy_helper

from spec_lang.diagnostics import Diagnostic, Span
from spec_lang.kernel.exact import evaluate_exact
from spec_lang.network.evaluate import evaluate
from spec_lang.network.graph import Graph
from spec_lang.network.onnx_import import load_graph
from spec_lang.network.onnx_lower import NEWEST_OPSET
from spec_lang.network.primitives import RELU, Affine, Dense, Scale
from tests.tiny_networks import onnx_bytes, onnx_model, perceptron

SPAN = Span("s.nnspec", 1, 1, 1, 9)
ONES = np.ones((2, 2), dtype=np.float32)


def loaded(model: onnx.ModelProto | bytes) -> Graph:
    data = model if isinstance(model, bytes) else model.SerializeToString()
    graph, problems = load_graph(data, "f")
    assert problems == ()
    assert graph is not None
    return graph


def refused(model: onnx.ModelProto | bytes) -> tuple[Diagnostic, ...]:
    data = model if isinstance(model, bytes) else model.SerializeToString()
    graph, problems = load_graph(data, "f", SPAN)
    assert graph is None
    assert problems
    assert all(problem.span == SPAN and problem.is_error for problem in problems)
    return problems


def affine(graph: Graph, position: int) -> Affine:
    primitive = graph.nodes[position].primitive
    assert isinstance(primitive, Affine)
    return primitive


def relu_of(shape: Sequence[int | str | None]) -> bytes:
    return onnx_bytes([helper.make_node("Relu", ["x"], ["y"])], {"x": shape})


class TestShapes:
    @pytest.mark.parametrize(
        ("shape", "expected"),
        [
            ([1, 5], (5,)),
            ([1, 1, 1, 5], (5,)),
            (["N", 5], (5,)),
            ([None, 5], (5,)),
            ([5], (5,)),
            ([1, 784, 1], (784,)),
            ([1], (1,)),
            ([1, 1], (1,)),
            (["N"], (1,)),
            ([], (1,)),
            ([1, 3, 8, 8], (3, 8, 8)),
            ([1, 1, 28, 28], (1, 28, 28)),
            ([2, 3], (2, 3)),
        ],
    )
    def test_the_batch_is_dropped_and_vectors_are_squeezed(
        self, shape: list[int | str | None], expected: tuple[int, ...]
    ) -> None:
        graph = loaded(relu_of(shape))
        assert expected == graph.inputs[0].shape
        assert expected == graph.value(graph.outputs[0]).shape

    def test_an_open_dimension_that_is_no_batch_is_refused(self) -> None:
        (problem,) = refused(relu_of([1, "length", 3]))
        assert problem.code == "NN213"
        assert "`x` of shape [1, length, 3]" in problem.problem

    def test_an_output_that_is_reshaped_has_its_own_name_and_shape(self) -> None:
        nodes = [
            helper.make_node("Relu", ["x"], ["hidden"]),
            helper.make_node("Reshape", ["hidden", "s"], ["y"]),
        ]
        graph = loaded(onnx_bytes(nodes, {"x": [1, 6]}, weights={"s": np.array([1, 2, 3])}))
        assert graph.value(graph.outputs[0]).shape == (2, 3)
        assert graph.value(graph.outputs[0]).name == "y"
        assert {"x", "hidden", "y"} == {name for name, _ in graph.tensors}


class TestStructure:
    def test_a_bias_that_follows_a_product_is_folded_with_the_weights_as_stored(self) -> None:
        model = perceptron()
        graph = loaded(model)
        stored = {i.name: numpy_helper.to_array(i) for i in model.graph.initializer}
        assert [Affine, type(RELU), Affine] == [type(node.primitive) for node in graph.nodes]
        last = affine(graph, 2)
        assert isinstance(last.maps[0], Dense)
        np.testing.assert_array_equal(last.maps[0].weight, stored["w2"].T)
        np.testing.assert_array_equal(last.bias, stored["b2"])
        assert last.bias.dtype == np.float32
        assert not last.bias.flags.writeable
        assert not last.maps[0].weight.flags.writeable

    def test_hidden_tensors_have_their_onnx_names(self) -> None:
        graph = loaded(perceptron())
        assert dict(graph.tensors) == {"x": 0, "h": 1, "r": 2, "y": 3}

    def test_a_second_bias_stays_a_node_of_its_own(self) -> None:
        nodes = [
            helper.make_node("Gemm", ["x", "w", "b"], ["g"]),
            helper.make_node("Add", ["g", "c"], ["y"]),
        ]
        weights = {
            "w": ONES,
            "b": np.array([1e8, 0], dtype=np.float32),
            "c": np.array([1, 1], dtype=np.float32),
        }
        graph = loaded(onnx_bytes(nodes, {"x": [1, 2]}, weights=weights))
        assert len(graph.nodes) == 2
        zero = (Fraction(0), Fraction(0))
        assert (Fraction(10**8 + 1), Fraction(1)) == evaluate_exact(graph, zero)

    def test_a_product_that_is_read_twice_keeps_its_node(self) -> None:
        nodes = [
            helper.make_node("MatMul", ["x", "w"], ["m"]),
            helper.make_node("Add", ["m", "c"], ["a"]),
            helper.make_node("Add", ["a", "m"], ["y"]),
        ]
        weights = {"w": ONES, "c": np.array([0.5, 1], dtype=np.float32)}
        graph = loaded(onnx_bytes(nodes, {"x": [1, 2]}, weights=weights))
        expected = (Fraction(13, 2), Fraction(7))
        assert expected == evaluate_exact(graph, (Fraction(1), Fraction(2)))

    def test_adding_nothing_is_no_node(self) -> None:
        nodes = [helper.make_node("Sub", ["x", "z"], ["c"]), helper.make_node("Relu", ["c"], ["y"])]
        graph = loaded(onnx_bytes(nodes, {"x": [1, 2]}, weights={"z": np.zeros(2, dtype=np.float32)}))
        assert [node.primitive for node in graph.nodes] == [RELU]

    def test_a_residual_sum_is_one_affine_node_of_two_maps(self) -> None:
        nodes = [helper.make_node("Relu", ["x"], ["r"]), helper.make_node("Add", ["x", "r"], ["y"])]
        graph = loaded(onnx_bytes(nodes, {"x": [1, 2]}))
        assert [Scale, Scale] == [type(m) for m in affine(graph, 1).maps]
        assert graph.nodes[1].operands == (0, 1)

    def test_an_alpha_that_would_round_float64_weights_gets_a_node_of_its_own(self) -> None:
        node = helper.make_node("Gemm", ["x", "w"], ["y"], alpha=0.1)
        data = onnx_bytes([node], {"x": [1, 1]}, weights={"w": np.array([[0.1]], dtype=np.float64)})
        graph = loaded(data)
        assert [Dense, Scale] == [type(affine(graph, i).maps[0]) for i in range(2)]
        expected = Fraction(0.1) * Fraction(float(np.float32(0.1)))
        assert (expected,) == evaluate_exact(graph, (Fraction(1),))

    def test_an_alpha_times_float32_weights_is_folded_exactly(self) -> None:
        node = helper.make_node("Gemm", ["x", "w"], ["y"], alpha=0.1)
        graph = loaded(onnx_bytes([node], {"x": [1, 1]}, weights={"w": np.array([[0.1]], dtype=np.float32)}))
        assert len(graph.nodes) == 1
        expected = Fraction(float(np.float32(0.1))) ** 2
        assert (expected,) == evaluate_exact(graph, (Fraction(1),))

    def test_half_precision_weights_are_widened_exactly(self) -> None:
        weight = np.array([[0.1, 6e-8], [65504, -0.0]], dtype=np.float16)
        graph = loaded(
            onnx_bytes([helper.make_node("MatMul", ["x", "w"], ["y"])], {"x": [1, 2]}, weights={"w": weight})
        )
        kept = affine(graph, 0).maps[0]
        assert isinstance(kept, Dense)
        assert kept.weight.dtype == np.float32
        np.testing.assert_array_equal(kept.weight.T, weight)

    def test_bfloat16_weights_are_widened_exactly(self) -> None:
        proto = onnx.TensorProto(
            name="c", data_type=onnx.TensorProto.BFLOAT16, dims=[2], raw_data=b"\xcd\x3d\x80\xbf"
        )
        model = onnx_model([helper.make_node("Add", ["x", "c"], ["y"])], {"x": [1, 2]})
        model.graph.initializer.append(proto)
        graph = loaded(model)
        assert (Fraction(0x3DCD0000 & 0x7FFFFF | 0x800000, 2**27), Fraction(-1)) == evaluate_exact(
            graph, (Fraction(0),) * 2
        )

    def test_several_inputs_and_outputs_keep_the_order_of_the_file(self) -> None:
        nodes = [helper.make_node("Sub", ["b", "a"], ["d"]), helper.make_node("Neg", ["a"], ["n"])]
        graph = loaded(onnx_bytes(nodes, {"a": [1, 2], "b": [1, 2]}, ("n", "d")))
        point = tuple(map(Fraction, (1, 2, 30, 40)))
        assert tuple(map(Fraction, (-1, -2, 29, 38))) == evaluate_exact(graph, point)
        assert [graph.value(output).name for output in graph.outputs] == ["n", "d"]

    def test_an_output_may_be_an_input_or_appear_under_two_names(self) -> None:
        nodes = [
            helper.make_node("Identity", ["x"], ["same"]),
            helper.make_node("Relu", ["x"], ["r"]),
            helper.make_node("Identity", ["r"], ["again"]),
        ]
        graph = loaded(onnx_bytes(nodes, {"x": [1, 1]}, ("same", "r", "again")))
        assert [graph.value(output).name for output in graph.outputs] == ["same", "r", "again"]
        assert tuple(map(Fraction, (-3, 0, 0))) == evaluate_exact(graph, (Fraction(-3),))

    def test_an_output_that_ignores_the_input_is_constant(self) -> None:
        node = helper.make_node("Constant", [], ["y"], value_floats=[1.5, -2.0])
        graph = loaded(onnx_bytes([node], {"x": [1, 3]}))
        assert (Fraction(3, 2), Fraction(-2)) == evaluate_exact(graph, (Fraction(7),) * 3)

    def test_weights_that_are_listed_as_inputs_are_no_inputs(self) -> None:
        model = perceptron()
        model.graph.input.append(helper.make_tensor_value_info("w1", onnx.TensorProto.FLOAT, [3, 2]))
        assert [spec.name for spec in loaded(model).inputs] == ["x"]


class TestRefusals:
    def test_every_unsupported_node_is_named_in_one_go(self) -> None:
        nodes = [
            helper.make_node("Sin", ["x"], ["a"], name="first"),
            helper.make_node("Relu", ["a"], ["b"]),
            helper.make_node("Sin", ["b"], ["c"]),
            helper.make_node("Celu", ["c"], ["y"], name="last"),
        ]
        sin, celu = refused(onnx_bytes(nodes, {"x": [1, 2]}))
        assert sin.code == celu.code == "NN210"
        assert "`Sin`, which is not supported: node 0 `first`, node 2 computing `c`" in sin.problem
        assert "`Celu`, which is not supported: node 3 `last`" in celu.problem
        assert sin.fix is not None
        assert "Abs, Add, AveragePool" in sin.fix

    @pytest.mark.parametrize(
        ("node", "reason"),
        [
            (
                helper.make_node("Mul", ["x", "x"], ["y"]),
                "multiplies two values that both depend on the input",
            ),
            (
                helper.make_node("MatMul", ["x", "x"], ["y"]),
                "multiplies two values that both depend on the input",
            ),
            (helper.make_node("Div", ["w", "x"], ["y"]), "divides by a value that depends on the input"),
            (helper.make_node("Div", ["x", "zero"], ["y"]), "divides by 0"),
            (helper.make_node("Relu", ["x"], ["y"], alpha=0.1), "the attribute `alpha`, of which `Relu`"),
            (helper.make_node("Conv", ["x", "w"], ["y"]), "no axes to move windows along"),
            (helper.make_node("Gather", ["x", "ints"], ["y"]), "leave an axis"),
            (helper.make_node("Clip", ["x", "one", "zero"], ["y"]), "in the wrong order"),
            (helper.make_node("Cast", ["x"], ["y"], to=10), "rounds float32 numbers"),
            (helper.make_node("Transpose", ["x"], ["y"], perm=[0, 0]), "permutation [0, 0]"),
            (helper.make_node("Slice", ["x", "ints", "ints", "ints"], ["y"]), "do not fit"),
            (helper.make_node("Pad", ["x", "ints"], ["y"]), "do not fit"),
            (helper.make_node("Pad", ["x", "away"], ["y"]), "leaves nothing of its operand"),
            (helper.make_node("Max", ["x", "wide"], ["y"]), "do not fit together"),
            (helper.make_node("PRelu", ["x", "x"], ["y"]), "slopes depend on the input"),
            (helper.make_node("MatMul", ["x", "wide"], ["y"]), "do not fit together"),
            (helper.make_node("Add", ["x", "wide"], ["y"]), "do not fit together"),
            (helper.make_node("MatMul", ["x", "stack"], ["y"]), "stack of matrices"),
            (helper.make_node("MatMul", ["x", "ints"], ["y"]), "int64 numbers, where floats are expected"),
            (helper.make_node("Reshape", ["x", "x"], ["y"]), "stored in the file"),
            (helper.make_node("Reshape", ["x", "ints"], ["y"]), "is not possible"),
            (helper.make_node("Flatten", ["x"], ["y"], axis=9), "axis 9"),
            (helper.make_node("Flatten", ["x"], ["y"], axis=1.5), "wrong kind"),
            (helper.make_node("Squeeze", ["x", "ints"], ["y"]), "do not fit a tensor"),
            (helper.make_node("Dropout", ["x", "", "true"], ["y"]), "training mode"),
            (helper.make_node("Relu", [], ["y"]), "operand 0 is missing"),
            (helper.make_node("Gemm", ["x", "w", "tall"], ["y"]), "does not fit"),
            (helper.make_node("Relu", ["x"], ["y", "extra"]), "extra result `extra`"),
        ],
    )
    def test_a_node_that_cannot_be_represented_says_why(self, node: onnx.NodeProto, reason: str) -> None:
        weights: dict[str, np.ndarray[Any, Any]] = {
            "w": ONES,
            "wide": np.ones((3, 3), dtype=np.float32),
            "tall": np.ones((3, 1), dtype=np.float32),
            "one": np.array([1], dtype=np.float32),
            "zero": np.array([0], dtype=np.float32),
            "stack": np.ones((2, 2, 2), dtype=np.float32),
            "ints": np.array([-7, -8]),
            "true": np.array(True),
            "away": np.array([0, 0, 0, -3]),
        }
        (problem,) = refused(onnx_bytes([node], {"x": [1, 2]}, weights=weights))
        assert problem.code == "NN216"
        assert reason in problem.problem
        assert "node 0 computing `y`" in problem.problem

    def test_constants_are_folded_only_where_nothing_is_rounded(self) -> None:
        nodes = [helper.make_node("Add", ["a", "b"], ["c"]), helper.make_node("Add", ["x", "c"], ["y"])]
        exact = {"a": np.array([1], dtype=np.float32), "b": np.array([2.0**-40], dtype=np.float32)}
        graph = loaded(onnx_bytes(nodes, {"x": [1, 1]}, weights=exact))
        assert (1 + Fraction(1, 2**40),) == evaluate_exact(graph, (Fraction(0),))
        rounded = exact | {"b": np.array([2.0**-80], dtype=np.float32)}
        (problem,) = refused(onnx_bytes(nodes, {"x": [1, 1]}, weights=rounded))
        assert "rounded" in problem.problem

    def test_products_of_constants_are_folded_only_where_nothing_is_rounded(self) -> None:
        nodes = [helper.make_node("Mul", ["a", "b"], ["c"]), helper.make_node("Add", ["x", "c"], ["y"])]
        tenth = np.array([0.1], dtype=np.float32)
        graph = loaded(onnx_bytes(nodes, {"x": [1, 1]}, weights={"a": tenth, "b": tenth}))
        assert (Fraction(float(tenth[0])) ** 2,) == evaluate_exact(graph, (Fraction(0),))
        wide = np.array([0.1], dtype=np.float64)
        (problem,) = refused(onnx_bytes(nodes, {"x": [1, 1]}, weights={"a": wide, "b": wide}))
        assert "rounded" in problem.problem

    def test_an_operator_of_a_custom_domain_is_not_taken_for_a_standard_one(self) -> None:
        node = helper.make_node("Relu", ["x"], ["y"], domain="com.example")
        (problem,) = refused(onnx_bytes([node], {"x": [1, 2]}))
        assert "custom operator `com.example.Relu`" in problem.problem

    def test_operator_sets_that_are_too_old_or_too_new(self) -> None:
        node = helper.make_node("Relu", ["x"], ["y"])
        (old,) = refused(onnx_bytes([node], {"x": [1, 2]}, opset=5))
        assert "operator set 5, and `Relu` is known from set 6 on" in old.problem
        (new,) = refused(onnx_bytes([node], {"x": [1, 2]}, opset=NEWEST_OPSET + 1))
        assert new.code == "NN211"

    def test_nodes_out_of_order_and_cycles(self) -> None:
        nodes = [helper.make_node("Relu", ["h"], ["y"]), helper.make_node("Relu", ["x"], ["h"])]
        (problem,) = refused(onnx_bytes(nodes, {"x": [1, 2]}))
        assert problem.code == "NN214"
        assert "reads `h`, which node 1 computing `h` computes only later" in problem.problem
        loop = [helper.make_node("Add", ["x", "y"], ["y"])]
        (problem,) = refused(onnx_bytes(loop, {"x": [1, 2]}))
        assert problem.code == "NN214"

    def test_a_tensor_that_nothing_computes_or_that_is_computed_twice(self) -> None:
        (missing,) = refused(onnx_bytes([helper.make_node("Relu", ["ghost"], ["y"])], {"x": [1, 2]}))
        assert "`ghost`, which no node computes" in missing.problem
        (output,) = refused(onnx_bytes([helper.make_node("Relu", ["x"], ["z"])], {"x": [1, 2]}))
        assert "output `y`, which no node computes" in output.problem
        twice = [helper.make_node("Relu", ["x"], ["y"]), helper.make_node("Neg", ["x"], ["y"])]
        (problem,) = refused(onnx_bytes(twice, {"x": [1, 2]}))
        assert "`y` twice" in problem.problem

    def test_a_branch_with_a_subgraph_is_refused(self) -> None:
        inner = helper.make_graph([], "g", [], [])
        node = helper.make_node("If", ["x"], ["y"], then_branch=inner, else_branch=inner)
        (problem,) = refused(onnx_bytes([node], {"x": [1, 1]}))
        assert problem.code == "NN210"
        hidden = helper.make_node("Relu", ["x"], ["y"], surprise=inner)
        (problem,) = refused(onnx_bytes([hidden], {"x": [1, 1]}))
        assert "attribute `surprise` is a subgraph" in problem.problem

    def test_broadcasting_that_explodes_is_refused_before_it_is_allocated(self) -> None:
        node = helper.make_node("Add", ["x", "z"], ["y"])
        (problem,) = refused(onnx_bytes([node], {"x": [1, 1_000_000], "z": [1_000_000, 1]}))
        assert problem.code == "NN216"
        assert "1000000000000 elements" in problem.problem


FAMILIES = ["acasxu", "mnist_fc", "rl_benchmarks", "tllverifybench", "test"]
FAMILIES += ["oval21", "verivital", "marabou_cifar10_small"]


@pytest.mark.data
@pytest.mark.parametrize("family", FAMILIES)
def test_every_benchmark_network_is_what_onnxruntime_computes(family: str, data_root: Path) -> None:
    files = sorted((data_root / family / "onnx").glob("*.onnx"))
    assert files
    for file in files:
        graph, problems = load_graph(file, family)
        assert problems == ()
        assert graph is not None
        points = np.random.default_rng(0).integers(-99, 99, (3, graph.input_size)) / 128
        session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
        (entry,) = (i for i in session.get_inputs() if i.name == graph.inputs[0].name)
        shape = [size if isinstance(size, int) else 1 for size in entry.shape]
        single = points.astype(np.float32)
        expected = np.array([session.run(None, {entry.name: x.reshape(shape)})[0].ravel() for x in single])
        tolerance = 1e-5 * float(1 + abs(expected).max())
        np.testing.assert_allclose(evaluate(graph, points), expected.astype(float), rtol=1e-5, atol=tolerance)
