"""From a point that floats place at the edge of a violation to one that violates it exactly.

In: a candidate, however rough.  Out: whether an exactly confirmed counterexample was found near it.  With the
phases that the candidate has the network is affine: there a linear program finds the point that violates
most, another one, of a gradient, the point that is furthest from all kinks, and where even that is a tie,
exact simplex decides in fractions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.backends._lp.entries import entries, products
from spec_lang.backends._lp.highs import Answer
from spec_lang.backends._lp.pattern import Active, active_at, deepest, with_phases
from spec_lang.backends._lp.relaxation import Relaxed, Triangle
from spec_lang.backends._lp.setting import Setting
from spec_lang.bounding.hidden import Bounded
from spec_lang.bounding.program import F64, ReluStep
from spec_lang.bounding.rows import normal_form
from spec_lang.bounding.unstable import Phases
from spec_lang.network.graph import Graph
from spec_lang.network.primitives import Affine, Binary
from spec_lang.obligations.feasibility import Point, decide
from spec_lang.obligations.model import All, Box, LinearAtom, Terms

# Weights times inputs: an exact affine form costs about a microsecond for each.
EXACT_SIZE: Final = 200_000

_Form = tuple[list[Fraction], Fraction]  # coefficients of the inputs, constant


@dataclass(frozen=True, slots=True, eq=False)
class Polisher:
    """For one conjunction over one box."""

    setting: Setting
    bounds: Bounded
    k: int
    triangle: Triangle

    def polish(self, point: F64, deadline: float | None, phases: Phases | None = None) -> bool:
        """Try `point` (in,), the deepest points of its cell, and an exact point of that cell; which cell of
        several the point is taken to be in, `phases` of the unstable neurons say."""
        witnesses = self.setting.witnesses
        if witnesses.try_points(point[None, :]):
            return True
        chosen = self._phases(point) if phases is None else phases
        self.triangle.fix(chosen)
        lowest = self.triangle.solve(deadline, closely=True)
        if isinstance(lowest, Relaxed) and lowest.point is not None:
            if witnesses.try_points(lowest.point[None, :]):
                return True
            point = lowest.point
        active = self._active(point)
        if self.setting.problem.obligation.graph.binary:
            active = with_phases(active, self.bounds.context, self.bounds.optimiser.unstable, chosen)
            self._choose(active, lowest)
            inside = deepest(self.setting.problem, self.k, active, point, deadline)
            if inside is not None and witnesses.try_points(inside[None, :]):
                return True
        return not witnesses.expired() and self._exactly(active)

    def _choose(self, active: Active, found: Relaxed | Answer) -> None:
        """Gates that no phase decides are as the program has them, in place."""
        gates = self.triangle.encoding.gates
        if isinstance(found, Relaxed) and len(found.passing):
            for i in np.flatnonzero(gates.neuron < 0):
                active[int(gates.value[i])][gates.element[i]] = found.passing[i]

    def _active(self, point: F64) -> Active:
        problem = self.setting.problem
        return active_at(problem.program, problem.evaluator.values(point[None, :]))

    def _phases(self, point: F64) -> Phases:
        """1 where what enters an unstable neuron is >= 0 at the point, −1 elsewhere."""
        values = self.setting.problem.evaluator.values(point[None, :])
        context = self.bounds.context
        phases: Phases = np.ones(self.bounds.optimiser.unstable.count, dtype=np.int8)
        for step in context.program.steps:
            if isinstance(step, ReluStep):
                layout = context.layouts[step.value]
                entering = values[step.operand][0][layout.columns[: layout.mixed]]
                phases[self.bounds.optimiser.unstable.slices[step.value]] = np.where(entering >= 0, 1, -1)
        return phases

    def _exactly(self, active: Active) -> bool:
        """An exact point of a cell, wherever one violates the conjunction there; where only points do at
        which gates have two values, and with one of these alone, that is counted."""
        problem = self.setting.problem
        obligation = problem.obligation
        graph = obligation.graph
        weights = sum(
            products(m)
            for node in graph.nodes
            if isinstance(node.primitive, Affine)
            for m in node.primitive.maps
        )
        if weights * graph.input_size > EXACT_SIZE:
            return False
        conditions, outputs = cell(graph, active)
        forms = normal_form(All((*obligation.region.constraints, obligation.violation)))
        chosen = forms[problem.rows.conjunction[self.k]]
        violated = [over_inputs(atom, outputs) for atom in chosen]
        closed = [replace(condition, strict=False) for condition in conditions]
        for box in obligation.region.boxes:
            sides = [*violated, *_sides(box.lower, -1), *_sides(box.upper, 1)]
            for rows in (conditions, closed) if closed != conditions else (conditions,):
                answer = decide([*rows, *sides])
                if isinstance(answer, Point):
                    exact = tuple(answer.inputs.get(i, _any(box, i)) for i in range(graph.input_size))
                    if self.setting.witnesses.session.confirm(exact):
                        self.setting.witnesses.found = exact
                        return True
                    self.setting.tally.kinks += rows is closed
                    break
        return False


def cell(graph: Graph, active: Active) -> tuple[list[LinearAtom], list[_Form]]:
    """The conditions under which every ReLU and gate is active as `active` says, and the outputs there as
    forms of the inputs; exact.  Where a gate would have two values it is not in the cell."""
    size = graph.input_size
    forms: list[list[_Form]] = []
    for spec in graph.inputs:
        first = sum(len(known) for known in forms)
        forms.append([(_unit(size, first + i), Fraction(0)) for i in range(spec.size)])
    conditions: list[LinearAtom] = []
    for node in graph.nodes:
        if isinstance(node.primitive, Affine):
            forms.append(_affine(node.primitive, [forms[o] for o in node.operands], size))
            continue
        z, passed = node.operands[0], node.operands[-1]
        result: list[_Form] = []
        for (coefficients, constant), form, on in zip(forms[z], forms[passed], active[z], strict=True):
            sign = -1 if on else 1
            strict = node.primitive is Binary.GATE and form != _nothing(size)
            terms = tuple((i, sign * c) for i, c in enumerate(coefficients) if c)
            conditions.append(LinearAtom(terms, (), sign * constant, strict))
            result.append(form if on else _nothing(size))
        forms.append(result)
    return conditions, [form for output in graph.outputs for form in forms[output]]


def _nothing(size: int) -> _Form:
    return [Fraction(0)] * size, Fraction(0)


def over_inputs(atom: LinearAtom, outputs: Sequence[_Form]) -> LinearAtom:
    """The atom with the outputs put in as forms of the inputs."""
    terms = dict(atom.inputs)
    constant = atom.constant
    for j, factor in atom.outputs:
        coefficients, shift = outputs[j]
        constant += factor * shift
        for i, c in enumerate(coefficients):
            terms[i] = terms.get(i, Fraction(0)) + factor * c
    kept: Terms = tuple(sorted((i, c) for i, c in terms.items() if c))
    return LinearAtom(kept, (), constant, atom.strict)


def _any(box: Box, i: int) -> Fraction:
    """Some value of an input that no row mentions."""
    low, high = box.lower[i], box.upper[i]
    return low if low is not None else high if high is not None else Fraction(0)


def _unit(size: int, place: int) -> list[Fraction]:
    return [Fraction(int(i == place)) for i in range(size)]


def _affine(primitive: Affine, operands: Sequence[Sequence[_Form]], size: int) -> list[_Form]:
    coefficients = [[Fraction(0)] * size for _ in primitive.bias]
    constants = [Fraction(float(bias)) for bias in primitive.bias]
    rows = np.arange(len(constants))
    for linear, operand in zip(primitive.maps, operands, strict=True):
        for row, column, weight in zip(*entries(linear, rows), strict=True):
            factor, (inner, shift) = Fraction(float(weight)), operand[column]
            constants[row] += factor * shift
            coefficients[row] = [
                c + factor * i if i else c for c, i in zip(coefficients[row], inner, strict=True)
            ]
    return list(zip(coefficients, constants, strict=True))


def _sides(ends: Sequence[Fraction | None], sign: int) -> list[LinearAtom]:
    return [
        LinearAtom(((i, Fraction(sign)),), (), -sign * end, strict=False)
        for i, end in enumerate(ends)
        if end is not None
    ]
