"""An obligation in the user's words: boxes and atoms by name, in problem space.

In: an obligation and the frame of its goal.  Out: lines; long lists are cut, and the rest is counted.  The
numbers are exact where they are short, and marked with `~` where they are rounded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import islice
from typing import Final

from spec_lang.obligations.model import All, Axis, Box, Condition, Frame, LinearAtom, Obligation, Terms
from spec_lang.reporters._numbers import shown

# More of a list than this is not read.
MANY: Final = 24


def obligation_lines(obligation: Obligation, frame: Frame) -> Iterator[str]:
    """The region, then the violation."""
    frame = frame.told_apart()
    boxes = obligation.region.boxes
    for number, box in enumerate(boxes[:MANY], start=1):
        yield "    region" + (f", box {number} of {len(boxes)}" if len(boxes) > 1 else "")
        yield from _cut(_box(frame, box), len(frame.inputs), "inputs")
    if len(boxes) > MANY:
        yield f"    … and {len(boxes) - MANY} more boxes"
    constraints = obligation.region.constraints
    yield from _cut(
        (f"      and {atom_text(c, frame)}" for c in constraints), len(constraints), "constraints"
    )
    yield "    violation"
    rows = list(_condition(obligation.violation, frame, 6))
    yield from _cut(rows, len(rows), "lines")


def atom_text(atom: LinearAtom, frame: Frame) -> str:
    """`atom` in problem space, negative terms on the other side; exact but for the printed digits."""
    terms = [*_in_problem_space(atom.inputs, frame.inputs), *_in_problem_space(atom.outputs, frame.outputs)]
    constant = atom.constant + sum((offset for _, _, offset in terms), Fraction(0))
    factor = abs(terms[0][0]) if len(terms) == 1 else Fraction(1)
    left = [_term(c / factor, name) for c, name, _ in terms if c > 0]
    right = [_term(-c / factor, name) for c, name, _ in terms if c < 0]
    limit = constant / factor
    if not left or (limit > 0 and right):
        left += [shown(limit)] if limit or not left else []
    elif limit or not right:
        right.append(shown(-limit))
    relation = "<" if atom.strict else "<="
    return f"{' + '.join(left)} {relation} {' + '.join(right) or '0'}"


def _in_problem_space(terms: Terms, axes: tuple[Axis, ...]) -> list[tuple[Fraction, str, Fraction]]:
    """Coefficient, name, and what the term adds to the constant: `c (X - offset) / factor`."""
    scaled = ((c / axes[i].scaling.factor, axes[i]) for i, c in terms)
    return [(c, axis.name, -c * axis.scaling.offset) for c, axis in scaled]


def _term(coefficient: Fraction, name: str) -> str:
    return name if coefficient == 1 else f"{shown(coefficient)} {name}"


def _box(frame: Frame, box: Box) -> Iterator[str]:
    width = max((len(axis.name) for axis in frame.inputs[:MANY]), default=0)
    for axis, lower, upper in zip(frame.inputs, box.lower, box.upper, strict=True):
        yield f"      {axis.name.ljust(width)} {_interval(axis, lower, upper)}"


def _interval(axis: Axis, lower: Fraction | None, upper: Fraction | None) -> str:
    """The side of a box in problem space, where a negative factor turns it round."""
    ends = [None if end is None else axis.scaling.to_problem(end) for end in (lower, upper)]
    low, high = ends if axis.scaling.factor > 0 else reversed(ends)
    unit = f" {axis.unit}" if axis.unit else ""
    left = "(-inf" if low is None else f"[{shown(low)}"
    right = "inf)" if high is None else f"{shown(high)}]"
    return f"in {left}, {right}{unit}"


def _condition(condition: Condition, frame: Frame, indent: int) -> Iterator[str]:
    blank = " " * indent
    if isinstance(condition, LinearAtom):
        yield (
            blank + atom_text(condition, frame) + (f"    not: {condition.source}" if condition.source else "")
        )
    elif len(condition.parts) == 1:
        yield from _condition(condition.parts[0], frame, indent)
    elif not condition.parts:
        yield blank + ("always" if isinstance(condition, All) else "never")
    else:
        yield blank + ("all of" if isinstance(condition, All) else "any of")
        for part in condition.parts:
            yield from _condition(part, frame, indent + 2)


def _cut(rows: Iterable[str], total: int, what: str) -> Iterator[str]:
    yield from islice(rows, MANY)
    if total > MANY:
        yield f"      … and {total - MANY} more {what}"
