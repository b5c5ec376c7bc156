"""Rows that are positive on a box by one quadratic form in the inputs, in integers: nothing is rounded.

In: a scene over one box, relaxed, and a proof by squares.  Out: what `squares` says of it, for the same
reasons.  Only constants are made short, downward, and the factor that shows a matrix to be positive definite
is that of floats, for which any will do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import inf
from typing import TYPE_CHECKING, Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.kernel.arrays import unit_rows
from spec_lang.kernel.dyadics import Objects, float_below, plus, times
from spec_lang.kernel.exact import Dyadic, dyadic
from spec_lang.kernel.exact_products import product
from spec_lang.kernel.exact_substitution import ExactSubstitution
from spec_lang.kernel.first_layer import FirstLayer, Units
from spec_lang.kernel.network import F64, AffineStep
from spec_lang.kernel.rounding import UNIT
from spec_lang.kernel.rows import placed
from spec_lang.kernel.scene import Index
from spec_lang.kernel.squares import Curves
from spec_lang.obligations.certificate import SquareProof

if TYPE_CHECKING:
    from spec_lang.kernel.integers import IntegerScene

# What a factor in floats leaves of a matrix is less than so much of its trace, for every row.
LEFT: Final = 64 * UNIT


@dataclass(frozen=True, slots=True, eq=False)
class Forms:
    """`constant + linear·u` of rows."""

    constant: Dyadic  # (rows,)
    linear: Dyadic  # (rows, inputs)


class Halted(ExactSubstitution):
    """A substitution that ends at the first layer; it has all of every value."""

    def lay(self, value: int, element: Index, numbers: Dyadic) -> None:
        """Add `numbers` at some elements of a value to the only row."""
        row = np.zeros((1, self.scene.network.sizes[value]), dtype=object)
        row[0, element] = numbers.numbers
        self.add(value, Dyadic(row, numbers.shift))

    def lay_each(self, value: int, places: tuple[Index, Index], numbers: Dyadic) -> None:
        """Add `numbers` times one element of a value to each of some rows, over what the value is made of."""
        scene, (row, element) = self.scene, places
        step = scene.network.producer.get(value)
        parts = [
            (value, Dyadic(unit_rows(element, numbers.numbers, scene.network.sizes[value]), numbers.shift))
        ]
        if step is not None:
            bias = scene.shared.biases[value]
            constant = np.zeros(len(self.constant.numbers), dtype=object)
            constant[row] = bias.numbers[element] * numbers.numbers
            self.constant = plus(self.constant, Dyadic(constant, bias.shift + numbers.shift))
            maps = zip(step.operands, scene.shared.maps[value], strict=True)
            chosen = [(operand, linear.rows(element)) for operand, linear in maps]
            parts = [
                (operand, Dyadic(part.numbers * numbers.numbers[:, None], part.shift + numbers.shift))
                for operand, part in chosen
            ]
        for operand, part in parts:
            rows = np.zeros((len(self.constant.numbers), scene.network.sizes[operand]), dtype=object)
            rows[row] = part.numbers
            self.add(operand, Dyadic(rows, part.shift))

    def forms(self, first: FirstLayer) -> Forms:
        """What is pending, all of it affine in the inputs."""
        scene = self.scene
        for step in reversed(scene.network.steps):
            if isinstance(step, AffineStep) and step.value in first.affine and step.value in self.pending:
                self._affine(step, self.pending.pop(step.value))
        lower, upper = dyadic(scene.lower[0]), dyadic(scene.upper[0])
        twice = plus(upper, lower)
        center = Dyadic(twice.numbers, twice.shift + 1)
        twice = plus(upper, Dyadic(-lower.numbers, lower.shift))
        radius = Dyadic(twice.numbers, twice.shift + 1)
        shift = max((rows.shift for rows in self.pending.values()), default=0)
        whole = np.zeros((len(self.constant.numbers), scene.network.input_size), dtype=object)
        for number, where in enumerate(scene.network.inputs):
            if number in self.pending:
                rows = self.pending[number]
                whole[:, where] = rows.numbers * (1 << (shift - rows.shift))
        coefficients = Dyadic(whole, shift)
        linear = Dyadic(whole * radius.numbers, shift + radius.shift)
        return Forms(plus(self.constant, times(coefficients, center)), linear)


def is_positive(scene: IntegerScene, atoms: Sequence[int], proof: SquareProof) -> bool:
    """Whether the combination of atoms is positive on the only box of the scene."""
    if scene.rounding or not scene.is_sound():
        return False
    found = Arrived.of(scene, atoms, proof)
    curves = Curves.of(proof, scene.network)
    row, bent = found.row(curves), found.bent(curves)
    shares = proof.shares.astype(np.float64)
    return is_positive_form(scene.shared.common, (row, bent), curves.take(found.neurons), shares)


@dataclass(frozen=True, slots=True, eq=False)
class Arrived:
    """A combination of atoms where the first layer ends, times the scene's unit, as `squares` has it; the
    coefficients of `curved` shares are over 2^`shift`."""

    first: FirstLayer
    run: Halted
    curved: tuple[Units, ...]
    shift: int

    @classmethod
    def of(cls, scene: IntegerScene, atoms: Sequence[int], proof: SquareProof) -> Arrived:
        first = FirstLayer.of(scene.network)
        run = _arrived(scene, first, atoms, proof)
        ended = {value: run.pending.pop(value) for value in sorted(run.pending.keys() - first.affine)}
        shift = max((rows.shift for rows in ended.values()), default=0)
        rows = {v: part.numbers[0] * (1 << (shift - part.shift)) for v, part in ended.items()}
        curved = []
        for units in first.units(rows):
            active, open_units = units.by_sign(scene.ranges)
            curved.append(open_units)
            for value, of_s, _ in active.operands(active.of_x):
                run.lay(value, active.element, Dyadic(of_s, shift))
        return cls(first, run, tuple(curved), shift)

    @property
    def neurons(self) -> Index:
        """The certificate's numbers, share by share."""
        return np.concatenate([np.zeros(0, dtype=np.intp), *(units.neuron for units in self.curved)])

    def row(self, curves: Curves) -> Forms:
        """All that is affine, and `below·z` of every curved share; asked for once."""
        for units in self.curved:
            below = dyadic(curves.below[units.neuron])
            for value, _, of_z in units.operands(below.numbers * self.run.unit):
                self.run.lay(value, units.element, Dyadic(of_z, below.shift))
        return self.run.forms(self.first)

    def bent(self, curves: Curves) -> Forms:
        """`tilt·z − s`, share by share."""
        run, begin = Halted(self.run.scene, len(self.neurons), None), 0
        for units in self.curved:
            row = begin + np.arange(len(units.element))
            begin += len(row)
            tilt = dyadic(curves.tilt[units.neuron])
            for value, of_s, of_z in units.operands(tilt.numbers * self.run.unit):
                run.lay_each(value, (row, units.element), Dyadic(of_z, tilt.shift))
                run.lay_each(value, (row, units.element), Dyadic(-of_s, self.shift))
        return run.forms(self.first)


def _arrived(scene: IntegerScene, first: FirstLayer, atoms: Sequence[int], proof: SquareProof) -> Halted:
    """The combination, times the scene's unit, substituted back to where the first layer ends."""
    shared, chosen = scene.shared, list(atoms)
    run, mixed = Halted(scene, 1, None), dyadic(proof.multipliers[None])
    run.unit = shared.common
    for value, rows in placed(scene.network, shared.inputs[chosen], shared.outputs[chosen]):
        run.add(value, Dyadic(mixed.numbers @ rows, mixed.shift))
    run.constant = Dyadic(mixed.numbers @ shared.constants[chosen], mixed.shift)
    run.back(first.ends)
    return run


def is_positive_form(unit: int, of: tuple[Forms, Forms], curves: Curves, shares: F64) -> bool:
    """Whether `row − Σ (bend·v² + slope·v + least)` is positive for all |u_i| <= 1; both forms come times
    `unit`, and the matrix below times its square."""
    row, bent = of
    bend, slope, given = dyadic(curves.bend), dyadic(curves.slope), dyadic(shares)
    taken = times(Dyadic(slope.numbers[None], slope.shift), bent.constant)
    constant = plus(row.constant, Dyadic(-taken.numbers, taken.shift))
    total = Fraction(int(given.numbers.sum()), 1 << given.shift)
    rest = Fraction(int(constant.numbers[0]), unit << constant.shift) - total
    rest = rest - sum(_least_constants(unit, bent, curves), Fraction(0))
    corner = float_below(rest)
    if corner == -inf:
        return False
    both = _beside(bent.constant, bent.linear)
    turned = Dyadic((bend.numbers[:, None] * both.numbers).T, bend.shift + both.shift)
    squares = Dyadic(-product(turned.numbers, both.numbers), turned.shift + both.shift)
    size = len(squares.numbers)
    taken = Dyadic(slope.numbers[None] @ bent.linear.numbers, slope.shift + bent.linear.shift)
    linear = plus(row.linear, Dyadic(-taken.numbers, taken.shift))
    side = np.zeros((size, size), dtype=object)
    side[1:, 0] = side[0, 1:] = linear.numbers[0] * unit
    diagonal = np.zeros((size, size), dtype=object)
    ends = dyadic(np.concatenate([[corner], shares]))
    diagonal[np.arange(size), np.arange(size)] = ends.numbers * unit * unit
    matrix = plus(plus(squares, Dyadic(side, linear.shift + 1)), Dyadic(diagonal, ends.shift))
    kept = np.flatnonzero(np.concatenate([[True], (matrix.numbers[1:] != 0).any(axis=1)]))
    return is_definite(Dyadic(matrix.numbers[np.ix_(kept, kept)], matrix.shift))


def _least_constants(unit: int, bent: Forms, curves: Curves) -> Iterator[Fraction]:
    reach = np.abs(bent.linear.numbers).sum(axis=1).tolist()
    middle = bent.constant.numbers.tolist()
    for c, r, b, s in zip(middle, reach, curves.bend.tolist(), curves.slope.tolist(), strict=True):
        around, spread = Fraction(c, unit << bent.constant.shift), Fraction(r, unit << bent.linear.shift)
        yield least_constant(Fraction(b), Fraction(s), around - spread, around + spread)


def least_constant(bend: Fraction, slope: Fraction, lower: Fraction, upper: Fraction) -> Fraction:
    """The largest value of `relu(v) − bend·v² − slope·v` for v from `lower`, or 0, to `upper`, or 0."""
    found = Fraction(0)
    for reach, tilt in ((max(-lower, Fraction(0)), slope), (max(upper, Fraction(0)), 1 - slope)):
        inside = bend > 0 and tilt <= 2 * bend * reach
        found = max(found, tilt * tilt / (4 * bend) if inside else reach * (tilt - bend * reach))
    return found


def _beside(column: Dyadic, rows: Dyadic) -> Dyadic:
    shift = max(column.shift, rows.shift)
    parts = (
        column.numbers[:, None] * (1 << (shift - column.shift)),
        rows.numbers * (1 << (shift - rows.shift)),
    )
    return Dyadic(np.concatenate(parts, axis=1), shift)


def is_definite(matrix: Dyadic) -> bool:
    """Whether a symmetric matrix is positive definite.

    Sound because L·Lᵀ is positive semidefinite whatever L is, and what the matrix has beyond it is positive
    definite where every element of its diagonal is more than all others of its row together.
    """
    count = len(matrix.numbers)
    near = np.array([[_float(v, matrix.shift) for v in row] for row in matrix.numbers.tolist()])
    diagonal = np.diag(near)
    if not np.isfinite(near).all() or not (diagonal > 0).all():
        return False
    scale = np.exp2(-np.round(0.5 * np.log2(diagonal)))  # powers of 2: the factor is that of a scaled matrix
    scaled = near * scale[:, None] * scale
    try:
        factor = np.linalg.cholesky(scaled - LEFT * count * float(np.trace(scaled)) * np.eye(count))
    except np.linalg.LinAlgError:
        return False
    root = dyadic(factor / scale[:, None])
    square = Dyadic(-product(root.numbers, root.numbers.T), 2 * root.shift)
    left: Objects = plus(matrix, square).numbers
    own = left.diagonal()
    return bool((own > np.abs(left).sum(axis=1) - np.abs(own)).all())


def _float(number: int, shift: int) -> float:
    try:
        return float(Fraction(number, 1 << shift))
    except OverflowError:
        return np.inf
