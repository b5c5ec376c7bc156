"""Obligations on tiny networks that search for trouble, and sessions that replay exactly.

In: Hypothesis.  Out: obligations whose atoms pass through a value that the network really takes, so that
ties, misses by a hair and clear cases are all frequent.
"""

from __future__ import annotations

import time
from fractions import Fraction
from itertools import pairwise

import numpy as np
from hypothesis import strategies as st

from spec_lang.backends.base import Budget, Point, Session
from spec_lang.kernel.proof import examine
from spec_lang.kernel.witness import WitnessChecker
from spec_lang.network.evaluate import Evaluator
from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.primitives import RELU, Affine, Dense, Floats, PiecewiseLinear, frozen
from spec_lang.obligations.certificate import Flaw
from spec_lang.obligations.model import All, Any, Box, Condition, LinearAtom, Obligation, Region, Semantics
from spec_lang.obligations.outcome import Certificate
from tests.tiny_networks import reference

PATIENCE = 60.0
OFFSETS = [Fraction(n) for n in (0, 0, 1, -1, 3)] + [Fraction(1, 10**6), Fraction(-1, 10**6), Fraction(50)]


def session(
    obligation: Obligation,
    seconds: float | None = PATIENCE,
    work: int | None = None,
    memory: int | None = None,
) -> Session:
    """With the kernel's own replay and check."""
    checker = WitnessChecker(obligation)

    def confirm(point: Point) -> bool:
        return checker(point) is not None

    def flaw(proof: Certificate) -> Flaw | None:
        return examine(obligation, proof).flaw

    deadline = None if seconds is None else time.monotonic() + seconds
    return Session(Budget(deadline, work, memory), confirm, lambda _progress: None, flaw)


@st.composite
def arrays(draw: st.DrawFn, *shape: int) -> Floats:
    """Small numbers, ties and zeros, now and then at another scale."""
    size = int(np.prod(shape))
    scale = draw(st.sampled_from([1.0, 1.0, 1.0, 1e-4, 1e4]))
    number = st.sampled_from([0.0, 1.0, -1.0, 0.5, 0.1]) | st.floats(-3, 3, width=32).map(lambda v: v * scale)
    values = draw(st.lists(number, min_size=size, max_size=size))
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    return frozen(np.array(values, dtype=dtype).reshape(shape))


@st.composite
def functions(draw: st.DrawFn) -> PiecewiseLinear:
    """Up to three knots, convex or not."""
    knots = sorted(draw(st.sets(st.integers(-6, 6), min_size=1, max_size=3)))
    slope = st.sampled_from([0.0, 1.0, -1.0, 0.25, 2.0])
    slopes = draw(st.lists(slope, min_size=len(knots) + 1, max_size=len(knots) + 1))
    return PiecewiseLinear(
        tuple(k / 2 for k in knots), tuple(slopes), draw(st.sampled_from([0.0, 1.0, -0.5]))
    )


@st.composite
def networks(draw: st.DrawFn, function: st.SearchStrategy[PiecewiseLinear]) -> Graph:
    """One or two layers of neurons; the outputs may include a hidden value."""
    sizes = [draw(st.integers(1, 2)), *draw(st.lists(st.integers(1, 3), min_size=1, max_size=2))]
    sizes.append(draw(st.integers(1, 2)))
    nodes: list[Node] = []
    for layer, (size_in, size_out) in enumerate(pairwise(sizes)):
        affine = Affine((Dense(draw(arrays(size_out, size_in))),), draw(arrays(size_out)))
        nodes.append(Node(affine, (len(nodes),), TensorSpec(f"z{layer}", (size_out,))))
        if layer < len(sizes) - 2:
            nodes.append(Node(draw(function), (len(nodes),), TensorSpec(f"a{layer}", (size_out,))))
    hidden = draw(st.sampled_from([(), (), (draw(st.integers(0, len(nodes))),)]))
    return Graph((TensorSpec("x", (sizes[0],)),), tuple(nodes), (len(nodes), *hidden))


@st.composite
def boxes(draw: st.DrawFn, size: int, *, bounded: bool) -> Box:
    ends: list[tuple[Fraction | None, Fraction | None]] = []
    for _ in range(size):
        low, high = sorted(draw(st.integers(-20, 20)) for _ in range(2))
        open_ends = (False, False) if bounded else (draw(st.booleans()), draw(st.booleans()))
        ends.append(
            (None if open_ends[0] else Fraction(low, 10), None if open_ends[1] else Fraction(high, 10))
        )
    return Box(tuple(low for low, _ in ends), tuple(high for _, high in ends))


def point_of(box: Box) -> list[Fraction]:
    found = []
    for low, high in zip(box.lower, box.upper, strict=True):
        middle = None if low is None or high is None else (low + high) / 2
        found.append(next(end for end in (middle, low, high, Fraction(3)) if end is not None))
    return found


@st.composite
def atoms(draw: st.DrawFn, graph: Graph, x: list[Fraction]) -> LinearAtom:
    """One that is 0 at `x`, or misses it by an offset."""
    coefficient = st.sampled_from([Fraction(n) for n in (1, -1, 2)] + [Fraction(1, 7)])
    index = st.integers(0, graph.output_size - 1)
    outputs = sorted(draw(st.dictionaries(index, coefficient, min_size=1, max_size=2)).items())
    inputs = draw(st.dictionaries(st.integers(0, graph.input_size - 1), coefficient, max_size=1))
    y = reference(graph, x)
    here = sum((c * y[j] for j, c in outputs), Fraction(0)) + sum(
        (c * x[i] for i, c in inputs.items()), Fraction(0)
    )
    constant = draw(st.sampled_from(OFFSETS)) - here
    return LinearAtom(tuple(inputs.items()), tuple(outputs), constant, draw(st.booleans()))


@st.composite
def obligations(
    draw: st.DrawFn, function: st.SearchStrategy[PiecewiseLinear], *, bounded: bool = True
) -> Obligation:
    graph = draw(networks(function))
    size = graph.input_size
    parts = draw(st.lists(boxes(size, bounded=bounded), min_size=1, max_size=2))
    x = point_of(parts[0])
    leaf: st.SearchStrategy[Condition] = atoms(graph, x)
    violation = draw(
        st.recursive(
            leaf,
            lambda inner: st.builds(
                lambda kind, conditions: kind(tuple(conditions)),
                st.sampled_from([All, Any]),
                st.lists(inner, min_size=1, max_size=2),
            ),
            max_leaves=4,
        )
    )
    constraints = draw(
        st.sampled_from([(), (LinearAtom(((0, Fraction(1)),), (), Fraction(-1, 2), draw(st.booleans())),)])
    )
    return Obligation(graph, Region(tuple(parts), constraints), violation)


def narrow(size: int, margin: Fraction = Fraction(1, 2)) -> Obligation:
    """A network with many undecided neurons, whose output stays below the greatest of many values that it
    takes, and `margin` more: nothing that bounds alone can tell."""
    rng = np.random.default_rng(0)
    hidden = 4 * size
    first = frozen(rng.standard_normal((hidden, size)))
    second = frozen(rng.standard_normal((hidden, hidden)))
    third = frozen(rng.standard_normal((1, hidden)))
    nodes: list[Node] = []
    for weight in (first, second, third):
        out = weight.shape[0]
        affine = Affine((Dense(weight),), frozen(rng.standard_normal((out,))))
        nodes.append(Node(affine, (len(nodes),), TensorSpec(f"z{len(nodes)}", (out,))))
        if out > 1:
            nodes.append(Node(RELU, (len(nodes),), TensorSpec(f"a{len(nodes)}", (out,))))
    graph = Graph((TensorSpec("x", (size,)),), tuple(nodes), (len(nodes),))
    box = Box((Fraction(-1),) * size, (Fraction(1),) * size)
    points = rng.uniform(-1, 1, (1000, size))
    greatest = Fraction(float(Evaluator(graph)(points).max()))
    atom = LinearAtom((), ((0, Fraction(-1)),), greatest + margin, strict=True)
    return Obligation(graph, Region((box,)), atom)


def under(semantics: Semantics, obligation: Obligation) -> Obligation:
    return Obligation(obligation.graph, obligation.region, obligation.violation, semantics)
