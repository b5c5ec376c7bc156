"""What expressions denote: tensors of exact linear forms, and a few things that are not numbers.

In: operands.  Out: results over network-space flat inputs and outputs.  Everything is a `Fraction`; terms are
sparse, so that an input of a thousand elements costs a thousand terms.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from math import prod
from typing import Final

from spec_lang.obligations.model import Terms
from spec_lang.semantics.model import NetworkUse

ZERO: Final = Fraction(0)
ONE: Final = Fraction(1)


@dataclass(frozen=True, slots=True)
class Linear:
    """`Σ inputs·x + Σ outputs·y + constant`."""

    constant: Fraction
    inputs: Terms = ()
    outputs: Terms = ()

    @property
    def is_constant(self) -> bool:
        return not self.inputs and not self.outputs

    def scaled(self, factor: Fraction) -> Linear:
        if factor == 1:
            return self
        if factor == 0:
            return Linear(ZERO)
        return Linear(
            self.constant * factor,
            tuple((i, c * factor) for i, c in self.inputs),
            tuple((i, c * factor) for i, c in self.outputs),
        )


def combine(parts: Iterable[tuple[Fraction, Linear]]) -> Linear:
    """`Σ factor · part`, terms sorted and without zeros."""
    constant = ZERO
    inputs: dict[int, Fraction] = {}
    outputs: dict[int, Fraction] = {}
    for factor, part in parts:
        constant += factor * part.constant
        for terms, into in ((part.inputs, inputs), (part.outputs, outputs)):
            for index, coefficient in terms:
                into[index] = into.get(index, ZERO) + factor * coefficient
    return Linear(constant, _terms(inputs), _terms(outputs))


def _terms(coefficients: dict[int, Fraction]) -> Terms:
    return tuple(sorted((i, c) for i, c in coefficients.items() if c))


@dataclass(frozen=True, slots=True)
class Names:
    """Names of a tensor's elements, and whose they are (`acas`, for a diagnostic)."""

    names: tuple[str, ...]
    owner: str


@dataclass(frozen=True, slots=True)
class Tensor:
    """Elements in row-major order; a scalar has shape ()."""

    shape: tuple[int, ...]
    elements: tuple[Linear, ...]
    names: Names | None = None
    is_point: bool = False  # the quantified variable itself

    @property
    def size(self) -> int:
        return len(self.elements)

    @property
    def is_constant(self) -> bool:
        return all(element.is_constant for element in self.elements)

    @property
    def constants(self) -> tuple[Fraction, ...]:
        return tuple(element.constant for element in self.elements)


def scalar(value: Fraction) -> Tensor:
    return Tensor((), (Linear(value),))


def broadcast(a: Tensor, b: Tensor) -> tuple[tuple[int, ...], Sequence[Linear], Sequence[Linear]] | None:
    """Both operands' elements side by side; one element goes with any shape.  None when they clash."""
    if a.shape == b.shape:
        return a.shape, a.elements, b.elements
    if b.size == 1:
        return a.shape, a.elements, b.elements * a.size
    if a.size == 1:
        return b.shape, a.elements * b.size, b.elements
    return None


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
class NetworkValue:
    """One network, not applied."""

    use: NetworkUse


@dataclass(frozen=True, slots=True)
class FamilyValue:
    """A family of networks or regions, not indexed; or a region, which is no number."""

    kind: str  # "network family", "region", …
    name: str


@dataclass(frozen=True, slots=True)
class LayerValue:
    """A network up to one of its hidden tensors, not applied."""

    use: NetworkUse
    layer: str


Value = Tensor | Extremisers | NetworkValue | FamilyValue | LayerValue
