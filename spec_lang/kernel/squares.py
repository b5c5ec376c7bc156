"""Rows that are positive on a box by one quadratic form in the inputs, in outward-rounded float64.

In: a scene over one box, relaxed, and a proof by squares.  Out: whether it shows that a combination of atoms
is positive there [cf. Raghunathan et al. 2018; Dathathri et al. 2020].  Sound because, by neuron,

    the share is >= below·z − relu(tilt·z − s):   with z > 0 that is <= s, else <= 0, as 0 <= below <= tilt,
    relu(v) <= bend·v² + slope·v + least          by the choice of `least` on the range of v,

so that a quadratic form in u bounds the row from below, the inputs being `centre + radius·u`; and because,
where a matrix M is positive definite,

    Σ shares_i (1 − u_i²) + [1; u]ᵀ M [1; u]

is positive for |u_i| <= 1.  What a form v was rounded by counts as a constant: relu has slopes of at most 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.kernel.arrays import unit_rows
from spec_lang.kernel.first_layer import FirstLayer, Units
from spec_lang.kernel.narrow import View
from spec_lang.kernel.network import F64, AffineStep, Network
from spec_lang.kernel.rounding import UNDERFLOW, UNIT
from spec_lang.kernel.rows import placed
from spec_lang.kernel.scene import Index
from spec_lang.kernel.substitution import Substitution, add, norms
from spec_lang.obligations.certificate import SquareProof

if TYPE_CHECKING:
    from spec_lang.kernel.rounded import RoundedScene

# Rounding of what is no sum: so many operations, each within a unit.
SLACK: Final = 1 + 32 * UNIT


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """The numbers of a proof, neuron by neuron."""

    tilt: F64
    below: F64
    bend: F64
    slope: F64

    @classmethod
    def of(cls, proof: SquareProof, network: Network) -> Curves:
        found = []
        for numbers in (proof.tilt, proof.below, proof.bend, proof.slope):
            full = np.zeros(network.neurons)
            full[proof.neuron] = numbers
            found.append(full)
        return cls(*found)

    def take(self, neurons: Index) -> Curves:
        return Curves(*(part[neurons] for part in (self.tilt, self.below, self.bend, self.slope)))


@dataclass(frozen=True, slots=True, eq=False)
class Forms:
    """`constant + linear·u` of rows, for |u_i| <= 1, each of which errs by at most `error`."""

    constant: F64  # (rows,)
    linear: F64  # (rows, inputs)
    error: F64


@dataclass(frozen=True, slots=True, eq=False)
class Arrived:
    """A combination of atoms where the first layer ends: `run` has what is affine in the inputs, `curved` the
    shares that are not."""

    first: FirstLayer
    run: Substitution
    curved: tuple[Units, ...]

    @property
    def neurons(self) -> Index:
        """The certificate's numbers, share by share."""
        return np.concatenate([np.zeros(0, dtype=np.intp), *(units.neuron for units in self.curved)])

    def row(self, below: F64) -> Forms:
        """All that is affine, and `below·z` of every curved share."""
        run, begin = replace(self.run, pending=dict(self.run.pending)), 0
        for units in self.curved:
            part = below[begin : begin + len(units.element)]
            begin += len(part)
            for value, _, of_z in units.operands(part):
                _lay(run, value, units.element, of_z)
        return _forms(run, self.first)

    def bent(self, of_z: F64, of_s: float = 1.0) -> Forms:
        """`of_z·z − of_s·s`, share by share."""
        run = _started(self.run.scene, np.zeros(len(of_z)), np.zeros(len(of_z)))
        begin = 0
        for units in self.curved:
            row = begin + np.arange(len(units.element))
            begin += len(row)
            for value, s, z in units.operands(of_z[row]):
                _enter(run, value, (row, units.element), z - of_s * s)
                run.weight[row] += (abs(z) + abs(of_s * s)) * run.scene.norm[value]
        return _forms(run, self.first)


def is_positive(scene: RoundedScene, atoms: Sequence[int], proof: SquareProof) -> bool:
    """Whether the combination of atoms is positive on the only box of the scene."""
    if scene.error or not scene.is_sound():
        return False
    arrived = arrive(scene, atoms, proof.multipliers.astype(np.float64))
    curves = Curves.of(proof, scene.network).take(arrived.neurons)
    shares = proof.shares.astype(np.float64)
    return is_positive_form(arrived.row(curves.below), arrived.bent(curves.tilt), curves, shares)


def arrive(scene: RoundedScene, atoms: Sequence[int], multipliers: F64) -> Arrived:
    """The combination; shares whose z has one sign on the box are affine, or at least 0."""
    first = FirstLayer.of(scene.network)
    run = _arrived(scene, first, atoms, multipliers)
    ended = run.pending.keys() - first.affine
    rows = {value: _full(scene, value, run.pending.pop(value))[0] for value in sorted(ended)}
    curved = []
    for units in first.units(rows):
        active, open_units = units.by_sign(scene.ranges)
        curved.append(open_units)
        for value, of_s, _ in active.operands(active.of_x):
            _lay(run, value, active.element, of_s)
    return Arrived(first, run, tuple(curved))


def _arrived(scene: RoundedScene, first: FirstLayer, atoms: Sequence[int], multipliers: F64) -> Substitution:
    """The combination, substituted back to where the first layer ends."""
    shared, chosen, mix = scene.shared, list(atoms), multipliers[None]
    constants = shared.constants[chosen]
    run = _started(scene, mix @ constants, 2 * (mix @ abs(constants)))
    for value, rows in placed(scene.network, shared.inputs[chosen], shared.outputs[chosen]):
        kept = scene.kept(value, rows)
        run.weight = run.weight + norms(mix @ abs(kept)) * scene.norm[value]
        add(run.pending, value, mix @ kept)
    run.back(first.ends)
    for value in first.ends & run.pending.keys():
        run.weight = run.weight + norms(run.pending[value]) * scene.norm[value]
    return run


def _started(scene: RoundedScene, constant: F64, weight: F64) -> Substitution:
    view = View(scene.carried, scene.relaxed, scene.joined)
    owner: Index = np.zeros(len(constant), dtype=np.intp)
    return Substitution(scene, view, {}, constant, weight, owner, None)


def _full(scene: RoundedScene, value: int, rows: F64) -> F64:
    """Rows over all of a value, 0 where nothing is carried."""
    carried = scene.carried.get(value)
    if carried is None:
        return rows
    full = np.zeros((len(rows), scene.network.sizes[value]))
    full[:, carried] = rows
    return full


def _lay(run: Substitution, value: int, element: Index, numbers: F64) -> None:
    """Add `numbers` at some elements of a value to the only row."""
    scene = run.scene
    row = np.zeros((1, scene.network.sizes[value]))
    row[0, element] = numbers
    run.weight = run.weight + norms(row) * scene.norm[value]
    add(run.pending, value, scene.kept(value, row))


def _enter(run: Substitution, value: int, places: tuple[Index, Index], numbers: F64) -> None:
    """Add `numbers` times one element of a value to each of some rows, over what the value is made of."""
    scene, (row, element) = run.scene, places
    step = scene.network.producer.get(value)
    parts = [(value, unit_rows(element, numbers, scene.network.sizes[value]))]
    if step is not None:
        run.constant[row] += numbers * step.bias[element]
        maps = zip(step.operands, step.maps, strict=True)
        parts = [(operand, linear.rows(element) * numbers[:, None]) for operand, linear in maps]
    for operand, part in parts:
        kept = scene.kept(operand, part)
        rows = np.zeros((len(run.owner), kept.shape[1]))
        rows[row] = kept
        add(run.pending, operand, rows)


def _forms(run: Substitution, first: FirstLayer) -> Forms:
    """Rows over what is affine in the inputs, as forms in u."""
    scene = run.scene
    network = scene.network
    for step in reversed(network.steps):
        if isinstance(step, AffineStep) and step.value in first.affine and step.value in run.pending:
            run.affine(step, run.pending.pop(step.value))
    coefficients = np.zeros((len(run.owner), network.input_size))
    for number, where in enumerate(network.inputs):
        if number in run.pending:
            coefficients[:, where] = _full(scene, number, run.pending[number])
    radius = np.where(scene.upper[0] > scene.lower[0], scene.radius[0], 0.0)
    center = scene.center[0]
    sizes = abs(coefficients) @ (abs(center) + radius) + abs(run.constant)
    error = scene.shared.gamma * (1.01 * run.weight + 4 * sizes) + UNDERFLOW
    return Forms(coefficients @ center + run.constant, coefficients * radius, error)


def is_positive_form(row: Forms, bent: Forms, curves: Curves, shares: F64) -> bool:
    """Whether `row − Σ (bend·v² + slope·v + least)` is positive for all |u_i| <= 1."""
    rows, inputs = bent.linear.shape
    gamma = 1.01 * (rows + inputs + 64) * UNIT
    reach, slope = abs(bent.linear).sum(axis=1), curves.slope
    spread = reach + gamma * (reach + abs(bent.constant)) + UNDERFLOW
    least = least_constants(curves, bent.constant - spread, bent.constant + spread)
    linear = row.linear[0] - slope @ bent.linear
    sizes = slope @ (abs(bent.constant) + reach) + least.sum() + bent.error.sum() + abs(row.constant[0])
    sizes = sizes + abs(row.linear).sum() + row.error[0] + shares.sum()
    lost = gamma * 4 * sizes + UNDERFLOW
    constant = row.constant[0] - row.error[0] - slope @ bent.constant - least.sum() - bent.error.sum()
    both = np.sqrt(curves.bend)[:, None] * np.concatenate([bent.constant[:, None], bent.linear], axis=1)
    matrix = -(both.T @ both)
    matrix[0, 0] += constant - shares.sum() - lost
    matrix[np.arange(1, inputs + 1), np.arange(1, inputs + 1)] += shares
    matrix[1:, 0] += linear / 2
    free = np.concatenate([[True], (bent.linear != 0).any(axis=0) | (linear != 0) | (shares != 0)])
    trace = float((both * both).sum())
    error = gamma * (4 * trace + 2 * shares.sum() + 2 * abs(matrix[0, 0]) + 2 * abs(linear).sum()) + UNDERFLOW
    return is_definite(matrix[np.ix_(free, free)], error)


def least_constants(curves: Curves, lower: F64, upper: F64) -> F64:
    """Upper bounds of `relu(v) − bend·v² − slope·v` for v from `lower`, or 0, to `upper`, or 0: on either
    side of 0 that is concave, and largest where its slope is 0, or at the end."""
    found = np.zeros_like(lower)
    for reach, tilt in ((np.maximum(-lower, 0.0), curves.slope), (np.maximum(upper, 0.0), 1 - curves.slope)):
        inside = tilt <= 2 * curves.bend * reach
        turn = tilt * tilt / np.where(inside & (curves.bend > 0), 4 * curves.bend, 1.0)
        found = np.maximum(found, np.where(inside, turn, reach * (tilt - curves.bend * reach)))
    return found * SLACK + UNDERFLOW


def is_definite(matrix: F64, error: float) -> bool:
    """Whether every symmetric matrix is positive definite whose lower triangle is within `error` of that of
    `matrix`, in the Frobenius norm of the whole.

    Sound whatever the factor: with A = M − c·I, as rounded, and any L, M is at least
    `(c − error − ‖A − L·Lᵀ‖)·I`, where the norm is computed, with the rounding of the product.  A Cholesky
    factor leaves about n·2^-53 times the trace [Rump 2006], which c has to exceed.
    """
    count = len(matrix)
    matrix = np.tril(matrix) + np.tril(matrix, -1).T
    diagonal = np.diag(matrix)
    gamma = 1.01 * (count + 64) * UNIT
    shift = 4 * error + 8 * gamma * float(abs(diagonal).sum()) + UNDERFLOW
    if not np.isfinite(matrix).all() or not np.isfinite(shift) or not (diagonal > shift).all():
        return False
    shifted = matrix - shift * np.eye(count)
    try:
        factor = np.linalg.cholesky(shifted)
    except np.linalg.LinAlgError:
        return False
    left = shifted - factor @ factor.T
    norm = float(np.sqrt((left * left).sum())) + 4 * gamma * float((factor * factor).sum())
    rounded = 2 * UNIT * float(abs(diagonal).sum() + count * shift)
    return bool(1.01 * (error + norm + rounded) < shift)
