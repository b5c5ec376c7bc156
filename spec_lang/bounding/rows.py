"""The violation of an obligation as rows of floats: a disjunction of conjunctions of `row <= 0`.

In: the condition, exact.  Out: `Rows`, the distinct atoms with their coefficients rounded to float64
and a bound on what the rounding may have changed.  The violation holds at a point exactly when every
row of some conjunction does.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any as Anything

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.bounding.context import Context
from spec_lang.bounding.program import F64, UNIT_ROUNDOFF, Program
from spec_lang.kernel.rows import nearest
from spec_lang.network.graph import Graph
from spec_lang.network.primitives import RELU, Smooth
from spec_lang.obligations.model import All, Any, Condition, LinearAtom, Obligation

# Beyond this the disjunctive normal form is larger than any search over it could pay for.
MAX_CONJUNCTIONS = 4096


class TooManyDisjuncts(Exception):
    """The violation's disjunctive normal form passes `MAX_CONJUNCTIONS`."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """`inputs @ x + outputs @ y + constant`, one row an atom, each scaled by a positive factor.

    `relative` bounds the relative error of every stored coefficient.  `member[k, i]` says whether row i
    belongs to conjunction k.  `scale`, where all rows share it, turns a row's value back into the
    atom's own units; None otherwise.

    What impossible conjunctions and repeated atoms leave out is remembered for certificates, which count
    all: `conjunction[k]` is the number of conjunction k, `positions[k]` the row of each of its atoms, and
    `columns[k]` their weights' places among all `width` of a node (see `obligations.certificate`).
    """

    inputs: F64  # (rows, in)
    outputs: F64  # (rows, out)
    constant: F64  # (rows,)
    strict: NDArray[np.bool_]  # (rows,)
    member: NDArray[np.bool_]  # (conjunctions, rows)
    relative: float
    scale: float | None
    conjunction: tuple[int, ...]
    positions: tuple[tuple[int, ...], ...]
    columns: tuple[slice, ...]
    width: int

    def unfold(self, k: int, of_rows: NDArray[Anything]) -> NDArray[Anything]:
        """Numbers for the distinct rows of conjunction k, in their order (…, rows), as numbers for its
        atoms; an atom that repeats another gets 0."""
        mine = np.flatnonzero(self.member[k]).tolist()
        found = np.zeros((*of_rows.shape[:-1], len(self.positions[k])), dtype=of_rows.dtype)
        for column, row in enumerate(mine):
            found[..., self.positions[k].index(row)] = of_rows[..., column]
        return found

    @property
    def count(self) -> int:
        return len(self.constant)

    def values(self, points: F64, outputs: F64) -> F64:
        """Every row at every point (batch, rows), plain float64: for attacks alone."""
        return points @ self.inputs.T + outputs @ self.outputs.T + self.constant


@dataclass(frozen=True, slots=True, eq=False)
class Conjunction:
    """Number `number` of `rows`."""

    rows: Rows
    number: int


def start_of(rows: Rows, context: Context, index: NDArray[np.intp]) -> dict[int, F64]:
    """The rows numbered by `index`, of any shape, as coefficients by value of the program."""
    program = context.program
    start: dict[int, F64] = {}
    column = 0
    for output in program.outputs:
        part = context.carried(output, rows.outputs[:, column : column + program.sizes[output]])[index]
        start[output] = start[output] + part if output in start else part
        column += program.sizes[output]
    if rows.inputs.any():
        for number, where in enumerate(program.input_slices):
            part = rows.inputs[:, where][index]
            start[number] = start[number] + part if number in start else part
    return start


def read_by(rows: Rows, program: Program) -> list[int]:
    """The values of the program that some row reads, inputs apart."""
    ends = np.cumsum([0, *(program.sizes[output] for output in program.outputs)])
    parts = zip(program.outputs, ends, ends[1:], strict=False)
    return [output for output, first, last in parts if rows.outputs[:, first:last].any()]


def normal_form(condition: Condition) -> list[tuple[LinearAtom, ...]]:
    """The disjunctive normal form.  Raises `TooManyDisjuncts`."""
    if isinstance(condition, LinearAtom):
        return [(condition,)]
    if isinstance(condition, Any):
        disjuncts = [c for part in condition.parts for c in normal_form(part)]
        if len(disjuncts) > MAX_CONJUNCTIONS:
            raise TooManyDisjuncts
        return disjuncts
    product: list[tuple[LinearAtom, ...]] = [()]
    for part in condition.parts:
        right = normal_form(part)
        if len(product) * len(right) > MAX_CONJUNCTIONS:
            raise TooManyDisjuncts
        product = [a + b for a in product for b in right]
    return product


def rows_of(obligation: Obligation) -> Rows:
    """The rows of the violation, with the region's linear constraints in every conjunction."""
    constrained = All((*obligation.region.constraints, obligation.violation))
    ends = _ends(obligation.graph)
    numbers: dict[tuple[object, ...], int] = {}
    distinct: list[LinearAtom] = []
    found: list[int] = []
    positions: list[tuple[int, ...]] = []
    columns: list[slice] = []
    width = 0
    for number, conjunction in enumerate(normal_form(constrained)):
        several = len(conjunction) if len(conjunction) > 1 else 0
        width += several
        if any(_impossible(atom, ends) for atom in conjunction):
            continue
        rows = []
        for atom in conjunction:
            key = (atom.inputs, atom.outputs, atom.constant, atom.strict)
            if key not in numbers:
                numbers[key] = len(distinct)
                distinct.append(atom)
            rows.append(numbers[key])
        found.append(number)
        positions.append(tuple(rows))
        columns.append(slice(width - several, width))
    member = np.zeros((len(found), len(distinct)), dtype=np.bool_)
    for k, places in enumerate(positions):
        member[k, list(places)] = True
    graph = obligation.graph
    table = _floats(distinct, graph.input_size, graph.output_size)
    return Rows(*table[:4], member, *table[4:], tuple(found), tuple(positions), tuple(columns), width)


_Ends = tuple[int | None, int | None, bool]  # from, to, and whether they are never reached


def _ends(graph: Graph) -> list[_Ends]:
    """What each flat output lies between by the form of the graph: results of ReLUs are at least 0, those of
    smooth functions between their ends, strictly but for squares."""
    found: list[_Ends] = []
    first = len(graph.inputs)
    for output in graph.outputs:
        primitive = graph.nodes[output - first].primitive if output >= first else None
        ends: _Ends = (0 if primitive == RELU else None, None, False)
        if isinstance(primitive, Smooth):
            ends = (*primitive.ends, primitive is not Smooth.SQUARE)
        found += [ends] * graph.value(output).size
    return found


def _impossible(atom: LinearAtom, ends: list[_Ends]) -> bool:
    """Whether the atom fails because of these ends, exactly: a tie that floats cannot decide."""
    if atom.inputs:
        return False
    least, strict = atom.constant, atom.strict
    for j, coefficient in atom.outputs:
        lower, upper, is_open = ends[j]
        end = lower if coefficient > 0 else upper
        if end is None:
            return False
        least, strict = least + coefficient * end, strict or is_open
    return least > 0 or (strict and least == 0)


def _floats(
    distinct: list[LinearAtom], inputs: int, outputs: int
) -> tuple[F64, F64, F64, NDArray[np.bool_], float, float | None]:
    """The first four and the two numerical fields of `Rows`."""
    a = np.zeros((len(distinct), inputs))
    c = np.zeros((len(distinct), outputs))
    constant = np.zeros(len(distinct))
    exact = True
    scales = set()
    for i, atom in enumerate(distinct):
        # Scaling by a positive factor keeps the row's sign; the largest coefficient becomes ±1, so
        # that differences of outputs are exact whatever the decoding's factor.
        terms = (*atom.inputs, *atom.outputs)
        scale = max((abs(v) for _, v in atom.outputs or terms), default=Fraction(1))
        scales.add(scale)
        for target, entries in ((a, atom.inputs), (c, atom.outputs)):
            for j, value in entries:
                target[i, j] = nearest(value / scale)
                exact &= value / scale == target[i, j]
        constant[i] = nearest(atom.constant / scale)
        exact &= atom.constant / scale == constant[i]
    shared = nearest(scales.pop()) if len(scales) == 1 else None
    strict = np.array([atom.strict for atom in distinct], dtype=np.bool_)
    return a, c, constant, strict, 0.0 if exact else UNIT_ROUNDOFF, shared
