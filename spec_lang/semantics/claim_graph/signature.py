"""What a network looks like to a spec: its spaces, its domain, its hidden tensors.

Built once for each network by `interface.py`, from the declaration and the ONNX file's shapes.  Positions are
flat and row-major; the domain is in problem space.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from typing import Final

from spec_lang._values import dataclass
from spec_lang.diagnostics import Span
from spec_lang.network.graph import Graph, TensorSpec
from spec_lang.network.transform.perturbed import Perturbed, perturbed
from spec_lang.obligations.model import Axis
from spec_lang.semantics.model import NetworkUse
from spec_lang.semantics.terms.elements import Linear
from spec_lang.semantics.terms.values import Names, Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Space:
    """One input or output tensor: one axis for each flat element.  `name` is what a spec calls the tensor
    where the network has several."""

    shape: tuple[int, ...]
    axes: tuple[Axis, ...]
    names: Names | None
    name: str = ""

    @property
    def size(self) -> int:
        return len(self.axes)

    @property
    def units(self) -> tuple[str | None, ...] | None:
        """The units of the elements, where any is declared."""
        units = tuple(axis.unit for axis in self.axes)
        return units if any(units) else None

    def as_inputs(self, start: int, use: NetworkUse | None) -> Tensor:
        """The problem-space point, as exact forms over the network-space inputs from `start` on."""
        return Tensor(self.shape, _inputs(self, start), self.names, self.units, space=use)

    def start_of(self, point: Tensor) -> int | None:
        """The input that `point`, if `as_inputs` of this space has made it, starts at."""
        first = point.elements[0] if point.elements else None
        if not isinstance(first, Linear) or len(first.inputs) != 1:
            return None
        start = first.inputs[0][0]
        return start if point.elements is _inputs(self, start) else None

    def as_outputs(self, start: int) -> Tensor:
        """The problem-space outputs, as exact forms over the network-space outputs from `start` on."""
        return Tensor(self.shape, _outputs(self, start), self.names, self.units)


# The points of most claims of a file are at the same place of their graphs.
_FORMS: Final = 1024


@lru_cache(_FORMS)
def _inputs(space: Space, start: int) -> tuple[Linear, ...]:
    places = enumerate(space.axes, start)
    return tuple(Linear(axis.scaling.offset, ((place, axis.scaling.factor),)) for place, axis in places)


@lru_cache(_FORMS)
def _outputs(space: Space, start: int) -> tuple[Linear, ...]:
    places = enumerate(space.axes, start)
    return tuple(Linear(axis.scaling.offset, (), ((place, axis.scaling.factor),)) for place, axis in places)


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
    inputs: tuple[Space, ...]
    outputs: tuple[Space, ...]
    domain: tuple[Limits, ...]
    layers: Mapping[str, tuple[int, TensorSpec]]  # by the spec's name: value number, ONNX name and shape
    nearby: Perturbed | None = None  # where it stands for all networks whose weights are near this one's
    number: int = 0  # of such networks, which one of a claim's

    @property
    def label(self) -> str:
        """What a reader is told it is: with a prime for each network of other weights before it, and one."""
        return self.use.label + "′" * self.number

    def near(self, share: Fraction, number: int) -> Signature:
        """Any network whose weights are off by at most a share of each."""
        return self if self.graph is None else _near(self, self.graph, share, number)

    @property
    def input(self) -> Space:
        """The only input; for a network with several, all of them in one, without names or scalings."""
        return _joined(self.inputs)

    @property
    def output(self) -> Space:
        """The only output; for a network with several, all of them in one."""
        return _joined(self.outputs)


@lru_cache(_FORMS)
def _near(signature: Signature, graph: Graph, share: Fraction, number: int) -> Signature:
    made = perturbed(graph, share, number, signature.use.label + "′" * number)
    layers = {name: (made.numbers[value], spec) for name, (value, spec) in signature.layers.items()}
    return replace(signature, graph=made.graph, layers=layers, nearby=made, number=number)


def _joined(spaces: tuple[Space, ...]) -> Space:
    if len(spaces) == 1:
        return spaces[0]
    axes = tuple(axis for space in spaces for axis in space.axes)
    return Space((len(axes),), axes, None)
