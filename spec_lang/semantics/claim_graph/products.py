"""Products of linear forms, and forms whose coefficients no float holds, as values of a claim's graph.

In: forms over the flat inputs and outputs.  Out: forms over a graph that computes their products, or that is
told a form piece by piece.  Exact: a form with rational coefficients is a multiple of one with integers, and
that is the sum of forms of 53 bits each.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import lcm
from typing import Final

from spec_lang._values import dataclass
from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.primitives import Binary
from spec_lang.network.transform.assemble import Source
from spec_lang.obligations.model import Axis
from spec_lang.semantics.claim_graph.growing import Growing
from spec_lang.semantics.claim_graph.squares import Normal, form_text, normal
from spec_lang.semantics.terms.elements import ONE, ZERO, Element, Linear, combine, scaled

_BITS: Final = 53  # of a float's numbers
# Pieces of a form: where more are needed, its coefficients differ by more than floats can be apart.
_MAX_PIECES: Final = 16


@dataclass(frozen=True, slots=True)
class Products:
    """Consecutive products, of what the first source gives by what the second does."""

    sources: tuple[Source, ...]
    size: int

    @property
    def graph(self) -> Graph:
        terms = (TensorSpec("first", (self.size,)), TensorSpec("second", (self.size,)))
        node = Node(Binary.PRODUCT, (0, 1), TensorSpec("product", (self.size,)), glue=True)
        return Graph(terms, (node,), (2,))


@dataclass(frozen=True, slots=True)
class Sums:
    """Consecutive values that are what their source says."""

    sources: tuple[Source, ...]
    size: int

    @property
    def graph(self) -> Graph:
        return Graph((TensorSpec("sum", (self.size,)),), (), (0,))


class Multiplying(Growing):
    """A claim's graph that computes products, and squares of whatever form."""

    __slots__ = ("_products", "_sums")

    def __init__(self) -> None:
        super().__init__()
        self._products: dict[tuple[Linear, Linear], Linear] = {}
        self._sums: dict[Linear, Linear | None] = {}

    def squares(self, forms: Sequence[Linear]) -> tuple[Element, ...] | None:
        told = [self._told(form) for form in forms]
        present = [form for form in told if form is not None]
        return super().squares(present) if len(present) == len(forms) else None

    def products(self, pairs: Sequence[tuple[Linear, Linear]]) -> tuple[Element, ...] | None:
        """The products of these forms, as forms over a graph that computes them; None where not all forms
        are ones that vary and that some floats hold, and where none has to do with a gradient.

        Squares say more of what is quadratic in the points, as balls and ellipsoids are.
        """
        if not any(self._is_derived(form) for pair in pairs for form in pair):
            return None
        found: list[tuple[Normal, Normal]] = []
        for first, second in pairs:
            told = [None if form.is_constant else self._told(form) for form in (first, second)]
            roots = [normal(form) for form in told if form is not None]
            present = [root for root in roots if root is not None]
            if len(present) < 2:
                return None
            found.append((present[0], present[1]))
        keys = [(first.root, second.root) for first, second in found]
        self._multiply(tuple(key for key in dict.fromkeys(keys) if key not in self._products))
        return tuple(
            _multiplied(first, second, self._products[key])
            for (first, second), key in zip(found, keys, strict=True)
        )

    def _multiply(self, keys: tuple[tuple[Linear, Linear], ...]) -> None:
        if not keys:
            return
        sides = tuple(zip(*keys, strict=True))
        sources = tuple(self._affine(side, (len(keys),)) for side in sides)
        texts = [[self._text(root) for root in side] for side in sides]
        axes = tuple(Axis(f"({a})·({b})") for a, b in zip(*texts, strict=True))
        result = self._made(Products(sources, len(keys)), 2, axes)
        self._products.update(zip(keys, result, strict=True))

    def _told(self, form: Linear) -> Linear | None:
        """`form` itself where it is a multiple of one that floats hold, else in pieces."""
        if form.is_constant or normal(form) is not None:
            return form
        return self.summed(form)

    def summed(self, form: Linear) -> Linear | None:
        """`form` as a multiple of a sum of values of the graph, and a constant; None where its coefficients
        differ too much."""
        if form not in self._sums:
            self._sums[form] = self._in_pieces(form)
        return self._sums[form]

    def _in_pieces(self, form: Linear) -> Linear | None:
        pieces, factor = _pieces(form)
        if len(pieces) > _MAX_PIECES:
            return None
        axes = tuple(Axis(self._text(piece)) for piece in pieces)
        sums = self._made(Sums((self._affine(tuple(pieces), (len(pieces),)),), len(pieces)), 0, axes)
        told = scaled(combine((ONE, each) for each in sums), 1 / factor)
        total = combine(((ONE, told), (ONE, Linear(form.constant))))
        return total if isinstance(total, Linear) else None

    def _text(self, form: Linear) -> str:
        inputs = [axis for block in self._blocks for axis in block.space.axes]
        return form_text(form, inputs, [axis for result in self._results for axis in result.axes])


def _multiplied(first: Normal, second: Normal, product: Linear) -> Element:
    """`(r + o)(s + p) / fg`, where `r·s` is known."""
    weight = 1 / (first.factor * second.factor)
    rest = Linear(weight * first.off * second.off)
    return combine(
        (
            (weight, product),
            (weight * second.off, first.root),
            (weight * first.off, second.root),
            (ONE, rest),
        )
    )


def _pieces(form: Linear) -> tuple[list[Linear], Fraction]:
    """Forms without constants that floats hold, and a factor: their sum is that times `form`, less its
    constant."""
    sides = (form.inputs, form.outputs)
    common = lcm(*(c.denominator for side in sides for _, c in side))
    whole = [[(i, int(c * common)) for i, c in side] for side in sides]
    width = max(abs(c).bit_length() for side in whole for _, c in side)
    factor = Fraction(common, 2**width)
    pieces: list[Linear] = []
    for low in range(max(width - _BITS, 0), -_BITS, -_BITS):
        unit = 2 ** max(low, 0)
        kept = [[(i, _toward_zero(c, unit)) for i, c in side] for side in whole]
        inputs, outputs = (tuple((i, Fraction(c * unit, 2**width)) for i, c in side if c) for side in kept)
        if inputs or outputs:
            pieces.append(Linear(ZERO, inputs, outputs))
        whole = [
            [(i, c - k * unit) for (i, c), (_, k) in zip(side, taken, strict=True)]
            for side, taken in zip(whole, kept, strict=True)
        ]
        if unit == 1:
            break
    return pieces, factor


def _toward_zero(number: int, unit: int) -> int:
    return number // unit if number >= 0 else -(-number // unit)
