"""The message classes are onnx's own, whichever is loaded first."""

from __future__ import annotations

import subprocess
import sys

import pytest

LOAD = "from spec_lang.network.onnx_messages import message_classes; m = message_classes()"


@pytest.mark.parametrize("program", [f"{LOAD}; import onnx", f"import onnx; {LOAD}"])
def test_they_are_the_classes_that_onnx_has(program: str) -> None:
    check = "model = m.ModelProto(ir_version=8); assert type(model) is onnx.ModelProto; "
    check += "assert onnx.ModelProto.FromString(model.SerializeToString()) == model"
    done = subprocess.run([sys.executable, "-c", f"{program}; {check}"], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def test_reading_a_model_does_not_load_the_package() -> None:
    program = "import sys, spec_lang.network.onnx_import as i; i.load_graph(b'\\x08\\x08', 'f'); "
    program += "assert 'onnx' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
