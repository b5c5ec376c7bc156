"""Inputs that equations of the region determine by others: affine forms in those that are left free.

In: an obligation.  Out: for every input tensor with such inputs its forms in the free ones, times a common
denominator, exactly.  What the obligation calls a tie is one here where its region says so itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import lcm

import numpy as np

from spec_lang._values import dataclass
from spec_lang.kernel.exact import Dyadic, Integers, objects
from spec_lang.kernel.network import Network
from spec_lang.obligations.model import LinearAtom, Obligation, Terms

Form = tuple[Terms, Fraction]


@dataclass(frozen=True, slots=True, eq=False)
class Tied:
    """`scale` times the values of an input tensor are `constants[tensor]` and, for each tensor of free
    inputs, these by `slopes[tensor][other]`, (others, inputs); of tensors without ties nothing is said."""

    scale: int
    constants: dict[int, Integers]
    slopes: dict[int, dict[int, Integers]]


def tied(obligation: Obligation, network: Network) -> Tied:
    """The ties that hold all over the region."""
    forms: dict[int, Form] = {}
    said = set(_equations(obligation.region.constraints))
    boxes = obligation.region.boxes
    for tie in obligation.ties:
        pinned = not tie.terms and all(
            b.lower[tie.input] == b.upper[tie.input] == tie.constant for b in boxes
        )
        if pinned or _key(((tie.input, Fraction(-1)), *tie.terms), tie.constant) in said:
            forms[tie.input] = _in_free(tie.terms, tie.constant, forms)
    scale = lcm(*(c.denominator for terms, one in forms.values() for c in (one, *(c for _, c in terms))))
    constants: dict[int, Integers] = {}
    slopes: dict[int, dict[int, Integers]] = {}
    for number, where in enumerate(network.inputs):
        here = [forms.get(i) for i in range(where.start, where.stop)]
        if any(form is not None for form in here):
            constants[number] = objects([0 if form is None else int(form[1] * scale) for form in here])
            slopes[number] = _matrices(here, network, number, scale)
    return Tied(scale, constants, slopes)


def _matrices(forms: Sequence[Form | None], network: Network, number: int, scale: int) -> dict[int, Integers]:
    found: dict[int, Integers] = {}

    def entry(tensor: int, row: int, column: int, value: int) -> None:
        where = network.inputs[tensor]
        matrix = found.setdefault(tensor, np.zeros((where.stop - where.start, len(forms)), dtype=object))
        matrix[row, column] = value

    for column, form in enumerate(forms):
        if form is None:
            entry(number, column, column, scale)
            continue
        for index, c in form[0]:
            tensor = next(n for n, where in enumerate(network.inputs) if index < where.stop)
            entry(tensor, index - network.inputs[tensor].start, column, int(c * scale))
    return found


def _in_free(terms: Terms, constant: Fraction, forms: dict[int, Form]) -> Form:
    """A form with those of the tied inputs in their place, which were there before."""
    total: dict[int, Fraction] = {}
    for index, c in terms:
        known, one = forms.get(index, (((index, Fraction(1)),), Fraction(0)))
        constant += c * one
        for free, weight in known:
            total[free] = total.get(free, Fraction(0)) + c * weight
    return tuple(sorted((i, c) for i, c in total.items() if c)), constant


def _equations(constraints: Sequence[LinearAtom]) -> Iterator[tuple[object, ...]]:
    """What is at most 0 and at least 0."""
    closed = [atom for atom in constraints if not atom.strict]
    known = {(atom.inputs, atom.constant) for atom in closed}
    for atom in closed:
        if (tuple((i, -c) for i, c in atom.inputs), -atom.constant) in known:
            yield _key(atom.inputs, atom.constant)


def _key(terms: Terms, constant: Fraction) -> tuple[object, ...]:
    """The same for all multiples of a form."""
    total: dict[int, Fraction] = {}
    for index, c in terms:
        total[index] = total.get(index, Fraction(0)) + c
    present = sorted((i, c) for i, c in total.items() if c)
    if not present:
        return ((), constant)
    lead = present[0][1]
    return tuple((i, c / lead) for i, c in present), constant / lead


def freed(number: int, row: Dyadic, ties: Tied) -> tuple[dict[int, Dyadic], Dyadic]:
    """Rows over an input tensor, times the scale, over the free inputs: slopes by tensor, and constants."""
    if number not in ties.constants:
        return {number: Dyadic(row.numbers * ties.scale, row.shift)}, Dyadic(
            objects([0] * len(row.numbers)), 0
        )
    slopes = {n: Dyadic(row.numbers @ matrix.T, row.shift) for n, matrix in ties.slopes[number].items()}
    return slopes, Dyadic(row.numbers @ ties.constants[number], row.shift)
