"""Raised combinations bound what they say at every point, and never lose a point where all rows hold.

In: random graphs with nasty numbers, boxes and conjunctions of atoms.  Out: nothing but failures.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from spec_lang.backends._search.halving import bounds_of
from spec_lang.backends._search.problem import Problem, prepare
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.propagate import propagate
from spec_lang.bounding.raising import Raising
from spec_lang.network.primitives import RELU
from spec_lang.obligations.certificate import SLOPE_UNIT
from spec_lang.obligations.model import All, Any, Box, LinearAtom, Obligation, Region
from tests.bounding.samples import points_of
from tests.graphs import exact_outputs
from tests.kernel.scenes import Sample, samples, value_of
from tests.tiny_networks import chain, dense


def problem_of(sample: Sample, *, together: bool) -> Problem:
    graph, boxes, _, atoms = sample
    exact = (tuple(map(Fraction, side[0].tolist())) for side in (boxes.lower, boxes.upper))
    violation = All(atoms) if together else Any(atoms)
    return prepare(Obligation(graph, Region((Box(*exact),)), violation))


def halves(boxes: Boxes) -> Boxes:
    """The box and its two halves across the first input, as one batch."""
    lower, upper = np.repeat(boxes.lower, 3, axis=0), np.repeat(boxes.upper, 3, axis=0)
    upper[1, 0] = lower[2, 0] = boxes.center[0, 0]
    return Boxes(lower, upper)


@given(sample=samples(), together=st.booleans())
@settings(max_examples=80)
def test_a_raised_combination_holds_at_every_point(sample: Sample, together: bool) -> None:
    graph, boxes, shares, atoms = sample
    problem = problem_of(sample, together=together)
    assume(len(problem.rows.member))
    batch = halves(boxes)
    with np.errstate(all="ignore"):
        context, _ = propagate(problem.program, batch)
        found = bounds_of(problem, context, np.ones((3, len(problem.rows.member)), dtype=np.bool_))
    if found.combined is None:
        return
    raised, conjunction = found.combined.raised, found.combined.conjunction
    assert all((slopes <= SLOPE_UNIT).all() for slopes in raised.slopes.values())
    for row, box in enumerate(raised.owner.tolist()):
        minimum = raised.bounds.minimum[row]
        if not np.isfinite(minimum):
            continue
        k = int(conjunction[row])
        rows = dict.fromkeys(problem.rows.positions[k])
        weights = raised.weights[row]
        assert weights.any()
        assert not weights[~problem.rows.member[k]].any()
        for point in points_of(batch, box, shares):
            outputs = exact_outputs(graph, point)
            values = {
                place: value_of(_atom_of(problem, atoms, (k, place), together=together), point, outputs)
                for place in rows
            }
            mixed = sum((int(weights[place]) * value for place, value in values.items()), Fraction(0))
            affine = Fraction(raised.bounds.constant[row]) + sum(
                Fraction(a) * x for a, x in zip(raised.bounds.coefficients[row].tolist(), point, strict=True)
            )
            assert Fraction(minimum) <= affine <= mixed
            if all(value <= 0 for value in values.values()):
                assert mixed <= 0
                strict = any(v < 0 and weights[p] for p, v in values.items())
                assert not found.combined.closed[row] or (mixed == 0 and not strict)


def _atom_of(
    problem: Problem, atoms: tuple[LinearAtom, ...], place: tuple[int, int], *, together: bool
) -> LinearAtom:
    """The atom that a row of a conjunction stands for; `place` has the numbers of both."""
    k, row = place
    if not together:
        return atoms[problem.rows.conjunction[k]]
    return atoms[problem.rows.positions[k].index(row)]


def test_slopes_of_their_own_close_what_the_default_leaves_open() -> None:
    """`relu(x) + relu(−x) >= 0.1·x` fails nowhere but at 0; slopes 1 and 0 bound it by 0 less the tilt."""
    graph = chain(1, dense([[1.0], [-1.0]]), RELU, dense([[1.0, 1.0]]))
    box = Box((Fraction(-1),), (Fraction(3, 2),))
    atom = LinearAtom(((0, Fraction(1, 2)),), ((0, Fraction(1)),), Fraction(1, 100), strict=False)
    problem = prepare(Obligation(graph, Region((box,)), atom))
    alive = np.ones((1, 1), dtype=np.bool_)
    context, _ = propagate(problem.program, problem.roots[0])
    found = bounds_of(problem, context, alive)
    plain, combined = float(found.minimum[0, 0]), found.combined
    assert combined is not None
    assert plain < 0
    assert combined.raised.bounds.minimum[0] >= plain
    more = Raising(problem.rows, context, np.zeros(1, dtype=np.intp), problem.rows.member, found.bounds)
    assert more.run(40).bounds.minimum[0] > 0
