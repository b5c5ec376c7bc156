"""Where a network is narrow: a value, affine in the inputs, on which all depends that comes after it.

In: an obligation.  Out: a `Waist`: such a value, which elements of it are read, and what of the violation can
be said of it; and the graph from there on.  Read off the graph's structure and its zeros alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import accumulate
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.network.graph import OF_CLAIM, Graph, Node, TensorSpec
from spec_lang.network.primitives import Affine, Dense, Entries, LinearMap, Scale, frozen
from spec_lang.obligations.model import All, Condition, LinearAtom, Obligation, Semantics, atoms, conjuncts
from spec_lang.obligations.simplify import TRUE, conjunction, disjunction, simplify

MOST_READ: Final = 19  # elements: boxes of more numbers are not halved
# Behind a first layer with ten numbers, a claim about outputs alone took ten times as long as before it.
# What asks for several conditions at once, as a pattern of neurons does, is met more easily by few numbers.
FEW: Final = 6
SEVERAL: Final = 4
SHRINKS: Final = 4  # by what factor, at least
MOST_NUMBERS: Final = 400_000  # of all values that are affine in the inputs: exact arithmetic on them

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Waist:
    """`read` are the elements of `value` that count; `premises` hold wherever the obligation is broken, and
    are affine in the inputs; `violation` is what can be said of it by `graph`, whose inputs are the elements
    that are read: true wherever the obligation is broken."""

    value: int
    read: tuple[int, ...]
    premises: tuple[LinearAtom, ...]
    graph: Graph
    violation: Condition


def narrowest(obligation: Obligation) -> Waist | None:
    """The waist with the fewest elements, the first of several; None where none is so narrow that it pays."""
    if not _is_taken(obligation):
        return None
    width, best = obligation.graph.input_size, None
    for value in _affine(obligation.graph)[len(obligation.graph.inputs) :]:
        found = waist_at(obligation, value)
        if found is not None and (best is None or len(found.read) < len(best.read)):
            best = found
    if best is None or len(best.read) * SHRINKS > width:
        return None
    at_once = sum(isinstance(part, LinearAtom) for part in conjuncts(obligation.violation))
    return best if len(best.read) <= FEW or at_once >= SEVERAL else None


def waist_at(obligation: Obligation, value: int) -> Waist | None:
    """None where the value is not affine in the inputs, too many of its elements count, or nothing but
    premises can be said of it."""
    graph = obligation.graph
    if not _is_taken(obligation) or value < len(graph.inputs) or value not in _affine(graph):
        return None
    outputs = graph.flat_outputs
    premises = tuple(_premises(obligation, set(_affine(graph)), outputs))
    reach = _reach(graph, value)
    own = set(map(id, premises))
    asked = [atom for atom in atoms(obligation.violation) if id(atom) not in own]
    read = np.zeros(graph.value(value).size, dtype=np.bool_)
    for atom in asked:
        if (needs := _needs(atom, reach, value, outputs)) is not None:
            read |= needs
    if not read.any():
        read[0] = True
    if read.sum() > MOST_READ:
        return None

    def is_said(atom: LinearAtom) -> bool:
        needs = _needs(atom, reach, value, outputs)
        return needs is not None and not (needs & ~read).any()

    if not any(map(is_said, asked)):
        return None
    kept = sorted({i for atom in atoms(obligation.violation) if is_said(atom) for i, _ in atom.outputs})
    chosen = tuple(dict.fromkeys(outputs[i][0] for i in kept))
    suffix = _from(graph, value, np.flatnonzero(read), chosen)
    starts = dict(zip(chosen, _starts(graph, chosen), strict=True))
    places = {i: starts[outputs[i][0]] + outputs[i][1] for i in kept}
    violation = _said(obligation.violation, is_said, places)
    return Waist(value, tuple(np.flatnonzero(read).tolist()), premises, suffix, violation)


def _is_taken(obligation: Obligation) -> bool:
    graph, boxes = obligation.graph, obligation.region.boxes
    bounded = all(end is not None for box in boxes for side in (box.lower, box.upper) for end in side)
    real = obligation.semantics is Semantics.REAL and not graph.drifts and not graph.binary
    return real and bounded and len(boxes) == 1


def _affine(graph: Graph) -> list[int]:
    """The values that are affine in the inputs, as far as their numbers are few enough."""
    found = list(range(len(graph.inputs)))
    numbers = 0
    for number, node in enumerate(graph.nodes, start=len(graph.inputs)):
        if isinstance(node.primitive, Affine) and all(operand in found for operand in node.operands):
            numbers += node.size * graph.input_size
            if numbers > MOST_NUMBERS:
                break
            found.append(number)
    return found


def _starts(graph: Graph, values: Sequence[int]) -> list[int]:
    return list(accumulate((graph.value(value).size for value in values), initial=0))[:-1]


def _premises(
    obligation: Obligation, affine: set[int], outputs: Sequence[tuple[int, int]]
) -> Iterator[LinearAtom]:
    yield from obligation.region.constraints
    for atom in conjuncts(obligation.violation):
        if isinstance(atom, LinearAtom) and all(outputs[i][0] in affine for i, _ in atom.outputs):
            yield atom


def _reach(graph: Graph, value: int) -> dict[int, Mask]:
    """By each value that is a function of `value`, the elements of that which it may depend on.

    Sound because what a map multiplies by 0 everywhere has no effect on it.
    """
    whole = np.ones(graph.value(value).size, dtype=np.bool_)
    found = {value: whole}
    for number, node in enumerate(graph.nodes[value + 1 - len(graph.inputs) :], start=value + 1):
        if not all(operand in found for operand in node.operands):
            continue
        mask = np.zeros_like(whole)
        for place, operand in enumerate(node.operands):
            if operand == value and isinstance(node.primitive, Affine):
                mask |= _columns(node.primitive.maps[place])
            else:
                mask |= found[operand]
        found[number] = mask
    return found


def _columns(linear: LinearMap) -> Mask:
    """The elements that a map multiplies by something; all of them where it is not plain."""
    found = np.ones(linear.sizes[0], dtype=np.bool_)
    if isinstance(linear, Dense):
        return np.asarray((linear.weight != 0).any(axis=0))
    if isinstance(linear, Scale):
        return np.asarray(linear.factor != 0)
    if isinstance(linear, Entries):
        found[:] = False
        found[linear.column[linear.value != 0]] = True
    return found


def _needs(
    atom: LinearAtom, reach: dict[int, Mask], value: int, outputs: Sequence[tuple[int, int]]
) -> Mask | None:
    """The elements of `value` that decide the atom; None for one that they do not decide."""
    found = np.zeros_like(reach[value])
    if atom.inputs:
        return None
    for i, _ in atom.outputs:
        number, element = outputs[i]
        if number not in reach:
            return None
        if number == value:
            found[element] = True
        else:
            found |= reach[number]
    return found


def _from(graph: Graph, value: int, read: NDArray[np.intp], chosen: tuple[int, ...]) -> Graph:
    """The graph as a function of the elements `read` of a value, seen at the values `chosen`; the elements
    that are not read are 0."""
    spec = graph.value(value)
    first = TensorSpec(f"{spec.name}/read", (len(read),))
    ones = frozen(np.ones(len(read)))
    spread = Entries((spec.size, len(read)), read, np.arange(len(read)), ones)
    placed = Affine((spread,), frozen(np.zeros(spec.size)))
    nodes = [Node(placed, (0,), TensorSpec(spec.name, (spec.size,)), glue=True, part=OF_CLAIM)]
    numbers = {value: 1}
    for number, node in enumerate(graph.nodes[value + 1 - len(graph.inputs) :], start=value + 1):
        if all(operand in numbers for operand in node.operands):
            numbers[number] = len(nodes) + 1
            nodes.append(replace(node, operands=tuple(numbers[operand] for operand in node.operands)))
    whole = Graph((first,), tuple(nodes), tuple(numbers[v] for v in chosen), (), graph.precision)
    return whole.with_outputs(whole.outputs)


def _said(condition: Condition, is_said: Callable[[LinearAtom], bool], places: dict[int, int]) -> Condition:
    """What is left of a condition when all that cannot be said counts as true."""
    if isinstance(condition, LinearAtom):
        if not is_said(condition):
            return TRUE
        terms: dict[int, Fraction] = {}
        for i, c in condition.outputs:
            terms[places[i]] = terms.get(places[i], Fraction(0)) + c
        return simplify(replace(condition, outputs=tuple((i, terms[i]) for i in sorted(terms) if terms[i])))
    parts = [_said(part, is_said, places) for part in condition.parts]
    return conjunction(parts) if isinstance(condition, All) else disjunction(parts)
