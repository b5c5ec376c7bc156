"""The regions of typed claims as boxes in the user's units, with the clauses that bound them.

In: typed claims.  Out: for each input the tightest limits that single comparisons put on it, exact.  What
several inputs share, as in `x.a + x.b <= 1`, is not looked at: the true region lies within the box.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Final

from spec_lang._values import dataclass
from spec_lang.diagnostics import DiagnosticLog, Span
from spec_lang.obligations.model import IDENTITY_SCALING, All, Any, Axis, Condition, LinearAtom
from spec_lang.semantics.model import Expectation, NetworkUse, TypedClaim, TypedSpec
from spec_lang.semantics.names.scope import Scope
from spec_lang.semantics.terms.expressions import Evaluator, Rejected
from spec_lang.syntax import ast

# Members of large families differ in their data alone: a fault is mostly seen in the first ones.
_MOST_PARTS: Final = 50_000
_MEMBERS: Final = 2  # of a family whose regions have more than so many parts: images, mostly
_LARGE: Final = 100


@dataclass(frozen=True, slots=True)
class Side:
    """One end of an interval; `words` and `span` are the clause that it comes from."""

    value: Fraction
    is_strict: bool
    words: object
    span: Span | None

    @property
    def source(self) -> str:
        return str(self.words)


@dataclass(frozen=True, slots=True)
class Interval:
    """What is left of one input; None is unbounded."""

    lower: Side | None = None
    upper: Side | None = None

    @property
    def is_empty(self) -> bool:
        if self.lower is None or self.upper is None or self.lower.value < self.upper.value:
            return False
        return self.lower.value > self.upper.value or self.lower.is_strict or self.upper.is_strict


ALL: Final = Interval()
Hull = Mapping[int, Interval]
Domain = Mapping[int, tuple[Interval, ast.DomainItem]]


@dataclass(frozen=True, slots=True)
class View:
    """A claim about the points of one region, which are inputs of one network."""

    claim: TypedClaim
    network: NetworkUse
    axes: Sequence[Axis]
    hull: Hull


def views(typed: TypedSpec | None) -> Iterator[View]:
    """The claims whose regions can be looked at; those that are said to be vacuous are left out."""
    left = _MOST_PARTS
    members: Counter[int] = Counter()
    for claim in typed.claims if typed is not None else ():
        statement = claim.statement
        if left <= 0 or claim.attributes.expect is Expectation.VACUOUS or statement is None:
            continue
        axes = statement.frame.inputs
        # Several variables, or points that are tied to one, make no region of a network's inputs.
        if len(claim.networks) != 1 or len(statement.frame.variables) != 1 or statement.ties:
            continue
        if statement.frame.variables[0].size != len(axes):
            continue
        members[id(claim.declaration)] += 1
        size = _size(statement.region)
        if size > _LARGE and members[id(claim.declaration)] > _MEMBERS:
            continue
        left -= size
        hull = _hull(statement.region, axes)
        if hull is not None:
            yield View(claim, claim.networks[0], axes, hull)


def domain(view: View, scope: Scope) -> Domain:
    """The limits of the domain that the claim's network declares, by input."""
    positions = {axis.name: position for position, axis in enumerate(view.axes)}
    evaluator = Evaluator(DiagnosticLog(), scope.constants, None, scope.broken)
    found: dict[int, tuple[Interval, ast.DomainItem]] = {}
    for item in view.network.declaration.items:
        for part in item.items if isinstance(item, ast.Domain) else ():
            position = positions.get(part.component.text)
            if position is None:
                continue
            unit = view.axes[position].unit
            try:
                lower, upper = (evaluator.number(e, "a limit", unit) for e in (part.lower, part.upper))
            except Rejected:  # it has been reported where the network is read
                continue
            interval = Interval(Side(lower, False, "", part.span), Side(upper, False, "", part.span))
            found[position] = (interval, part)
    return found


def _size(condition: Condition) -> int:
    if isinstance(condition, LinearAtom):
        return 1
    return 1 + sum(map(_size, condition.parts))


def _hull(condition: Condition, axes: Sequence[Axis]) -> dict[int, Interval] | None:
    """The tightest box that the atoms of one input give; None when it is empty."""
    match condition:
        case LinearAtom(inputs=((index, factor),), outputs=()):
            return {index: _interval(condition, factor, axes[index])}
        case LinearAtom():
            return {}
        case All(parts=parts):
            return _meet([_hull(part, axes) for part in parts])
        case Any(parts=parts):
            return _join([hull for hull in (_hull(part, axes) for part in parts) if hull is not None])


def _interval(atom: LinearAtom, factor: Fraction, axis: Axis) -> Interval:
    """`factor·x + constant <= 0` in network space, as one side in problem space."""
    value = -atom.constant if factor == 1 else atom.constant if factor == -1 else -atom.constant / factor
    if axis.scaling != IDENTITY_SCALING:
        value = axis.scaling.to_problem(value)
    side = Side(value, atom.strict, atom.words, atom.span)
    is_upper = (factor > 0) is (axis.scaling.factor > 0)
    return Interval(None, side) if is_upper else Interval(side, None)


def _meet(hulls: Sequence[dict[int, Interval] | None]) -> dict[int, Interval] | None:
    result: dict[int, Interval] = {}
    for hull in hulls:
        if hull is None:
            return None
        for index, interval in hull.items():
            old = result.get(index, ALL)
            both = Interval(_tighter(old.lower, interval.lower, 1), _tighter(old.upper, interval.upper, -1))
            if both.is_empty:
                return None
            result[index] = both
    return result


def _join(hulls: Sequence[dict[int, Interval]]) -> dict[int, Interval] | None:
    if not hulls:
        return None
    shared = set(hulls[0]).intersection(*hulls[1:])
    return {index: _span_of([hull[index] for hull in hulls]) for index in sorted(shared)}


def _span_of(intervals: Sequence[Interval]) -> Interval:
    first, *rest = intervals
    lower, upper = first.lower, first.upper
    for other in rest:
        lower = None if lower is None or other.lower is None else _looser(lower, other.lower, 1)
        upper = None if upper is None or other.upper is None else _looser(upper, other.upper, -1)
    return Interval(lower, upper)


def _tighter(a: Side | None, b: Side | None, sign: int) -> Side | None:
    """The side that cuts off more; of a lower limit with `sign` 1, of an upper one with −1."""
    if a is None or b is None:
        return b if a is None else a
    return b if (sign * b.value, b.is_strict) > (sign * a.value, a.is_strict) else a


def _looser(a: Side, b: Side, sign: int) -> Side:
    return b if (sign * b.value, b.is_strict) < (sign * a.value, a.is_strict) else a
