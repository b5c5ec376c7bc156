"""Files that are no networks, or bad ones: each ends in a diagnostic, never in a traceback."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper, numpy_helper

from spec_lang.diagnostics import Diagnostic, Span
from spec_lang.kernel.exact import evaluate_exact
from spec_lang.network import onnx_file, onnx_import
from spec_lang.network.onnx_import import load_graph
from tests.tiny_networks import onnx_model, perceptron

SPAN = Span("s.nnspec", 3, 1, 3, 20)
GOOD = perceptron().SerializeToString()


def refused(source: Path | bytes) -> Diagnostic:
    """The only diagnostic; it points at the declaration and proposes something to do."""
    graph, problems = load_graph(source, "f", SPAN)
    assert graph is None
    (problem,) = problems
    assert problem.span == SPAN
    assert problem.is_error
    assert problem.fix
    return problem


def written(folder: Path, data: bytes, name: str = "net.onnx") -> Path:
    file = folder / name
    file.write_bytes(data)
    return file


class TestPaths:
    def test_a_missing_file_proposes_the_one_that_was_meant(self, tmp_path: Path) -> None:
        written(tmp_path, GOOD, "controller.onnx")
        problem = refused(tmp_path / "controler.onnx")
        assert problem.code == "NN201"
        assert f"there is no ONNX file `{tmp_path / 'controler.onnx'}`" == problem.problem
        assert problem.fix == "did you mean `controller.onnx`?"

    def test_a_missing_file_unlike_any_other_lists_what_is_there(self, tmp_path: Path) -> None:
        for name in "abcd":
            written(tmp_path, GOOD, f"{name}.onnx")
        problem = refused(tmp_path / "completely_different")
        assert problem.fix == f"`{tmp_path}` holds `a.onnx`, `b.onnx`, `c.onnx` and 1 more"

    def test_a_missing_folder_is_said_to_be_missing(self, tmp_path: Path) -> None:
        problem = refused(tmp_path / "nets" / "a.onnx")
        assert problem.code == "NN201"
        assert f"there is no folder `{tmp_path / 'nets'}`" in (problem.fix or "")

    def test_a_folder_is_no_file(self, tmp_path: Path) -> None:
        problem = refused(tmp_path)
        assert problem.code == "NN202"
        assert "is a folder, where an ONNX file was expected" in problem.problem

    @pytest.mark.parametrize("name", ["x" * 5000, "nul\0character"])
    def test_an_impossible_name_is_a_diagnostic(self, name: str, tmp_path: Path) -> None:
        assert refused(tmp_path / name).code in ("NN201", "NN202")

    def test_a_pipe_is_not_waited_for(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe.onnx")
        problem = refused(tmp_path / "pipe.onnx")
        assert problem.code == "NN202"
        assert "not a regular file" in problem.problem


class TestContents:
    def test_an_empty_file(self, tmp_path: Path) -> None:
        problem = refused(written(tmp_path, b""))
        assert problem.code == "NN204"
        assert "is empty (0 bytes), where an ONNX model was expected" in problem.problem

    def test_a_git_lfs_pointer(self, tmp_path: Path) -> None:
        pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n"
        problem = refused(written(tmp_path, pointer))
        assert problem.code == "NN203"
        assert problem.fix == "run `git lfs pull` to fetch the model"

    @pytest.mark.parametrize(
        "text",
        [
            "hello world\n",
            "<html>",
            "{}",
            "ïß text",
            "0" * 4000,
            "é" * 255 + "a" + "é" * 400,
            '{"ir_version": 8}\r\n',
        ],
    )
    def test_a_text_file(self, text: str, tmp_path: Path) -> None:
        problem = refused(written(tmp_path, text.encode()))
        assert problem.code == "NN205"
        assert "is a text file" in problem.problem

    @pytest.mark.parametrize(
        "data", [b"\x89PNG\r\n\x1a\n\x00", b"\x00" * 64, b"PK\x03\x04\x14\x00", b"\x80\x04\x95."]
    )
    def test_another_kind_of_file(self, data: bytes, tmp_path: Path) -> None:
        problem = refused(written(tmp_path, data))
        assert problem.code == "NN205"
        assert "is not an ONNX model" in problem.problem

    def test_a_file_cut_off_in_its_weights(self, tmp_path: Path) -> None:
        problem = refused(written(tmp_path, GOOD[: len(GOOD) * 2 // 3]))
        assert problem.code == "NN206"
        assert "is a damaged or cut-off ONNX model" in problem.problem

    def test_a_file_that_is_too_large_is_not_read(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(onnx_file, "MAX_BYTES", 100)
        assert refused(written(tmp_path, GOOD)).code == "NN207"
        monkeypatch.setattr(onnx_import, "MAX_BYTES", 100)
        assert refused(GOOD).code == "NN207"

    def test_too_many_nodes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(onnx_import, "MAX_NODES", 3)
        assert "has 4 nodes, more than 3" in refused(GOOD).problem


class TestModels:
    @pytest.mark.parametrize(
        ("bad", "word"), [(np.nan, "NaN"), (np.inf, "an infinity"), (-np.inf, "an infinity")]
    )
    @pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
    def test_a_weight_that_is_no_number_names_its_tensor(
        self, bad: float, word: str, dtype: type[np.floating[Any]]
    ) -> None:
        model = perceptron()
        weight: np.ndarray[Any, Any] = np.array([[1, 2], [3, bad], [bad, 0]], dtype=dtype)
        model.graph.initializer[0].CopyFrom(numpy_helper.from_array(weight, "w1"))
        problem = refused(model.SerializeToString())
        assert problem.code == "NN209"
        assert f"tensor `w1` holds {word} at [1, 1], and 1 more such values" in problem.problem

    def test_a_bad_number_in_a_constant_node_is_found(self) -> None:
        value = numpy_helper.from_array(np.array([np.nan], dtype=np.float32))
        nodes = [
            helper.make_node("Constant", [], ["c"], value=value),
            helper.make_node("Add", ["x", "c"], ["y"]),
        ]
        problem = refused(onnx_model(nodes, {"x": [1, 1]}).SerializeToString())
        assert problem.code == "NN209"
        assert "attribute `value` of node 0" in problem.problem

    def test_external_data_is_refused_and_never_followed(self, tmp_path: Path) -> None:
        model = perceptron()
        written(tmp_path, b"\0" * 24, "weights.bin")
        tensor = model.graph.initializer[0]
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="weights.bin")
        problem = refused(written(tmp_path, model.SerializeToString()))
        assert problem.code == "NN208"
        assert "tensor `w1` in another file, which is not followed" in problem.problem

    @pytest.mark.parametrize(
        "kind", [onnx.TensorProto.INT64, onnx.TensorProto.STRING, onnx.TensorProto.BOOL, 99]
    )
    def test_an_input_that_is_no_real_number(self, kind: int) -> None:
        model = perceptron()
        model.graph.input[0].type.tensor_type.elem_type = kind
        problem = refused(model.SerializeToString())
        assert problem.code == "NN212"
        assert "has the input `x` of" in problem.problem

    def test_no_inputs_and_no_outputs(self) -> None:
        model = perceptron()
        del model.graph.input[:]
        assert "has no inputs" in refused(model.SerializeToString()).problem
        model = perceptron()
        del model.graph.output[:]
        assert "has no outputs" in refused(model.SerializeToString()).problem

    def test_an_input_without_a_shape_or_of_astronomical_size(self) -> None:
        model = perceptron()
        model.graph.input[0].type.tensor_type.ClearField("shape")
        assert refused(model.SerializeToString()).code == "NN213"
        model = onnx_model([helper.make_node("Relu", ["x"], ["y"])], {"x": [1, 2**40, 2**40]})
        assert refused(model.SerializeToString()).code == "NN207"

    def test_a_tensor_whose_size_does_not_fit_its_shape(self) -> None:
        model = perceptron()
        model.graph.initializer[0].dims[0] = 2**20
        problem = refused(model.SerializeToString())
        assert problem.code == "NN206"
        assert "tensor `w1` holds 6 values, but its shape [1048576, 2]" in problem.problem

    @pytest.mark.parametrize(
        "tensor",
        [
            onnx.TensorProto(name="c", data_type=1, dims=[-3], raw_data=b"1234" * 3),
            onnx.TensorProto(name="c", data_type=1, dims=[1], raw_data=b"12345"),
            onnx.TensorProto(name="c", data_type=8, dims=[1], string_data=[b"a"]),
            onnx.TensorProto(name="c", data_type=14, dims=[1], raw_data=b"12345678"),
            onnx.TensorProto(name="c", data_type=3, dims=[1], int32_data=[1000]),
            onnx.TensorProto(name="c", dims=[1], raw_data=b"1234"),
            onnx.TensorProto(
                name="c", data_type=1, dims=[1], raw_data=b"1234", segment={"begin": 0, "end": 1}
            ),
        ],
    )
    def test_a_malformed_tensor(self, tensor: onnx.TensorProto) -> None:
        model = onnx_model([helper.make_node("Add", ["x", "c"], ["y"])], {"x": [1, 1]})
        model.graph.initializer.append(tensor)
        problem = refused(model.SerializeToString())
        assert problem.code == "NN206"
        assert "tensor `c`" in problem.problem

    def test_what_is_said_twice(self) -> None:
        model = perceptron()
        model.graph.initializer.append(model.graph.initializer[0])
        assert "stores the tensor `w1` twice" in refused(model.SerializeToString()).problem
        model = perceptron()
        model.graph.input.append(model.graph.input[0])
        assert "two inputs of one name" in refused(model.SerializeToString()).problem

    def test_functions_and_sparse_weights_are_refused(self) -> None:
        model = perceptron()
        model.functions.add(name="f", domain="d")
        assert refused(model.SerializeToString()).code == "NN215"
        model = perceptron()
        model.graph.sparse_initializer.add()
        assert refused(model.SerializeToString()).code == "NN215"

    def test_a_model_that_names_no_operator_set(self) -> None:
        model = perceptron()
        del model.opset_import[:]
        assert "does not say which ONNX operator set" in refused(model.SerializeToString()).problem

    def test_a_name_that_is_not_text(self) -> None:
        data = GOOD.replace(b"relu_1", b"re\xff\xfe_1")
        assert "has a name that is not text" in refused(data).problem

    def test_several_mistakes_are_reported_at_once(self) -> None:
        model = perceptron()
        for index in (0, 2):
            weight = numpy_helper.to_array(model.graph.initializer[index]).copy()
            weight.flat[0] = np.nan
            name = model.graph.initializer[index].name
            model.graph.initializer[index].CopyFrom(numpy_helper.from_array(weight, name))
        graph, problems = load_graph(model.SerializeToString(), "f")
        assert graph is None
        assert [problem.code for problem in problems] == ["NN209", "NN209"]


def survives(data: bytes) -> None:
    """Either diagnostics and no graph, or a graph without diagnostics that has a value at 0."""
    graph, problems = load_graph(data, "f", SPAN)
    assert (graph is None) == bool(problems)
    if graph is not None:
        assert len(evaluate_exact(graph, (Fraction(0),) * graph.input_size)) == graph.output_size


@pytest.mark.parametrize("length", range(0, len(GOOD), 3))
def test_every_truncation_is_survived(length: int) -> None:
    survives(GOOD[:length])


@settings(max_examples=400)
@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 7)), min_size=1, max_size=4))
def test_flipped_bits_are_survived(flips: list[tuple[int, int]]) -> None:
    data = bytearray(GOOD)
    for position, bit in flips:
        data[position] ^= 1 << bit
    survives(bytes(data))


@settings(max_examples=200)
@given(st.binary(max_size=200), st.integers(0, len(GOOD)))
def test_inserted_garbage_is_survived(garbage: bytes, position: int) -> None:
    survives(GOOD[:position] + garbage + GOOD[position:])


@pytest.mark.parametrize("dims", [[0, 2**60, 2**60], [1] * 70, [0] * 40])
def test_dimensions_that_numpy_cannot_hold_are_a_diagnostic(dims: list[int]) -> None:
    model = onnx_model([helper.make_node("Add", ["x", "c"], ["y"])], {"x": [1, 1]})
    values = b"" if 0 in dims else b"1234"
    model.graph.initializer.append(onnx.TensorProto(name="c", data_type=1, dims=dims, raw_data=values))
    assert refused(model.SerializeToString()).code == "NN206"


def test_a_reshape_to_dimensions_that_numpy_cannot_hold_is_a_diagnostic() -> None:
    node = helper.make_node("Reshape", ["c", "s"], ["y"], allowzero=1)
    weights = {"c": np.zeros((0, 3), dtype=np.float32), "s": np.array([0, 2**62, 2**62])}
    data = onnx_model([node], {"x": [1, 1]}, weights=weights).SerializeToString()
    assert refused(data).code == "NN216"


def test_a_matrix_product_with_a_single_number_is_a_diagnostic() -> None:
    node = helper.make_node("MatMul", ["w", "x"], ["y"])
    data = onnx_model([node], {"x": []}, weights={"w": np.ones((1, 1), dtype=np.float32)}).SerializeToString()
    assert "single number" in refused(data).problem


def test_a_constant_output_that_is_empty_is_a_diagnostic() -> None:
    weights = {"c": np.zeros(0, dtype=np.float32)}
    node = helper.make_node("Identity", ["c"], ["y"])
    data = onnx_model([node], {"x": [1, 1]}, weights=weights).SerializeToString()
    assert "has an output that is not supported" in refused(data).problem


@pytest.mark.parametrize(
    ("operator", "sizes"),
    [("Expand", [10**5, 10**5]), ("Tile", [10**5, 10**5]), ("ConstantOfShape", [10**5, 10**5])],
)
def test_a_result_that_is_too_large_is_refused_before_it_is_allocated(
    operator: str, sizes: list[int]
) -> None:
    operands = ["s"] if operator == "ConstantOfShape" else ["x", "s"]
    node = helper.make_node(operator, operands, ["y"])
    data = onnx_model([node], {"x": [1, 1]}, weights={"s": np.array(sizes)}).SerializeToString()
    assert "10000000000 elements" in refused(data).problem


def rejected_by_onnx(array: np.ndarray[Any, Any]) -> bytes:
    """A model that only a checker would refuse: the weights of one layer have another shape."""
    model = perceptron()
    model.graph.initializer[0].CopyFrom(numpy_helper.from_array(array, "w1"))
    return bytes(model.SerializeToString())


@pytest.mark.parametrize("shape", [(0, 2), (3, 0), (0, 0), (3,), (3, 2, 1), (2, 3)])
def test_weights_of_a_shape_that_does_not_fit_are_a_diagnostic(shape: tuple[int, ...]) -> None:
    problem = refused(rejected_by_onnx(np.zeros(shape, dtype=np.float32)))
    assert problem.code == "NN216"
