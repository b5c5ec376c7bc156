"""What a goal means, as a hash: the name that its proofs are stored by.

In: a goal or an obligation.  Out: the SHA-256 of all that decides whether it holds, and whether a proof of it
is one: the network's structure and weights, region, violation and semantics, in their order.  Names, titles,
places, units and ties have no part in it; one weight, one bound or one `<` for a `<=` makes another key.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field
from fractions import Fraction
from hashlib import sha256
from typing import Final, assert_never

from spec_lang._values import dataclass
from spec_lang.network.drift import Drift, Weights
from spec_lang.network.graph import Graph
from spec_lang.network.primitives import (
    Binary,
    Convolution,
    Dense,
    Entries,
    Floats,
    Indices,
    LinearMap,
    PiecewiseLinear,
    Primitive,
    Scale,
    Smooth,
)
from spec_lang.obligations.model import All, Any, Box, Condition, Goal, LinearAtom, Obligation, Region, Terms

# To be raised with every mistake that is mended in what the kernel accepts: what was locked before it is
# asked anew.
_VERSION: Final = "nnspec goal 2"
_MEASURE: Final = "nnspec measure 2"

# Primitives whose hashes are remembered; a layer of a claim's own, made anew for each, is not worth keeping.
_MOST_REMEMBERED: Final = 1024


@dataclass(slots=True)
class Keys:
    """Makes keys; hashes the weights of a layer once, however many claims are about it."""

    _known: dict[int, tuple[Primitive, str]] = field(default_factory=dict)
    _last: tuple[Goal, str] | None = None  # whoever looks a goal up, and keeps it, asks again and again

    def forget(self) -> None:
        """The weights, and the goal, that are remembered, and kept alive by that."""
        self._known.clear()
        self._last = None

    def goal(self, goal: Goal) -> str:
        """The key of `goal`, 64 hexadecimal digits."""
        last = self._last  # read once: another thread may put its own in the place
        if last is None or last[0] is not goal:
            parts = (_VERSION, f"exists={goal.exists}", *map(self.obligation, goal.obligations))
            last = self._last = goal, _hash(" ".join(parts))
        return last[1]

    def measure(self, asked: str, goal: Goal) -> str:
        """The key of a measure: of what it asks for, and the goal of one of its thresholds."""
        return _hash(f"{_MEASURE} {asked} {self.goal(goal)}")

    def obligation(self, obligation: Obligation) -> str:
        """The key of one obligation."""
        parts = (
            obligation.semantics.value,
            self._graph(obligation.graph),
            region_text(obligation.region),
            condition_text(obligation.violation),
        )
        return _hash("\n".join(parts))

    def _graph(self, graph: Graph) -> str:
        inputs = _listed(str(spec.size) for spec in graph.inputs)
        nodes = _listed(
            f"{self._primitive(node.primitive)}{node.size}{_listed(map(str, node.operands))}{node.glue}"
            f"{node.part}{'' if node.drift is None else _drift(node.drift)}"
            for node in graph.nodes
        )
        return f"{graph.precision}{inputs}{nodes}{_listed(map(str, graph.outputs))}"

    def _primitive(self, primitive: Primitive) -> str:
        if isinstance(primitive, PiecewiseLinear):
            return _piecewise(primitive)
        if isinstance(primitive, Smooth):
            return f"smooth({primitive.value})"
        if isinstance(primitive, Binary):
            return f"binary({primitive.value})"
        known = self._known.get(id(primitive))
        if known is not None and known[0] is primitive:
            return known[1]
        found = f"affine{_listed(map(_map, primitive.maps))}{_array(primitive.bias)}"
        if len(self._known) >= _MOST_REMEMBERED:
            self._known.clear()
        self._known[id(primitive)] = (primitive, found)  # which keeps it alive, and its id its own
        return found


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _listed(texts: Iterable[str]) -> str:
    return f"({','.join(texts)})"


def _map(linear: LinearMap) -> str:
    match linear:
        case Dense(weight):
            return f"dense{_array(weight)}"
        case Scale(factor):
            return f"scale{_array(factor)}"
        case Entries(shape, row, column, value):
            return f"entries{_sizes(shape)}{_places(row)}{_places(column)}{_array(value)}"
        case Convolution(weight, groups, size, result, strides, dilations, pads, adjoint):
            shapes = "".join(map(_sizes, (size, result, strides, dilations, pads)))
            return f"convolution{int(adjoint)}{_array(weight)}{groups}{shapes}"
        case _ as unreachable:
            assert_never(unreachable)


def _drift(drift: Drift) -> str:
    terms = (
        f"{term.operand}{_weights(term.weights)}{_map(term.linear)}{term.is_transposed}"
        for term in drift.terms
    )
    return f"drift{_listed(terms)}{'' if drift.bias is None else _weights(drift.bias)}"


def _weights(weights: Weights) -> str:
    said = f"{weights.network}:{weights.array}:{weights.alike}"
    return f"{said}{_array(weights.numbers)}{_number(weights.share)}"


def _sizes(sizes: tuple[int, ...]) -> str:
    return _listed(map(str, sizes))


def _places(places: Indices) -> str:
    """The same on every machine, whatever its word."""
    return sha256(places.astype("<i8").tobytes()).hexdigest()


def _array(array: Floats) -> str:
    stored = array.astype(array.dtype.newbyteorder("<"), order="C", copy=False)
    return f"{stored.dtype.str}{stored.shape}{sha256(stored.tobytes()).hexdigest()}"


def _piecewise(function: PiecewiseLinear) -> str:
    numbers = (function.knots, function.slopes, (function.anchor,))
    return "piecewise" + _listed(_listed(float(number).hex() for number in part) for part in numbers)


def region_text(region: Region) -> str:
    """A region, exactly."""
    return f"{_listed(map(_box, region.boxes))}{_listed(map(condition_text, region.constraints))}"


def _box(box: Box) -> str:
    return f"{_listed(map(_bound, box.lower))}{_listed(map(_bound, box.upper))}"


def _bound(bound: Fraction | None) -> str:
    return "-" if bound is None else _number(bound)


def _number(number: Fraction) -> str:
    return f"{number.numerator:x}/{number.denominator:x}"  # to a power of two, and so linear in its length


def _terms(terms: Terms) -> str:
    return _listed(f"{index}:{_number(coefficient)}" for index, coefficient in terms)


def condition_text(condition: Condition) -> str:
    """A condition, exactly, in the order in which proofs number its atoms."""
    match condition:
        case LinearAtom(inputs, outputs, constant, strict):
            relation = "<" if strict else "<="
            return f"{_terms(inputs)}{_terms(outputs)}{_number(constant)}{relation}"
        case All(parts):
            return f"all{_listed(map(condition_text, parts))}"
        case Any(parts):
            return f"any{_listed(map(condition_text, parts))}"
        case _ as unreachable:
            assert_never(unreachable)
