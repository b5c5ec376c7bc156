"""What of a counterexample can be drawn: points of a plane that have one image, and the images.

In: a goal, its witness, and the networks' runs.  Out: the plane of the points, with the outlines of the
regions that they are from, and the plane of the images; nothing where there are no such points.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations
from typing import Final

from spec_lang.engine.task import Run
from spec_lang.kernel.verdict import Witness
from spec_lang.obligations.model import Axis, Frame, Goal, Group
from spec_lang.reporters.model import Plane, Reading, Readings

Point = tuple[Fraction, Fraction]
HalfPlane = tuple[Fraction, Fraction, Fraction]  # a, b, c: where a·x + b·y + c <= 0

_FLAT: Final = 2  # elements of a point of a plane


def readings_of(axes: Sequence[Axis], values: Sequence[Fraction]) -> tuple[Reading, ...]:
    """The elements of a point, by name, in both spaces."""
    return tuple(
        Reading(axis.name, axis.unit, axis.scaling.to_problem(value), value)
        for axis, value in zip(axes, values, strict=True)
    )


def planes(runs: Sequence[Run], goal: Goal, witness: Witness) -> tuple[Plane, ...]:
    """The points' plane and the images' plane; none where no two points of a plane have one image."""
    frame = goal.frame
    groups = [*frame.variables, *_constants(runs, frame, witness)]
    if any(group.size != _FLAT for group in groups):
        return ()
    spots = tuple(_spot(group, frame.inputs, witness.point) for group in groups)
    images = _images(frame, witness)
    if not images or not _in_one_plane(spots) or len(set(map(_place, spots))) < _FLAT:
        return ()
    outlines = dict.fromkeys(_outline(goal, group) for group in frame.variables)
    return (Plane(spots, tuple(outline for outline in outlines if outline)), Plane(images))


def _constants(runs: Sequence[Run], frame: Frame, witness: Witness) -> Iterator[Group]:
    """The points that are written in the claim and that networks are applied to: inputs in no variable."""
    shown = {place for group in frame.variables for place in range(group.start, group.start + group.size)}
    for run in runs:
        if any(terms for terms, _ in run.point):
            continue
        values, size = tuple(constant for _, constant in run.point), len(run.point)
        label = next((group.name for group in frame.results if group.start == run.output), "")
        starts = (
            start
            for start in range(len(witness.point) - size + 1)
            if witness.point[start : start + size] == values and start not in shown
        )
        for start in starts:
            yield Group(label.partition("(")[2].removesuffix(")"), start, size)
            break


def _images(frame: Frame, witness: Witness) -> tuple[Readings, ...]:
    """What lies in the plane of two results that are the same, these two first."""
    names = [group.name for group in frame.results]
    single = [group for group in frame.results if names.count(group.name) == 1 and group.size == _FLAT]
    results = [_spot(group, frame.outputs, witness.outputs) for group in single]
    for first, second in combinations(results, 2):
        if _in_one_plane((first, second)) and _meet(first, second, witness.error):
            rest = (r for r in results if r not in (first, second) and _in_one_plane((first, r)))
            return (first, second, *rest)
    return ()


def _spot(group: Group, axes: Sequence[Axis], values: Sequence[Fraction]) -> Readings:
    end = group.start + group.size
    return Readings(group.name, readings_of(axes[group.start : end], values[group.start : end]))


def _place(spot: Readings) -> tuple[Fraction, ...]:
    return tuple(reading.problem for reading in spot.readings)


def _in_one_plane(spots: Sequence[Readings]) -> bool:
    return len({tuple((r.name, r.unit) for r in spot.readings) for spot in spots}) == 1


def _meet(first: Readings, second: Readings, error: Fraction) -> bool:
    """Whether the two are equal, for all that is known of them."""
    pairs = zip(first.readings, second.readings, strict=True)
    return all(abs(a.network - b.network) <= 2 * error for a, b in pairs)


def _outline(goal: Goal, group: Group) -> tuple[Point, ...]:
    """The corners of where the variable may be: the smallest box around it, cut by what is linear in it
    alone; in problem space.  None where the box has no end."""
    places = range(group.start, group.start + group.size)
    boxes = [box for obligation in goal.obligations for box in obligation.region.boxes]
    ends: list[tuple[Fraction, Fraction]] = []
    for place in places:
        lower = [end for box in boxes if (end := box.lower[place]) is not None]
        upper = [end for box in boxes if (end := box.upper[place]) is not None]
        if not boxes or len(lower) < len(boxes) or len(upper) < len(boxes):
            return ()
        ends.append((min(lower), max(upper)))
    (left, right), (bottom, top) = ends
    corners: list[Point] = [(left, bottom), (right, bottom), (right, top), (left, top)]
    for half in _cuts(goal, places):
        corners = _cut(corners, half)
    across, up = (axis.scaling for axis in goal.frame.inputs[group.start : group.start + group.size])
    return tuple((across.to_problem(x), up.to_problem(y)) for x, y in corners)


def _cuts(goal: Goal, places: range) -> list[HalfPlane]:
    """What every obligation says of these two inputs alone."""
    across, up = places
    said: list[set[HalfPlane]] = []
    for obligation in goal.obligations:
        atoms = obligation.region.constraints
        alone = ((dict(a.inputs), a.constant) for a in atoms if all(i in places for i, _ in a.inputs))
        said.append({(c.get(across, Fraction(0)), c.get(up, Fraction(0)), rest) for c, rest in alone})
    return sorted(set.intersection(*said))


def _cut(corners: Sequence[Point], half: HalfPlane) -> list[Point]:
    """The corners of what lies in the half plane, of a convex polygon."""
    a, b, constant = half
    found: list[Point] = []
    for (x0, y0), (x1, y1) in zip(corners, [*corners[1:], *corners[:1]], strict=True):
        first, second = a * x0 + b * y0 + constant, a * x1 + b * y1 + constant
        if first <= 0:
            found.append((x0, y0))
        if first * second < 0:
            share = first / (first - second)
            found.append((x0 + share * (x1 - x0), y0 + share * (y1 - y0)))
    return found
