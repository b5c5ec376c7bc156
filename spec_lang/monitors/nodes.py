"""ONNX nodes under names of their own, added to a model.

In: a parsed model and a prefix.  Out: the same model with more nodes at its end, and the names of what they
compute.  Every operator here means the same in all operator sets from 7 on; constants are nodes, which no
version of the format wants listed among the inputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from spec_lang.network.onnx_messages import message_classes

OLDEST_OPSET: Final = 7  # from which on operands are broadcast
_INTEGERS: Final = 9  # from which on a constant may be of integers
FLOAT, INT64, BOOL, DOUBLE = 1, 7, 9, 11
_TYPES: Final = {np.dtype(np.float32): FLOAT, np.dtype(np.int64): INT64, np.dtype(np.float64): DOUBLE}

Numbers = NDArray[np.float32] | NDArray[np.float64] | NDArray[np.int64]


def opset_of(model: Any) -> int:  # noqa: ANN401 - protobuf's classes are made at run time
    """The version of the standard operator set."""
    versions = [entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")]
    return int(versions[0])


def names_in(model: Any) -> set[str]:  # noqa: ANN401
    """Every name of a tensor or a node."""
    graph = model.graph
    lists = (graph.input, graph.output, graph.initializer, graph.node, graph.value_info)
    return {entry.name for entries in lists for entry in entries} | {
        name for node in graph.node for name in (*node.input, *node.output)
    }


def batch_of(model: Any) -> Any | None:  # noqa: ANN401
    """The open first dimension of the model's first input; None where the file has fixed it."""
    weights = {entry.name for entry in model.graph.initializer}
    first = next(entry for entry in model.graph.input if entry.name not in weights)
    dimensions = first.type.tensor_type.shape.dim
    return dimensions[0] if dimensions and dimensions[0].dim_value <= 0 else None


class Nodes:
    """Appends nodes to `model`; their names begin with `prefix` and are no other's."""

    def __init__(self, model: Any, prefix: str, taken: set[str]) -> None:  # noqa: ANN401
        self._model = model
        self._prefix = prefix
        self._taken = taken

    def name(self, word: str) -> str:
        """A name that is not taken yet."""
        candidates = (f"{self._prefix}/{word}{'' if n == 0 else f'_{n}'}" for n in count())
        found = next(name for name in candidates if name not in self._taken)
        self._taken.add(found)
        return found

    def add(self, operator: str, operands: Sequence[str], result: str | None = None, **numbers: int) -> str:
        """A node with integer attributes; the name of what it computes."""
        output = result or self.name(operator.lower())
        node = self._model.graph.node.add(op_type=operator, name=self.name(f"{operator.lower()}_node"))
        node.input.extend(operands)
        node.output.append(output)
        for attribute, value in numbers.items():
            node.attribute.add(name=attribute, type=message_classes().AttributeProto.INT, i=value)
        return output

    def constant(self, array: Numbers) -> str:
        """A node that gives `array`; two, where the operator set has no constants of integers yet."""
        if array.dtype == np.int64 and opset_of(self._model) < _INTEGERS:
            return self.add("Cast", (self.constant(array.astype(np.float64)),), to=INT64)
        output = self.add("Constant", ())
        attribute = self._model.graph.node[-1].attribute.add(name="value")
        attribute.type = message_classes().AttributeProto.TENSOR
        attribute.t.data_type = _TYPES[array.dtype]
        attribute.t.dims.extend(array.shape)
        attribute.t.raw_data = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes()
        return output
