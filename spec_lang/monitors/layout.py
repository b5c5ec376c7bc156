"""Whether tensors of a network's file lie as a monitor takes them to.

In: the file, the graph that conditions are about, and the tensors that its inputs and outputs are.  Out: what
is wrong, or nothing: a tensor has a row for each example, with the graph's numbers in the graph's order, for
one example as for several that are run together.  Found by running the file on examples that differ; numbers
are compared with a large tolerance, since another place holds another number and rounding does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spec_lang.monitors.nodes import batch_of
from spec_lang.network.evaluate import Evaluator
from spec_lang.network.graph import Graph
from spec_lang.network.onnx_messages import message_classes
from spec_lang.network.onnx_replay import tensors_together

Floats = NDArray[np.float64]

_SCALES: Final = (1.0, 30.0)  # of inputs: where some are small, a layer may be off as a whole
_TOGETHER: Final = (1, 2, 3)  # examples
_NEAR: Final = 1e-2  # of a tensor's largest number


def misplaced(data: bytes, graph: Graph, tensors: Sequence[tuple[str, int]]) -> str | None:
    """Why a monitor that reads these tensors would read other numbers than the conditions are about."""
    given = {spec.name for spec in graph.inputs}
    wanted = [(name, size) for name, size in tensors if name not in given]
    if not wanted:
        return None
    model, is_open = _showing(data, [name for name, _ in wanted])
    generator, evaluate = np.random.default_rng(0), Evaluator(graph)
    ends = np.cumsum([size for name, size in tensors if name not in given])[:-1]
    for scale in _SCALES:
        points = scale * generator.uniform(-1.0, 1.0, (_TOGETHER[-1], graph.input_size))
        values = evaluate(points.astype(np.float32).astype(np.float64))
        expected = np.split(values, ends, axis=1)
        for count in _TOGETHER if is_open else _TOGETHER[:1]:
            found = tensors_together(model, graph, [name for name, _ in wanted], points[:count])
            if isinstance(found, str):
                if count > 1:
                    break  # no more than one example is run, then, with a monitor or without
                return found
            for (name, size), array, rows in zip(wanted, found, expected, strict=True):
                if not _same(array, rows[:count], size):
                    return _words(name, count)
    return None


def _same(array: Floats, rows: Floats, size: int) -> bool:
    """Whether the tensor, as a matrix with a row for each example, is these numbers."""
    if array.size != len(rows) * size:
        return False
    off = abs(array.reshape(len(rows), size) - rows)
    known = np.isfinite(array.reshape(rows.shape)) & np.isfinite(rows)
    return bool((off[known] <= _NEAR * abs(rows[known]).max(initial=0.0)).all())


def _words(name: str, count: int) -> str:
    if count == 1:
        return f"the tensor `{name}` is not what onnxruntime computes for it"
    return f"the tensor `{name}` has no row of its own for each example of a batch"


def _showing(data: bytes, names: Sequence[str]) -> tuple[bytes, bool]:
    """The model with these tensors among its outputs, and whether it takes several examples at once."""
    model = message_classes().ModelProto.FromString(data)
    shown = {output.name for output in model.graph.output}
    for name in dict.fromkeys(names):
        if name not in shown:
            model.graph.output.add(name=name)
    return bytes(model.SerializeToString()), batch_of(model) is not None
