"""A question over short numbers that has every solution of the given one, and perhaps more.

In: a question whose variables are all bounded.  Out: one whose rows have few bits, each widened by what their
rounding may change.  Rows of deep networks have numbers of hundreds of bits, which slow a solver down by an
order of magnitude; hardly ever does an answer depend on them.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from spec_lang.backends.smt import statements

ROW_BITS: Final = 20  # of the largest term; the others keep the same absolute precision
RADIUS_BITS: Final = 8


def is_bounded(question: statements.Question) -> bool:
    return all(lower is not None and upper is not None for lower, upper in question[0])


def shortened(question: statements.Question) -> statements.Question:
    """Sound because within the variables' intervals every row differs from its short form by at most what
    its radius grows by, and an atom holds whenever it holds for some value within the radius."""
    intervals, inputs, neurons, condition, (switches, gates, products, at_kinks), seconds = question
    sizes = [
        max((abs(end) for end in interval if end is not None), default=Fraction(0)) for interval in intervals
    ]
    short = tuple((_row(neuron[0], sizes), *neuron[1:]) for neuron in neurons)
    crossings: statements.Crossings = (
        tuple(_row(z, sizes) for z in switches),
        tuple((j, _row(g, sizes), variable, ends) for j, g, variable, ends in gates),
        tuple((_row(p[0], sizes), _row(p[1], sizes), p[2], p[3], p[4], p[5]) for p in products),
        at_kinks,
    )
    return intervals, inputs, short, _condition(condition, sizes), crossings, seconds


def _condition(condition: statements.Condition, sizes: list[Fraction]) -> statements.Condition:
    if len(condition) == 2:
        return condition[0], tuple(_condition(part, sizes) for part in condition[1])
    relation, terms, constant = condition
    short, middle, radius = _row((terms, constant, Fraction(0)), sizes)
    return relation, short, middle - radius


def _row(row: statements.Row, sizes: list[Fraction]) -> statements.Row:
    terms, constant, radius = row
    largest = max([abs(constant), *(abs(c) * sizes[i] for i, c in terms)])
    if not largest:
        return row
    short, lost = [], Fraction(0)
    for i, coefficient in terms:
        if not sizes[i]:
            continue  # the variable is 0
        near = _near(coefficient, largest / sizes[i])
        lost += abs(coefficient - near) * sizes[i]
        if near:
            short.append((i, near))
    middle = _near(constant, largest)
    return tuple(short), middle, _above(radius + lost + abs(constant - middle))


def _near(number: Fraction, scale: Fraction) -> Fraction:
    """`number`, to `ROW_BITS` bits of a number like `scale`."""
    unit = _power_of_two(scale, ROW_BITS)
    return round(number / unit) * unit


def _above(number: Fraction) -> Fraction:
    """`number`, rounded up to a few bits."""
    if not number:
        return number
    unit = _power_of_two(number, RADIUS_BITS)
    return -(-number // unit) * unit


def _power_of_two(scale: Fraction, bits: int) -> Fraction:
    """Roughly `scale / 2**bits`."""
    exponent = scale.numerator.bit_length() - scale.denominator.bit_length() - bits
    return Fraction(2) ** exponent
