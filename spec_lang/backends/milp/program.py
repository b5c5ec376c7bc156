"""One conjunction over one box as a mixed-integer program: a binary variable for every unstable neuron.

In: bounds over the box.  Out: a candidate point, or the solver's word that there is none.  Either is a hint.
Big-M rows `a <= z − lower (1 − d)` and `a <= upper d` take the rigorous bounds of what enters each neuron.
One program a conjunction, not a binary an alternative: the relaxation stays as tight as the triangle's, and
each conjunction is closed by a tree of its own in any case.
"""

from __future__ import annotations

import numpy as np

from spec_lang._values import dataclass
from spec_lang.backends._lp.highs import Solver, Status
from spec_lang.backends._lp.model import Model
from spec_lang.backends._lp.network import Encoder
from spec_lang.backends._lp.relaxation import add_atoms
from spec_lang.bounding.hidden import Bounded
from spec_lang.bounding.program import F64
from spec_lang.bounding.rows import Rows


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """What the solver says: a point (in,), or that there is none, or neither."""

    status: Status
    detail: str
    point: F64 | None
    nodes: int  # of its search, which costs one at least


@dataclass(frozen=True, slots=True)
class Limits:
    """Until when, and how many sub-problems; the first point will do, unless the one that violates most is
    looked for `to_the_end`."""

    deadline: float | None
    nodes: int | None
    to_the_end: bool


def solve(bounds: Bounded, rows: Rows, k: int, limits: Limits) -> Said:
    """Look for a point where every atom is at most 0.  Raises `Unfit`."""
    model = Model()
    context, unstable = bounds.context, bounds.optimiser.unstable
    code = Encoder(model, context, bounds.known, unstable).encode(context.program.outputs)
    used = np.flatnonzero(code.z >= 0)
    lower, upper = code.lower[used], code.upper[used]
    count = len(used)
    binary = model.add_columns(np.zeros(count), np.ones(count), np.ones(count), integer=True)
    free = np.full(count, np.inf)
    for columns, big, limit in (([code.a, code.z], -lower, -lower), ([code.a], -upper, np.zeros(count))):
        added = model.add_rows(-free, limit)
        for column, sign in zip(columns, (1.0, -1.0), strict=False):
            model.put(added, column[used], np.full(count, sign))
        model.put(added, binary, big)
    _, margin = add_atoms(model, code, rows, k, 0.0)
    cost = np.zeros(model.columns)
    cost[margin] = 1.0
    solver = Solver(model, cost)
    solver.bound_columns(code.z[used], lower, upper)
    solver.bound_columns(code.a[used], np.zeros(count), upper)
    solver.bound_rows(code.upper_row[used], -free, free)  # the two others add up to it
    if limits.nodes is not None:
        solver.option("mip_max_nodes", limits.nodes)
    if limits.to_the_end:
        solver.option("mip_rel_gap", 1e-9)
    else:
        solver.option("mip_max_improving_sols", 1)
    answer = solver.run(limits.deadline)
    point = None if answer.x is None else answer.x[: context.program.input_size]
    return Said(answer.status, answer.detail, point, max(1, solver.nodes))
