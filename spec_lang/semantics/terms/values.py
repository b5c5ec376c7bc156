"""What expressions denote: tensors of exact linear forms, and a few things that are not numbers.

In: operands.  Out: results over network-space flat inputs and outputs.  Everything is a `Fraction`; terms are
sparse, so that an input of a thousand elements costs a thousand terms.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import Enum
from fractions import Fraction
from itertools import product, zip_longest
from math import prod
from typing import Protocol

from spec_lang._values import dataclass
from spec_lang.diagnostics import Span
from spec_lang.semantics.model import NetworkUse
from spec_lang.semantics.terms.elements import Element, Linear, is_constant
from spec_lang.syntax import ast


@dataclass(frozen=True, slots=True)
class Names:
    """Names of a tensor's elements, and whose they are (`acas`, for a diagnostic)."""

    names: tuple[str, ...]
    owner: str


@dataclass(frozen=True, slots=True)
class Tensor:
    """Elements in row-major order; a scalar has shape ().

    `units` are those of the elements, where all that is known; `written` says that they stand in the spec
    as quantities (`3 km`), which still have to be converted to those of whatever they are compared with.
    `space` is the network whose input the tensor is a point of, as a sum with such a point is.
    """

    shape: tuple[int, ...]
    elements: tuple[Element, ...]
    names: Names | None = None
    units: tuple[str | None, ...] | None = None
    written: bool = False
    space: NetworkUse | None = None

    @property
    def size(self) -> int:
        return len(self.elements)

    @property
    def is_constant(self) -> bool:
        return all(map(is_constant, self.elements))

    @property
    def constants(self) -> tuple[Fraction, ...]:
        """The elements of a constant tensor."""
        return tuple(element.constant for element in self.elements if isinstance(element, Linear))


def scalar(value: Fraction) -> Tensor:
    return Tensor((), (Linear(value),))


def broadcast(a: Tensor, b: Tensor) -> tuple[tuple[int, ...], Sequence[Element], Sequence[Element]] | None:
    """Both operands' elements side by side.  None when their shapes clash.

    One element goes with any shape; otherwise extents are compared from the last one, and 1, or none at all,
    goes with any, as in numpy.
    """
    if a.shape == b.shape:
        return a.shape, a.elements, b.elements
    if b.size == 1:
        return a.shape, a.elements, b.elements * a.size
    if a.size == 1:
        return b.shape, a.elements * b.size, b.elements
    shape: list[int] = []
    for extents in zip_longest(reversed(a.shape), reversed(b.shape), fillvalue=1):
        if extents[0] != extents[1] and 1 not in extents:
            return None
        shape.append(max(extents))
    common = tuple(reversed(shape))
    return common, _spread(a, common), _spread(b, common)


def _spread(tensor: Tensor, shape: tuple[int, ...]) -> Sequence[Element]:
    """The elements of `tensor` where it is repeated to `shape`."""
    own = (1,) * (len(shape) - len(tensor.shape)) + tensor.shape
    places = product(*(range(extent) for extent in shape))
    return tuple(
        tensor.elements[offset_of(own, [0 if n == 1 else i for i, n in zip(p, own, strict=True)])]
        for p in places
    )


def offset_of(shape: tuple[int, ...], indices: Sequence[int]) -> int:
    """The row-major position of an element; the indices are in range."""
    position = 0
    for extent, index in zip(shape, indices, strict=True):
        position = position * extent + index
    return position


def unravel(shape: tuple[int, ...], position: int) -> tuple[int, ...]:
    """The indices of the element at a row-major position."""
    indices: list[int] = []
    for extent in reversed(shape):
        position, index = divmod(position, extent)
        indices.append(index)
    return tuple(reversed(indices))


def elements_named(name: str, shape: tuple[int, ...]) -> tuple[str, ...]:
    """`x[0, 3]` and so on, the way a spec addresses the elements of an unnamed tensor."""
    size = prod(shape)
    if len(shape) <= 1:
        return tuple(f"{name}[{position}]" for position in range(size))
    return tuple(f"{name}[{', '.join(map(str, unravel(shape, p)))}]" for p in range(size))


class Extremum(Enum):
    ARGMAX = "argmax"
    ARGMIN = "argmin"


@dataclass(frozen=True, slots=True)
class Extremisers:
    """`argmax(tensor)` or `argmin(tensor)`: the set of positions where the extremum is taken."""

    which: Extremum
    tensor: Tensor


@dataclass(frozen=True, slots=True)
class Topmost:
    """`argtop(tensor, count)`: the set of positions with fewer than `count` greater elements."""

    tensor: Tensor
    count: int


@dataclass(frozen=True, slots=True)
class Cosine:
    """`cosine(a, b)`, of vectors of one size; `written` is where they stand."""

    a: Tensor
    b: Tensor
    written: tuple[Span, Span]


class Head(Enum):
    """What is made of all outputs of a network; the value is the function of the language."""

    SOFTMAX = "softmax"
    SIGMOID = "sigmoid"
    CROSS_ENTROPY = "cross_entropy"


@dataclass(frozen=True, slots=True)
class NetworkValue:
    """One network, not applied, with a `head` or without; or, with a `radius`, one whose weights differ from
    its by that share, `number` for each that a claim speaks of."""

    use: NetworkUse
    radius: Fraction | None = None
    head: Head | None = None
    number: int = 0

    @property
    def text(self) -> str:
        """How a spec names it: `f`, `softmax(f)`."""
        return self.use.label if self.head is None else f"{self.head.value}({self.use.label})"


@dataclass(frozen=True, slots=True)
class FamilyValue:
    """A family of networks or regions, not indexed; or a region, which is no number."""

    kind: str  # "network family", "region", …
    name: str


@dataclass(frozen=True, slots=True)
class LayerValue:
    """A network up to one of its hidden tensors, not applied; `radius` and `number` as of the network."""

    use: NetworkUse
    layer: str
    radius: Fraction | None = None
    number: int = 0


@dataclass(frozen=True, slots=True)
class OutputValue:
    """One output of a network, not applied: `f.speed`, `f[2]`."""

    network: NetworkValue
    position: int


@dataclass(frozen=True, slots=True, eq=False)
class FormulaValue:
    """A formula that a `let` names, with what its own names denote."""

    formula: ast.Expr
    names: Mapping[str, Value]


@dataclass(frozen=True, slots=True, eq=False)
class OutputsValue:
    """The outputs of a network that has several, at a point, by their ONNX names."""

    name: str
    tensors: Mapping[str, Tensor]


class Cells(Protocol):
    """The numbers of an array, read when they are asked for; row-major, exact."""

    def fractions(self, start: int, stop: int) -> tuple[Fraction, ...]:
        """The elements `start … stop − 1`.  Raises `ValueError` for one that is not finite."""


@dataclass(frozen=True, slots=True, eq=False)
class ArrayValue:
    """An array of data, or a part of one that starts at `offset`; no element is read before it is used."""

    name: str  # "digits.images", for a diagnostic
    element: str  # "real", "int" or "label"
    shape: tuple[int, ...]
    cells: Cells
    offset: int = 0

    @property
    def size(self) -> int:
        return prod(self.shape)

    def row(self, index: int) -> ArrayValue:
        """The part at `index` of the first dimension, which is in range."""
        rest = self.shape[1:]
        return replace(self, shape=rest, offset=self.offset + index * prod(rest))

    def tensor(self) -> Tensor:
        """All elements, as exact constants.  Raises `ValueError` for one that is not finite."""
        values = self.cells.fractions(self.offset, self.offset + self.size)
        return Tensor(self.shape, tuple(map(Linear, values)))


@dataclass(frozen=True, slots=True, eq=False)
class DataValue:
    """A `data` declaration: its arrays by name."""

    name: str
    arrays: Mapping[str, ArrayValue]


Value = (
    Tensor
    | Extremisers
    | Topmost
    | Cosine
    | NetworkValue
    | OutputValue
    | OutputsValue
    | FamilyValue
    | LayerValue
    | FormulaValue
    | ArrayValue
    | DataValue
)
