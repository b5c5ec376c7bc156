"""Executions of a network in float32, in every way that the semantics permits, drawn at random.

In: a graph, an exact point, and a source of choices.  Out: the values of one execution.  Deliberately naive,
in fractions; shares no code with the project's own bounds and checks.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
from hypothesis import strategies as st

from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.primitives import RELU, Affine, Dense, Scale, frozen
from tests.maps import rows_of

LEAST_NORMAL = Fraction(1, 2**126)
NASTY = (
    0.0,
    -0.0,
    1.0,
    -1.0,
    2.0**24,
    -(2.0**24),
    0.1,
    -0.3,
    1e-20,
    2.0**-126,
    -(2.0**-100),
    3e4,
    1 + 2.0**-23,
)


class Overflow(Exception):
    """A result beyond the range of float32."""


def nearest(value: Fraction) -> Fraction:
    """The float32 number nearest to `value`, ties to even."""
    if value == 0:
        return Fraction(0)
    size = abs(value)
    exponent = size.numerator.bit_length() - size.denominator.bit_length()
    exponent -= size < Fraction(2) ** exponent
    unit = Fraction(2) ** max(exponent - 23, -149)
    found = round(value / unit) * unit  # of fractions: ties to even
    if abs(found) >= 2**128:
        raise Overflow
    return found


@dataclass(frozen=True)
class Style:
    """How one execution sums: it may `flush` results below the normal range, `fuse` a product with the sum
    before it, keep sums `wide` until one last rounding, add in `trees`, and take the terms `shuffled`."""

    flush: bool = False
    fuse: bool = False
    wide: bool = False
    trees: bool = False
    shuffled: bool = False


LEFT_TO_RIGHT = Style()
styles = st.builds(Style, st.booleans(), st.booleans(), st.booleans(), st.booleans(), st.booleans())


def run(graph: Graph, point: Sequence[Fraction], style: Style, choice: random.Random) -> list[list[Fraction]]:
    """Every value of the graph.  Raises `Overflow`."""
    values: list[list[Fraction]] = []
    column = 0
    for spec in graph.inputs:
        values.append(list(point[column : column + spec.size]))
        column += spec.size
    for node in graph.nodes:
        operands = [values[o] for o in node.operands]
        if not isinstance(node.primitive, Affine):
            values.append([max(t, Fraction(0)) for t in operands[0]])
            continue
        affine = node.primitive
        results = []
        matrices = [rows_of(linear) for linear in affine.maps]
        for row, bias in enumerate(affine.bias):
            factors = [
                (Fraction(number), operand[column])
                for rows, operand in zip(matrices, operands, strict=True)
                for column, number in sorted(rows[row].items())
            ]
            if node.glue:
                results.append(sum((w * x for w, x in factors), Fraction(float(bias))))
            else:
                results.append(_Sum(style, choice).of(factors, Fraction(float(bias))))
        values.append(results)
    return values


@dataclass
class _Sum:
    style: Style
    choice: random.Random

    def of(self, factors: list[tuple[Fraction, Fraction]], bias: Fraction) -> Fraction:
        if self.style.wide:
            return self.rounded(sum((w * x for w, x in factors), bias))
        if self.style.shuffled:
            factors = self.choice.sample(factors, len(factors))
        if self.style.fuse:
            total = bias
            for w, x in factors:
                total = self.rounded(total + w * x)
            return total
        terms = [self.rounded(w * x) for w, x in factors] + [bias]
        while len(terms) > 1:
            at = self.choice.randrange(len(terms) - 1) if self.style.trees else 0
            terms[at : at + 2] = [self.rounded(terms[at] + terms[at + 1])]
        return terms[0]

    def rounded(self, value: Fraction) -> Fraction:
        found = nearest(value)
        return Fraction(0) if self.style.flush and abs(found) < LEAST_NORMAL else found


# -- graphs --------------------------------------------------------------------------------------------

numbers = st.one_of(st.floats(-3, 3, width=32), st.floats(-3, 3, width=32), st.sampled_from(NASTY))


def arrays(*shape: int) -> st.SearchStrategy[np.ndarray]:
    size = int(np.prod(shape))
    drawn = st.lists(numbers, min_size=size, max_size=size)
    return drawn.map(lambda values: frozen(np.array(values, dtype=np.float32).reshape(shape)))


@st.composite
def networks(draw: st.DrawFn) -> Graph:
    """Chains and residual sums of up to three affine layers, all weights float32."""
    sizes = draw(st.lists(st.integers(1, 5), min_size=2, max_size=4))
    nodes: list[Node] = []
    for layer, (before, after) in enumerate(pairwise(sizes)):
        affine = Affine((Dense(draw(arrays(after, before))),), draw(arrays(after)))
        nodes.append(Node(affine, (len(nodes),), TensorSpec(f"z{layer}", (after,))))
        if draw(st.booleans()):
            nodes.append(Node(RELU, (len(nodes),), TensorSpec(f"a{layer}", (after,))))
        if draw(st.booleans()):
            maps = Scale(draw(arrays(after))), Scale(draw(arrays(after)))
            operands = len(nodes), len(nodes) - draw(st.integers(0, int(nodes[-1].primitive == RELU)))
            nodes.append(Node(Affine(maps, draw(arrays(after))), operands, TensorSpec(f"s{layer}", (after,))))
    outputs = (len(nodes),) if draw(st.booleans()) else (len(nodes), draw(st.integers(1, len(nodes))))
    return Graph((TensorSpec("x", (sizes[0],)),), tuple(nodes), outputs)
