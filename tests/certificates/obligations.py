"""Small obligations, each with something that a proof of it needs: cuts, phases, multipliers, lemmas, boxes.

All of them hold, but for those whose names begin with `false`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Final

import numpy as np

from spec_lang.network.graph import Graph
from spec_lang.network.primitives import RELU, Affine, Dense, frozen
from spec_lang.obligations.model import (
    All,
    Any,
    Box,
    Condition,
    LinearAtom,
    Obligation,
    Region,
    Semantics,
)
from tests.tiny_networks import chain, dense

# |x0 - x1| and x0 + x1, from four neurons.
DISTANCE: Final = chain(
    2,
    dense([[1, -1], [-1, 1], [1, 1], [0.5, -2]], [0, 0, 0, 0.125]),
    RELU,
    dense([[1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0.5, -1]], [0, 0, 0.25]),
)
# relu(x) - relu(-x), which is x: no bound shows it before both neurons are split, and their phases used.
ODD: Final = chain(1, dense([[1], [-1]]), RELU, dense([[1, -1]]))
# Two layers: the second's bounds are loose without a lemma.
DEEP: Final = chain(
    2,
    dense([[1, 1], [1, -1], [-1, 0.5]], [0, 0, 0.25]),
    RELU,
    dense([[1, -1, 0.5], [-1, 1, 0.25]], [0, 0.125]),
    RELU,
    dense([[1, -1]]),
)


def box(*sides: tuple[str, str]) -> Box:
    return Box(tuple(Fraction(lo) for lo, _ in sides), tuple(Fraction(hi) for _, hi in sides))


def row(
    inputs: Sequence[int], outputs: Sequence[int], constant: str = "0", *, strict: bool = False
) -> LinearAtom:
    """`inputs·x + outputs·y + constant <= 0`."""
    terms = [tuple((i, Fraction(c)) for i, c in enumerate(part) if c) for part in (inputs, outputs)]
    return LinearAtom(terms[0], terms[1], Fraction(constant), strict)


UNIT: Final = Region((box(("0", "1"), ("0", "1")),))
LINE: Final = Region((box(("-8", "8")),))


def with_weight(obligation: Obligation, number: int) -> Obligation:
    """With one weight of the first layer changed."""
    graph = obligation.graph
    node = graph.nodes[0]
    assert isinstance(node.primitive, Affine)
    (linear,) = node.primitive.maps
    assert isinstance(linear, Dense)
    weight = np.array(linear.weight)
    weight.flat[number] += 4
    changed = replace(node, primitive=Affine((Dense(frozen(weight)),), node.primitive.bias))
    return replace(obligation, graph=Graph(graph.inputs, (changed, *graph.nodes[1:]), graph.outputs))


def upper(graph: Graph, region: Region, condition: Condition) -> Obligation:
    return Obligation(graph, region, condition)


CUTS: Final = upper(DISTANCE, UNIT, row([], [-1], "1.125"))  # |x0 - x1| >= 1.125
PHASES: Final = upper(ODD, LINE, Any((row([1], [-1], "1"), row([-1], [1], "1"))))
DEEP_BOUND: Final = upper(DEEP, UNIT, row([], [-1], "2.25"))
# x0 + x1 <= 1/4 together with |x0 - x1| >= 1/2.
TOGETHER: Final = All((row([], [0, 1], "-0.25"), row([], [-1], "0.5")))
ALTERNATIVES: Final = upper(DISTANCE, UNIT, Any((TOGETHER, row([], [-1], "1.0625"))))

OBLIGATIONS: Final[dict[str, Obligation]] = {
    "cuts": CUTS,
    "phases": PHASES,
    "lemmas": DEEP_BOUND,
    "alternatives": ALTERNATIVES,
    "boxes": replace(
        CUTS, region=Region((box(("0", "1"), ("0", "1/3")), box(("0", "1/2"), ("-1/2", "1/2"))))
    ),
    "constraints": replace(
        CUTS,
        region=Region(UNIT.boxes, (row([1, -1], [], "-1/2"), row([-1, 1], [], "-1/2"))),
        violation=row([], [-1], "0.75"),
    ),
    "strict": replace(CUTS, violation=row([], [-1], "1", strict=True)),  # |x0 - x1| > 1, which it reaches
    "float32": replace(CUTS, semantics=Semantics.FLOAT32),
    "false": replace(CUTS, violation=row([], [-1], "0.9375")),
    "false_tie": replace(CUTS, violation=row([], [-1], "1")),
    "false_phases": replace(PHASES, violation=Any((row([1], [-1], "1"), row([-1], [1], "0")))),
    "false_region": replace(CUTS, region=Region((box(("0", "1.25"), ("0", "1")),))),
    "false_second_box": replace(CUTS, region=Region((*UNIT.boxes, box(("0", "2"), ("0", "1"))))),
    "false_second_alternative": replace(ALTERNATIVES, violation=Any((TOGETHER, row([], [-1], "0.875")))),
    "false_weight": with_weight(CUTS, 0),
    "false_weight_of_phases": with_weight(PHASES, 0),
}
