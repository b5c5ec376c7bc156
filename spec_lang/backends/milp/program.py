"""One conjunction over one box as a mixed-integer program: a binary variable for every unstable neuron.

In: bounds over the box.  Out: a candidate point, or the solver's word that there is none.  Either is a hint.
Big-M rows `a <= z − lower (1 − d)` and `a <= upper d` take the rigorous bounds of what enters each neuron.
One program a conjunction, not a binary an alternative: the relaxation stays as tight as the triangle's, and
each conjunction is closed by a tree of its own in any case.

A gate shares the binary of the neuron that reads its z: with g in [L, U] the rows `L d <= gate <= U d` and
`g − U (1 − d) <= gate <= g − L (1 − d)` leave it 0 or g, and where z is 0 d is either.  One whose z no
unstable neuron reads has a binary of its own, with `lower (1 − d) <= z <= upper d`.
"""

from __future__ import annotations

import numpy as np

from spec_lang._values import dataclass
from spec_lang.backends._lp.gates import Gates
from spec_lang.backends._lp.highs import Solver, Status
from spec_lang.backends._lp.model import Model
from spec_lang.backends._lp.network import Encoder, Encoding
from spec_lang.backends._lp.relaxation import add_atoms
from spec_lang.bounding.hidden import Bounded
from spec_lang.bounding.program import F64, Indices
from spec_lang.bounding.rows import Rows
from spec_lang.bounding.unstable import Phases


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """What the solver says: a point (in,) and the phases of the unstable neurons there, or that there is
    none, or neither."""

    status: Status
    detail: str
    point: F64 | None
    phases: Phases | None
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
    binary = _neurons(model, code)
    _gates(model, code.gates, binary)
    _, margin = add_atoms(model, code, rows, k, 0.0)
    cost = np.zeros(model.columns)
    cost[margin] = 1.0
    solver = Solver(model, cost)
    _limit(solver, code)
    if limits.nodes is not None:
        solver.option("mip_max_nodes", limits.nodes)
    if limits.to_the_end:
        solver.option("mip_rel_gap", 1e-9)
    else:
        solver.option("mip_max_improving_sols", 1)
    answer = solver.run(limits.deadline)
    nodes = max(1, solver.nodes)
    if answer.x is None:
        return Said(answer.status, answer.detail, None, None, nodes)
    phases = np.where(np.append(answer.x, 1.0)[binary] > 0.5, 1, -1).astype(np.int8)
    return Said(answer.status, answer.detail, answer.x[: context.program.input_size], phases, nodes)


def _neurons(model: Model, code: Encoding) -> Indices:
    """The binaries of unstable neurons, −1 for those that reach no row, and their rows."""
    used = np.flatnonzero(code.z >= 0)
    lower, upper = code.lower[used], code.upper[used]
    count = len(used)
    own = model.add_columns(np.zeros(count), np.ones(count), np.ones(count), integer=True)
    free = np.full(count, np.inf)
    for columns, big, limit in (([code.a, code.z], -lower, -lower), ([code.a], -upper, np.zeros(count))):
        added = model.add_rows(-free, limit)
        for column, sign in zip(columns, (1.0, -1.0), strict=False):
            model.put(added, column[used], np.full(count, sign))
        model.put(added, own, big)
    binary = np.full(len(code.z), -1, dtype=np.intp)
    binary[used] = own
    return binary


def _gates(model: Model, gates: Gates, binary: Indices) -> None:
    """Rows `gate + f·g + c·d <= limit`, each as `sign`, `f`, `c`, `limit`."""
    own = gates.neuron < 0
    of_gate = np.where(own, -1, np.append(binary, -1)[gates.neuron])
    of_gate[own] = _switches(model, gates, np.flatnonzero(own))
    low, high, count = gates.low_g, gates.high_g, len(of_gate)
    nothing = np.zeros(count)
    for sign, of_g, big, limit in (
        (-1.0, 0.0, low, nothing),
        (1.0, 0.0, -high, nothing),
        (1.0, -1.0, -low, -low),
        (-1.0, 1.0, high, high),
    ):
        added = model.add_rows(np.full(count, -np.inf), limit)
        model.put(added, gates.column, np.full(count, sign))
        model.put(added, gates.g, np.full(count, of_g))
        model.put(added, of_gate, big)


def _switches(model: Model, gates: Gates, own: Indices) -> Indices:
    """The binaries of gates that share none with a neuron, and their rows: one for every z."""
    z, first, which = np.unique(gates.z[own], return_index=True, return_inverse=True)
    count, chosen = len(z), own[first]
    binary = model.add_columns(np.zeros(count), np.ones(count), np.ones(count), integer=True)
    free = np.full(count, np.inf)
    low, high = gates.low_z[chosen], gates.high_z[chosen]
    for sign, big, limit in ((1.0, -high, np.zeros(count)), (-1.0, -low, -low)):
        added = model.add_rows(-free, limit)
        model.put(added, z, np.full(count, sign))
        model.put(added, binary, big)
    return binary[which.ravel()]


def _limit(solver: Solver, code: Encoding) -> None:
    """The bounds of what enters and leaves neurons and gates, which linear relaxations leave out."""
    used = np.flatnonzero(code.z >= 0)
    lower, upper, gates = code.lower[used], code.upper[used], code.gates
    free = np.full(len(used), np.inf)
    solver.bound_columns(code.z[used], lower, upper)
    solver.bound_columns(code.a[used], np.zeros(len(used)), upper)
    solver.bound_rows(code.upper_row[used], -free, free)  # the two others add up to it
    solver.bound_columns(gates.column, np.minimum(gates.low_g, 0.0), np.maximum(gates.high_g, 0.0))
