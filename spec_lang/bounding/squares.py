"""Proofs by squares: rows of two networks, or of one, bounded by a quadratic form in the inputs.

In: a kernel's scene over one box, relaxed, and a combination of atoms.  Out: numbers of a `SquareProof`, or
what was tried.  Nothing here is rigorous: the kernel computes the form anew.

With rows v_i of V, |v_i| = 1, in the place of 1 and of the inputs, the best bound that squares give is the
value of a semidefinite program, which is solved by the factor V [Burer & Monteiro 2003]: where a share has z
and s with means m and E s under V, and E z² = Z, E s² = S and E zs = P,

    tilt = (P + |m|·√(S·Z − P²)/√(Z − m²)) / Z   and   bend = 1/(4τ),  slope = 1/2,  τ² = E (tilt·z − s)²

bound it best, and V is turned towards H·V, H the form that these make.  It is a saddle: kinks at m = 0 are
rounded off, and steps damped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.bounding.program import F64
from spec_lang.kernel.rounded import RoundedScene
from spec_lang.kernel.scene import Mask
from spec_lang.kernel.squares import Arrived, Curves, arrive, least_constants
from spec_lang.obligations.certificate import SquareProof

RANK: Final = 24
DAMPING: Final = 8.0
SOFT: Final = 0.1  # of the size of z: kinks are rounded off over so much
LOOKS: Final = (24, 48, 96)  # rounds after which a proof is tried
TINY: Final = 1e-300


@dataclass(frozen=True, slots=True, eq=False)
class Tried:
    """`proof` where there is one; `bound` is what it, or the best that was tried, shows, about; `rounds` were
    done."""

    proof: SquareProof | None
    bound: float
    rounds: int


@dataclass(frozen=True, slots=True, eq=False)
class _Moments:
    """Share by share, under V: the means of z and s, of their squares, and of their product."""

    z: F64
    s: F64
    zz: F64
    ss: F64
    zs: F64

    @classmethod
    def of(cls, z: F64, s: F64) -> _Moments:
        """The first column is the mean: there V has the row of 1."""
        squares = (np.einsum("kr,kr->k", a, b) for a, b in ((z, z), (s, s), (z, s)))
        return cls(z[:, 0], s[:, 0], *squares)

    def tilts(self, soft: F64 | float) -> tuple[F64, F64]:
        """The best tilts, and slopes below."""
        root = np.sqrt(self.z * self.z + soft * soft) + TINY
        mean = root - soft
        rest = np.maximum(self.zz - mean * mean, 1e-9 * self.zz + TINY)
        apart = np.sqrt(np.maximum(self.ss * self.zz - self.zs * self.zs, 0.0) / rest)
        tilt = np.maximum((self.zs + mean * apart) / (self.zz + TINY), 0.0)
        return tilt, np.clip(0.5 * tilt * (1 + self.z / root), 0.0, tilt)


class Squares:
    """One combination over one box.  Columns of `z`, `s` and `row` are the constant and the free inputs."""

    def __init__(self, arrived: Arrived, free: Mask) -> None:
        self.arrived, self.free = arrived, free
        count = len(arrived.neurons)
        ones, none = np.ones(count), np.zeros(count)
        self.z, self.s = self._columns(ones, 0.0), -self._columns(none, 1.0)
        row = arrived.row(none)
        self.row = np.concatenate([row.constant, row.linear[0, free]])
        self.soft = SOFT * np.linalg.norm(self.z, axis=1)

    def _columns(self, of_z: F64, of_s: float) -> F64:
        found = self.arrived.bent(of_z, of_s)
        return np.concatenate([found.constant[:, None], found.linear[:, self.free]], axis=1)

    def start(self) -> F64:
        factor = np.random.default_rng(0).normal(size=(len(self.row), RANK))
        factor[0] = np.eye(RANK)[0]
        return _normal(factor)

    def turned(self, factor: F64, rounds: int) -> F64:
        """V after so many rounds."""
        for _ in range(rounds):
            z, s = self.z @ factor, self.s @ factor
            tilt, below = _Moments.of(z, s).tilts(self.soft)
            v = tilt[:, None] * z - s
            v *= (0.25 / (np.sqrt(np.einsum("kr,kr->k", v, v)) + TINY))[:, None]
            turned = self.z.T @ (tilt[:, None] * v) - self.s.T @ v
            turned[:, 0] += 0.5 * (-self.row + (0.5 * tilt - below) @ self.z - 0.5 * self.s.sum(axis=0))
            factor = np.concatenate([factor[:1], _normal(_normal(turned[1:]) + DAMPING * factor[1:])])
        return factor

    def least(self, factor: F64) -> float:
        """What the row is worth at V, with the best bounds there: no proof shows more, but for what it knows
        of ranges."""
        moments = _Moments.of(self.z @ factor, self.s @ factor)
        tilt, below = moments.tilts(0.0)
        mean = tilt * moments.z - moments.s
        square = tilt * tilt * moments.zz - 2 * tilt * moments.zs + moments.ss
        taken = 0.5 * mean + 0.5 * np.sqrt(np.maximum(square, 0.0)) - below * moments.z
        return float(self.row @ factor[:, 0] - taken.sum())

    def proof(self, factor: F64) -> tuple[float, Curves, F64]:
        """What is shown at V, about, and the numbers that show it."""
        moments = _Moments.of(self.z @ factor, self.s @ factor)
        tilt, below = (single(part) for part in moments.tilts(self.soft))
        v = tilt[:, None] * self.z - self.s
        mean, reach = v @ factor, abs(v[:, 1:]).sum(axis=1)
        ends = v[:, 0] - reach, v[:, 0] + reach
        size = np.sqrt(np.einsum("kr,kr->k", mean, mean))
        bend, slope = (single(part) for part in _touching(mean[:, 0], size, *ends))
        curves = Curves(tilt, np.minimum(below, tilt), bend, np.minimum(slope, 1.0))
        row = self.row + curves.below @ self.z - curves.slope @ v
        constant = row[0] - least_constants(curves, *ends).sum()
        form = (v.T * bend) @ v
        form[0, 1:] -= 0.5 * row[1:]
        form[1:, 0] -= 0.5 * row[1:]
        shares = np.einsum("ir,ir->i", form @ factor, factor)
        shares += max(float(np.linalg.eigvalsh(form - np.diag(shares))[-1]), 0.0)
        bound = float(constant - shares.sum())
        return bound, curves, shares[1:] + 0.5 * bound / len(shares)


def prove(
    scene: RoundedScene, atoms: Sequence[int], of: tuple[int, F64], check_time: Callable[[], None]
) -> Tried:
    """Try to show that `Σ multipliers[i]·atom_i` is positive on the scene's only box; `of` are the number of
    the conjunction, and the multipliers.  Raises what `check_time` does."""
    conjunction, mix = of[0], single(of[1])
    free = scene.upper[0] > scene.lower[0]
    squares = Squares(arrive(scene, atoms, mix), free)
    factor, done, best = squares.start(), 0, -np.inf
    for rounds in LOOKS:
        check_time()
        factor = squares.turned(factor, rounds - done)
        done = rounds
        if not np.isfinite(factor).all() or not squares.least(factor) > 0:
            break
        bound, curves, of_inputs = squares.proof(factor)
        best = max(best, bound)
        if not bound > 0:
            continue
        shares = np.zeros(len(free))
        shares[free] = np.maximum(of_inputs, 0.0)
        return Tried(_packed(squares, conjunction, (mix, shares), curves), bound, done)
    return Tried(None, best, done)


def _packed(squares: Squares, conjunction: int, of: tuple[F64, F64], curves: Curves) -> SquareProof:
    neurons = squares.arrived.neurons
    order = np.argsort(neurons)
    mine = curves.take(order)
    return SquareProof(
        conjunction,
        multipliers=of[0].astype(np.float32),
        neuron=neurons[order].astype(np.int32),
        tilt=mine.tilt.astype(np.float32),
        below=mine.below.astype(np.float32),
        bend=mine.bend.astype(np.float32),
        slope=mine.slope.astype(np.float32),
        shares=of[1].astype(np.float32),
    )


def _touching(mean: F64, size: F64, lower: F64, upper: F64) -> tuple[F64, F64]:
    """Bends and slopes of the parabolas above relu that are the least on average, given the mean and the
    square root of the mean square of v, and its range.

    Such a parabola meets relu at two points: at ∓τ, at an end and where what is left of the moments puts the
    other, or at both ends, as a line.
    """
    bend, slope = 0.25 / (size + TINY), np.full_like(size, 0.5)
    for end, other, sign in ((lower, upper, 1.0), (-upper, -lower, -1.0)):
        short, mid = -end, sign * mean
        near = size > short
        point = mid + np.maximum(size * size - mid * mid, 0.0) / np.maximum(mid - end, TINY)
        line = near & (point >= other)
        width = np.maximum(point - end, TINY)
        curve = np.where(line, 0.0, np.maximum(short, 0.0) / np.maximum(width * width, TINY))
        # Through the end, and along v (or 0, from the other side) at the point.
        rise = np.where(line, other / np.maximum(other - end, TINY), 1.0 - 2.0 * curve * point)
        bend = np.where(near, curve, bend)
        slope = np.where(near, rise if sign > 0 else 1.0 - rise, slope)
    stable = (lower >= 0) | (upper <= 0)
    slope = np.where(stable, (lower >= 0).astype(np.float64), np.clip(slope, 0.0, 1.0))
    return np.where(stable, 0.0, bend), slope


def _normal(rows: F64) -> F64:
    found: F64 = rows / (np.sqrt(np.einsum("ir,ir->i", rows, rows)) + TINY)[:, None]
    return found


def single(numbers: F64) -> F64:
    """To float32, as a certificate has them."""
    with np.errstate(over="ignore", under="ignore"):
        return numbers.astype(np.float32).astype(np.float64)
