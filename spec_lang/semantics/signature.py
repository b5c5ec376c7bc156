"""What a network looks like to a spec: its spaces, its domain, its hidden tensors.

Built once for each network by `interface.py`, from the declaration and the ONNX file's shapes.  Positions are
flat and row-major; the domain is in problem space.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from spec_lang.diagnostics import Span
from spec_lang.network.graph import Graph, TensorSpec
from spec_lang.obligations.model import Axis
from spec_lang.semantics.model import NetworkUse
from spec_lang.semantics.values import Linear, Names, Tensor


@dataclass(frozen=True, slots=True)
class Space:
    """The inputs, or the outputs: one axis for each flat element."""

    shape: tuple[int, ...]
    axes: tuple[Axis, ...]
    names: Names | None

    @property
    def size(self) -> int:
        return len(self.axes)

    def as_inputs(self) -> Tensor:
        """The problem-space point, as exact forms over the network-space inputs."""
        forms = (Linear(a.scaling.offset, ((i, a.scaling.factor),)) for i, a in enumerate(self.axes))
        return Tensor(self.shape, tuple(forms), self.names, is_point=True)

    def as_outputs(self) -> Tensor:
        """The problem-space outputs, as exact forms over the network-space outputs."""
        forms = (Linear(a.scaling.offset, (), ((i, a.scaling.factor),)) for i, a in enumerate(self.axes))
        return Tensor(self.shape, tuple(forms), self.names)


@dataclass(frozen=True, slots=True)
class Limits:
    """`name in [lower, upper]` of a domain, problem space."""

    position: int
    lower: Fraction
    upper: Fraction
    source: str
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Signature:
    """`graph` is None for a file that failed to load: names and sizes then come from the spec alone."""

    use: NetworkUse
    graph: Graph | None
    input: Space
    output: Space
    domain: tuple[Limits, ...]
    layers: Mapping[str, tuple[int, TensorSpec]]  # by the spec's name: value number, ONNX name and shape
