"""Squares of linear forms, as values that a claim's graph computes.

In: a form over the flat inputs and outputs.  Out: a form with the same square but for a linear rest, whose
coefficients binary64 holds.  Exact: a form and its multiples, and those that differ by a constant that floats
round, share one square.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import lcm

from spec_lang._values import dataclass
from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.primitives import PiecewiseLinear, Smooth
from spec_lang.network.transform.assemble import Source
from spec_lang.obligations.model import Axis
from spec_lang.semantics.claim_graph.encoding import is_dyadic
from spec_lang.semantics.terms.elements import ONE, Element, Linear, combine

_SHOWN = 3  # terms of a form that has a name


@dataclass(frozen=True, slots=True)
class Squares:
    """Consecutive squares of the graph, or positive parts, which belong to the claim and to no network."""

    sources: tuple[Source, ...]
    size: int
    function: Smooth | PiecewiseLinear = Smooth.SQUARE

    @property
    def graph(self) -> Graph:
        spec = TensorSpec("square" if self.function is Smooth.SQUARE else "positive", (self.size,))
        node = Node(self.function, (0,), spec, glue=True)
        return Graph((TensorSpec("term", (self.size,)),), (node,), (1,))


@dataclass(frozen=True, slots=True)
class Normal:
    """`form = (root + off) / factor`, and so `form² = (root² + 2·off·root + off²) / factor²`."""

    root: Linear
    factor: Fraction
    off: Fraction

    def squared(self, square: Linear) -> Element:
        """The square of the form, where that of the root is known."""
        weight = 1 / self.factor**2
        rest = 2 * self.off * weight
        return combine(((weight, square), (rest, self.root), (ONE, Linear(self.off**2 * weight))))


def normal(form: Linear) -> Normal | None:
    """None where no multiple has coefficients of binary64; for a form that is not constant."""
    coefficients = [c for _, c in (*form.inputs, *form.outputs)]
    lead = coefficients[0]
    scaled = [c / lead for c in coefficients]
    common = lcm(*(c.denominator for c in scaled))
    largest = max(abs(c * common) for c in scaled)
    power = (largest.numerator // largest.denominator).bit_length()
    factor = common / lead / 2**power
    terms = (tuple((i, c * factor) for i, c in side) for side in (form.inputs, form.outputs))
    constant = form.constant * factor
    try:
        near = Fraction(float(constant))
    except OverflowError:
        return None
    root = Linear(near, *terms)
    return Normal(root, factor, constant - near) if is_dyadic((root,)) else None


def square_axes(roots: Sequence[Linear], inputs: Sequence[Axis], outputs: Sequence[Axis]) -> tuple[Axis, ...]:
    """What to call the squares of `roots` where somebody wants to see them."""
    return tuple(Axis(f"({form_text(root, inputs, outputs)})²") for root in roots)


def form_text(root: Linear, inputs: Sequence[Axis], outputs: Sequence[Axis]) -> str:
    """A form in the names of what it is made of; a long one is cut."""
    named = [(c, inputs[i].name) for i, c in root.inputs] + [(c, outputs[j].name) for j, c in root.outputs]
    terms = [f"{float(c):g}·{name}" for c, name in named[:_SHOWN]]
    terms += ["…"] if len(named) > _SHOWN else [f"{float(root.constant):g}"] if root.constant else []
    return " + ".join(terms)
