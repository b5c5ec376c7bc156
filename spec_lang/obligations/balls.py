"""Balls whose axes are those of the inputs: what atoms over squares, or over absolute values, say of them.

In: a graph and an atom, or linear rows.  Out: a `Ball`, exactly the points where the atom holds; None for an
atom of another form.  Absolute values are what a claim's graph makes of them, `|t| = 2·max(t, 0) − t`, or
rows with all signs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum
from fractions import Fraction

from spec_lang._values import dataclass
from spec_lang.network.graph import Graph
from spec_lang.network.primitives import RELU
from spec_lang.obligations.model import All, Condition, LinearAtom, Obligation, Terms
from spec_lang.obligations.rounds import form_behind, quadratic


class Norm(Enum):
    """Which norm of the inputs is bounded."""

    SUM = "l1"
    EUCLIDEAN = "l2"


@dataclass(frozen=True, slots=True)
class Ball:
    """`Σ weights·|x − center|` (squared, if Euclidean) is at most `level`, over some of the inputs.

    `inputs` ascend, every weight is positive, and `level` is not negative.
    """

    norm: Norm
    inputs: tuple[int, ...]
    center: tuple[Fraction, ...]
    weights: tuple[Fraction, ...]
    level: Fraction


def balls(obligation: Obligation) -> tuple[Ball, ...]:
    """Those that hold wherever the obligation fails, as region and violation say in so many words."""
    found = (ball_of(obligation.graph, atom) for atom in conjuncts(obligation.violation))
    return (*(ball for ball in found if ball is not None), *spelled(obligation.region.constraints))


def conjuncts(condition: Condition) -> Iterator[LinearAtom]:
    """Atoms all of which hold wherever the condition does."""
    if isinstance(condition, LinearAtom):
        yield condition
    elif isinstance(condition, All) or len(condition.parts) == 1:
        for part in condition.parts:
            yield from conjuncts(part)


def ball_of(graph: Graph, atom: LinearAtom) -> Ball | None:
    """What an atom says of the inputs, where that is a ball."""
    return _euclidean(graph, atom) or _sum(graph, atom)


def _euclidean(graph: Graph, atom: LinearAtom) -> Ball | None:
    """`Σ q_i x_i² + p_i x_i + c <= 0` is `Σ q_i (x_i + p_i / 2 q_i)² <= Σ p_i² / 4 q_i − c`."""
    found = quadratic(graph, atom)
    if found is None:
        return None
    linear, constant = dict(found.linear[0]), found.linear[1]
    squares: dict[int, Fraction] = {}
    for weight, (terms, offset) in found.squares:
        if len(terms) != 1:
            return None
        ((i, a),) = terms
        squares[i] = squares.get(i, Fraction(0)) + weight * a * a
        linear[i] = linear.get(i, Fraction(0)) + 2 * weight * a * offset
        constant += weight * offset * offset
    if any(i not in squares for i, p in linear.items() if p):
        return None
    center = {i: -linear.get(i, Fraction(0)) / (2 * q) for i, q in squares.items()}
    return _ball(
        Norm.EUCLIDEAN, center, squares, sum((squares[i] * m * m for i, m in center.items()), -constant)
    )


def _sum(graph: Graph, atom: LinearAtom) -> Ball | None:
    """`w·max(a x + b, 0) − (w a / 2) x = (w |a| / 2) |x + b / a| + w b / 2`."""
    if not atom.outputs:
        return None
    linear, constant = dict(atom.inputs), atom.constant
    center: dict[int, Fraction] = {}
    weights: dict[int, Fraction] = {}
    for index, weight in atom.outputs:
        form = form_behind(graph, index, RELU) if weight > 0 else None
        if form is None or len(form[0]) != 1:
            return None
        ((i, a),), b = form
        if i in center or linear.get(i) != -weight * a / 2:
            return None
        center[i], weights[i] = -b / a, weight * abs(a) / 2
        constant += weight * b / 2
    return _ball(Norm.SUM, center, weights, -constant) if set(linear) == set(center) else None


def spelled(rows: Sequence[LinearAtom]) -> Iterator[Ball]:
    """Sums of absolute values as rows `Σ ±w·x + k <= 0` with all signs: around any center they say that
    `Σ w·|x − center|` is at most the greatest `−k − Σ ±w·center`."""
    groups: dict[Terms, dict[tuple[bool, ...], Fraction]] = {}
    for row in rows:
        if len(row.inputs) > 1:
            lead = abs(row.inputs[0][1])
            sizes = tuple((i, abs(c) / lead) for i, c in row.inputs)
            signs = tuple(c > 0 for _, c in row.inputs)
            known = groups.setdefault(sizes, {}).get(signs)
            here = row.constant / lead
            groups[sizes][signs] = here if known is None else max(known, here)
    for sizes, constants in groups.items():
        if len(constants) == 2 ** len(sizes):
            yield from _of_signs(sizes, constants)


def _of_signs(sizes: Terms, constants: dict[tuple[bool, ...], Fraction]) -> Iterator[Ball]:
    every = (True,) * len(sizes)
    center, weights = {}, {}
    for place, (i, weight) in enumerate(sizes):
        turned = (*every[:place], False, *every[place + 1 :])
        center[i], weights[i] = (constants[turned] - constants[every]) / (2 * weight), weight
    level = max(
        -k - sum((weights[i] * center[i] * (1 if s else -1) for (i, _), s in zip(sizes, signs, strict=True)))
        for signs, k in constants.items()
    )
    found = _ball(Norm.SUM, center, weights, level)
    if found is not None:
        yield found


def _ball(
    norm: Norm, center: dict[int, Fraction], weights: dict[int, Fraction], level: Fraction
) -> Ball | None:
    inputs = tuple(sorted(center))
    if level < 0:
        return None  # no point at all, which others say better
    return Ball(norm, inputs, tuple(center[i] for i in inputs), tuple(weights[i] for i in inputs), level)
