"""A question to the solver, and what it says in SMT-LIB.

In: a question in plain exact data.  Out: text.  Both the solver's own process and whoever asks read it, so
that it imports nothing of ours.

A question is linear real arithmetic over numbered variables, and what is not linear among them.  A *neuron*
says that a variable a is f(z) of a row z: of that text comes out facet by facet and case by case, as they are
asked for.  A *gate* says that a variable is g where its switch is on and 0 where it is off; the switch of a
row z is on where z > 0 and off where z < 0, and where z = 0 it is either, the same for all gates of that
switch.  A *product* says that a variable is x·y: parts of that come out as they are asked for, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

Terms = tuple[tuple[int, Fraction], ...]
End = Fraction | None
Interval = tuple[End, End]
# A line (slope, offset); a case `relation, line, lower, upper`: a relation line(z), lower <= z <= upper.
Line = tuple[Fraction, Fraction]
Case = tuple[str, Line, End, End]
Row = tuple[Terms, Fraction, Fraction]  # terms, constant, radius: Σ terms + constant ± radius
Piece = tuple[Line, End, End]  # f is the line between the two ends
# Row of z, number of a, lines below f, lines above f, pieces of f, cases.
Neuron = tuple[Row, int, tuple[Line, ...], tuple[Line, ...], tuple[Piece, ...], tuple[Case, ...]]
# Number of its switch, row of g, number of the variable, interval of g.
Gate = tuple[int, Row, int, Interval]
# Row of x, row of y, number of the variable, their intervals, whether they are one.
Product = tuple[Row, Row, int, Interval, Interval, bool]
# Rows of the switches, gates, products, and whether a switch of a gate with g ≠ 0 may be at z = 0.
Crossings = tuple[tuple[Row, ...], tuple[Gate, ...], tuple[Product, ...], bool]
Condition = tuple[Any, ...]  # ("all" | "any", conditions) or ("<" | "<=", terms, constant): … relation 0
# Interval of every variable, how many of them are inputs, neurons, condition, crossings, seconds or None.
Question = tuple[tuple[Interval, ...], int, tuple[Neuron, ...], Condition, Crossings, float | None]

NO_CROSSINGS: Crossings = ((), (), (), True)


def number(value: Fraction) -> str:
    sign, size = value < 0, abs(value)
    text = f"{size.numerator}.0" if size.denominator == 1 else f"(/ {size.numerator}.0 {size.denominator}.0)"
    return f"(- {text})" if sign else text


def row(terms: Terms, constant: Fraction) -> str:
    parts = [f"(* {number(c)} v{i})" if c != 1 else f"v{i}" for i, c in terms]
    if constant or not parts:
        parts.append(number(constant))
    return parts[0] if len(parts) == 1 else f"(+ {' '.join(parts)})"


def condition_text(condition: Condition) -> str:
    kind = condition[0]
    if kind in ("all", "any"):
        name, empty = ("and", "true") if kind == "all" else ("or", "false")
        parts = [condition_text(part) for part in condition[1]]
        return f"({name} {' '.join(parts)})" if parts else empty
    _, terms, constant = condition
    return f"({kind} {row(terms, constant)} 0.0)"


def line_text(line: Line, name: str) -> str:
    slope, offset = line
    if not slope:
        return number(offset)
    product = name if slope == 1 else f"(* {number(slope)} {name})"
    return f"(+ {product} {number(offset)})" if offset else product


def statements(question: Question) -> Iterator[str]:
    """The question's relaxation in SMT-LIB: of neurons and products it has the intervals alone."""
    intervals, _, neurons, condition, crossings, _ = question
    for i, interval in enumerate(intervals):
        yield f"(declare-const v{i} Real)"
        yield from _within(f"v{i}", interval)
    for k, (z, _, _, _, pieces, _) in enumerate(neurons):
        yield from _defined(f"z{k}", z)
        yield from _within(f"z{k}", (pieces[0][1], pieces[-1][2]))
    yield from _crossings(crossings)
    yield f"(assert {condition_text(condition)})"


def _within(name: str, interval: Interval) -> Iterator[str]:
    for relation, end in zip((">=", "<="), interval, strict=True):
        if end is not None:
            yield f"(assert ({relation} {name} {number(end)}))"


def _defined(name: str, of: Row) -> Iterator[str]:
    """`name` as a variable that is a row, and what the row may be off by as `e_name`."""
    terms, constant, radius = of
    yield f"(declare-const {name} Real)"
    if radius:
        yield f"(declare-const e_{name} Real)"
        yield f"(assert (and (<= (- {number(radius)}) e_{name}) (<= e_{name} {number(radius)})))"
        yield f"(assert (= {name} (+ e_{name} {row(terms, constant)})))"
    else:
        yield f"(assert (= {name} {row(terms, constant)}))"


def clause(neuron: Neuron, k: int) -> str:
    """One of the neuron's cases holds."""
    options = []
    for relation, line, lower, upper in neuron[5]:
        parts = [f"({relation} v{neuron[1]} {line_text(line, f'z{k}')})"]
        if lower is not None:
            parts.append(f"(>= z{k} {number(lower)})")
        if upper is not None:
            parts.append(f"(<= z{k} {number(upper)})")
        options.append(parts[0] if len(parts) == 1 else f"(and {' '.join(parts)})")
    return f"(assert (or {' '.join(options)}))"


def meant(neuron: Neuron, z: Fraction) -> Fraction:
    """f(z)"""
    for (slope, offset), _, upper in neuron[4]:
        if upper is None or z <= upper:
            return slope * z + offset
    (slope, offset), _, _ = neuron[4][-1]
    return slope * z + offset


def _crossings(crossings: Crossings) -> Iterator[str]:
    switches, gates, products, at_kinks = crossings
    for j, z in enumerate(switches):
        yield from _defined(f"s{j}", z)
        yield f"(declare-const p{j} Bool)"
        if at_kinks:
            yield f"(assert (ite p{j} (>= s{j} 0.0) (<= s{j} 0.0)))"
    for k, (j, g, variable, ends) in enumerate(gates):
        yield from _defined(f"g{k}", g)
        yield from _within(f"g{k}", ends)
        yield from _chords(f"v{variable}", f"g{k}", ends)
        yield f"(assert (ite p{j} (= v{variable} g{k}) (= v{variable} 0.0)))"
        if not at_kinks:
            yield f"(assert (or (= g{k} 0.0) (ite p{j} (> s{j} 0.0) (< s{j} 0.0))))"
    for k, (x, y, _, of_x, of_y, same) in enumerate(products):
        factors = ((f"y{k}", y, of_y), (f"x{k}", x, of_x))
        for name, of, ends in factors[: 1 if same else 2]:
            yield from _defined(name, of)
            yield from _within(name, ends)


def _chords(name: str, g: str, ends: Interval) -> Iterator[str]:
    """The convex hull of a gate: between 0 and g, or, where g may be on both sides of 0 in [L, U], between
    `L(U − g)/(U − L)` and `U(g − L)/(U − L)`."""
    low, high = ends
    if low is not None and low >= 0:
        yield f"(assert (and (<= 0.0 {name}) (<= {name} {g})))"
    elif high is not None and high <= 0:
        yield f"(assert (and (<= {g} {name}) (<= {name} 0.0)))"
    elif low is not None and high is not None:
        for relation, end, other in (("<=", high, low), (">=", low, high)):
            slope = end / (end - other)
            yield f"(assert ({relation} {name} {line_text((slope, -slope * other), g)}))"


def product_text(product: Product, k: int, at: Fraction, value: Fraction) -> str:
    """Something that says what the product is where y is `at`, and excludes `value` there.

    Sound because x·y lies within its four planes on either side of `at` [McCormick 1976], which at a side's
    own ends leave x·y alone; a square is above its tangents.
    """
    _, _, variable, of_x, of_y, same = product
    x, y, v = f"y{k}" if same else f"x{k}", f"y{k}", f"v{variable}"
    if same and value < at * at:
        return f"(assert (>= {v} {line_text((2 * at, -at * at), y)}))"
    (c, d), (a, b) = of_y, of_x
    if a is None or b is None or c is None or d is None:
        return f"(assert (or (not (= {y} {number(at)})) (= {v} {line_text((at, Fraction(0)), x)})))"
    sides = []
    for relation, low, high in (("<=", c, at), (">=", at, d)):
        left, right = (low, high) if same else (a, b)
        planes = [
            f"({sign} {v} (+ (* {number(p)} {y}) (* {number(q)} {x}) {number(-p * q)}))"
            for sign, p, q in ((">=", left, low), (">=", right, high), ("<=", left, high), ("<=", right, low))
        ]
        sides.append(f"(and ({relation} {y} {number(at)}) {' '.join(planes)})")
    return f"(assert (or {' '.join(sides)}))"
