"""A complete decision of small obligations in any dimension: every activation pattern, in fractions.

Under one pattern a ReLU network is affine, so that the pattern's own conditions, the region and one
conjunction of the violation are linear rows over the inputs; their satisfiability is decided exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product

from spec_lang.backends.base import Point
from spec_lang.network.graph import Graph
from spec_lang.network.primitives import Dense, PiecewiseLinear
from spec_lang.obligations.feasibility import Clash, decide
from spec_lang.obligations.model import All, Box, Condition, LinearAtom, Obligation, Terms

Form = tuple[dict[int, Fraction], Fraction]  # coefficients of the inputs, constant


def counterexample(obligation: Obligation) -> Point | None:
    """A counterexample, or None when there is none.  Exact and complete; 2^neurons linear programs."""
    graph = obligation.graph
    for box in obligation.region.boxes:
        for conditions, outputs in _pieces(graph):
            for conjunction in _conjunctions(obligation.violation):
                rows = [*_box_rows(box), *obligation.region.constraints, *conditions]
                rows += [_over_inputs(atom, outputs) for atom in conjunction]
                answer = decide(rows)
                assert answer is not None  # so few rows are no work
                if not isinstance(answer, Clash):
                    middle = [_any_value(lo, hi) for lo, hi in zip(box.lower, box.upper, strict=True)]
                    return tuple(answer.inputs.get(i, middle[i]) for i in range(graph.input_size))
    return None


def _pieces(graph: Graph) -> Iterator[tuple[list[LinearAtom], list[Form]]]:
    neurons = sum(n.size for n in graph.nodes if isinstance(n.primitive, PiecewiseLinear))
    for pattern in product((True, False), repeat=neurons):
        yield _piece(graph, list(pattern))


def _piece(graph: Graph, pattern: list[bool]) -> tuple[list[LinearAtom], list[Form]]:
    values: list[list[Form]] = [[({i: Fraction(1)}, Fraction(0)) for i in range(graph.input_size)]]
    conditions: list[LinearAtom] = []
    for node in graph.nodes:
        operands = [values[o] for o in node.operands]
        if isinstance(node.primitive, PiecewiseLinear):
            result: list[Form] = []
            for form in operands[0]:
                active = pattern.pop(0)
                conditions.append(_row(form, -1 if active else 1))
                result.append(form if active else ({}, Fraction(0)))
        else:
            result = [({}, Fraction(float(b))) for b in node.primitive.bias]
            for linear, operand in zip(node.primitive.maps, operands, strict=True):
                for j in range(len(result)):
                    if isinstance(linear, Dense):
                        pairs = [
                            (Fraction(float(w)), x) for w, x in zip(linear.weight[j], operand, strict=True)
                        ]
                    else:
                        pairs = [(Fraction(float(linear.factor[j])), operand[j])]
                    for w, x in pairs:
                        result[j] = _plus(result[j], w, x)
        values.append(result)
    return conditions, [form for output in graph.outputs for form in values[output]]


def _plus(a: Form, factor: Fraction, b: Form) -> Form:
    terms = dict(a[0])
    for i, c in b[0].items():
        terms[i] = terms.get(i, Fraction(0)) + factor * c
    return terms, a[1] + factor * b[1]


def _terms(coefficients: dict[int, Fraction]) -> Terms:
    return tuple(sorted((i, c) for i, c in coefficients.items() if c))


def _row(form: Form, sign: int) -> LinearAtom:
    return LinearAtom(_terms({i: sign * c for i, c in form[0].items()}), (), sign * form[1], strict=False)


def _over_inputs(atom: LinearAtom, outputs: list[Form]) -> LinearAtom:
    form: Form = (dict(atom.inputs), atom.constant)
    for j, c in atom.outputs:
        form = _plus(form, c, outputs[j])
    return LinearAtom(_terms(form[0]), (), form[1], atom.strict)


def _box_rows(box: Box) -> Iterator[LinearAtom]:
    for i, (lo, hi) in enumerate(zip(box.lower, box.upper, strict=True)):
        if lo is not None:
            yield LinearAtom(((i, Fraction(-1)),), (), lo, strict=False)
        if hi is not None:
            yield LinearAtom(((i, Fraction(1)),), (), -hi, strict=False)


def _any_value(lower: Fraction | None, upper: Fraction | None) -> Fraction:
    return lower if lower is not None else upper if upper is not None else Fraction(0)


def _conjunctions(condition: Condition) -> Iterator[tuple[LinearAtom, ...]]:
    if isinstance(condition, LinearAtom):
        yield (condition,)
    elif isinstance(condition, All):
        for choice in product(*(tuple(_conjunctions(part)) for part in condition.parts)):
            yield tuple(atom for part in choice for atom in part)
    else:
        for part in condition.parts:
            yield from _conjunctions(part)
