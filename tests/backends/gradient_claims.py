"""Claims about gradients of tiny networks, with exact answers: many hold or fail by nothing, or at kinks.

In: a number.  Out: always the same claim for the same number, as an obligation and as the referee's finding.
Thresholds are values that the networks' pieces really attain, or miss them by a little.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product
from random import Random

import numpy as np

from spec_lang.network.graph import Graph, Node
from spec_lang.network.primitives import Affine, Binary, Scale, Smooth, frozen
from spec_lang.network.transform.gradient import with_gradient
from spec_lang.obligations.model import Any, Box, LinearAtom, Obligation, Region
from tests.gradients.cases import Case, case
from tests.gradients.faces import Pieces
from tests.gradients.forms import Vector
from tests.gradients.oracle import (
    Finding,
    Linear,
    Norm,
    always_of_jacobian,
    inner,
    linear,
    near,
    saliency_near,
)

ZERO, ONE = Fraction(0), Fraction(1)
NUDGES = (ZERO, ZERO, ZERO, Fraction(1, 16), Fraction(-1, 16), Fraction(1, 2), Fraction(-1, 2))
# Up to three hidden layers: small, since the referee knows every face of every case.
SIZES = ((1, 3, 1), (2, 3, 1), (2, 3, 2), (1, 3, 2, 1), (2, 3, 2, 1), (2, 2, 2, 2, 1), (3, 2, 1))


@dataclass(frozen=True, slots=True, eq=False)
class Claim:
    """An obligation, and what is true of it; its graph has the network's outputs and then the gradient."""

    obligation: Obligation
    finding: Finding


def claim(number: int, kinds: str = "linear") -> Claim:
    """A claim of that kind: `linear` (in gradient, input and output), `l1`, `l2` (distances from a vector) or
    `saliency`."""
    rng = Random(f"claims/{number}/{kinds}")  # noqa: S311 - to be repeated
    one = case(number, rng.choice(SIZES))
    return {"linear": _linear, "l1": _l1, "l2": _l2, "saliency": _saliency}[kinds](one, rng)


def with_gradients(graph: Graph, *outputs: int) -> Graph:
    """The graph with the gradients of these outputs after its own."""
    more: tuple[int, ...] = ()
    whole = graph
    for output in outputs:
        found = with_gradient(whole, output)
        whole, more = found.graph, (*more, *found.by_input)
    return whole.with_outputs((*graph.outputs, *more))


def region_of(one: Case) -> Region:
    rows = (LinearAtom(_terms(row[1:]), (), row[0], strict=False) for row in one.region.half_spaces)
    return Region((Box(one.region.lower, one.region.upper),), tuple(rows))


def _terms(coefficients: Iterable[Fraction], first: int = 0) -> tuple[tuple[int, Fraction], ...]:
    return tuple((i, c) for i, c in enumerate(coefficients, start=first) if c)


def _vector(rng: Random, size: int) -> Vector:
    return tuple(Fraction(rng.randint(-2, 2), 2) for _ in range(size))


# -- linear in everything ------------------------------------------------------------------------------


def _linear(one: Case, rng: Random) -> Claim:
    pieces, graph = Pieces(one.graph, one.region), one.graph
    size, count = graph.input_size, graph.output_size
    claims = []
    for _ in range(rng.choice((1, 1, 2))):
        v = tuple(_vector(rng, size) for _ in range(count))
        mixed = rng.random() < 0.4
        x, y = (_vector(rng, n) if mixed else (ZERO,) * n for n in (size, count))
        least = Linear(ZERO, v, x, y)
        claims.append(replace(least, constant=-_threshold(pieces, least, rng), strict=rng.random() < 0.5))
    broken = tuple(_broken(each, size, count) for each in claims)
    whole = with_gradients(graph, *range(count))
    return Claim(Obligation(whole, region_of(one), Any(broken)), linear(pieces, *claims))


def _broken(each: Linear, size: int, count: int) -> LinearAtom:
    """Where it fails: at 0, too, where it is strict."""
    outputs = (*each.y, *(c for row in each.v for c in row))
    assert len(outputs) == count * (size + 1)
    holds = LinearAtom(_terms(each.x), _terms(outputs), each.constant, each.strict)
    return holds.negated()


def _threshold(pieces: Pieces, form: Linear, rng: Random) -> Fraction:
    """The greatest value on some cell, or one beside it."""
    found = []
    for cell in pieces.cells:
        for map_ in pieces.maps(cell):
            row = form.form(map_)
            found += [row[0] + inner(row[1:], corner) for corner in cell.corners]
    return rng.choice((max(found), max(found), max(found), rng.choice(found))) + rng.choice(NUDGES)


# -- distances from a vector ---------------------------------------------------------------------------


def _distance(one: Case, rng: Random) -> tuple[Pieces, Vector, list[Vector]]:
    """A vector, and the differences of gradients from it."""
    pieces = Pieces(one.graph, one.region)
    gradients = sorted({jacobian[0] for jacobian in pieces.one_sided_jacobians()})
    target = rng.choice((rng.choice(gradients), _vector(rng, one.graph.input_size)))
    return pieces, target, [tuple(a - b for a, b in zip(v, target, strict=True)) for v in gradients]


def _l1(one: Case, rng: Random) -> Claim:
    pieces, target, apart = _distance(one, rng)
    within = max(ZERO, max(sum(map(abs, d), ZERO) for d in apart) + rng.choice(NUDGES))
    first = one.graph.output_size
    broken = []
    for signs in product((1, -1), repeat=len(target)):
        beyond = inner([Fraction(s) for s in signs], target) + within
        broken.append(LinearAtom((), _terms((Fraction(-s) for s in signs), first), beyond, strict=True))
    obligation = Obligation(with_gradients(one.graph, 0), region_of(one), Any(tuple(broken)))
    return Claim(obligation, near(pieces, 0, [target], within, Norm.L1))


def _l2(one: Case, rng: Random) -> Claim:
    """By squares in the graph; `within` is compared with the square of the distance."""
    pieces, target, apart = _distance(one, rng)
    longest = max(inner(d, d) for d in apart)
    within = max(ZERO, longest + rng.choice(NUDGES))
    graph = with_gradients(one.graph, 0)
    numbers = np.array([float(-t) for t in target])
    gradient = graph.outputs[-1]
    spec = graph.value(gradient)
    value = len(graph.inputs) + len(graph.nodes)
    shift = Node(Affine((_identity(len(target)),), frozen(numbers)), (gradient,), spec, glue=True)
    square = Node(Smooth.SQUARE, (value,), spec, glue=True)
    whole = replace(graph, nodes=(*graph.nodes, shift, square), outputs=(*graph.outputs, value + 1))
    first = graph.output_size
    beyond = LinearAtom((), _terms((-ONE,) * len(target), first), within, strict=True)

    def squares(v: Vector) -> bool:
        d = [a - b for a, b in zip(v, target, strict=True)]
        return inner(d, d) <= within

    finding = always_of_jacobian(pieces, lambda jacobian: squares(jacobian[0]))
    return Claim(Obligation(whole, region_of(one), beyond), finding)


def _saliency(one: Case, rng: Random) -> Claim:
    """Input times gradient, by products in the graph, in ℓ∞."""
    pieces, target, _ = _distance(one, rng)
    within = abs(rng.choice(NUDGES)) + Fraction(rng.randint(0, 6), 4)
    graph = with_gradients(one.graph, 0)
    value = len(graph.inputs) + len(graph.nodes)
    spec = graph.value(graph.outputs[-1])
    operands = (0, graph.outputs[-1]) if rng.random() < 0.5 else (graph.outputs[-1], 0)
    more = Node(Binary.PRODUCT, operands, spec, glue=True)
    whole = replace(graph, nodes=(*graph.nodes, more), outputs=(*graph.outputs, value))
    first, broken = graph.output_size, []
    for i, sign in product(range(len(target)), (1, -1)):
        beyond = sign * target[i] + within
        broken.append(LinearAtom((), ((first + i, Fraction(-sign)),), beyond, strict=True))
    finding = saliency_near(pieces, 0, target, within, Norm.LINF)
    return Claim(Obligation(whole, region_of(one), Any(tuple(broken))), finding)


def _identity(size: int) -> Scale:
    return Scale(frozen(np.ones(size)))
