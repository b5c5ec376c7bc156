"""What a condition says of neurons, said of what enters them, and the network without their kinks.

In: a graph and conditions that all hold where anything is to be decided.  Out: the same for the same points:
`r > 0` of a ReLU's r becomes `z > 0` of its z, which can be short of 0 by far where r is 0; and neurons that
are on or off, or within limits, wherever all conditions hold are so in the graph.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import accumulate
from math import inf, nextafter

import numpy as np

from spec_lang._values import dataclass
from spec_lang.network.graph import Graph
from spec_lang.network.primitives import RELU
from spec_lang.network.transform.limits import Limits, with_limits
from spec_lang.network.transform.phases import Phases, with_phases
from spec_lang.obligations.model import All, Condition, LinearAtom, atoms, conjuncts
from spec_lang.obligations.simplify import FALSE, TRUE

MANY_INPUTS = 16  # of more, boxes are not halved until they tell what the limits of neurons do


@dataclass(frozen=True, slots=True)
class _Outputs:
    """The values that a graph's flat outputs are elements of."""

    graph: Graph
    starts: Sequence[int]

    @classmethod
    def of(cls, graph: Graph) -> _Outputs:
        return cls(graph, tuple(accumulate((graph.value(v).size for v in graph.outputs), initial=0)))

    def element(self, index: int) -> tuple[int, int]:
        """The value, and which element of it, that an output is."""
        place = int(np.searchsorted(self.starts, index, side="right")) - 1
        return self.graph.outputs[place], index - self.starts[place]


def of_neurons(graph: Graph, conditions: Sequence[Condition]) -> tuple[Graph, list[Condition]]:
    """Outputs keep their numbers; those that are new come after them.

    Sound because a ReLU's output is above 0 just where its input is, and is then the same; and because a
    point that breaks the obligation satisfies all conditions, of which each neuron's phase is one.  So it is
    with real numbers: where floats overflow, what a ReLU makes is no number either."""
    into = _relus(graph)
    outputs = _Outputs.of(graph)
    speaks = {index for condition in conditions for index in _single(condition)}
    behind = [into[value] for value, _ in map(outputs.element, sorted(speaks)) if value in into]
    new = tuple(dict.fromkeys(z for z in behind if z not in graph.outputs))
    graph = replace(graph, outputs=(*graph.outputs, *new)) if new else graph
    outputs = _Outputs.of(graph)
    first = dict(zip(reversed(graph.outputs), reversed(outputs.starts[:-1]), strict=True))
    place = {r: first[z] for r, z in into.items() if z in first}

    def turned(atom: LinearAtom) -> Condition:
        value, element = outputs.element(atom.outputs[0][0])
        return _before(atom, place[value] + element) if value in place else atom

    found = [_mapped(condition, turned) for condition in conditions]
    graph = _with_limits(graph, outputs, found)
    phases = _phases(graph, _Outputs.of(graph), found)
    return (with_phases(graph, phases).graph if phases else graph), found


def _relus(graph: Graph) -> Mapping[int, int]:
    """By each value that a ReLU makes, what enters it."""
    nodes = enumerate(graph.nodes, start=len(graph.inputs))
    return {number: node.operands[0] for number, node in nodes if node.primitive == RELU}


def _is_single(atom: LinearAtom) -> bool:
    return len(atom.outputs) == 1 and not atom.inputs


def _single(condition: Condition) -> Iterator[int]:
    """The outputs that atoms compare with a number."""
    return (atom.outputs[0][0] for atom in atoms(condition) if _is_single(atom))


def _mapped(condition: Condition, turned: Callable[[LinearAtom], Condition]) -> Condition:
    if isinstance(condition, LinearAtom):
        return turned(condition) if _is_single(condition) else condition
    return replace(condition, parts=tuple(_mapped(part, turned) for part in condition.parts))


def _before(atom: LinearAtom, place: int) -> Condition:
    """What an atom about a ReLU's output says of its input, which is output `place`."""
    ((_, factor),) = atom.outputs
    limit = -atom.constant / factor
    if factor > 0 and (limit < 0 or (limit == 0 and atom.strict)):
        return FALSE  # r <= limit, and r >= 0
    if factor < 0 and (limit < 0 or (limit == 0 and not atom.strict)):
        return TRUE  # r >= limit
    return replace(atom, outputs=((place, factor),))


def _phases(graph: Graph, outputs: _Outputs, conditions: Sequence[Condition]) -> dict[int, Phases]:
    """The phases that hold wherever all conditions do; none where gates open as the ReLUs beside them do."""
    if graph.binary or graph.drifts:
        return {}
    after: dict[int, list[int]] = {}
    for relu, z in _relus(graph).items():
        after.setdefault(z, []).append(relu)
    found: dict[int, Phases] = {}
    for value, element, factor, limit in _ends(outputs, conditions):
        for relu in after.get(value, ()):
            side = -1 if factor > 0 and limit <= 0 else 1 if factor < 0 and limit >= 0 else 0
            known = found.setdefault(relu, np.zeros(graph.value(relu).size, dtype=np.int8))
            known[element] = side or known[element]
    return {relu: known for relu, known in found.items() if known.any()}


def _ends(
    outputs: _Outputs, conditions: Sequence[Condition]
) -> Iterator[tuple[int, int, Fraction, Fraction]]:
    """What the conditions that all hold say of one element alone: its value, its number, a factor, of which
    the sign counts, and the limit: it is no higher than that where the factor is positive, else no lower."""
    for atom in conjuncts(All(tuple(conditions))):
        if isinstance(atom, LinearAtom) and _is_single(atom):
            ((index, factor),) = atom.outputs
            yield *outputs.element(index), factor, -atom.constant / factor


def _with_limits(graph: Graph, outputs: _Outputs, conditions: Sequence[Condition]) -> Graph:
    """The graph whose neurons cannot leave the limits that hold wherever all conditions do, where inputs are
    many.  Sound as phases are: the limits are rounded outward."""
    if graph.binary or graph.drifts or graph.input_size <= MANY_INPUTS:
        return graph
    after = {z: relu for relu, z in _relus(graph).items()}
    found: dict[int, Limits] = {}
    for value, element, factor, limit in _ends(outputs, conditions):
        if value not in after or limit <= 0:
            continue
        relu = after[value]
        known = found.setdefault(relu, Limits.none(graph.value(relu).size))
        if factor > 0:
            known.upper[element] = min(known.upper[element], _not_below(limit))
        else:
            known.lower[element] = max(known.lower[element], -_not_below(-limit))
    return with_limits(graph, found) if found else graph


def _not_below(limit: Fraction) -> float:
    near = float(limit)
    return near if Fraction(near) >= limit else nextafter(near, inf)
