"""The arithmetic of large proofs: float64, rounded outward, many boxes at once.

Sound because every step of a substitution loses at most γ times what `weight` gathers there (Higham's γ_k,
with k above every inner dimension and the number of steps), and whatever leaves the range in which
that holds, or is not a number, bounds nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spec_lang.kernel.arrays import unit_rows
from spec_lang.kernel.differences import Joined, chords, joined
from spec_lang.kernel.lines import Lines, ends, lines
from spec_lang.kernel.maps import absolute
from spec_lang.kernel.narrow import Relaxed, narrowed
from spec_lang.kernel.network import F64, AffineStep, BinaryStep, Network, ReluStep, SmoothStep, float32_error
from spec_lang.kernel.planes import Crossing, crossing, crossing_ends
from spec_lang.kernel.rounding import LARGEST, UNDERFLOW, UNIT, clipped
from spec_lang.kernel.rows import Alternatives, nearest, placed, scale_of
from spec_lang.kernel.scene import (
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
from spec_lang.kernel.squares import is_positive
from spec_lang.kernel.substitution import Start, Substitution, add, norms
from spec_lang.network.transform.difference import Delta
from spec_lang.obligations.certificate import SquareProof
from spec_lang.obligations.model import Semantics

MAX_BATCH: Final = 256  # boxes: the arrays of a 50-wide network stay in the cache
SAYS_NOTHING: Final = -1e200  # the constant of a row without a bound: below any that is one
LARGEST32: Final = 3.4e38


class Rounded:
    """What all scenes of one obligation share: the atoms in floats, the absolute weights, γ."""

    batch = MAX_BATCH

    def __init__(self, network: Network, found: Alternatives, semantics: Semantics) -> None:
        self.network = network
        self.semantics = semantics
        self.inputs = np.zeros((len(found.atoms), network.input_size))
        self.outputs = np.zeros((len(found.atoms), sum(network.sizes[o] for o in network.outputs)))
        self.constants = np.zeros(len(found.atoms))
        for row, atom in enumerate(found.atoms):
            scale = scale_of(atom)
            for target, terms in ((self.inputs, atom.inputs), (self.outputs, atom.outputs)):
                for index, coefficient in terms:
                    target[row, index] = nearest(coefficient / scale)
            self.constants[row] = nearest(atom.constant / scale)
        self.absolute = {step.value: tuple(map(absolute, step.maps)) for step in network.producer.values()}
        operands = max([1, *(len(step.operands) for step in network.producer.values())])
        k = (len(found.atoms) + network.longest_sum) * operands + 2 * len(network.steps) + 64
        self.gamma = 1.01 * k * UNIT / (1 - k * UNIT)

    def scene(self, lower: F64, upper: F64, phases: Phases | None = None) -> RoundedScene:
        """A batch of boxes."""
        return RoundedScene(self, lower, upper, phases)


class RoundedScene(Scene):
    nothing = SAYS_NOTHING

    def __init__(self, shared: Rounded, lower: F64, upper: F64, phases: Phases | None) -> None:
        super().__init__(shared.network, lower, upper, phases)
        self.shared = shared
        self.center = lower + 0.5 * (upper - lower)
        reach = np.maximum(upper - self.center, self.center - lower)
        self.radius = np.nextafter(np.maximum(reach, 0.0), np.inf)
        self.magnitude: dict[int, F64] = {}
        self.norm: dict[int, F64] = {}
        self.error: dict[int, F64] = {}
        self.relaxed: dict[int, Relaxed] = {}
        self.lines: dict[int, Lines] = {}  # of smooth steps
        self.joined: dict[int, Joined] = {}  # of differences of two ReLUs
        self.crossed: dict[int, Crossing] = {}  # of gates and products
        self.carried: dict[int, Index] = {}  # by value: the elements that coefficients are kept for
        self.sound = np.ones(len(lower), dtype=np.bool_)
        outermost = np.maximum(abs(lower), abs(upper))
        for number, where in enumerate(self.network.inputs):
            self._measure(number, outermost[:, where])

    def _measure(self, value: int, magnitude: F64) -> None:
        self.magnitude[value] = magnitude
        norm = np.sqrt(np.einsum("bn,bn->b", magnitude, magnitude)) * 1.0001 + UNDERFLOW
        self.norm[value] = norm
        self.sound &= norm < LARGEST  # False for NaN

    def is_sound(self) -> bool:
        return bool(self.sound.all())

    def enter(self, step: AffineStep) -> None:
        magnitude: F64 = abs(step.bias)
        for operand, linear in zip(step.operands, self.shared.absolute[step.value], strict=True):
            magnitude = magnitude + linear.forward(self.magnitude[operand])
        magnitude = magnitude * 1.0001 + UNDERFLOW
        if self.shared.semantics is Semantics.FLOAT32 and not step.exact:
            gamma, least = (1.0001 * float(part) for part in float32_error(step.terms))
            error = 1.0001 * (gamma * magnitude + least)
            self.error[step.value] = error
            magnitude = magnitude + 1.0001 * error
            self.sound &= (magnitude < LARGEST32).all(axis=1)
        self._measure(step.value, magnitude)

    def interval(self, step: AffineStep) -> tuple[F64, F64]:
        """Sound because the centres, the reaches and the sums err by at most γ times the sums of sizes."""
        middle, spread, sizes = step.bias, np.zeros(1), abs(step.bias)
        maps = zip(step.operands, step.maps, self.shared.absolute[step.value], strict=True)
        for operand, linear, absolute_map in maps:
            low, high = self.ends(operand)
            center = low + 0.5 * (high - low)
            reach = np.nextafter(np.maximum(high - center, center - low), np.inf)
            middle = middle + linear.forward(center)
            spread = spread + absolute_map.forward(reach)
            sizes = sizes + absolute_map.forward(abs(center) + reach)
        spread = spread + (self.shared.gamma * 1.01 * (sizes + spread) + UNDERFLOW)
        if step.value in self.error:
            spread = spread + 1.0001 * self.error[step.value]
        low, high = np.nextafter(middle - spread, -np.inf), np.nextafter(middle + spread, np.inf)
        good = np.isfinite(low) & np.isfinite(high)
        return np.where(good, low, -np.inf), np.where(good, high, np.inf)

    def relax(self, step: ReluStep, lower: F64, upper: F64) -> None:
        self.sound &= ~(np.isnan(lower) | np.isnan(upper)).any(axis=1)
        active = (lower >= 0).all(axis=0)
        dead = ~((upper > 0) | (lower >= 0)).any(axis=0)
        if (phases := self.fixed(step)) is not None:  # they have multipliers
            active, dead = active & ~phases.any(axis=0), dead & ~phases.any(axis=0)
        mixed = np.flatnonzero(~dead & ~active)
        carried = np.concatenate([mixed, np.flatnonzero(active)])
        found = chords(lower[:, mixed], upper[:, mixed])
        parts = found.below, found.above, found.intercept
        self.relaxed[step.value] = Relaxed(carried, len(mixed), *parts)
        self.carried[step.value] = carried
        if self.network.readers[step.operand] == 1 and step.operand in self.network.producer:
            self.carried[step.operand] = carried
        self._measure(step.value, np.maximum(upper, 0.0))

    def join(self, delta: Delta) -> None:
        x, y, more = (self.ranges[value] for value in (delta.x, delta.y, delta.delta))
        self.joined[delta.value] = found = joined(x, y, more)
        self.carried[delta.value] = found.carried
        self.intervals[delta.value] = low, high = np.minimum(more[0], 0.0), np.maximum(more[1], 0.0)
        self._measure(delta.value, np.maximum(-low, high))  # NaN of x and y has been seen to before

    def bend(self, step: SmoothStep, lower: F64, upper: F64) -> None:
        self.lines[step.value] = lines(step.function, lower, upper)
        self.intervals[step.value] = low, high = ends(step.function, lower, upper)
        self._measure(step.value, np.maximum(-low, high))

    def cross(self, step: BinaryStep, first: Ends, second: Ends) -> None:
        phases = self.fixed(step)
        self.crossed[step.value] = crossing(step.function, first, second, phases)
        self.intervals[step.value] = low, high = crossing_ends(step.function, first, second, phases)
        self._measure(step.value, np.maximum(-low, high))

    def neurons(self, value: int, owner: Index, neuron: Index, side: NDArray[np.int8]) -> F64:
        rows, constant = self._entering(About(value, neuron, side), owner)
        start: dict[int, F64] = {}
        sizes: dict[int, F64] = {}
        for operand, part in rows:
            # A row of weights is exact; only where an operand comes twice is a sum rounded.
            if operand in start:
                add(sizes, operand, abs(start[operand]) + abs(part))
            add(start, operand, part)
        return self._substitute(Start(start, sizes, constant, abs(constant)), owner, None).minimum

    def _entering(self, about: About, owner: Index) -> tuple[list[tuple[int, F64]], F64]:
        """Rows for elements of a value, over the operands of the step behind it, one after the other, and
        their constants; what float32 may lose is taken off."""
        value, neuron, sign = about.value, about.neuron, about.side.astype(np.float64)
        step = self.network.producer.get(value)
        if step is None:
            unit = unit_rows(neuron, sign, self.network.sizes[value])
            return [(value, self.kept(value, unit))], np.zeros(len(neuron))
        constant = sign * step.bias[neuron]
        if value in self.error:
            constant = constant - self.error[value][owner, neuron]
        parts = zip(step.operands, step.maps, strict=True)
        return [(o, self.kept(o, linear.rows(neuron)) * sign[:, None]) for o, linear in parts], constant

    def atoms(self, owner: Index, atom: Index) -> Linear:
        shared = self.shared
        start: dict[int, F64] = {}
        for value, rows in placed(self.network, shared.inputs, shared.outputs):
            add(start, value, self.kept(value, rows)[atom])
        sizes = {v: abs(rows) for v, rows in start.items()}
        constant = shared.constants[atom]
        return self._substitute(Start(start, sizes, constant, abs(constant)), owner, None)

    def combinations(self, owner: Index, weights: F64, slopes: OwnSlopes) -> Linear:
        shared = self.shared
        start: dict[int, F64] = {}
        sizes: dict[int, F64] = {}
        for value, rows in placed(self.network, shared.inputs, shared.outputs):
            kept = self.kept(value, rows)
            add(start, value, weights @ kept)
            add(sizes, value, weights @ abs(kept))
        constants = shared.constants
        mixed = Start(start, sizes, weights @ constants, weights @ abs(constants))
        return self._substitute(mixed, owner, slopes)

    def mixtures(
        self, atoms: Sequence[int], multipliers: F64, slopes: Slopes, about: About | None = None
    ) -> F64:
        shared, chosen = self.shared, list(atoms)
        owner = np.zeros(len(multipliers), dtype=np.intp)
        start: dict[int, F64] = {}
        sizes: dict[int, F64] = {}
        constants = shared.constants[chosen]
        constant, weight = multipliers @ constants, multipliers @ abs(constants)
        if chosen:
            for value, rows in placed(self.network, shared.inputs[chosen], shared.outputs[chosen]):
                kept = self.kept(value, rows)
                add(start, value, multipliers @ kept)
                add(sizes, value, multipliers @ abs(kept))
        if about is not None:
            entering, own = self._entering(about, owner)
            constant, weight = constant + own, weight + abs(own)
            for value, rows in entering:
                add(start, value, rows)
                add(sizes, value, abs(rows))
        return self._substitute(Start(start, sizes, constant, weight), owner, slopes).minimum

    def is_excluded(self, atoms: Sequence[int], squares: SquareProof) -> bool:
        return is_positive(self, atoms, squares)

    def fork(self) -> RoundedScene:
        other = copy(self)  # arrays are replaced here, never written to, but for `sound` and the ranges
        other.sound = self.sound.copy()
        other.ranges = {value: (low.copy(), high.copy()) for value, (low, high) in self.ranges.items()}
        for name in (
            "magnitude",
            "norm",
            "error",
            "relaxed",
            "carried",
            "lines",
            "intervals",
            "joined",
            "crossed",
        ):
            setattr(other, name, dict(getattr(self, name)))
        return other

    def kept(self, value: int, rows: F64) -> F64:
        carried = self.carried.get(value)
        return rows if carried is None else rows[:, carried]

    def _substitute(self, start: Start, owner: Index, slopes: Slopes | OwnSlopes | None) -> Linear:
        """Rows over values, substituted back to rows over the inputs."""
        view, begun = narrowed(self, start.rows, slopes)
        run = Substitution(self, view, dict(begun), start.constant.copy(), 2 * start.weight, owner, slopes)
        for value, sizes in start.sizes.items():
            run.weight = run.weight + norms(sizes) * self.norm[value][owner]
        run.back()
        coefficients = np.zeros((len(owner), self.network.input_size))
        for number, where in enumerate(self.network.inputs):
            if number in run.pending:
                kept = view.carried.get(number)
                coefficients[:, where if kept is None else where.start + kept] = run.pending[number]
        return self._minimised(coefficients, run.constant, run.weight, owner)

    def _minimised(self, coefficients: F64, constant: F64, weight: F64, owner: Index) -> Linear:
        gamma, size = self.shared.gamma, abs(coefficients)
        reach = self._dot(size, self.radius, owner)
        spread = self._dot(size, abs(self.center), owner) + reach
        lowered = constant - (gamma * (1.01 * weight + spread) + UNDERFLOW)
        least = self._dot(coefficients, self.center, owner) - reach + lowered
        minimum = least - (gamma * 1.01 * (spread + abs(lowered)) + UNDERFLOW)
        good = np.isfinite(minimum) & self.sound[owner]
        return Linear(
            np.where(good[:, None], coefficients, 0.0),
            np.where(good, lowered, SAYS_NOTHING),
            np.where(good, minimum, -np.inf),
        )

    def _dot(self, rows: F64, by_box: F64, owner: Index) -> F64:
        """Every row times its box's vector."""
        found: F64 = rows @ by_box[0] if len(by_box) == 1 else np.einsum("rd,rd->r", rows, by_box[owner])
        return found

    def clip(self, box: Index, rows: Rows, strict: Mask, together: Rows | None) -> Clipped:
        return clipped((self.lower[box], self.upper[box]), rows, strict, together)
