"""What a formula speaks of, made concrete: the file's tables, and networks that can be run.

In: a `Scope`, and for each network its shapes and functions in network space.  Out: a `World`.  Nothing here
knows how a network is computed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from fractions import Fraction
from math import prod
from typing import TypeVar

from spec_lang._values import dataclass
from spec_lang.diagnostics import InternalError
from spec_lang.semantics.evaluate.arrays import Array, Number, Part, Real, Unit, Units, plus, times
from spec_lang.semantics.names.scope import Scope
from spec_lang.syntax import ast

Run = Callable[[Sequence[Number]], Sequence[Number]]
Jacobian = Callable[[Sequence[Number]], Sequence[Sequence[Number]] | None]
_Item = TypeVar("_Item", bound=ast.NetworkItem)


class AtKink(Exception):
    """A gradient was asked for where a ReLU switches: it is not one vector there."""


@dataclass(frozen=True, slots=True)
class Port:
    """An ONNX input or output: its name, and its shape for one example."""

    name: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        return prod(self.shape)


@dataclass(frozen=True, slots=True)
class Hidden:
    """A hidden tensor: its shape, and its value at a network-space input."""

    shape: tuple[int, ...]
    run: Run


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """One network, over flat vectors in network space; several inputs or outputs stand one after the other.

    `hidden` is by the name of the declared layer.  `preactivations` gives the inputs of all ReLUs, `jacobian`
    one row for each output, or None where a ReLU is at its kink.
    """

    declaration: ast.NetworkDecl
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    run: Run
    hidden: Mapping[str, Hidden] = field(default_factory=dict)
    preactivations: Run | None = None
    jacobian: Jacobian | None = None

    @property
    def input_size(self) -> int:
        return sum(port.size for port in self.inputs)

    @property
    def output_size(self) -> int:
        return sum(port.size for port in self.outputs)


def no_conversion(_: Fraction, unit: str, other: str) -> Fraction:
    """The table of a world without units."""
    raise InternalError(f"nothing converts {unit} to {other}")


@dataclass(frozen=True, slots=True)
class World:
    """A file and the networks that it speaks of, by label (`f`, `acas[1,2]`).

    `number` turns the rationals of a spec into the numbers to compute with: `Fraction` is exact, `float`
    rounds every step.  `convert(3, "km", "ft")` is how many feet three kilometres are.
    """

    scope: Scope
    networks: Mapping[str, Network]
    number: Callable[[Fraction], Number] = Fraction
    convert: Callable[[Fraction, str, str], Fraction] = no_conversion

    def converted(self, value: Real, unit: str, other: str) -> Real:
        """`value` of `unit` as a number of `other`: units differ by a factor and an offset."""
        if unit == other:
            return value
        offset = self.convert(Fraction(0), unit, other)
        factor = self.convert(Fraction(1), unit, other) - offset
        return plus(times(value, self.number(factor)), self.number(offset))

    def items(self, declaration: ast.NetworkDecl, kind: type[_Item]) -> Iterator[_Item]:
        """Those of `declaration`; where it has none, of the network that it is `like`."""
        found = [item for item in declaration.items if isinstance(item, kind)]
        if not found and declaration.like is not None:
            return self.items(self.scope.families[declaration.like.text].declaration, kind)
        return iter(found)

    def item(self, declaration: ast.NetworkDecl, kind: type[_Item]) -> _Item | None:
        return next(self.items(declaration, kind), None)

    def inputs_named(self, declaration: ast.NetworkDecl) -> tuple[tuple[str, ...], Units]:
        """Names and units of the flat inputs; empty when they are not named."""
        return _named(self.item(declaration, ast.Inputs))

    def outputs_named(self, declaration: ast.NetworkDecl) -> tuple[tuple[str, ...], Units]:
        """Names and units of the flat outputs; empty when they are not named."""
        return _named(self.item(declaration, ast.Outputs))

    def input_of(self, network: Network, elements: Sequence[Real]) -> Array:
        """A problem-space input: one tensor in its shape, several as a flat vector."""
        names, units = self.inputs_named(network.declaration)
        shape = network.inputs[0].shape if len(network.inputs) == 1 else (network.input_size,)
        if len(elements) != network.input_size:
            raise InternalError(f"{len(elements)} elements for {network.input_size} inputs")
        space = network.declaration.name.text
        return Array(shape, tuple(elements), names, units, space=space)

    def output_of(self, network: Network, elements: Sequence[Real]) -> Array:
        """An output: one tensor in its shape, several as a flat vector with parts."""
        names, units = self.outputs_named(network.declaration)
        if len(elements) != network.output_size:
            raise InternalError(f"{len(elements)} elements for {network.output_size} outputs")
        if len(network.outputs) == 1:
            return Array(network.outputs[0].shape, tuple(elements), names, units)
        parts: list[Part] = []
        start = 0
        for port in network.outputs:
            parts.append(Part(port.name, start, port.shape))
            start += port.size
        return Array((start,), tuple(elements), names, units, parts=tuple(parts))


def _named(item: ast.Inputs | ast.Outputs | None) -> tuple[tuple[str, ...], Units]:
    components = item.components if item is not None else ()
    units = tuple(None if c.unit is None else Unit(c.unit, written=False) for c in components)
    return tuple(c.name.text for c in components), units if any(units) else ()
