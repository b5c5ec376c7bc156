"""Views of networks: what they are made of, and who speaks of them."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from spec_lang.engine import CheckOptions, check
from spec_lang.reporters._pictures import NetworkView

SPEC = """language 1
network res = "res.onnx" { output a "m", b, c }
network same = "./res.onnx"
claim first: forall x in box(0, 1): res(x)[0] <= 100000
claim second: forall x in box(0, 1): same(x)[0] <= 100000
"""
SHAPES = {"w0": (2, 3, 3, 3), "b0": (2,), "w1": (2, 2, 3, 3), "w2": (3, 32), "b2": (3,)}


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> tuple[NetworkView, Path]:
    """Of a convolution, a residual branch around another, and a dense layer."""
    folder = tmp_path_factory.mktemp("views")
    rng = np.random.default_rng(0)
    arrays = {name: rng.normal(size=shape).astype(np.float32) for name, shape in SHAPES.items()}
    nodes = [
        helper.make_node("Conv", ["x", "w0", "b0"], ["c0"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c0"], ["r0"]),
        helper.make_node("Conv", ["r0", "w1"], ["c1"], pads=[1, 1, 1, 1]),
        helper.make_node("Add", ["c1", "r0"], ["s"]),
        helper.make_node("Relu", ["s"], ["r1"]),
        helper.make_node("Flatten", ["r1"], ["f"]),
        helper.make_node("Gemm", ["f", "w2", "b2"], ["y"], transB=1),
    ]
    graph = helper.make_graph(
        nodes,
        "res",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 4, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3])],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, folder / "res.onnx")
    (folder / "res.nnspec").write_text(SPEC)
    report = check([folder / "res.nnspec"], CheckOptions(pictures=True, timeout=20))
    assert [str(d) for d in report.diagnostics] == []
    (only,) = report.networks  # one file, though two networks are declared
    return only, folder


def test_a_file_is_shown_once_with_all_that_call_it_and_speak_of_it(view: tuple[NetworkView, Path]) -> None:
    found, folder = view
    assert found.names == ("res", "same")
    assert [name.rpartition("::")[2] for name in found.claims] == ["first", "second"]
    assert found.digest == f"sha256:{sha256((folder / 'res.onnx').read_bytes()).hexdigest()}"


def test_parameters_are_those_of_the_file(view: tuple[NetworkView, Path]) -> None:
    assert view[0].parameters == sum(int(np.prod(shape)) for shape in SHAPES.values())


def test_a_residual_branch_is_an_operand_of_the_sum(view: tuple[NetworkView, Path]) -> None:
    kinds = [layer.kind for layer in view[0].layers]
    assert kinds == ["convolution 3×3", "ReLU", "convolution 3×3", "sum", "ReLU", "dense"]
    assert view[0].layers[3].operands == (3, 2)
    assert view[0].layers[3].shape == (2, 4, 4)


def test_ports_have_the_names_and_units_of_the_spec(view: tuple[NetworkView, Path]) -> None:
    found, _ = view
    assert [(p.name, p.shape) for p in found.inputs] == [("x", (3, 4, 4))]
    assert found.outputs[0].elements == (("a", "m"), ("b", None), ("c", None))


def test_nothing_is_looked_at_unless_it_is_asked_for(view: tuple[NetworkView, Path]) -> None:
    report = check([view[1] / "res.nnspec"], CheckOptions(timeout=20, claims=("first",)))
    assert report.networks == ()
    assert report["first"].course is None
