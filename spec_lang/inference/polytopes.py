"""The part of a box where neurons are on and off as they are told, as a linear program.

In: a program, a box, and conditions on neurons.  Out: whether they imply a decision as far as a relaxation in
floats sees, which conditions that hangs on, and boxes within.  A hint, evidence of nothing: what follows from
it is decided like everything else.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spec_lang._values import dataclass
from spec_lang.backends._lp.highs import Solver, Status
from spec_lang.backends._lp.model import Model, Unfit
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.program import AffineStep, Program
from spec_lang.bounding.propagate import Known, Ranges, propagate
from spec_lang.inference.model import F64, Decision, Indices, Layer, Literal
from spec_lang.obligations.model import LinearAtom

_SURE = 1e-6  # of what an atom is over the box at most: below this nothing is taken for implied
_ROUNDS = 2  # of bounding the box around a polytope, and the neurons over that box


@dataclass(frozen=True, slots=True, eq=False)
class Forms:
    """`forms[v]` (1 + variables, size): the constant and coefficients of value v in the inputs, and in one
    variable for each open neuron, which lies in 0 … `upper`."""

    forms: dict[int, F64]
    upper: F64
    rows: tuple[tuple[F64, F64], ...]  # (coefficients, constant): `coefficients·v + constant <= 0`


@dataclass(frozen=True, slots=True, eq=False)
class Implied:
    """Whether every rival is excluded, and the size of the multiplier of every condition."""

    holds: bool
    weight: F64


@dataclass(frozen=True, slots=True, eq=False)
class Polytope:
    """A program's inputs between `lower` and `upper` where `literals` hold."""

    program: Program
    layers: tuple[Layer, ...]
    lower: F64
    upper: F64
    literals: tuple[Literal, ...]

    def implies(self, decision: Decision, outputs: Sequence[int]) -> Implied:
        """By one program for each rival, over the triangles of open neurons [Ehlers 2017]."""
        weight = np.zeros(len(self.literals))
        known, box = self._bounded()
        if known is None:
            return Implied(True, weight)
        forms = _forms(self, known, box)
        matrix = [_row(forms, self.layers, literal) for literal in self.literals]
        for rival in decision.rivals:
            found = _excluded(forms, box, matrix, [_atom_row(forms, atom, outputs) for atom in rival])
            if found is None:
                return Implied(False, weight)
            weight = np.maximum(weight, found)
        return Implied(True, weight)

    def hull(self) -> tuple[F64, F64] | None:
        """A box around it; None where it is empty."""
        known, box = self._bounded()
        return None if known is None else box

    def _bounded(self) -> tuple[Known | None, tuple[F64, F64]]:
        """Ranges of what enters every ReLU, and a box around the polytope; no ranges where it is empty."""
        box = (self.lower, self.upper)
        known = self.ranges(box)
        for _ in range(_ROUNDS):
            if known is None:
                return None, box
            hull = _hull(_forms(self, known, box), box, self)
            if hull is None:
                return None, box
            if not (hull[1] - hull[0] < 0.9 * (box[1] - box[0])).any():
                break
            box = hull
            known = self.ranges(box)
        return known, box

    def ranges(self, box: tuple[F64, F64]) -> Known | None:
        boxes = Boxes(box[0][None], box[1][None])
        _, known = propagate(self.program, boxes)
        for literal in self.literals:
            ranges = known[self.layers[literal.layer].operand]
            side = (ranges.lower, np.maximum) if literal.above else (ranges.upper, np.minimum)
            side[0][0, literal.neuron] = side[1](side[0][0, literal.neuron], 0.0)
        if any((r.lower > r.upper).any() for r in known.values()):
            return None
        _, again = propagate(self.program, boxes, known)
        return {
            value: Ranges(np.maximum(r.lower, known[value].lower), np.minimum(r.upper, known[value].upper))
            for value, r in again.items()
        }


def _forms(of: Polytope, known: Known, box: tuple[F64, F64]) -> Forms:
    """Every value over the inputs and the open neurons."""
    size = len(box[0])
    variables = size
    forms: dict[int, F64] = {}
    for number, where in enumerate(of.program.input_slices):
        width = where.stop - where.start
        forms[number] = np.zeros((1 + size, width))
        forms[number][1 + where.start : 1 + where.stop] = np.eye(width)
    uppers, rows = [box[1]], list[tuple[F64, F64]]()
    for step in of.program.steps:
        operands = step.operands if isinstance(step, AffineStep) else (getattr(step, "operand"),)  # noqa: B009
        for operand in operands:
            forms[operand] = _padded(forms[operand], variables)
        if isinstance(step, AffineStep):
            value = step.forward(forms)
            value[1:] -= step.bias
            forms[step.value] = value
            continue
        z, ranges = forms[operands[0]], known[operands[0]]
        low, high = ranges.lower[0], ranges.upper[0]
        value = np.where(low >= 0, z, 0.0)
        is_open = np.flatnonzero((low < 0) & (high > 0))
        value = np.concatenate([value, np.zeros((len(is_open), value.shape[1]))])
        value[1 + variables + np.arange(len(is_open)), is_open] = 1.0
        rows += _triangles(z, value, is_open, low[is_open], high[is_open])
        variables += len(is_open)
        uppers.append(high[is_open])
        forms[step.value] = value
    forms = {number: _padded(form, variables) for number, form in forms.items()}
    padded = tuple((_padded_columns(a, variables), b) for a, b in rows)
    return Forms(forms, np.concatenate(uppers), padded)


def _triangles(z: F64, value: F64, where: Indices, low: F64, high: F64) -> list[tuple[F64, F64]]:
    """`z <= a` and `a <= high (z − low) / (high − low)`, as rows that are at most 0."""
    if not len(where):
        return []
    wide = np.zeros((value.shape[0], len(where)))
    wide[: z.shape[0]] = z[:, where]
    a = value[:, where]
    slope = high / (high - low)
    above = a - slope * wide
    above[0] += slope * low
    return [((wide - a)[1:].T, (wide - a)[0]), (above[1:].T, above[0])]


def _padded(form: F64, variables: int) -> F64:
    missing = 1 + variables - form.shape[0]
    return np.concatenate([form, np.zeros((missing, form.shape[1]))]) if missing else form


def _padded_columns(rows: F64, variables: int) -> F64:
    missing = variables - rows.shape[1]
    return np.concatenate([rows, np.zeros((len(rows), missing))], axis=1) if missing else rows


def _row(forms: Forms, layers: Sequence[Layer], literal: Literal) -> F64:
    """`row[0] + row[1:]·v <= 0`."""
    z = forms.forms[layers[literal.layer].operand][:, literal.neuron].copy()
    z[0] -= float(literal.bound)
    return -z if literal.above else z


def _atom_row(forms: Forms, atom: LinearAtom, outputs: Sequence[int]) -> F64:
    """The same of an atom."""
    y = np.concatenate([forms.forms[number] for number in outputs], axis=1)
    row = np.zeros(y.shape[0])
    row[0] = float(atom.constant)
    for index, factor in atom.inputs:
        row[1 + index] += float(factor)
    for index, factor in atom.outputs:
        row += float(factor) * y[:, index]
    return row


def _model(forms: Forms, box: tuple[F64, F64], rows: Sequence[F64]) -> tuple[Model, Indices]:
    """The program, and the numbers of `rows` in it."""
    model = Model()
    lower = np.concatenate([box[0], np.zeros(len(forms.upper) - len(box[0]))])
    columns = model.add_columns(lower, forms.upper, np.maximum(abs(lower), abs(forms.upper)))
    for coefficients, constant in forms.rows:
        added = model.add_rows(np.full(len(constant), -np.inf), -constant)
        model.put_block(added, columns, coefficients)
    if not rows:
        return model, np.zeros(0, dtype=np.intp)
    matrix = np.array(rows)
    added = model.add_rows(np.full(len(matrix), -np.inf), -matrix[:, 0])
    model.put_block(added, columns, matrix[:, 1:])
    return model, added


def _excluded(forms: Forms, box: tuple[F64, F64], matrix: Sequence[F64], rival: Sequence[F64]) -> F64 | None:
    """The multipliers of `matrix` by which the rows of `rival` are not all at most 0; None where they may."""
    first, *others = sorted(rival, key=lambda row: float(-abs(row[1:]).sum()))
    try:
        model, numbers = _model(forms, box, [*matrix, *others])
        answer = Solver(model, first[1:]).run(None)
    except Unfit:
        return None
    numbers = numbers[: len(matrix)]
    if answer.status is Status.INFEASIBLE:
        return np.ones(len(matrix)) if answer.ray is None else abs(answer.ray[numbers])
    reach = float(abs(first[1:]) @ np.maximum(abs(forms.upper), 1.0)) + abs(float(first[0]))
    if answer.status is not Status.OPTIMAL or answer.objective + first[0] <= _SURE * min(reach, 1.0):
        return None
    return np.zeros(len(matrix)) if answer.duals is None else abs(answer.duals[numbers])


def _hull(forms: Forms, box: tuple[F64, F64], of: Polytope) -> tuple[F64, F64] | None:
    """The box around a polytope, by two programs for each input; None where it is empty."""
    size = len(box[0])
    if size > _MOST_SIDES:
        return box
    rows = [_row(forms, of.layers, literal) for literal in of.literals]
    lower, upper = box[0].copy(), box[1].copy()
    for column in range(size):
        for side, ends in ((1.0, lower), (-1.0, upper)):
            cost = np.zeros(len(forms.upper))
            cost[column] = side
            try:
                answer = Solver(_model(forms, box, rows)[0], cost).run(None)
            except Unfit:
                continue
            if answer.status is Status.INFEASIBLE:
                return None
            if answer.status is Status.OPTIMAL:
                slack = _SURE * (box[1][column] - box[0][column])
                end = side * answer.objective - side * slack
                ends[column] = max(lower[column], end) if side > 0 else min(upper[column], end)
    return lower, np.maximum(lower, upper)


_MOST_SIDES = 16  # inputs: of more the box around a polytope costs more than it brings


def inner_box(of: Polytope, decision: Decision, outputs: Sequence[int]) -> tuple[F64, F64] | None:
    """A large box in the polytope of a whole signature, where the network is affine, and within it where the
    decision holds: `max n·t + Σ(hi − lo)`, sides measured by the domain's and none below t, so that every row
    `g·x + h` is at most 0 at its worst corner, `g⁺·hi − g⁻·lo + h <= 0`.  None where there is none."""
    known = of.ranges((of.lower, of.upper))
    if known is None:
        return None
    forms = _forms(of, known, (of.lower, of.upper))
    size = len(of.lower)
    if len(forms.upper) > size or any(len(rival) > 1 for rival in decision.rivals):
        return None
    rows = [_row(forms, of.layers, literal) for literal in of.literals]
    rows += [-_atom_row(forms, rival[0], outputs) for rival in decision.rivals]
    try:
        answer = Solver(*_widest(np.array(rows), of.lower, of.upper)).run(None)
    except Unfit:
        return None
    if answer.status is not Status.OPTIMAL or answer.x is None:
        return None
    return answer.x[:size], np.maximum(answer.x[:size], answer.x[size : 2 * size])


def _widest(matrix: F64, lower: F64, upper: F64) -> tuple[Model, F64]:
    """The program over the lower ends, the upper ends and t, with its cost."""
    size = len(lower)
    model = Model()
    reach = np.maximum(abs(lower), abs(upper))
    side = np.where(upper > lower, upper - lower, 1.0)
    low, high = model.add_columns(lower, upper, reach), model.add_columns(lower, upper, reach)
    shortest = model.add_columns(np.zeros(1), np.ones(1), np.ones(1))
    slack = _SURE * abs(matrix[:, 1:]) @ reach
    worst = model.add_rows(np.full(len(matrix), -np.inf), -matrix[:, 0] - slack)
    model.put_block(worst, low, np.minimum(matrix[:, 1:], 0.0))
    model.put_block(worst, high, np.maximum(matrix[:, 1:], 0.0))
    order = model.add_rows(np.zeros(size), np.full(size, np.inf))
    model.put(order, high, 1 / side)
    model.put(order, low, -1 / side)
    model.put(order, np.repeat(shortest, size), -np.where(upper > lower, 1.0, 0.0))
    return model, np.concatenate([1 / side, -1 / side, [-float(size)]])
