"""The points of one activation pattern, and the one that lies deepest among them.

In: a program, and which of its neurons are active.  Out: with these phases all that the network and its gates
compute as affine forms of the inputs, in floats, and a point of the pattern that is as far as can be from
every kink that a gate is at.  Hints: such a point is evaluated exactly by whoever takes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spec_lang.backends._lp.highs import Solver, Status
from spec_lang.backends._lp.model import Model, Unfit
from spec_lang.backends._search.problem import Problem
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.context import Context
from spec_lang.bounding.program import F64, AffineStep, BinaryStep, Program, ReluStep
from spec_lang.bounding.unstable import Phases, Unstable
from spec_lang.network.primitives import Binary

Mask = NDArray[np.bool_]
Active = dict[int, Mask]  # by a value that enters ReLUs or gates: its elements that count as positive
Form = F64  # (in + 1, n): coefficients of the inputs, and in the last row constants

MOST_NUMBERS: Final = 20_000_000  # of all forms: beyond, a program of them is none that is solved quickly
_SURE: Final = 1.0001  # a condition that the box implies by this factor needs no row


def active_at(program: Program, values: Sequence[F64]) -> Active:
    """The pattern of a point, by the values of everything there (1, n); what is 0 counts as positive."""
    return {value: values[value][0] >= 0 for value in _bending(program)}


def with_phases(active: Active, context: Context, unstable: Unstable, phases: Phases) -> Active:
    """The pattern with these phases of the unstable neurons."""
    found = {value: mask.copy() for value, mask in active.items()}
    for step in context.program.steps:
        if isinstance(step, ReluStep):
            layout = context.layouts[step.value]
            chosen = phases[unstable.slices[step.value]]
            found[step.operand][layout.columns[: layout.mixed]] = chosen > 0
    return found


def deepest(problem: Problem, k: int, active: Active, at: F64, deadline: float | None) -> F64 | None:
    """The point of the pattern, of the root box that `at` (in,) lies in, and of conjunction k, as far as
    there is one, that is the furthest from where gates have two values; None where there is none."""
    program = problem.program
    if sum(program.sizes) * program.input_size > MOST_NUMBERS:
        return None
    forms = forms_of(program, active)
    root = next((r for r in problem.roots if ((r.lower <= at) & (at <= r.upper)).all()), None)
    if forms is None or root is None:
        return None
    conditions = [_conditions(program, forms, active), _atoms(problem, forms, k)]
    try:
        for margin in (1.0, 0.0):  # atoms by which the claim fails may well hold with equality alone
            found = _furthest(root, conditions, margin, deadline)
            if found is not None:
                return found
    except Unfit:
        pass  # no program, and so no point of it
    return None


def forms_of(program: Program, active: Mapping[int, Mask]) -> dict[int, Form] | None:
    """Every value as a form of the inputs; None where one is none."""
    size = program.input_size
    unit = np.eye(size + 1)[:, :size]
    forms: dict[int, Form] = {n: unit[:, where] for n, where in enumerate(program.input_slices)}
    for step in program.steps:
        if isinstance(step, AffineStep):
            forms[step.value] = form = np.zeros((size + 1, program.sizes[step.value]))
            form[-1] = step.bias
            for operand, linear in zip(step.operands, step.maps, strict=True):
                form += linear.forward(forms[operand])
        elif isinstance(step, ReluStep):
            forms[step.value] = forms[step.operand] * active[step.operand]
        elif isinstance(step, BinaryStep) and step.function is Binary.GATE:
            forms[step.value] = forms[step.second] * active[step.first]
        else:
            return None
    return forms


def _bending(program: Program) -> set[int]:
    relus = (step.operand for step in program.steps if isinstance(step, ReluStep))
    gates = (s.first for s in program.steps if isinstance(s, BinaryStep) and s.function is Binary.GATE)
    return {*relus, *gates}


def _conditions(program: Program, forms: dict[int, Form], active: Active) -> tuple[F64, F64]:
    """Rows (r, in + 1) that are at most 0 in the pattern, and how far from 0 they are wanted: as far as those
    who make gates choose, in proportion to their coefficients."""
    matters = {value: np.zeros(len(mask), dtype=np.bool_) for value, mask in active.items()}
    for step in program.steps:
        if isinstance(step, BinaryStep):
            matters[step.first] |= (forms[step.second] != 0).any(axis=0)
    rows = [np.where(mask, -forms[value], forms[value]).T for value, mask in active.items()]
    weights = [np.linalg.norm(row[:, :-1], axis=1) * matters[v] for v, row in zip(active, rows, strict=True)]
    return np.concatenate(rows), np.concatenate(weights)


def _atoms(problem: Problem, forms: dict[int, Form], k: int) -> tuple[F64, F64]:
    rows, program = problem.rows, problem.program
    mine = np.flatnonzero(rows.member[k])
    outputs = np.concatenate([forms[output] for output in program.outputs], axis=1)
    found = rows.outputs[mine] @ outputs.T
    found[:, :-1] += rows.inputs[mine]
    found[:, -1] += rows.constant[mine]
    return found, np.linalg.norm(found[:, :-1], axis=1)


def _furthest(
    root: Boxes, conditions: Sequence[tuple[F64, F64]], margin: float, deadline: float | None
) -> F64 | None:
    """Maximise s where every row is at most −s times its weight; the last ones have theirs times `margin`."""
    (bends, of_bends), (atoms, of_atoms) = conditions
    rows, weights = np.concatenate([bends, atoms]), np.concatenate([of_bends, margin * of_atoms])
    lower, upper = root.lower[0], root.upper[0]
    reach = abs(rows[:, :-1]) @ (0.5 * (upper - lower))
    middle = rows[:, :-1] @ (0.5 * (upper + lower)) + rows[:, -1]
    size = float(np.linalg.norm(upper - lower))
    needed = np.flatnonzero(middle + _SURE * reach + size * weights > 0)
    model = Model()
    x = model.add_columns(lower, upper, np.maximum(abs(lower), abs(upper)))
    s = model.add_columns(np.zeros(1), np.full(1, size), np.full(1, size))
    added = model.add_rows(np.full(len(needed), -np.inf), -rows[needed, -1])
    model.put_block(added, x, rows[needed, :-1])
    model.put(added, np.repeat(s, len(added)), weights[needed])
    cost = np.zeros(model.columns)
    cost[s] = -1.0
    answer = Solver(model, cost).run(deadline)
    if answer.status is not Status.OPTIMAL or answer.x is None:
        return None
    found: F64 = np.clip(answer.x[: len(lower)], lower, upper)
    return found
