"""What is mutated: the specs of the examples, the blocks of the documentation, the specs of the tests.

In: a checkout and an empty folder.  Out: texts whose networks are small files in that folder, one for every
number of inputs and outputs that they declare; a network that lists none has two of each.
"""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from onnx import helper, numpy_helper

from spec_lang.syntax.parse import parse_module

_BLOCK: Final = re.compile(r"^```nnspec[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_DATA: Final = re.compile(r'^data (\w+) *= *"([\w.]+)"', re.MULTILINE)
_NETWORK: Final = re.compile(r"network\s+\w+[^=\n]*=\s*\"([^\"\n]*)\"[^\n{]*(\{.*?\n?\s*\})?", re.DOTALL)
_ITEM: Final = r"^\s*{}\s+(.*?)(?=\s*(?:input|output|encode|decode|domain|layer)\s|\s*\}})"
_DECLARES: Final = re.compile(r"\b(?:claim|region|measure|invariant|param|def)\s+\w+[^\n]*[:=]")
# Before a text that declares no network, so that its claims have something to speak of.
_PRELUDE: Final = """\
network f = "f.onnx" {
    input a "m", b
    output p, q
    domain a in [0, 1], b in [-1, 1]
    layer h = "relu_5"
}
region near on f = { x | x.a <= 0.5 }
param eps = 0.1
"""
_DEFAULT: Final = 2
_LARGEST: Final = 64  # of the examples; more would only take longer


@dataclass(frozen=True, slots=True)
class Corpus:
    """Every text, each once, in a fixed order; `good` are those without a syntax error."""

    texts: tuple[str, ...]
    good: tuple[str, ...]


def corpus(checkout: Path, folder: Path) -> Corpus:
    texts = dict.fromkeys(_with_networks(text, home, folder) for text, home in _texts(checkout))
    prelude = _with_networks(_PRELUDE, folder, folder)
    full = dict.fromkeys(prelude + text for text in texts if "network" not in text)
    found = tuple(text for text in (*texts, *full) if text.strip())
    return Corpus(found, tuple(text for text in found if not parse_module(text, "corpus").diagnostics))


def _texts(checkout: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(checkout.glob("examples/*/*.nnspec")) + sorted(checkout.glob("tests/**/*.nnspec")):
        yield path.read_text(encoding="utf-8"), path.parent
    folders = ("*.md", "grammar/*.md", "docs/**/*.md", "spec_lang/pages/*.md")
    pages = [page for pattern in folders for page in checkout.glob(pattern)]
    for page in sorted(pages):
        for block in _BLOCK.findall(page.read_text(encoding="utf-8")):
            yield block, page.parent
    mistakes = checkout / "tests" / "syntax" / "mistakes.txt"
    for block in mistakes.read_text(encoding="utf-8").strip("\n").split("\n\n"):
        yield block.partition("\n")[0] + "\n", mistakes.parent
    for test in sorted(checkout.glob("tests/**/test_*.py")):
        for text in _strings(test):
            yield text, test.parent


def _strings(test: Path) -> Iterator[str]:
    """The specs that stand as texts in a test."""
    for node in ast.walk(ast.parse(test.read_text(encoding="utf-8"))):
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and _DECLARES.search(text) and not text.startswith("def "):
            yield text


def _with_networks(text: str, home: Path, folder: Path) -> str:
    def local(match: re.Match[str]) -> str:
        whole, path, items = match[0], match[1], match[2] or ""
        return whole.replace(f'"{path}"', f'"{_model(home / path, items, folder)}"', 1)

    def beside(match: re.Match[str]) -> str:
        if (home / match[2]).is_file():
            shutil.copyfile(home / match[2], folder / match[2])
        return match[0]

    return _DATA.sub(beside, _NETWORK.sub(local, text))


def _model(path: Path, items: str, folder: Path) -> str:
    """The name in `folder` of the model that stands for `path`."""
    if path.is_file():
        name = f"{path.parent.name}_{path.name}"
        if not (folder / name).exists():
            shutil.copyfile(path, folder / name)
        return name
    inputs, outputs = _listed("input", items), _listed("output", items)
    name = f"tiny_{inputs}_{outputs}.onnx"
    if not (folder / name).exists():
        (folder / name).write_bytes(tiny(inputs, outputs))
    return name


def _listed(word: str, items: str) -> int:
    found = re.search(_ITEM.format(word), items.lstrip("{"), re.MULTILINE | re.DOTALL)
    return min(_LARGEST, found[1].count(",") + 1) if found else _DEFAULT


def tiny(inputs: int, outputs: int) -> bytes:
    """A network of three ReLUs; its weights are small integers, so that there are ties."""
    rng = np.random.default_rng(inputs * 100 + outputs)

    def weights(*shape: int) -> np.ndarray[Any, Any]:
        return rng.integers(-2, 3, size=shape).astype(np.float32)

    arrays = {"w1": weights(inputs, 3), "b1": weights(3), "w2": weights(3, outputs), "b2": weights(outputs)}
    nodes = [
        helper.make_node("Gemm", ["x", "w1", "b1"], ["h"], name="gemm_1"),
        helper.make_node("Relu", ["h"], ["relu_5"], name="relu_1"),
        helper.make_node("Gemm", ["relu_5", "w2", "b2"], ["y"], name="gemm_2"),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["batch", inputs])],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, ["batch", outputs])],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    opsets = [helper.make_opsetid("", 17)]
    return bytes(helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString())
