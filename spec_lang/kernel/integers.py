"""The arithmetic of small proofs, and of `--exact`: integers over powers of two, one box at a time.

Nothing is rounded in a substitution.  Only what may be weakened is made short: the ends of ranges and boxes
become floats, outward, and the chords above ReLUs have slopes of 20 bits, with the intercept that they need.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from fractions import Fraction
from itertools import starmap
from math import inf, lcm
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spec_lang.diagnostics import InternalError
from spec_lang.kernel.dyadics import (
    absolute,
    chord,
    clip_by,
    float_above,
    float_below,
    plus,
    shaped,
)
from spec_lang.kernel.exact import Dyadic, ExactMap, dyadic, objects
from spec_lang.kernel.exact_differences import ExactJoined, exact_joined
from spec_lang.kernel.exact_lines import ExactLines, exact_lines
from spec_lang.kernel.exact_planes import ExactCrossing, exact_crossing
from spec_lang.kernel.exact_squares import is_positive
from spec_lang.kernel.exact_substitution import ExactSubstitution, Relaxed
from spec_lang.kernel.lines import ends
from spec_lang.kernel.network import F64, AffineStep, BinaryStep, Network, ReluStep, SmoothStep, float32_error
from spec_lang.kernel.planes import crossing_ends
from spec_lang.kernel.rows import Alternatives, placed, scale_of
from spec_lang.kernel.scene import (
    CLIP_ROUNDS,
    About,
    Clipped,
    Ends,
    Index,
    Linear,
    Mask,
    OwnSlopes,
    Phases,
    Rows,
    Scene,
    Slopes,
)
from spec_lang.network.transform.difference import Delta
from spec_lang.obligations.certificate import SquareProof
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
            scale = 1 / scale_of(atom)
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
        self.maps = {step.value: tuple(map(ExactMap.of, step.maps)) for step in network.producer.values()}
        self.biases = {step.value: dyadic(step.bias) for step in network.producer.values()}

    def scene(self, lower: F64, upper: F64, phases: Phases | None = None) -> IntegerScene:
        """One box."""
        return IntegerScene(self, lower, upper, phases)


class IntegerScene(Scene):
    nothing = -(10**400)

    def __init__(self, shared: Integers, lower: F64, upper: F64, phases: Phases | None) -> None:
        super().__init__(shared.network, lower, upper, phases)
        if len(lower) != 1:
            raise InternalError("the integers take one box at a time")
        self.shared = shared
        self.low, self.high = (
            [Fraction(v) for v in lower[0].tolist()],
            [Fraction(v) for v in upper[0].tolist()],
        )
        self.relaxed: dict[int, Relaxed] = {}
        self.lines: dict[int, ExactLines] = {}  # of smooth steps
        self.joined: dict[int, ExactJoined] = {}  # of differences of two ReLUs
        self.crossed: dict[int, ExactCrossing] = {}  # of gates and products
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
        for operand, linear in zip(step.operands, self.shared.maps[step.value], strict=True):
            total = plus(total, linear.absolute().forward(self.outermost[operand]))
        reach = [Fraction(v, 1 << total.shift) for v in total.numbers]
        gamma, least = (Fraction(0), Fraction(0)) if step.exact else float32_error(step.terms)
        errors = [gamma * value + least for value in reach]
        self.sound &= step.exact or all(v + e < _LARGEST32 for v, e in zip(reach, errors, strict=True))
        self.error[step.value] = dyadic(np.array([float_above(e) for e in errors]))
        ends = [float_above(v + e) for v, e in zip(reach, errors, strict=True)]
        self.sound &= max(ends, default=0.0) < inf
        self.outermost[step.value] = dyadic(np.array(ends if self.sound else [0.0] * len(ends)))

    def interval(self, step: AffineStep) -> tuple[F64, F64]:
        """Twice the ends are `W (l + u) + 2 b ∓ |W| (u − l)`."""
        middle, spread = plus(self.shared.biases[step.value], self.shared.biases[step.value]), None
        for operand, linear in zip(step.operands, self.shared.maps[step.value], strict=True):
            ends = self.ends(operand)
            if not all(np.isfinite(end).all() for end in ends):
                return np.full((1, len(step.bias)), -inf), np.full((1, len(step.bias)), inf)
            low, high = (dyadic(end[0]) for end in ends)
            middle = plus(middle, linear.forward(plus(low, high)))
            reach = linear.absolute().forward(plus(high, Dyadic(-low.numbers, low.shift)))
            spread = reach if spread is None else plus(spread, reach)
        if step.value in self.error:
            twice = plus(self.error[step.value], self.error[step.value])
            spread = twice if spread is None else plus(spread, twice)
        return self._rounded(middle, spread, -1), self._rounded(middle, spread, 1)

    @staticmethod
    def _rounded(middle: Dyadic, spread: Dyadic | None, side: int) -> F64:
        """Half of `middle + side·spread`, outward, as a batch of one."""
        if spread is not None:
            middle = plus(middle, Dyadic(side * spread.numbers, spread.shift))
        outward = float_above if side > 0 else float_below
        return np.array([[outward(Fraction(int(v), 2 << middle.shift)) for v in middle.numbers]])

    def relax(self, step: ReluStep, lower: F64, upper: F64) -> None:
        pairs = list(starmap(chord, zip(lower[0].tolist(), upper[0].tolist(), strict=True)))
        self.sound &= bool(np.isfinite(lower).all() and np.isfinite(upper).all())
        if not self.sound:
            pairs = [(0, 0, Fraction(0))] * len(pairs)
        shift = max((t.denominator.bit_length() - 1 for _, _, t in pairs), default=0)
        opened, phases = (lower[0] < 0) & (upper[0] > 0), self.fixed(step)
        self.relaxed[step.value] = Relaxed(
            opened if phases is None else opened | (phases[0] != 0),  # which have multipliers
            objects([below for below, _, _ in pairs]),
            objects([above for _, above, _ in pairs]),
            Dyadic(objects([int(t * (1 << shift)) for _, _, t in pairs]), shift),
        )
        self.outermost[step.value] = dyadic(
            np.maximum(upper[0], 0.0) if self.sound else np.zeros(len(upper[0]))
        )

    def join(self, delta: Delta) -> None:
        """Under float32 there is no such difference."""
        ends = tuple(self.ranges[value] for value in (delta.x, delta.y, delta.delta))
        self.sound &= all(bool(np.isfinite(end).all()) for pair in ends for end in pair)
        more = ends[2]
        self.intervals[delta.value] = np.minimum(more[0], 0.0), np.maximum(more[1], 0.0)
        if self.sound:
            self.joined[delta.value] = exact_joined(*ends)

    def bend(self, step: SmoothStep, lower: F64, upper: F64) -> None:
        """Under float32 there are no smooth steps but squares, which are exact."""
        self.intervals[step.value] = low, high = ends(step.function, lower, upper)
        if step.function.ends[1] is None:
            self.sound &= bool(np.isfinite(lower).all() and np.isfinite(high).all())
        self.lines[step.value] = exact_lines(step.function, lower[0], upper[0])
        if self.rounding:
            self.outermost[step.value] = dyadic(np.maximum(-low, high)[0] if self.sound else 0.0 * low[0])

    def cross(self, step: BinaryStep, first: Ends, second: Ends) -> None:
        """Under float32 there is no such step."""
        phases = self.fixed(step)
        self.intervals[step.value] = crossing_ends(step.function, first, second, phases)
        self.sound &= all(bool(np.isfinite(end).all()) for end in (*first, *second))
        if self.sound:
            one = None if phases is None else phases[0]
            ends = (first[0][0], first[1][0]), (second[0][0], second[1][0])
            self.crossed[step.value] = exact_crossing(step.function, *ends, one)

    def neurons(self, value: int, owner: Index, neuron: Index, side: NDArray[np.int8]) -> F64:
        del owner  # there is one box
        run = ExactSubstitution(self, len(neuron), None)
        run.enter(About(value, neuron, side))
        return run.finished().minimum

    def atoms(self, owner: Index, atom: Index) -> Linear:
        del owner
        run = ExactSubstitution(self, len(atom), None)
        for value, rows in placed(self.network, self.shared.inputs, self.shared.outputs):
            run.add(value, Dyadic(rows[atom], 0))
        run.constant = Dyadic(self.shared.constants[atom], 0)
        return run.finished()

    def mixtures(
        self, atoms: Sequence[int], multipliers: F64, slopes: Slopes, about: About | None = None
    ) -> F64:
        run = ExactSubstitution(self, len(multipliers), slopes)
        chosen, mixed = list(atoms), dyadic(multipliers)
        if chosen:
            run.unit = self.shared.common
            for value, rows in placed(self.network, self.shared.inputs[chosen], self.shared.outputs[chosen]):
                run.add(value, Dyadic(mixed.numbers @ rows, mixed.shift))
            run.constant = Dyadic(mixed.numbers @ self.shared.constants[chosen], mixed.shift)
        if about is not None:
            run.enter(about)
        return run.finished().minimum

    def combinations(self, owner: Index, weights: F64, slopes: OwnSlopes) -> Linear:
        del owner
        run, mixed = ExactSubstitution(self, len(weights), slopes), dyadic(weights)
        for value, rows in placed(self.network, self.shared.inputs, self.shared.outputs):
            run.add(value, Dyadic(mixed.numbers @ rows, mixed.shift))
        run.constant = Dyadic(mixed.numbers @ self.shared.constants, mixed.shift)
        return run.finished()

    def is_excluded(self, atoms: Sequence[int], squares: SquareProof) -> bool:
        return is_positive(self, atoms, squares)

    def fork(self) -> IntegerScene:
        other = copy(self)  # arrays are replaced here, never written to, but for the ranges
        other.ranges = {value: (low.copy(), high.copy()) for value, (low, high) in self.ranges.items()}
        other.outermost, other.error = dict(self.outermost), dict(self.error)
        other.relaxed, other.lines = dict(self.relaxed), dict(self.lines)
        other.intervals, other.joined = dict(self.intervals), dict(self.joined)
        other.crossed = dict(self.crossed)
        return other

    def clip(self, box: Index, rows: Rows, strict: Mask, together: Rows | None) -> Clipped:
        lower, upper = list(self.low), list(self.high)
        chosen = [
            (list(a), c, bool(s))
            for a, c, s in zip(rows.coefficients[0], rows.constant[0], strict, strict=True)
        ]
        if together is not None:
            first = list(together.coefficients[0, 0]), together.constant[0, 0], bool(strict.all())
            chosen.insert(0, first)
        for _ in range(1 if together is None else CLIP_ROUNDS):
            if any(clip_by(lower, upper, a, c, strict=s) for a, c, s in chosen):
                return Clipped(self.lower[box].copy(), self.upper[box].copy(), np.ones(1, dtype=np.bool_))
        ends = np.array([[float_below(v) for v in lower]]), np.array([[float_above(v) for v in upper]])
        return Clipped(*ends, np.zeros(1, dtype=np.bool_))
