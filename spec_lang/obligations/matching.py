"""Two points of one function in an obligation: which values are the same function of either of them.

In: an obligation, what it says, and an atom that compares the two.  Out: `Points`: the function at one point,
where the two points stand in the input and where they may lie, and atoms told apart by side.  The domains may
be larger than what the obligation says, never smaller: what is not recognised is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import accumulate

from spec_lang._values import dataclass
from spec_lang.network.graph import OF_CLAIM, Graph, Node
from spec_lang.network.primitives import RELU, Smooth
from spec_lang.network.transform.minus import same_primitive
from spec_lang.obligations.model import All, Condition, LinearAtom, Obligation, Semantics
from spec_lang.obligations.rounds import quadratic
from spec_lang.obligations.two_points import Domain, PairAtom, Row

_Ends = tuple[Fraction | None, Fraction | None]
_ZERO = Fraction(0)


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """As in `Twofold`; `point` has the inputs of y that are one number."""

    graph: Graph
    sides: Sides
    first: tuple[int, ...]
    second: tuple[int, ...]
    shared: tuple[int, ...]
    x: Domain
    y: Domain

    @property
    def point(self) -> dict[int, Fraction]:
        ends = zip(self.y.lower, self.y.upper, strict=True)
        return {i: low for i, (low, high) in enumerate(ends) if low == high}


def is_closed(obligation: Obligation) -> bool:
    """Whether it speaks of real numbers in a single box that has all its ends."""
    boxes = obligation.region.boxes
    if obligation.semantics is not Semantics.REAL or len(boxes) != 1:
        return False
    return None not in boxes[0].lower and None not in boxes[0].upper


def conjuncts(condition: Condition) -> list[Condition]:
    if not isinstance(condition, All):
        return [condition]
    return [conjunct for part in condition.parts for conjunct in conjuncts(part)]


def equations(said: Sequence[Condition]) -> Iterator[LinearAtom]:
    """Atoms that come with their opposite, so that they are 0; one of the two."""
    seen = set()
    for atom in said:
        if not isinstance(atom, LinearAtom) or atom.strict:
            continue
        opposite = atom.negated()
        if (opposite.inputs, opposite.outputs, opposite.constant) in seen:
            yield atom
        seen.add((atom.inputs, atom.outputs, atom.constant))


def points(obligation: Obligation, said: Sequence[Condition], lead: LinearAtom) -> Points | None:
    """The two points that the values of an atom are of; None where it does not compare two."""
    twins = _twins(obligation.graph, lead) if lead.outputs else None
    return None if twins is None else _Seen(obligation, twins, said).points()


def _twins(graph: Graph, atom: LinearAtom) -> dict[int, int] | None:
    """For the values behind an atom's first term, those that are computed in the same way behind another
    term of the opposite sign."""
    places = _places(graph)
    (lead, coefficient), *others = atom.outputs
    value, element = places[lead]
    for index, other in others:
        twin, same = places[index]
        if other == -coefficient and same == element and twin != value:
            found: dict[int, int] = {}
            if _match(graph, value, twin, found):
                return found
    return None


def _places(graph: Graph) -> list[tuple[int, int]]:
    """Of every flat output its value, and the element of it."""
    return [(value, element) for value in graph.outputs for element in range(graph.value(value).size)]


def _match(graph: Graph, one: int, other: int, found: dict[int, int]) -> bool:
    """Whether two values are the same function of inputs that correspond; `found` has what corresponds."""
    pending = [(one, other)]
    while pending:
        a, b = pending.pop()
        if a in found:
            if found[a] != b:
                return False
            continue
        if a < len(graph.inputs) or b < len(graph.inputs):
            if max(a, b) >= len(graph.inputs) or graph.inputs[a].size != graph.inputs[b].size:
                return False
        else:
            first, second = (graph.nodes[value - len(graph.inputs)] for value in (a, b))
            if not _alike(first, second):
                return False
            pending += zip(first.operands, second.operands, strict=True)
        found[a] = b
    # What is of one side is not of the other as well, but for what both read.
    apart = all(b not in found or a == b for a, b in found.items())
    return apart and len(set(found.values())) == len(found)


def _alike(first: Node, second: Node) -> bool:
    same = first.size == second.size and len(first.operands) == len(second.operands)
    return same and same_primitive(first.primitive, second.primitive)


@dataclass(slots=True, eq=False)
class _Seen:
    """An obligation, and the values of x's side with their twins on y's side."""

    obligation: Obligation
    twins: dict[int, int]
    said: Sequence[Condition]

    def points(self) -> Points | None:
        graph = self.obligation.graph
        # Further functions of the same points: those that other clauses compare.
        for value in graph.outputs:
            self._add_twin(value)
        values = tuple(v for v in dict.fromkeys(graph.outputs) if v in self.twins and not self._is_square(v))
        one, inputs = _alone(graph, values, self.twins)
        starts = [0, *accumulate(spec.size for spec in graph.inputs)]
        first = [i for t in inputs for i in range(starts[t], starts[t] + graph.inputs[t].size)]
        second = [i for t in inputs for i in range(starts[self.twins[t]], starts[self.twins[t] + 1])]
        if len({*first, *second}) < len(first) + len(second) - len(set(first) & set(second)):
            return None
        sides = Sides(self._outputs(values), dict(_numbered(first)), dict(_numbered(second)))
        box = self.obligation.region.boxes[0]
        ends = [(box.lower[i], box.upper[i]) for i in range(len(box.lower))]
        same = {place for atom in equations(self.said) if (place := sides.agreed(atom)) is not None}
        fixed = {i for i, (a, b) in enumerate(zip(first, second, strict=True)) if _one(ends[a], ends[b])}
        shared = tuple(i for i in range(len(first)) if i in same | fixed or first[i] == second[i])
        x, y = self._domains(sides, first, second)
        return Points(one, sides, tuple(first), tuple(second), shared, x, y)

    def _add_twin(self, value: int) -> None:
        if value in self.twins or value in self.twins.values():
            return
        graph = self.obligation.graph
        for other in graph.outputs:
            trial = dict(self.twins)
            if other not in (value, *trial) and _match(graph, value, other, trial):
                self.twins.update(trial)
                return

    def _is_square(self, value: int) -> bool:
        """Whether a value is a claim's own square or positive part: what regions are said by."""
        graph = self.obligation.graph
        if value < len(graph.inputs):
            return False
        node = graph.nodes[value - len(graph.inputs)]
        return node.primitive is Smooth.SQUARE or (node.primitive == RELU and node.part == OF_CLAIM)

    def _outputs(self, values: Sequence[int]) -> dict[int, tuple[bool, int]]:
        """For flat outputs of the obligation: whether they are of y, and their place among f's outputs."""
        graph, found = self.obligation.graph, {}
        starts = dict(zip(values, accumulate((graph.value(v).size for v in values), initial=0), strict=False))
        backwards = {self.twins[value]: value for value in values}
        for index, (value, element) in enumerate(_places(graph)):
            if value in starts:
                found[index] = (False, starts[value] + element)
            elif value in backwards:
                found[index] = (True, starts[backwards[value]] + element)
        return found

    def _domains(self, sides: Sides, first: Sequence[int], second: Sequence[int]) -> tuple[Domain, Domain]:
        """Rows and rounds count where they are said of both points, or of x where y is a single one."""
        box = self.obligation.region.boxes[0]
        lower, upper = ([v if v is not None else _ZERO for v in side] for side in (box.lower, box.upper))
        alone = all(lower[i] == upper[i] for i in second)
        said = [part for part in self.said if isinstance(part, LinearAtom)]
        rows = [found for atom in said if not atom.outputs and (found := sides.of_one(atom)) is not None]
        of_x = [row for is_y, row in rows if not is_y]
        of_y = {row for is_y, row in rows if is_y}
        rounds = [
            q for atom in said if atom.outputs and (q := quadratic(self.obligation.graph, atom)) is not None
        ]
        round_x = [q for form in rounds if (q := form.moved(sides.here)) is not None]
        round_y = [q for form in rounds if (q := form.moved(sides.there)) is not None]
        kept = tuple(row for row in of_x if alone or row in of_y)
        round_kept = tuple(q for q in round_x if alone or q in round_y)
        x = Domain(tuple(lower[i] for i in first), tuple(upper[i] for i in first), kept, round_kept)
        y = Domain(tuple(lower[i] for i in second), tuple(upper[i] for i in second), () if alone else kept)
        return x, y if alone else replace(y, rounds=round_kept)


def _numbered(places: Sequence[int]) -> Iterator[tuple[int, int]]:
    for number, place in enumerate(places):
        yield place, number


def _one(first: _Ends, second: _Ends) -> bool:
    """Whether two intervals are the same single number."""
    return first[0] == first[1] == second[0] == second[1]


@dataclass(frozen=True, slots=True, eq=False)
class Sides:
    """`outputs`: whether a flat output is of y, and which of f's it is; `here` and `there`: where the inputs
    of x and of y stand in the flat input of one point."""

    outputs: Mapping[int, tuple[bool, int]]
    here: Mapping[int, int]
    there: Mapping[int, int]

    def agreed(self, atom: LinearAtom) -> int | None:
        """The place in which x and y agree by an equation `x_i = y_i`."""
        split = self.split(atom)
        if split is None or split.first or split.second or split.constant:
            return None
        if len(split.here) == len(split.there) == 1:
            ((i, c),), ((j, d),) = split.here, split.there
            return i if i == j and c == -d else None
        return None

    def of_one(self, atom: LinearAtom) -> tuple[bool, Row] | None:
        """An atom over the inputs of one point: whether of y, and the row."""
        for is_y, places in ((False, self.here), (True, self.there)):
            if atom.inputs and all(i in places for i, _ in atom.inputs):
                terms = tuple(sorted((places[i], c) for i, c in atom.inputs))
                return is_y, Row(terms, atom.constant)
        return None

    def split(self, atom: LinearAtom) -> PairAtom | None:
        """An atom by sides; None where it speaks of anything else."""
        parts: tuple[dict[int, Fraction], ...] = ({}, {}, {}, {})
        for index, c in atom.outputs:
            if index not in self.outputs:
                return None
            is_y, place = self.outputs[index]
            parts[is_y][place] = c
        for index, c in atom.inputs:
            is_y = index not in self.here
            if is_y and index not in self.there:
                return None
            parts[2 + is_y][(self.there if is_y else self.here)[index]] = c
        first, second, here, there = (tuple(sorted(part.items())) for part in parts)
        return PairAtom(first, second, here, there, atom.constant, atom.strict)


def _alone(graph: Graph, values: Sequence[int], twins: Mapping[int, int]) -> tuple[Graph, tuple[int, ...]]:
    """The graph of `values` alone, and which inputs it reads."""
    seen = graph.with_outputs(tuple(values))
    inputs = tuple(number for number in range(len(graph.inputs)) if number in twins)
    renumber = {number: place for place, number in enumerate(inputs)}
    for place in range(len(seen.nodes)):
        renumber[len(seen.inputs) + place] = len(inputs) + place
    nodes = tuple(replace(node, operands=tuple(renumber[o] for o in node.operands)) for node in seen.nodes)
    kept = tuple(seen.inputs[number] for number in inputs)
    return Graph(kept, nodes, tuple(renumber[o] for o in seen.outputs), (), graph.precision), inputs
