"""A complete decision of one-dimensional obligations, in fractions: the truth that searches must meet.

Along one input every value of a ReLU network is piecewise linear; the breakpoints are found exactly,
layer by layer, and on each piece a conjunction of linear atoms is an interval.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from spec_lang.backends.base import Budget, Point, Session
from spec_lang.network.graph import Graph
from spec_lang.network.primitives import PiecewiseLinear
from spec_lang.obligations.model import All, Condition, LinearAtom, Obligation
from tests.graphs import exact_outputs


def holds(condition: Condition, x: list[Fraction], y: list[Fraction]) -> bool:
    if isinstance(condition, LinearAtom):
        value = atom_value(condition, x, y)
        return value < 0 if condition.strict else value <= 0
    parts = (holds(part, x, y) for part in condition.parts)
    return all(parts) if isinstance(condition, All) else any(parts)


def atom_value(atom: LinearAtom, x: list[Fraction], y: list[Fraction]) -> Fraction:
    terms = sum((c * x[i] for i, c in atom.inputs), Fraction(0))
    return terms + sum((c * y[i] for i, c in atom.outputs), Fraction(0)) + atom.constant


def violates(obligation: Obligation, point: Point) -> bool:
    """Whether the point is a counterexample, exactly."""
    x = list(point)
    inside = any(
        all(
            (lo is None or lo <= v) and (hi is None or v <= hi)
            for lo, v, hi in zip(box.lower, x, box.upper, strict=True)
        )
        for box in obligation.region.boxes
    )
    if not inside:
        return False
    y = exact_outputs(obligation.graph, x)
    return all(holds(c, x, y) for c in obligation.region.constraints) and holds(obligation.violation, x, y)


def breakpoints(graph: Graph, lower: Fraction, upper: Fraction) -> list[Fraction]:
    """Ends and kinks: between neighbours every value of the graph is linear."""
    points = sorted({lower, upper})
    for number, node in enumerate(graph.nodes):
        if not isinstance(node.primitive, PiecewiseLinear):
            continue
        prefix = Graph(graph.inputs, graph.nodes[:number], (node.operands[0],))
        new = set(points)
        for a, b in pairwise(points):
            for p, q in zip(exact_outputs(prefix, [a]), exact_outputs(prefix, [b]), strict=True):
                if (p < 0 < q) or (q < 0 < p):
                    new.add(a + (b - a) * p / (p - q))
        points = sorted(new)
    return points


def counterexample_1d(obligation: Obligation) -> Fraction | None:
    """A counterexample of a one-input obligation whose violation is a disjunction of conjunctions of
    atoms, or None when there is none.  Exact and complete."""
    for box in obligation.region.boxes:
        lower, upper = box.lower[0], box.upper[0]
        if lower is None or upper is None or lower > upper:
            continue
        points = breakpoints(obligation.graph, lower, upper)
        # On a piece an atom changes its truth at most once: its zeros, and the middles between, decide.
        candidates = set(points)
        for a, b in pairwise(points):
            inner = {a, b}
            for atom in _atoms(obligation):
                p = atom_value(atom, [a], exact_outputs(obligation.graph, [a]))
                q = atom_value(atom, [b], exact_outputs(obligation.graph, [b]))
                if (p < 0 < q) or (q < 0 < p):
                    inner.add(a + (b - a) * p / (p - q))
            ordered = sorted(inner)
            candidates.update(ordered)
            candidates.update((s + t) / 2 for s, t in pairwise(ordered))
        for x in sorted(candidates):
            if violates(obligation, (x,)):
                return x
    return None


def _atoms(obligation: Obligation) -> list[LinearAtom]:
    found: list[LinearAtom] = list(obligation.region.constraints)
    stack: list[Condition] = [obligation.violation]
    while stack:
        part = stack.pop()
        if isinstance(part, LinearAtom):
            found.append(part)
        else:
            stack.extend(part.parts)
    return found


def session(obligation: Obligation, deadline: float | None = None, work: int | None = None) -> Session:
    """A session whose replay is this oracle's."""

    def confirm(point: Point) -> bool:
        return violates(obligation, point)

    return Session(Budget(deadline, work), confirm, lambda _progress: None)
