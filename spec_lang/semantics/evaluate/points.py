"""The meaning of claims and measures at concrete points.

In: a formula, points for the variables of its outermost quantifier, and a world.  Out: whether the points lie
in their regions and whether the body holds there.  Shares no code with type-checking and lowering, so that
the tests may hold the two against each other; the formula has been type-checked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from spec_lang._values import dataclass
from spec_lang.diagnostics import InternalError
from spec_lang.semantics.evaluate.arrays import Array, Number, compare, scalar
from spec_lang.semantics.evaluate.denotations import Closure
from spec_lang.semantics.evaluate.formulas import assignments
from spec_lang.semantics.evaluate.reader import Point, Samples, ScopedReader
from spec_lang.semantics.evaluate.world import World
from spec_lang.syntax import ast

Points = Mapping[str, Point]


@dataclass(frozen=True, slots=True)
class Meaning:
    """Whether the points lie where the formula quantifies over, and whether what it says of them holds.

    A `forall` is broken by points in the region where the body fails; an `exists` is shown by ones where it
    holds.
    """

    in_region: bool
    body: bool


@dataclass(frozen=True, slots=True)
class Quantity:
    """The value of a measure's expression at points, and whether they lie where it is measured."""

    in_region: bool
    value: Array


def no_samples(binding: ast.Binding) -> Sequence[Point]:
    """What a point quantifier inside of a body has, when nobody gives it points."""
    raise InternalError(f"{binding.variable.text} ranges over points, and none is given")


def evaluate(formula: ast.Quantified, point: Sequence[Number], world: World) -> Meaning:
    """`evaluate_at` for a formula with one variable."""
    return evaluate_at(formula, {formula.bindings[0].variable.text: point}, world)


def evaluate_at(formula: ast.Expr, points: Points, world: World, samples: Samples = no_samples) -> Meaning:
    """What `formula` says of `points` (problem space, flat): exact over `Fraction`, rounded over `float`.

    Variables of quantifiers inside the body are tried with the point of their name, else with `samples`: a
    `forall` is then only as good as they are.  Where the outermost quantifier binds indices as well, the body
    is that of all of their values with which the points lie in their regions, or of all when there are none.
    """
    return _meaning(formula, _reader(points, world, samples))


def holds(formula: ast.Expr, world: World, samples: Samples = no_samples) -> bool:
    """Whether a closed formula holds, its variables over points tried with `samples`."""
    return _reader({}, world, samples).holds(formula)


def optimum_at(measure: ast.Optimum, points: Points, world: World, samples: Samples = no_samples) -> Quantity:
    """The expression of `max E for x in R` at one choice of its variables."""
    reader = _reader(points, world, samples)
    ((inside, inner),) = assignments(measure.bindings, measure.value, reader)
    return Quantity(inside, inner.value(measure.value))


def radius_at(
    measure: ast.Radius, radius: Fraction, points: Points, world: World, samples: Samples = no_samples
) -> Meaning:
    """The claim of `largest r in [a, b] with CLAIM` for one `r`; outside of `[a, b]` no point counts."""
    reader = _reader(points, world, samples)
    r = scalar(world.number(radius))
    lower, upper = reader.value(measure.lower), reader.value(measure.upper)
    within = all(compare(a, ast.Comparison.LE, b, world.converted) for a, b in ((lower, r), (r, upper)))
    meaning = _meaning(measure.claim, reader.bind(measure.variable.text, r))
    return Meaning(within and meaning.in_region, meaning.body)


def _reader(points: Points, world: World, samples: Samples) -> ScopedReader:
    def given(binding: ast.Binding) -> Sequence[Point]:
        name = binding.variable.text
        return (points[name],) if name in points else samples(binding)

    return ScopedReader(world, given, {})


def _meaning(formula: ast.Expr, reader: ScopedReader) -> Meaning:
    match formula:
        case ast.Let(definitions=definitions, body=body):
            for definition in definitions:
                reader = reader.bind(definition.name.text, Closure(definition.value, reader))
            return _meaning(body, reader)
        case ast.Quantified(quantifier=quantifier, bindings=bindings, body=body):
            cases = list(assignments(bindings, body, reader))
            counted = [inner for inside, inner in cases if inside] or [inner for _, inner in cases]
            among = all if quantifier is ast.Quantifier.FORALL else any
            return Meaning(any(inside for inside, _ in cases), among(inner.holds(body) for inner in counted))
        case _:
            return Meaning(True, reader.holds(formula))
