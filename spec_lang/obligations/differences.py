"""An obligation about two points x and y of one function f, as what it says of f(y) − f(x) and of y − x.

In: an obligation.  Out: `Differences`: the function, a convex set that has both points, and so all points
between, the directions that y − x may have, and the cases in which the obligation fails.  They may hold in
more places than it fails, never in fewer: what is not recognised is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import accumulate
from typing import Final

from spec_lang._values import dataclass
from spec_lang.network.graph import OF_CLAIM, Graph
from spec_lang.network.primitives import RELU
from spec_lang.obligations.matching import Points, conjuncts, equations, is_closed, points
from spec_lang.obligations.model import Any, Condition, LinearAtom, Obligation, Terms, Tie
from spec_lang.obligations.two_sides import Curved, Form, Function, Reading, Sided, negated

MAX_CASES: Final = 256
_ZERO: Final = Fraction(0)
_Read = tuple[Sided, tuple[Curved, ...]]  # an atom: its linear part, and the rest


@dataclass(frozen=True, slots=True)
class Change:
    """`linear + Σ factor·function(form) < 0`, or `<= 0` unless `strict`."""

    linear: Form
    curved: tuple[tuple[Fraction, Form], ...]
    function: Function
    strict: bool

    @property
    def moves(self) -> bool:
        """Whether it speaks of what f does."""
        return bool(self.linear.outputs) or any(form.outputs for _, form in self.curved)


Case = tuple[Change, ...]  # all of them hold


@dataclass(frozen=True, slots=True)
class Round:
    """`Σ factor·function(form) + linear <= 0` over the input of one point, every factor positive: a convex
    set, since the functions are convex.  Forms are terms and a constant."""

    curved: tuple[tuple[Fraction, Terms, Fraction], ...]
    linear: Terms
    constant: Fraction
    function: Function


@dataclass(frozen=True, slots=True, eq=False)
class Differences:
    """No x and y are such that both lie in one box, where all `rows` are at most 0 and all `rounds` hold,
    every row of `cone` is at most 0 on y − x, and some of `cases` holds.

    `first` and `second` are where x and y stand in the obligation's flat input; `ties` are the equations of
    the obligation that are about one point.
    """

    graph: Graph
    first: tuple[int, ...]
    second: tuple[int, ...]
    lower: tuple[Fraction, ...]
    upper: tuple[Fraction, ...]
    rows: tuple[tuple[Terms, Fraction], ...]
    rounds: tuple[Round, ...]
    ties: tuple[Tie, ...]
    cone: tuple[Terms, ...]
    cases: tuple[Case, ...]


def differences(obligation: Obligation) -> Differences | None:
    """None for an obligation of another form."""
    if not is_closed(obligation):
        return None
    said = [*obligation.region.constraints, *conjuncts(obligation.violation)]
    for lead in _leads(obligation.graph):
        seen = points(obligation, said, lead)
        if seen is not None:
            return _Reader(obligation, seen).found(said)
    return None


def _leads(graph: Graph) -> Iterator[LinearAtom]:
    """Atoms that compare two outputs of the graph, for every two that may be one function's."""
    starts = [0, *accumulate(graph.value(value).size for value in graph.outputs)]
    for i, one in enumerate(graph.outputs):
        for j, other in enumerate(graph.outputs[:i]):
            if (
                one != other
                and graph.value(one).size == graph.value(other).size
                and not _is_claims(graph, one)
            ):
                terms = ((starts[j], Fraction(1)), (starts[i], Fraction(-1)))
                yield LinearAtom((), terms, _ZERO, strict=True)


def _is_claims(graph: Graph, value: int) -> bool:
    return value >= len(graph.inputs) and graph.nodes[value - len(graph.inputs)].part == OF_CLAIM


class _Reader:
    """What the atoms of an obligation say of the two points."""

    def __init__(self, obligation: Obligation, seen: Points) -> None:
        self.obligation, self.seen = obligation, seen
        self.reading = Reading(obligation.graph, seen)

    def found(self, said: Sequence[Condition]) -> Differences | None:
        x, y = self.seen.x, self.seen.y
        if (x.lower, x.upper) != (y.lower, y.upper):
            return None
        cases = _cases(self.obligation.violation, self)
        read = (self.reading.read(atom) for atom in said if isinstance(atom, LinearAtom))
        parts = [found for found in read if found is not None]
        rows, other_rows = (frozenset(_rows(parts, side)) for side in (0, 1))
        rounds, other_rounds = (frozenset(_rounds(parts, side)) for side in (0, 1))
        if not cases or rows != other_rows or rounds != other_rounds:
            return None
        ties = tuple(tie for given in self.obligation.ties if (tie := self._tie(given)) is not None)
        cone = tuple(dict.fromkeys((*self._still(), *_along(sorted(rows)), *self._limits(parts))))
        return Differences(
            self.seen.graph,
            self.seen.first,
            self.seen.second,
            x.lower,
            x.upper,
            tuple(sorted(rows)),
            tuple(dict.fromkeys(_rounds(parts, 0))),
            ties,
            cone,
            cases,
        )

    # -- where the points lie --------------------------------------------------------------------------

    def _still(self) -> Iterator[Terms]:
        """Inputs in which the two points agree."""
        for i in self.seen.shared:
            yield ((i, Fraction(1)),)
            yield ((i, Fraction(-1)),)

    def _limits(self, parts: Iterable[_Read]) -> Iterator[Terms]:
        """What is said of y − x alone: `row·(y − x) + c <= 0` with c >= 0."""
        for sided, curved in parts:
            form = sided.difference()
            if form is not None and form.inputs and not form.outputs and not curved and sided.constant >= 0:
                yield form.inputs

    def _tie(self, tie: Tie) -> Tie | None:
        places = self.seen.sides.here
        if any(index not in places for index, _ in ((tie.input, _ZERO), *tie.terms)):
            return None
        terms = tuple(sorted((places[i], c) for i, c in tie.terms))
        return Tie(places[tie.input], terms, tie.constant)

    # -- atoms -----------------------------------------------------------------------------------------

    def change(self, atom: LinearAtom) -> Change | None:
        """What an atom says of the differences; None where it speaks of anything else."""
        found = self.reading.read(atom)
        if found is None:
            return None
        sided, curved = found
        linear = sided.difference()
        functions = {function for _, function, _ in curved}
        forms = [(factor, form.difference()) for factor, _, form in curved]
        if (
            linear is None
            or sided.constant
            or len(functions) > 1
            or any(form.constant for _, _, form in curved)
        ):
            return None
        kept = tuple((factor, form) for factor, form in forms if form is not None)
        if len(kept) < len(forms):
            return None
        return Change(linear, kept, next(iter(functions), RELU), atom.strict)


# -- forms of one point --------------------------------------------------------------------------------


def _rows(parts: Iterable[_Read], side: int) -> Iterator[tuple[Terms, Fraction]]:
    """Half-spaces that one point lies in: terms and a constant."""
    for sided, curved in parts:
        if not curved and sided.of(side) and sided.at(side)[0]:
            yield sided.at(side)


def _rounds(parts: Iterable[_Read], side: int) -> Iterator[Round]:
    """Convex sets that one point lies in."""
    for sided, curved in parts:
        functions = {function for _, function, _ in curved}
        is_convex = all(factor > 0 and form.of(side) for factor, _, form in curved)
        if len(functions) == 1 and is_convex and sided.of(side):
            forms = tuple((factor, *form.at(side)) for factor, _, form in curved)
            yield Round(forms, *sided.at(side), functions.pop())


def _along(rows: Sequence[tuple[Terms, Fraction]]) -> Iterator[Terms]:
    """Rows that are 0 at both points, and so on y − x: those that come with their opposite."""
    atoms = [LinearAtom(terms, (), constant, strict=False) for terms, constant in rows]
    for atom in equations(atoms):
        yield atom.inputs
        yield negated(atom.inputs)


# -- cases ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Part:
    """Atoms that hold together, and forms in f(y) − f(x) that they say to be below 0."""

    atoms: Case
    below: frozenset[Terms]


def _cases(condition: Condition, reader: _Reader) -> tuple[Case, ...]:
    """A disjunction of cases one of which holds wherever the condition does; none where it is large."""
    return tuple(tuple(dict.fromkeys(part.atoms)) for part in _parts(condition, reader) or ())


def _parts(condition: Condition, reader: _Reader) -> list[_Part] | None:
    if isinstance(condition, LinearAtom):
        change = reader.change(condition)
        return [_part(() if change is None else (change,))]
    if isinstance(condition, Any):
        found: list[_Part] = []
        for one in condition.parts:
            inner = _parts(one, reader)
            found += inner or []
            if inner is None or len(found) > MAX_CASES:
                return None
        return found
    every = conjuncts(condition)
    together = [change for part in every if isinstance(part, LinearAtom) and (change := reader.change(part))]
    left = [_part(tuple(together))]
    for one in every:
        right = None if isinstance(one, LinearAtom) else _parts(one, reader)
        if right is not None:
            joined = [both for a in left for b in right if (both := _joined(a, b)) is not None]
            left = joined if len(joined) <= MAX_CASES else left  # what is left out makes it hold more often
    return left


def _joined(one: _Part, other: _Part) -> _Part | None:
    """Both; None where they say opposite things."""
    if any(negated(terms) in one.below for terms in other.below):
        return None
    return _Part((*one.atoms, *other.atoms), one.below | other.below)


def _part(atoms: Case) -> _Part:
    """From `r·Δ + w·d < 0` and `r·Δ − w·d < 0` it follows that `r·Δ < 0`."""
    seen = {(form.outputs, form.inputs) for form in map(_scaled, atoms)}
    return _Part(atoms, frozenset(r for r, w in seen if r and (r, negated(w)) in seen))


def _scaled(change: Change) -> Form:
    """The form of a strict atom without curved parts, its first coefficient of outputs 1 or −1."""
    outputs, inputs = change.linear.outputs, change.linear.inputs
    if change.curved or not change.strict or not outputs:
        return Form((), ())
    size = abs(outputs[0][1])
    return Form(tuple((i, c / size) for i, c in outputs), tuple((i, c / size) for i, c in inputs))
