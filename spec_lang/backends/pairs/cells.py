"""The cells of one level of a search by pairs: what enters the neurons on each, and what bounds the rows.

In: a question, which says what is asked of f's values, and boxes.  Out: `Cells`; and for pairs of them what
a form in the values and the inputs of both points is at least.  Rounded outward as far as single cells go.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise, product
from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.context import Context
from spec_lang.bounding.linear import lower_bounds
from spec_lang.bounding.program import F64, Indices, Program, compile_graph
from spec_lang.bounding.propagate import Known, Ranges
from spec_lang.bounding.slopes import Slopes
from spec_lang.obligations.model import Terms
from spec_lang.obligations.two_points import PairAtom, Twofold

BATCH: Final = 256  # cells whose ranges are computed at once
AROUND: Final = 16  # directions in the plane


@dataclass(frozen=True, slots=True, eq=False)
class Forms:
    """`first·v(x) + second·v(y) + here·x + there·y + constant`, row by row, over the values v that are
    bounded and the flat inputs."""

    first: F64
    second: F64
    here: F64
    there: F64
    constant: F64

    @property
    def mirrored(self) -> Forms:
        """With x and y exchanged."""
        return Forms(self.second, self.first, self.there, self.here, self.constant)


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """`values` are what is bounded of f (values, outputs): the rows that agree, the first `rows` of them, and
    what `forms` speak of.  The forms of each of `cases` are at most 0 together where it holds."""

    found: Twofold
    program: Program
    slopes: Slopes
    values: F64
    directions: F64  # (directions, rows), with every one its opposite
    forms: Forms
    cases: tuple[slice, ...]

    @property
    def rows(self) -> int:
        return len(self.slopes.rows)

    @classmethod
    def of(cls, found: Twofold) -> Question:
        program = compile_graph(found.graph)
        slopes = Slopes.of(program, found.equal, found.free)
        atoms = [atom for case in found.cases for atom in case]
        spoken = sorted({i for atom in atoms for i, _ in (*atom.first, *atom.second)})
        outputs = slopes.rows.shape[1]
        values = np.concatenate([slopes.rows, np.eye(outputs)[spoken]])
        places = {i: len(slopes.rows) + k for k, i in enumerate(spoken)}
        ends = np.cumsum([0, *(len(case) for case in found.cases)]).tolist()
        cases = tuple(slice(a, b) for a, b in pairwise(ends))
        forms = _forms(atoms, places, len(values), program.input_size)
        return cls(found, program, slopes, values, directions(len(slopes.rows)), forms, cases)


def _forms(atoms: Sequence[PairAtom], places: dict[int, int], values: int, inputs: int) -> Forms:
    every = {i: i for i in range(inputs)}

    def matrix(parts: Sequence[Terms], where: dict[int, int], width: int) -> F64:
        full = np.zeros((len(parts), width))
        for number, terms in enumerate(parts):
            for i, c in terms:
                full[number, where[i]] = float(c)
        return full

    return Forms(
        matrix([atom.first for atom in atoms], places, values),
        matrix([atom.second for atom in atoms], places, values),
        matrix([atom.here for atom in atoms], every, inputs),
        matrix([atom.there for atom in atoms], every, inputs),
        np.array([float(atom.constant) for atom in atoms]),
    )


def directions(rows: int) -> F64:
    """Along which images are compared: evenly around in the plane, elsewhere axes and, as long as they are
    few, diagonals."""
    if rows == 2:
        angle = np.arange(AROUND) * (2 * np.pi / AROUND)
        return np.stack([np.cos(angle), np.sin(angle)], axis=1)
    if rows in (3, 4):
        every = np.array(list(product((-1.0, 0.0, 1.0), repeat=rows)))
        return np.compress((every != 0).any(axis=1), every, axis=0)
    return np.concatenate([np.eye(rows), -np.eye(rows)])


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """`below` and `above` bound the values by affine functions of the inputs: coefficients (cells, values,
    inputs), and constants (cells, values).  `ranges` has what enters all neurons, `images` the middles of the
    values (cells, values), and `scale` how large they are."""

    boxes: Boxes
    known: Known
    ranges: Ranges
    below: tuple[F64, F64]
    above: tuple[F64, F64]
    center: F64
    radius: F64
    images: F64
    scale: float

    def __len__(self) -> int:
        return len(self.boxes)

    def affine(self, mixes: F64, cell: Indices) -> tuple[F64, F64]:
        """Affine functions below the values' combinations `mixes` (pairs or 1, combinations, values) on the
        cells: (pairs, combinations, inputs), and constants."""
        positive = np.maximum(mixes, 0.0)
        negative = mixes - positive
        constants = positive @ self.below[1][cell][..., None] + negative @ self.above[1][cell][..., None]
        return positive @ self.below[0][cell] + negative @ self.above[0][cell], constants[..., 0]


def bounded(question: Question, boxes: Boxes, known: Known | None, expired: Callable[[], bool]) -> Cells:
    """Raises `Expired`."""
    parts = []
    for first in range(0, len(boxes), BATCH):
        rows = slice(first, first + BATCH)
        part = Boxes(boxes.lower[rows], boxes.upper[rows])
        before = None if known is None else {v: ranges.take(rows) for v, ranges in known.items()}
        context, found = question.slopes.bounded(part, before, expired)
        if before is not None:
            found = {value: _as_checked(before[value], ranges) for value, ranges in found.items()}
        parts.append((found, *_lines(question, context)))
    ranges = {
        value: Ranges(
            *(np.concatenate([getattr(p[0][value], end) for p in parts]) for end in ("lower", "upper"))
        )
        for value in parts[0][0]
    }
    below, above = (
        (np.concatenate([p[k][0] for p in parts]), np.concatenate([p[k][1] for p in parts])) for k in (1, 2)
    )
    center = boxes.center
    coefficients, constants = (0.5 * (one + other) for one, other in zip(below, above, strict=True))
    images = np.einsum("cvn,cn->cv", coefficients, center) + constants
    scale = 1.0 + float(abs(images).max(initial=0.0))
    neurons, radius = question.slopes.ranges(ranges), boxes.radius(center)
    return Cells(boxes, ranges, neurons, below, above, center, radius, images, scale)


def _as_checked(before: Ranges, now: Ranges) -> Ranges:
    """The ranges of neurons as loose as a check of the proof leaves them: of one that has one phase on a
    larger cell no range is computed again, and of one that has one here only the end that says so."""
    known = (before.lower >= 0) | (before.upper <= 0)
    lower = np.where(known | (now.upper <= 0), before.lower, now.lower)
    return Ranges(lower, np.where(known | (now.lower >= 0), before.upper, now.upper))


def _lines(question: Question, context: Context) -> tuple[tuple[F64, F64], tuple[F64, F64]]:
    """What is below and above each value, affine in the inputs, on every box."""
    program, batch, count = question.program, len(context.boxes), len(question.values)
    both = np.concatenate([question.values, -question.values])
    start: dict[int, F64] = {}
    column = 0
    for value in program.outputs:
        rows = both[:, column : column + program.sizes[value]]
        column += program.sizes[value]
        if rows.any():
            start[value] = start[value] + rows if value in start else rows
    start = {value: context.carried(value, np.tile(rows, (batch, 1))) for value, rows in start.items()}
    owner = np.repeat(np.arange(batch), 2 * count)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        found = lower_bounds(context, start, np.zeros(len(owner)), owner)
    coefficients = found.coefficients.reshape(batch, 2, count, -1)
    constants = found.constant.reshape(batch, 2, count)
    return (coefficients[:, 0], constants[:, 0]), (-coefficients[:, 1], -constants[:, 1])


def least(question: Question, cells: Cells, pairs: tuple[Indices, Indices], forms: Forms) -> F64:
    """What forms are at least for x in the first and y in the second cell of each pair: (pairs, forms).
    `first` and `second` of the forms may be (pairs, forms, values)."""
    x, y = pairs
    of_x, constant_x = cells.affine(forms.first, x)
    of_y, constant_y = cells.affine(forms.second, y)
    of_x, of_y = of_x + forms.here, of_y + forms.there
    shared = np.array(question.found.shared, dtype=np.intp)
    free = question.slopes.free
    total = constant_x + constant_y + forms.constant
    # Where the points agree their coefficients add up first.
    parts = ((of_x, x, free), (of_y, y, free), (of_x + of_y, x, shared))
    for coefficients, cell, inputs in parts:
        if len(inputs):
            chosen = coefficients[..., inputs]
            total = total + (chosen @ cells.center[cell][:, inputs, None])[..., 0]
            total = total - (abs(chosen) @ cells.radius[cell][:, inputs, None])[..., 0]
    return total
