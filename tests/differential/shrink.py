"""Makes an obligation that is answered wrongly as small as it can be, and writes it down.

In: a finding.  Out: text: weights, boxes and atoms.  A step is kept when the same backend is still wrong in
the same way, by the oracle's word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import islice

import numpy as np

from spec_lang.network.graph import Graph
from spec_lang.network.primitives import (
    Affine,
    Convolution,
    Entries,
    Floats,
    LinearMap,
    frozen,
    numbers_of,
    with_numbers,
)
from spec_lang.obligations.model import All, Any, Box, Condition, LinearAtom, Obligation, Region, Terms
from tests.backends.enumeration import counterexample
from tests.differential.cases import case
from tests.differential.examine import Limits, answer
from tests.differential.tally import Finding, installed

_STEPS = 2000  # tried in all


def report(finding: Finding, limits: Limits) -> str:
    """The finding, and the smallest obligation that still has it."""
    obligation = case(finding.number, finding.seed).obligation
    (backend,) = (b for b in installed() if b.name == finding.backend)

    def still(candidate: Obligation) -> bool:
        found = answer(backend, candidate, counterexample(candidate), limits)
        return any(_alike(problem, finding.problem) for problem in found.wrong)

    head = f"\n== {finding.backend}, seed {finding.seed}, number {finding.number}: {finding.problem}"
    if not still(obligation):
        return f"{head}\n(not so when it is run again)\n{describe(obligation)}"
    return f"{head}\n{describe(shrunk(obligation, still))}"


def _alike(a: str, b: str) -> bool:
    """Whether two problems are the same but for figures."""
    return re.split(":|, ", a, maxsplit=1)[0] == re.split(":|, ", b, maxsplit=1)[0]


def shrunk(obligation: Obligation, still: Callable[[Obligation], bool]) -> Obligation:
    """The smallest one that steps lead to on which `still` is true."""
    left = _STEPS
    found = True
    while found and left > 0:
        found = False
        for candidate in islice(_smaller(obligation), left):
            left -= 1
            if still(candidate):
                obligation, found = candidate, True
                break
    return obligation


def _smaller(obligation: Obligation) -> Iterator[Obligation]:
    for violation in _smaller_condition(obligation.violation):
        yield replace(obligation, violation=violation)
    region = obligation.region
    if len(region.boxes) > 1:
        for i in range(len(region.boxes)):
            boxes = region.boxes[:i] + region.boxes[i + 1 :]
            yield replace(obligation, region=Region(boxes, region.constraints))
    if obligation.ties:
        yield replace(obligation, region=Region(region.boxes), ties=())
    else:
        for i in range(len(region.constraints)):
            constraints = region.constraints[:i] + region.constraints[i + 1 :]
            yield replace(obligation, region=Region(region.boxes, constraints))
    for graph in _smaller_graph(obligation.graph):
        yield replace(obligation, graph=graph)
    for boxes in _smaller_boxes(region.boxes):
        yield replace(obligation, region=Region(boxes, region.constraints))


def _smaller_condition(condition: Condition) -> Iterator[Condition]:
    if isinstance(condition, LinearAtom):
        yield from _smaller_atom(condition)
        return
    kind = type(condition)
    yield from condition.parts
    for i, part in enumerate(condition.parts):
        if len(condition.parts) > 1:
            yield kind(condition.parts[:i] + condition.parts[i + 1 :])
        for other in _smaller_condition(part):
            yield kind((*condition.parts[:i], other, *condition.parts[i + 1 :]))


def _smaller_atom(atom: LinearAtom) -> Iterator[Condition]:
    for i in range(len(atom.inputs)):
        yield replace(atom, inputs=atom.inputs[:i] + atom.inputs[i + 1 :])
    if len(atom.outputs) > 1:
        for i in range(len(atom.outputs)):
            yield replace(atom, outputs=atom.outputs[:i] + atom.outputs[i + 1 :])
    for terms in _simpler_terms(atom.outputs):
        yield replace(atom, outputs=terms)
    for terms in _simpler_terms(atom.inputs):
        yield replace(atom, inputs=terms)
    for constant in _simpler(atom.constant):
        yield replace(atom, constant=constant)


def _simpler_terms(terms: Terms) -> Iterator[Terms]:
    for i, (place, coefficient) in enumerate(terms):
        sign = Fraction(1 if coefficient > 0 else -1)
        if coefficient != sign:
            yield (*terms[:i], (place, sign), *terms[i + 1 :])


def _simpler(value: Fraction) -> Iterator[Fraction]:
    """Fewer digits; always less of them, so that this ends."""
    size = value.numerator.bit_length() + value.denominator.bit_length()
    for candidate in (
        Fraction(0),
        Fraction(round(value)),
        value.limit_denominator(8),
        Fraction(float(value)),
    ):
        if candidate.numerator.bit_length() + candidate.denominator.bit_length() < size:
            yield candidate


def _smaller_boxes(boxes: tuple[Box, ...]) -> Iterator[tuple[Box, ...]]:
    for b, box in enumerate(boxes):
        for i, (lo, hi) in enumerate(zip(box.lower, box.upper, strict=True)):
            if lo is None or hi is None:
                continue
            sides = [(lo, lo), (hi, hi)] if lo != hi else []
            sides += [(value, hi) for value in _simpler(lo)] + [(lo, value) for value in _simpler(hi)]
            for low, high in sides:
                lower = (*box.lower[:i], low, *box.lower[i + 1 :])
                upper = (*box.upper[:i], high, *box.upper[i + 1 :])
                yield (*boxes[:b], Box(lower, upper), *boxes[b + 1 :])


def _smaller_graph(graph: Graph) -> Iterator[Graph]:
    for number, node in enumerate(graph.nodes):
        if not isinstance(node.primitive, Affine):
            continue
        for affine in _smaller_affine(node.primitive):
            nodes = list(graph.nodes)
            nodes[number] = replace(node, primitive=affine)
            yield replace(graph, nodes=tuple(nodes))


def _smaller_affine(affine: Affine) -> Iterator[Affine]:
    for i, linear in enumerate(affine.maps):
        for array in _smaller_array(numbers_of(linear)):
            yield Affine((*affine.maps[:i], with_numbers(linear, array), *affine.maps[i + 1 :]), affine.bias)
    for bias in _smaller_array(affine.bias):
        yield Affine(affine.maps, bias)


def _smaller_array(array: Floats) -> Iterator[Floats]:
    for place in np.ndindex(*array.shape):
        value = float(array[place])
        for simple in (0.0, float(np.sign(value)), float(np.round(value)), float(f"{value:.2g}")):
            if simple != value and len(repr(simple)) <= len(repr(value)):
                other = array.copy()
                other[place] = simple
                if _bits(float(other[place])) < _bits(value):
                    yield frozen(other)


def _bits(value: float) -> int:
    exact = Fraction(value)
    return exact.numerator.bit_length() + exact.denominator.bit_length()


def describe(obligation: Obligation) -> str:
    """The obligation in figures."""
    lines = [f"inputs {[spec.size for spec in obligation.graph.inputs]}, outputs {obligation.graph.outputs}"]
    for number, node in enumerate(obligation.graph.nodes, start=len(obligation.graph.inputs)):
        if isinstance(node.primitive, Affine):
            maps = " + ".join(
                f"{_words_of(linear)} of {operand}"
                for linear, operand in zip(node.primitive.maps, node.operands, strict=True)
            )
            lines.append(f"value {number} = {maps} + {node.primitive.bias.tolist()}")
        else:
            lines.append(f"value {number} = relu({node.operands[0]})")
    for box in obligation.region.boxes:
        sides = (f"[{lo}, {hi}]" for lo, hi in zip(box.lower, box.upper, strict=True))
        lines.append(f"box {' x '.join(sides)}")
    lines += [f"where {_words(constraint)}" for constraint in obligation.region.constraints]
    lines += [f"tie {tie}" for tie in obligation.ties]
    return "\n".join([*lines, f"violation {_words(obligation.violation)}"])


def _words_of(linear: LinearMap) -> str:
    numbers = numbers_of(linear)
    form = ""
    if isinstance(linear, Entries):
        places = list(zip(linear.row.tolist(), linear.column.tolist(), strict=True))
        form = f" at {places} of {linear.shape}"
    elif isinstance(linear, Convolution):
        form = f" convolved: {linear}"
    return f"{numbers.tolist()} {numbers.dtype}{form}"


def _words(condition: Condition) -> str:
    match condition:
        case LinearAtom(inputs, outputs, constant, strict):
            terms = [f"{c}*x{i}" for i, c in inputs] + [f"{c}*y{j}" for j, c in outputs]
            return f"{' + '.join([*terms, str(constant)])} {'<' if strict else '<='} 0"
        case All(parts):
            return "all(" + ", ".join(map(_words, parts)) + ")"
        case Any(parts):
            return "any(" + ", ".join(map(_words, parts)) + ")"
