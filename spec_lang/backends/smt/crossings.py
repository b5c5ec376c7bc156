"""Gates and products of an obligation, as a question has them.

In: a graph.  Out: which of its values take finitely many values, the products that can therefore be decided,
and the gates, switches and products of one question as they are collected.  Exact.
"""

from __future__ import annotations

from dataclasses import field
from fractions import Fraction
from typing import Final

from spec_lang._values import dataclass
from spec_lang.backends.smt import statements
from spec_lang.network.graph import Graph, Node
from spec_lang.network.primitives import Affine, Binary, PiecewiseLinear, Smooth, numbers_of

ZERO: Final = Fraction(0)


def stepped(graph: Graph) -> tuple[bool, ...]:
    """By value: whether it is constant once every phase is known, and hence has finitely many values.

    The gradient of a piecewise linear network is; what enters its neurons is not.
    """
    found = [False] * len(graph.inputs)
    for node in graph.nodes:
        found.append(_is_stepped(node, found))
    return tuple(found)


def _is_stepped(node: Node, before: list[bool]) -> bool:
    of = [before[operand] for operand in node.operands]
    match node.primitive:
        case Affine(maps=maps):
            return all(one or not numbers_of(linear).any() for one, linear in zip(of, maps, strict=True))
        case Binary.GATE:
            return of[1]
        case _:
            return all(of)


def undecidable(graph: Graph) -> str | None:
    """What no question can be asked about, in words, or None.

    Products are decided value by value of one of their factors: it must have finitely many.
    """
    finite = stepped(graph)
    for node in graph.nodes:
        match node.primitive:
            case Affine() | PiecewiseLinear() | Binary.GATE:
                continue
            case Binary.PRODUCT | Smooth.SQUARE as function:
                if any(finite[operand] for operand in node.operands):
                    continue
            case Smooth() as function:
                pass
        return f"no piecewise linear formula says what a {function.value} is"
    return None


@dataclass(slots=True)
class Collected:
    """Of one question."""

    switches: list[statements.Row] = field(default_factory=list)
    gates: list[statements.Gate] = field(default_factory=list)
    products: list[statements.Product] = field(default_factory=list)
    _numbers: dict[tuple[int, int], int] = field(default_factory=dict)

    def add_gate(
        self,
        at: tuple[int, int],
        z: statements.Row,
        g: statements.Row,
        variable: int,
        ends: statements.Interval,
    ) -> statements.Interval:
        """A gate at a value's element, whose row is z; the interval of its variable."""
        if at not in self._numbers:
            self._numbers[at] = len(self.switches)
            self.switches.append(z)
        self.gates.append((self._numbers[at], g, variable, ends))
        low, high = ends
        return None if low is None else min(low, ZERO), None if high is None else max(high, ZERO)

    def add_product(
        self, rows: tuple[statements.Row, statements.Row], variable: int, *ends: statements.Interval
    ) -> statements.Interval:
        """The product of two rows in these intervals, or, with one interval, a square; its own interval."""
        same = len(ends) == 1
        self.products.append((*rows, variable, ends[0], ends[-1], same))
        (a, b), (c, d) = ends[0], ends[-1]
        if a is None or b is None or c is None or d is None:
            return ZERO if same else None, None
        corners = [a * c, b * d] if same else [a * c, a * d, b * c, b * d]
        least = ZERO if same and a <= 0 <= b else min(corners)
        return least, max(corners)

    def all(self, *, at_kinks: bool) -> statements.Crossings:
        """With `at_kinks` a gate is open either way where its switch is 0, otherwise only if nothing hangs on
        it."""
        return tuple(self.switches), tuple(self.gates), tuple(self.products), at_kinks
