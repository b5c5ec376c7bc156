"""What an obligation about two points of one function says: the function, what is compared, and where."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import accumulate

from spec_lang._values import dataclass
from spec_lang.network.graph import Graph
from spec_lang.obligations.model import Terms
from spec_lang.obligations.rounds import Quadratic


@dataclass(frozen=True, slots=True)
class Row:
    """`Σ inputs·x + constant <= 0` over the flat input of one point."""

    inputs: Terms
    constant: Fraction


@dataclass(frozen=True, slots=True)
class PairAtom:
    """`first·f(x) + second·f(y) + here·x + there·y + constant <= 0`, or `< 0` when `strict`; the terms are
    over the flat outputs and inputs of the one function."""

    first: Terms
    second: Terms
    here: Terms
    there: Terms
    constant: Fraction
    strict: bool


@dataclass(frozen=True, slots=True)
class Domain:
    """Where a point lies: in a box, flat and closed, where all `rows` hold and all `rounds` are at most 0."""

    lower: tuple[Fraction, ...]
    upper: tuple[Fraction, ...]
    rows: tuple[Row, ...] = ()
    rounds: tuple[Quadratic, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Twofold:
    """No x and y of their domains are such that every row of `equal` has one value on f(x) and f(y), x and y
    agree in `shared`, and some of `cases` holds (one of these at least, where there are any).

    `graph` is f, which reads one point; `first` and `second` are where x and y stand in the obligation's flat
    input.  What the obligation says besides is false where x = y.  `fixed`: y is a single point.
    """

    graph: Graph
    first: tuple[int, ...]
    second: tuple[int, ...]
    equal: tuple[Terms, ...]
    shared: tuple[int, ...]
    x: Domain
    y: Domain
    cases: tuple[tuple[PairAtom, ...], ...]

    @property
    def fixed(self) -> bool:
        return self.y.lower == self.y.upper

    def compared(self) -> Twofold:
        """The same without `cases`, and without the outputs that no row of `equal` reads."""
        starts = [0, *accumulate(self.graph.value(value).size for value in self.graph.outputs)]
        read = {index for row in self.equal for index, _ in row}
        kept: list[int] = []
        places: dict[int, int] = {}
        for number, value in enumerate(self.graph.outputs):
            here = range(starts[number], starts[number + 1])
            if not read.isdisjoint(here):
                places.update(zip(here, range(len(places), len(places) + len(here)), strict=True))
                kept.append(value)
        equal = tuple(tuple((places[index], c) for index, c in row) for row in self.equal)
        return replace(self, graph=self.graph.with_outputs(tuple(kept)), equal=equal, cases=())

    @property
    def free(self) -> tuple[int, ...]:
        """The inputs in which x and y may differ."""
        return tuple(i for i in range(len(self.first)) if i not in self.shared)
