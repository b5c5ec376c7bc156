"""The arithmetic of small proofs, and of `--exact`: integers over powers of two, one box at a time.

Nothing is rounded in a substitution.  Only what may be weakened is made short: the ends of ranges and boxes
become floats, outward, and the chords above ReLUs have slopes of 20 bits, with the intercept that they need.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import starmap
from math import inf, lcm
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.diagnostics import InternalError
from spec_lang.kernel.dyadics import (
    SLOPE_BITS,
    Objects,
    absolute,
    chord,
    clip_by,
    float_above,
    float_below,
    least_value,
    plus,
    shaped,
    times,
)
from spec_lang.kernel.exact import Dyadic, dyadic, objects
from spec_lang.kernel.network import F64, AffineStep, Network, ReluStep, float32_error
from spec_lang.kernel.rows import Alternatives, placed
from spec_lang.kernel.scene import CLIP_ROUNDS, Clipped, Index, Linear, Mask, Rows, Scene, Slopes, Weights
from spec_lang.obligations.model import Semantics

_LARGEST32: Final = Fraction(2) ** 128


class Integers:
    """What all scenes of one obligation share: weights and atoms as integers."""

    batch = 1

    def __init__(self, network: Network, found: Alternatives, semantics: Semantics) -> None:
        self.network = network
        self.semantics = semantics
        outputs = sum(network.sizes[o] for o in network.outputs)
        rows = len(found.atoms)
        inputs, results = np.zeros((rows, network.input_size), object), np.zeros((rows, outputs), object)
        constants = np.zeros(rows, object)
        for row, atom in enumerate(found.atoms):
            # Any positive factor will do; this one is that of the certificates, times the denominators.
            scale = 1 / max((abs(c) for _, c in atom.outputs or atom.inputs), default=Fraction(1))
            for target, terms in ((inputs, atom.inputs), (results, atom.outputs)):
                for index, coefficient in terms:
                    target[row, index] = coefficient * scale
            constants[row] = atom.constant * scale
        # Every row times the same number, so that their combinations are those of the certificates.
        self.common = common = lcm(
            *(Fraction(v).denominator for part in (inputs, results, constants) for v in part.ravel())
        )
        self.inputs, self.outputs, self.constants = (
            shaped(part, [int(Fraction(v) * common) for v in part.ravel()])
            for part in (inputs, results, constants)
        )
        self.weights = {step.value: tuple(map(dyadic, step.weights)) for step in network.producer.values()}
        self.biases = {step.value: dyadic(step.bias) for step in network.producer.values()}

    def scene(self, lower: F64, upper: F64) -> IntegerScene:
        """One box."""
        return IntegerScene(self, lower, upper)


@dataclass(frozen=True, slots=True, eq=False)
class _Relaxed:
    """A ReLU: which neurons are unstable; slopes over 2^20 below and above, and intercepts above."""

    unstable: Mask  # (n,)
    lower: Objects
    upper: Objects
    intercept: Dyadic


class IntegerScene(Scene):
    nothing = -(10**400)

    def __init__(self, shared: Integers, lower: F64, upper: F64) -> None:
        super().__init__(shared.network, lower, upper)
        if len(lower) != 1:
            raise InternalError("the integers take one box at a time")
        self.shared = shared
        self.low, self.high = (
            [Fraction(v) for v in lower[0].tolist()],
            [Fraction(v) for v in upper[0].tolist()],
        )
        self.relaxed: dict[int, _Relaxed] = {}
        self.outermost: dict[int, Dyadic] = {}  # by value, for the errors of float32
        self.error: dict[int, Dyadic] = {}
        self.sound = True
        self.rounding = shared.semantics is Semantics.FLOAT32
        for number, where in enumerate(self.network.inputs):
            self.outermost[number] = dyadic(np.maximum(abs(lower[0, where]), abs(upper[0, where])))

    def is_sound(self) -> bool:
        return self.sound

    def enter(self, step: AffineStep) -> None:
        if not self.rounding:
            return
        total = absolute(self.shared.biases[step.value])
        for operand, weight in zip(step.operands, self.shared.weights[step.value], strict=True):
            total = plus(total, times(self.outermost[operand], absolute(weight)))
        reach = [Fraction(v, 1 << total.shift) for v in total.numbers]
        gamma, least = float32_error(step.terms) if step.terms else (Fraction(0), Fraction(0))
        errors = [gamma * value + least for value in reach]
        self.sound &= not step.terms or all(v + e < _LARGEST32 for v, e in zip(reach, errors, strict=True))
        self.error[step.value] = dyadic(np.array([float_above(e) for e in errors]))
        ends = [float_above(v + e) for v, e in zip(reach, errors, strict=True)]
        self.sound &= max(ends, default=0.0) < inf
        self.outermost[step.value] = dyadic(np.array(ends if self.sound else [0.0] * len(ends)))

    def relax(self, step: ReluStep, lower: F64, upper: F64) -> None:
        pairs = list(starmap(chord, zip(lower[0].tolist(), upper[0].tolist(), strict=True)))
        self.sound &= bool(np.isfinite(lower).all() and np.isfinite(upper).all())
        if not self.sound:
            pairs = [(0, 0, Fraction(0))] * len(pairs)
        shift = max((t.denominator.bit_length() - 1 for _, _, t in pairs), default=0)
        self.relaxed[step.value] = _Relaxed(
            (lower[0] < 0) & (upper[0] > 0),
            objects([below for below, _, _ in pairs]),
            objects([above for _, above, _ in pairs]),
            Dyadic(objects([int(t * (1 << shift)) for _, _, t in pairs]), shift),
        )
        self.outermost[step.value] = dyadic(
            np.maximum(upper[0], 0.0) if self.sound else np.zeros(len(upper[0]))
        )

    def neurons(
        self, value: int, owner: Index, neuron: Index, side: NDArray[np.int8], slopes: Slopes | None = None
    ) -> F64:
        del owner  # there is one box
        sign = side.astype(object)[:, None]
        run = _Run(self, len(neuron), slopes)
        step = self.network.producer.get(value)
        if step is None:
            ones = np.eye(self.network.sizes[value], dtype=np.int64).astype(object)
            run.add(value, Dyadic(ones[neuron] * sign, 0))
        else:
            for operand, weight in zip(step.operands, self.shared.weights[value], strict=True):
                rows = weight.numbers if weight.numbers.ndim == 2 else np.diag(weight.numbers)
                run.add(operand, Dyadic(rows[neuron] * sign, weight.shift))
            bias = self.shared.biases[value]
            run.constant = Dyadic(bias.numbers[neuron] * sign[:, 0], bias.shift)
            if value in self.error:
                lost = self.error[value]
                run.constant = plus(run.constant, Dyadic(-lost.numbers[neuron], lost.shift))
        return run.finished().minimum

    def atoms(self, owner: Index, atom: Index) -> Linear:
        del owner
        run = _Run(self, len(atom), None)
        for value, rows in placed(self.network, self.shared.inputs, self.shared.outputs):
            run.add(value, Dyadic(rows[atom], 0))
        run.constant = Dyadic(self.shared.constants[atom], 0)
        return run.finished()

    def mixtures(self, atoms: Sequence[int], multipliers: F64, slopes: Slopes) -> F64:
        run, chosen, mixed = _Run(self, len(multipliers), slopes), list(atoms), dyadic(multipliers)
        run.unit = self.shared.common
        for value, rows in placed(self.network, self.shared.inputs[chosen], self.shared.outputs[chosen]):
            run.add(value, Dyadic(mixed.numbers @ rows, mixed.shift))
        run.constant = Dyadic(mixed.numbers @ self.shared.constants[chosen], mixed.shift)
        return run.finished().minimum

    def clip(self, box: Index, rows: Rows, strict: Mask, weights: Weights | None) -> Clipped:
        lower, upper = list(self.low), list(self.high)
        chosen = [
            (list(a), c, bool(s))
            for a, c, s in zip(rows.coefficients[0], rows.constant[0], strict, strict=True)
        ]
        if weights is not None:
            w = [int(v) for v in weights[0]]
            a = [sum(v * row[0][i] for v, row in zip(w, chosen, strict=True)) for i in range(len(lower))]
            c = sum(v * row[1] for v, row in zip(w, chosen, strict=True))
            chosen.insert(0, (a, c, bool(strict.all())))
        for _ in range(CLIP_ROUNDS if weights is not None else 1):
            if any(clip_by(lower, upper, a, c, strict=s) for a, c, s in chosen):
                return Clipped(self.lower[box].copy(), self.upper[box].copy(), np.ones(1, dtype=np.bool_))
        ends = np.array([[float_below(v) for v in lower]]), np.array([[float_above(v) for v in upper]])
        return Clipped(*ends, np.zeros(1, dtype=np.bool_))


class _Run:
    """One substitution of several rows."""

    def __init__(self, scene: IntegerScene, count: int, slopes: Slopes | None) -> None:
        self.scene, self.slopes = scene, slopes
        self.unit = 1  # what the rows are multiplied by, and so every multiplier of a phase
        self.pending: dict[int, Dyadic] = {}
        self.constant = Dyadic(objects([0] * count), 0)

    def add(self, value: int, rows: Dyadic) -> None:
        self.pending[value] = plus(self.pending[value], rows) if value in self.pending else rows

    def finished(self) -> Linear:
        """Down to the inputs, and the least value on the box."""
        scene = self.scene
        for step in reversed(scene.network.steps):
            rows = self.pending.pop(step.value, None)
            if rows is None:
                continue
            if isinstance(step, AffineStep):
                self._affine(step, rows)
            else:
                self._relu(step, rows)
        count = len(self.constant.numbers)
        coefficients = np.zeros((count, scene.network.input_size), dtype=object)
        for number, where in enumerate(scene.network.inputs):
            if number in self.pending:
                rows = self.pending[number]
                fractions: list[Any] = [Fraction(v, 1 << rows.shift) for v in rows.numbers.ravel()]
                coefficients[:, where] = shaped(rows.numbers, fractions)
        constant = shaped(
            self.constant.numbers, [Fraction(v, 1 << self.constant.shift) for v in self.constant.numbers]
        )
        least = [
            c + least_value(list(a), scene.low, scene.high)
            for a, c in zip(coefficients, constant, strict=True)
        ]
        minimum = np.array([float_below(v) for v in least]) if scene.sound else np.full(count, -inf)
        if not scene.sound:
            constant = objects([int(scene.nothing)] * count)
        return Linear(coefficients, constant, minimum)

    def _affine(self, step: AffineStep, rows: Dyadic) -> None:
        shared = self.scene.shared
        self.constant = plus(self.constant, times(rows, shared.biases[step.value]))
        if step.value in self.scene.error:
            lost = times(absolute(rows), self.scene.error[step.value])
            self.constant = plus(self.constant, Dyadic(-lost.numbers, lost.shift))
        for operand, weight in zip(step.operands, shared.weights[step.value], strict=True):
            shift = rows.shift + weight.shift
            if weight.numbers.ndim == 1:
                self.add(operand, Dyadic(rows.numbers * weight.numbers, shift))
                continue
            present = np.flatnonzero((rows.numbers != 0).any(axis=0))
            product = (
                rows.numbers[:, present] @ weight.numbers[present]
                if len(present)
                else (np.zeros((len(rows.numbers), weight.numbers.shape[1]), dtype=object))
            )
            self.add(operand, Dyadic(product, shift))

    def _relu(self, step: ReluStep, rows: Dyadic) -> None:
        relaxed, part = self.scene.relaxed[step.value], rows.numbers
        opened: Objects = np.ones(part.shape, dtype=np.bool_)
        fixed: Objects = np.zeros(part.shape, dtype=object)
        below, above, shift = relaxed.lower, relaxed.upper, SLOPE_BITS
        beta: Dyadic | None = None
        if self.slopes is not None:
            ids = step.first + np.arange(part.shape[1])
            phases = self.slopes.phases[:, ids] * relaxed.unstable
            known, given = _own(self.slopes, ids, relaxed.unstable)
            opened, shift = phases == 0, max(SLOPE_BITS, given.shift)
            scaled = given.numbers * (1 << (shift - given.shift))
            below, above = (slope * (1 << (shift - SLOPE_BITS)) for slope in (below, above))
            below, fixed = np.where(known, scaled, below), (phases > 0).astype(object) * (1 << shift)
            beta = Dyadic(-phases.astype(object) * given.numbers * self.unit, given.shift)
        negative = np.where(opened & (part < 0), part, 0)
        self.constant = plus(self.constant, times(Dyadic(negative, rows.shift), relaxed.intercept))
        slope = np.where(opened, np.where(part < 0, above, below), fixed)
        passed = Dyadic(part * slope, rows.shift + shift)
        self.add(step.operand, passed if beta is None else plus(passed, beta))


def _own(slopes: Slopes, ids: Index, unstable: Mask) -> tuple[Mask, Dyadic]:
    """Which of the neurons `ids` have numbers of the rows' own, and these (rows, ids), 0 elsewhere."""
    place = np.searchsorted(slopes.columns, ids)
    known = unstable & (place < len(slopes.columns))
    known[known] = slopes.columns[place[known]] == ids[known]
    given = np.zeros((len(slopes.phases), len(ids)))
    given[:, known] = slopes.values[:, place[known]]
    return known, dyadic(given)
