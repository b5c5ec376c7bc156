"""An ONNX model as plain values, with nothing of protobuf left.

In: what `onnx_import` has decoded and checked.  Out: tuples and numpy arrays that `onnx_lower` reads.
Every name is text, every constant finite, float16 and bfloat16 constants are widened (exactly) to float32.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spec_lang._values import dataclass
from spec_lang.network.ops.base import Constant


class MalformedModelError(Exception):
    """Part of a model that says something impossible; the message is for the user."""


@dataclass(frozen=True, slots=True)
class UnsupportedAttribute:
    """Stands for an attribute's value that cannot be represented (a subgraph, a sparse tensor)."""

    reason: str


@dataclass(frozen=True, slots=True)
class OnnxInput:
    """A graph input for one example: symbolic batch already 1; `type` is that of its elements."""

    name: str
    shape: tuple[int, ...]
    type: str


@dataclass(frozen=True, slots=True)
class OnnxNode:
    """One node; `index` is its position in the file, by which an unnamed node can be found."""

    index: int
    name: str
    op_type: str
    domain: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]

    def __str__(self) -> str:
        name = f"`{self.name}`" if self.name else f"computing `{next(filter(None, self.outputs), '')}`"
        return f"node {self.index} {name}"


@dataclass(frozen=True, slots=True)
class OnnxModel:
    opset: int
    inputs: tuple[OnnxInput, ...]
    outputs: tuple[str, ...]
    constants: Mapping[str, Constant]
    nodes: tuple[OnnxNode, ...]
