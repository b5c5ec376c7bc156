"""Random claims about gradients, as a spec says them, with what the oracle finds.

In: the number of a case, and a kind of claim.  Out: the claim's text, for the network and the region that
`written` puts into a folder, and the oracle's finding on the region or a part of it.  Most thresholds are the
exact optimum or 1/1024 beside it; where it is a root, a rational near it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

import numpy as np

from spec_lang.network.graph import Graph
from spec_lang.network.primitives import RELU, Affine, Dense
from tests.gradients import oracle, two_points
from tests.gradients.cases import Case, case
from tests.gradients.faces import Pieces, Region
from tests.gradients.forms import AffineMap, Matrix, Vector
from tests.gradients.oracle import Finding, Linear, Norm, inner
from tests.invertibility.networks import write
from tests.invertibility.pieces import Layer, Layers

ZERO, ONE = Fraction(0), Fraction(1)
INPUTS, OUTPUTS = "abc", "pq"
Decide = Callable[[Pieces], Finding]
Asked = tuple[str, Decide]
Question = Callable[["Drawn"], "Asked | None"]  # None where the case has nothing to ask


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A case, what the oracle knows of it, and what else is random."""

    number: int
    case: Case
    pieces: Pieces

    @property
    def rng(self) -> Random:
        """The same one for every kind of claim."""
        return Random(self.number)  # noqa: S311 - to be repeated

    @property
    def gradients(self) -> list[Vector]:
        """Those of the first output, for all choices at all points."""
        return sorted({jacobian[0] for jacobian in self.pieces.one_sided_jacobians()})

    @property
    def targets(self) -> tuple[Vector, ...]:
        """Those at the case's point."""
        return oracle.gradients_at(self.case.graph, self.case.point, 0)

    @property
    def at(self) -> str:
        return f"at: {vector(self.case.point)}, on: R"


def drawn(number: int) -> Drawn:
    """The same for the same number."""
    found = case(number)
    return Drawn(number, found, Pieces(found.graph, found.region))


# -- the spec ------------------------------------------------------------------------------------------


def written(asked: Drawn, claims: Sequence[tuple[str, str]], folder: Path) -> Path:
    """A spec with these claims, by name, and the network beside it."""
    graph, network = asked.case.graph, f"f{asked.number}.onnx"
    write(_layers(graph), folder / network)
    names = f"input {', '.join(INPUTS[: graph.input_size])} output {', '.join(OUTPUTS[: graph.output_size])}"
    head = (
        f'language 1\nnetwork f = "{network}" {{ {names} }}\nregion R on f = {_region(asked.case.region)}\n'
    )
    spec = folder / f"s{asked.number}.nnspec"
    spec.write_text(head + "".join(f"claim {name}: {text}\n" for name, text in claims))
    return spec


def _layers(graph: Graph) -> Layers:
    """Of a chain of affine maps with ReLUs between them."""
    found = []
    for place, node in enumerate(graph.nodes, 1):
        match node.primitive:
            case Affine(maps=(Dense(weight),), bias=bias):
                found.append(Layer(weight, bias, relu=place < len(graph.nodes)))
            case other:
                assert other == RELU
    return tuple(found)


def _region(region: Region) -> str:
    sides = zip(INPUTS, region.lower, region.upper, strict=False)
    parts = [f"x.{name} in [{number(lower)}, {number(upper)}]" for name, lower, upper in sides]
    for constant, *row in region.half_spaces:
        slopes = [(factor, f"x.{name}") for factor, name in zip(row, INPUTS, strict=False)]
        parts.append(f"{_sum(slopes)} <= {number(-constant)}")
    return f"{{ x | {' and '.join(parts)} }}"


def number(value: Fraction) -> str:
    """As a spec says it, exactly."""
    whole = value.denominator == 1
    return f"({value.numerator})" if whole else f"({value.numerator}/{value.denominator})"


def vector(values: Sequence[Fraction]) -> str:
    return f"[{', '.join(map(number, values))}]"


def _sum(terms: Sequence[tuple[Fraction, str]]) -> str:
    """With the terms whose factor is 0: they change nothing."""
    return " + ".join(f"{number(factor)} * {of}" for factor, of in terms)


# -- thresholds ----------------------------------------------------------------------------------------


def beside(rng: Random, optimum: Fraction) -> Fraction:
    """The value, or one a hair off, as far as it is no less than 0."""
    return max(ZERO, optimum + rng.choice((ZERO, ZERO, Fraction(1, 1024), -Fraction(1, 1024))))


def length(values: Sequence[Fraction], norm: Norm) -> Fraction:
    """The norm, in ℓ2 something near it."""
    match norm:
        case Norm.L1:
            return sum(map(abs, values), ZERO)
        case Norm.LINF:
            return max(map(abs, values))
        case Norm.L2:
            return near_root(inner(values, values))


def near_root(square: Fraction) -> Fraction:
    """The root, where it has few digits."""
    return Fraction(float(square) ** 0.5).limit_denominator(1024)


def gap(a: Sequence[Fraction], b: Sequence[Fraction]) -> Vector:
    return tuple(x - y for x, y in zip(a, b, strict=True))


# -- claims about two points ---------------------------------------------------------------------------


def monotone(asked: Drawn) -> Asked:
    rng, size = asked.rng, asked.case.graph.input_size
    moved, increasing = rng.sample(range(size), rng.randint(1, size)), rng.random() < 0.5
    named, way = ", ".join(INPUTS[i] for i in moved), "increasing" if increasing else "decreasing"
    decide = partial(two_points.monotone, output=0, moved=moved, increasing=increasing)
    return f"monotone(f.p, in: [{named}], {way}, on: R)", decide


def lipschitz(asked: Drawn, norm: Norm) -> Asked:
    """In ℓ2 the constant is of the whole space, which a flat region may not attain."""
    if norm is Norm.L2:
        cells = (asked.pieces.maps(cell)[0].jacobian for cell in asked.pieces.cells)
        largest = max(float(np.linalg.norm(np.array(jacobian, dtype=float), 2)) for jacobian in cells)
        least = Fraction(largest).limit_denominator(1024)
    else:
        least = two_points.lipschitz_constant(asked.pieces, norm)
    most = beside(asked.rng, least)
    text = f"lipschitz(f, on: R, at_most: {number(most)}, norm: {norm.value})"
    return text, partial(two_points.lipschitz, at_most=most, norm=norm)


def one_activation_region(_: Drawn) -> Asked:
    return "one_activation_region(f, on: R)", two_points.one_activation_region


def affine(_: Drawn) -> Asked:
    return "affine(f, on: R)", two_points.affine


# -- claims about gradients ----------------------------------------------------------------------------


def affine_within(asked: Drawn) -> Asked:
    at, pieces = asked.case.point, asked.pieces
    centre = Pieces(asked.case.graph, Region(at, at))
    tangents = centre.maps(centre.faces[0])
    pairs = ((map_, corner) for cell in pieces.cells for map_ in pieces.maps(cell) for corner in cell.corners)
    off = (length(gap(m.at(x), t.at(x)), Norm.LINF) for m, x in pairs for t in tangents)
    within = beside(asked.rng, max(off))
    text = f"affine(f, {asked.at}, within: {number(within)})"
    return text, partial(oracle.affine_within, at=at, within=within)


def explanation_stable(asked: Drawn, norm: Norm) -> Asked:
    targets = asked.targets
    within = beside(asked.rng, max(length(gap(v, t), norm) for v in asked.gradients for t in targets))
    text = f"explanation_stable(f.p, {asked.at}, within: {number(within)}, norm: {norm.value})"
    return text, partial(oracle.near, output=0, targets=targets, within=within, norm=norm)


def same_signs(asked: Drawn) -> Asked:
    def signs(values: Vector) -> list[int]:
        return [(v > 0) - (v < 0) for v in values]

    def against(target: Vector) -> Callable[[Matrix], bool]:
        return lambda jacobian: signs(jacobian[0]) == signs(target)

    claims = [against(target) for target in asked.targets]
    return f"same_signs(f.p, {asked.at})", lambda pieces: oracle.always_of_jacobian(pieces, *claims)


def same_top(asked: Drawn) -> Asked | None:
    """Where the point has one gradient, and it no tie: of others the language does not say which is meant."""
    size, targets = asked.case.graph.input_size, asked.targets
    if size == 1 or len(targets) > 1:
        return None
    count = asked.rng.randint(1, size - 1)
    sizes = [abs(e) for e in targets[0]]
    ranked = sorted(range(size), key=lambda i: -sizes[i])
    if sizes[ranked[count - 1]] == sizes[ranked[count]]:
        return None
    return f"same_top(f.p, {asked.at}, k: {count})", partial(oracle.top, output=0, chosen=ranked[:count])


def cosine(asked: Drawn) -> Asked | None:
    """Where the point has one gradient that is not 0; the cosine with a vector that is 0 is 0."""
    targets = asked.targets
    if len(targets) > 1 or not any(targets[0]):
        return None
    target = targets[0]

    def of(v: Vector) -> Fraction:
        along, squares = inner(v, target), inner(v, v) * inner(target, target)
        size = near_root(along * along / squares) if squares else ZERO
        return size if along >= 0 else -size

    hair = asked.rng.choice((ZERO, ZERO, Fraction(1, 1024), -Fraction(1, 1024)))
    least = max(-ONE, min(ONE, min(map(of, asked.gradients)) + hair))

    def holds(jacobian: Matrix) -> bool:
        if not any(jacobian[0]):
            return least <= 0
        return oracle.cosine_at_least(jacobian[0], target, least)

    text = f"explanation_stable(f.p, {asked.at}, cosine: {number(least)})"
    return text, lambda pieces: oracle.always_of_jacobian(pieces, holds)


def mixed(asked: Drawn) -> Asked:
    """A sum over the gradients of all outputs, the input and the outputs, and its greatest value."""
    rng, graph, pieces = asked.rng, asked.case.graph, asked.pieces

    def some(size: int) -> Vector:
        return tuple(Fraction(rng.randint(-2, 2), 2) for _ in range(size))

    rows = tuple(some(graph.input_size) for _ in range(graph.output_size))
    x, y, strict = some(graph.input_size), some(graph.output_size), rng.random() < 0.5

    def total(map_: AffineMap, corner: Vector) -> Fraction:
        slopes = sum((inner(row, v) for row, v in zip(rows, map_.jacobian, strict=True)), ZERO)
        return slopes + inner(x, corner) + inner(y, map_.at(corner))

    faces = ((face, map_) for face in pieces.faces for map_ in pieces.maps(face))
    optimum = max(total(map_, corner) for face, map_ in faces for corner in face.corners)
    most = optimum + rng.choice((ZERO, ZERO, Fraction(1, 1024), -Fraction(1, 1024)))
    named = [f"grad(f.{o}, x).{i}" for o in OUTPUTS[: graph.output_size] for i in INPUTS[: graph.input_size]]
    named += [f"x.{i}" for i in INPUTS[: graph.input_size]]
    named += [f"f(x).{o}" for o in OUTPUTS[: graph.output_size]]
    factors = [*(c for row in rows for c in row), *x, *y]
    terms = _sum(list(zip(factors, named, strict=True)))
    text = f"forall x in R: {terms} {'<' if strict else '<='} {number(most)}"
    claim = Linear(-most, rows, x, y, strict)
    return text, lambda pieces: oracle.linear(pieces, claim)


QUESTIONS: Final[dict[str, Question]] = {
    "monotone": monotone,
    **{f"lipschitz_{norm.value}": partial(lipschitz, norm=norm) for norm in Norm},
    "one_activation_region": one_activation_region,
    "affine": affine,
    "affine_within": affine_within,
    **{f"stable_{norm.value}": partial(explanation_stable, norm=norm) for norm in Norm},
    "same_signs": same_signs,
    "same_top": same_top,
    "cosine": cosine,
    "mixed": mixed,
}
