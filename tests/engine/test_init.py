"""Laws of starter specs: whatever network is given, what is written lints, is laid out, and checks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import helper

from spec_lang.engine.fmt import FmtMode, format_files
from spec_lang.engine.init import SEVERAL_TENSORS, UNWRITABLE, Written, init
from spec_lang.engine.lint import lint
from spec_lang.engine.options import CheckOptions
from spec_lang.engine.run import check
from spec_lang.engine.starter import MANY, identifier
from spec_lang.kernel.verdict import Status
from spec_lang.syntax.words import RESERVED
from tests.tiny_networks import onnx_bytes

Array = np.ndarray[Any, Any]


def affine(shape: list[int], outputs: int, *, bias: float = 0.0, x: str = "x", y: str = "y") -> bytes:
    """A network of one linear map of its flat input, the last output the greatest at 0."""
    size = int(np.prod(shape))
    weight = np.linspace(-1, 1, size * outputs, dtype=np.float32).reshape(size, outputs)
    offset = np.full(outputs, bias, dtype=np.float32)
    offset[-1] += 0.5
    nodes = [helper.make_node("Flatten", [x], ["flat"]), helper.make_node("Gemm", ["flat", "w", "b"], [y])]
    return onnx_bytes(nodes, {x: [1, *shape]}, (y,), {"w": weight, "b": offset})


def start(folder: Path, model: bytes, name: str = "model") -> tuple[Path, Written]:
    (folder / f"{name}.onnx").write_bytes(model)
    file = folder / f"{name}.nnspec"
    return file, init(folder / f"{name}.onnx", file)


@pytest.mark.parametrize("outputs", [1, 2, MANY + 1])
@pytest.mark.parametrize("shape", [[1], [2, 3], [MANY], [MANY + 1], [3, 9, 9]], ids=str)
def test_a_starter_lints_is_laid_out_and_proved(tmp_path: Path, shape: list[int], outputs: int) -> None:
    file, written = start(tmp_path, affine(shape, outputs))
    assert written.diagnostics == ()
    assert file.read_text() == written.text
    assert lint([file], CheckOptions()).report.diagnostics == ()
    assert format_files([file], FmtMode.CHECK).changed == ()
    report = check([file])
    assert [claim.status for claim in report] == [Status.PROVED] * (1 if outputs == 1 else 2)


def test_limits_hold_a_network_that_is_constant(tmp_path: Path) -> None:
    zero = onnx_bytes(
        [helper.make_node("Mul", ["x", "w"], ["y"])], {"x": [1, 2]}, weights={"w": np.zeros(2, "f4")}
    )
    file, written = start(tmp_path, zero)
    assert written.diagnostics == ()
    # Both outputs are 0 in the middle: neither is the greatest, and nothing is claimed of it.
    assert [claim.name for claim in check([file])] == ["output_in_range"]


@pytest.mark.parametrize("word", ["claim", "forall", "speed", "Gap Width", "9lives", "x", "input", "*"])
def test_names_are_taken_from_the_tensors_where_they_can_be_names(tmp_path: Path, word: str) -> None:
    file, written = start(tmp_path, affine([1], 1, x=word, y="result"), "some model")
    assert written.diagnostics == ()
    assert check([file]).diagnostics == ()
    expected = identifier(word) or "x0"
    assert f"input  {expected}\n" in file.read_text()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Gap Width", "gap_width"),
        ("9lives", "lives"),
        ("--", ""),
        ("ä", ""),
        *((w, "") for w in sorted(RESERVED)),
    ],
)
def test_an_identifier_is_a_name_of_the_language(text: str, name: str) -> None:
    assert identifier(text) == name


@pytest.mark.parametrize("name", ['quote"d', "back\\slash", "forall", "1", "ünïcode", "a b", "{i}"])
def test_any_file_name_can_be_written_in_a_spec(tmp_path: Path, name: str) -> None:
    file, written = start(tmp_path, affine([2], 2), name)
    if written.text is None:  # what stands in braces is an index, and says so
        assert name == "{i}"
        assert [diagnostic.code for diagnostic in written.diagnostics] != []
    else:
        assert [claim.status for claim in check([file])] == [Status.PROVED] * 2


def test_the_path_of_the_model_is_relative_to_the_spec(tmp_path: Path) -> None:
    (tmp_path / "specs").mkdir()
    (tmp_path / "m.onnx").write_bytes(affine([2], 2))
    file = tmp_path / "specs" / "m.nnspec"
    assert init(tmp_path / "m.onnx", file).text is not None
    assert 'network m = "../m.onnx" {' in file.read_text()
    assert check([file]).diagnostics == ()


def test_a_network_of_several_tensors_is_refused(tmp_path: Path) -> None:
    two = onnx_bytes([helper.make_node("Add", ["a", "b"], ["y"])], {"a": [1, 2], "b": [1, 2]})
    file, written = start(tmp_path, two)
    assert [diagnostic.code for diagnostic in written.diagnostics] == [SEVERAL_TENSORS]
    assert not file.exists()


def test_a_place_that_cannot_be_written_to_is_reported(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(affine([2], 2))
    folder = tmp_path / "m.nnspec"
    folder.mkdir()
    written = init(tmp_path / "m.onnx", folder, force=True)
    assert [diagnostic.code for diagnostic in written.diagnostics] == [UNWRITABLE]


FAMILIES = (
    "acasxu/onnx/ACASXU_run2a_1_1_batch_2000.onnx",
    pytest.param("mnist_fc/onnx/mnist-net_256x2.onnx", marks=pytest.mark.long),
    "rl_benchmarks/onnx/cartpole.onnx",
    "rl_benchmarks/onnx/dubinsrejoin.onnx",
    "rl_benchmarks/onnx/lunarlander.onnx",
    "test/onnx/test_nano.onnx",
    "test/onnx/test_tiny.onnx",
    "test/onnx/test_small.onnx",
    "tllverifybench/onnx/tllBench_n=2_N=M=8_m=1_instance_0_0.onnx",
)


@pytest.mark.slow
@pytest.mark.parametrize("model", FAMILIES)
def test_every_family_gets_a_starter_that_lints_and_is_not_refuted(
    data_root: Path, tmp_path: Path, model: str
) -> None:
    file = tmp_path / "starter.nnspec"
    assert init(data_root / model, file).diagnostics == ()
    assert lint([file], CheckOptions()).report.diagnostics == ()
    report = check([file], CheckOptions(timeout=2))
    assert report.diagnostics == ()
    assert {claim.status for claim in report} <= {Status.PROVED, Status.UNKNOWN}
    assert len(report) > 0
