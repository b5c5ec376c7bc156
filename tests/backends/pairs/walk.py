"""The pairs of cells of a `PairProof`, one after the other as its docstring orders them, and what they claim.

In: what is asked, and a proof.  Out: every pair with its code, cells being plain tuples; and whether points
drawn in its cells contradict the code.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import nextafter

import numpy as np

from spec_lang.network.evaluate import Evaluator
from spec_lang.obligations import pair_certificate
from spec_lang.obligations.pair_certificate import SPLIT, PairProof
from spec_lang.obligations.two_points import Domain, PairAtom, Twofold

Cell = tuple[tuple[float, float], ...]
POINTS = 24


@dataclass(frozen=True)
class Leaf:
    x: Cell
    y: Cell
    code: int
    level: int


def walked(found: Twofold, proof: PairProof) -> list[Leaf]:
    """All pairs, also those that are split; fails where codes or levels are too few or too many."""
    pairs = [(_hull(found), _point(found.y) if found.fixed else _hull(found))]
    codes, seen = proof.codes.tolist(), list[Leaf]()
    for level in range(len(proof.axes) + 1):
        leaves = [Leaf(x, y, codes.pop(0), level) for x, y in pairs]
        seen += leaves
        split = [leaf for leaf in leaves if leaf.code == SPLIT]
        if level == len(proof.axes):
            assert not split
            break
        assert split
        pairs = [part for leaf in split for part in _parts(found, leaf, int(proof.axes[level]))]
    assert not codes
    return seen


def _parts(found: Twofold, leaf: Leaf, axis: int) -> Iterator[tuple[Cell, Cell]]:
    (a, b), (c, d) = _halves(leaf.x, axis), _halves(leaf.y, axis)
    if found.fixed:
        yield from ((a, leaf.y), (b, leaf.y))
    elif axis in found.shared:
        yield from ((a, c), (b, d))
    elif leaf.x == leaf.y:
        yield from ((a, c), (a, d), (b, d))
    else:
        yield from ((a, c), (a, d), (b, c), (b, d))


def _halves(cell: Cell, axis: int) -> tuple[Cell, Cell]:
    low, high = cell[axis]
    middle = low + 0.5 * (high - low)
    return (
        (*cell[:axis], (low, middle), *cell[axis + 1 :]),
        (*cell[:axis], (middle, high), *cell[axis + 1 :]),
    )


def _hull(found: Twofold) -> Cell:
    x = found.x
    y = x if found.fixed else found.y
    lower = [min(a, b) for a, b in zip(x.lower, y.lower, strict=True)]
    upper = [max(a, b) for a, b in zip(x.upper, y.upper, strict=True)]
    return tuple((_below(a), _above(b)) for a, b in zip(lower, upper, strict=True))


def _point(domain: Domain) -> Cell:
    return tuple((_below(value), _above(value)) for value in domain.lower)


def _below(value: Fraction) -> float:
    near = float(value)
    return near if Fraction(near) <= value else nextafter(near, -np.inf)


def _above(value: Fraction) -> float:
    return -_below(-value)


# -- what points say of the codes --------------------------------------------------------------------------


def contradicted(found: Twofold, leaf: Leaf, rng: np.random.Generator) -> bool:
    """Whether drawn points show that a pair is not what its code says."""
    x, y = _drawn(leaf.x, rng), _drawn(leaf.y, rng)
    shared = list(found.shared)
    if not found.fixed:
        y[:, shared] = x[:, shared]
    values = Evaluator(found.graph)
    f, g = values(x), values(y)
    rows = np.zeros((len(found.equal), f.shape[1]))
    for number, terms in enumerate(found.equal):
        for place, c in terms:
            rows[number, place] = float(c)
    away = abs((f - g) @ rows.T).max(axis=1)
    match leaf.code:
        case pair_certificate.APART:
            return bool(away.min() <= 0)
        case pair_certificate.JOINED:
            free = list(found.free)
            there = abs(x - y)[:, free].max(axis=1) > 1e-12
            return bool((away[there] <= 0).any())
        case pair_certificate.OUTSIDE:
            return any(inside(found.x, p) for p in x) and (found.fixed or any(inside(found.y, p) for p in y))
        case pair_certificate.SPARED:
            cases = found.cases
            return any(
                any(all(_value(atom, ends) <= 0 for atom in case) for case in cases)
                for ends in [*zip(f, g, x, y, strict=True), *zip(g, f, y, x, strict=True)]
            )
    return False


def _drawn(cell: Cell, rng: np.random.Generator) -> np.ndarray:
    ends = np.array(cell)
    drawn: np.ndarray = ends[:, 0] + rng.random((POINTS, len(cell))) * (ends[:, 1] - ends[:, 0])
    return drawn


def inside(domain: Domain, point: np.ndarray) -> bool:
    """By rows and rounds, exactly."""
    exact = [Fraction(float(value)) for value in point]
    rows = [sum((c * exact[i] for i, c in row.inputs), row.constant) for row in domain.rows]
    for one in domain.rounds:
        total = sum((c * exact[i] for i, c in one.linear[0]), one.linear[1])
        for weight, (terms, offset) in one.squares:
            total += weight * sum((c * exact[i] for i, c in terms), offset) ** 2
        rows.append(total)
    return all(value <= 0 for value in rows)


def _value(atom: PairAtom, ends: tuple[np.ndarray, ...]) -> float:
    parts = (atom.first, atom.second, atom.here, atom.there)
    terms = (float(c) * end[i] for part, end in zip(parts, ends, strict=True) for i, c in part)
    return sum(terms, float(atom.constant))
