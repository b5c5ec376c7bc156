"""The border of where a function on a grid is 0 or less, as closed lines.

In: rows of values.  Out: loops, each a list of places in columns and rows, straight parts by their ends
alone; what is inside is to the left of each.  The border crosses the edges of cells where linear
interpolation has it, and runs along the sides of the grid.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf
from typing import Final

Place = tuple[float, float]
Node = tuple[int, int]  # column and row
Edge = tuple[Node, Node]  # the lower one first

_STRAIGHT: Final = 0.02  # of a cell, from which on a corner is one


def loops(values: Sequence[Sequence[float]]) -> Iterator[list[Place]]:
    """Every loop once."""
    following, places = _segments(values)
    while following:
        start, edge = next(iter(following.items()))
        del following[start]
        found = [places[start]]
        while edge != start:
            found.append(places[edge])
            edge = following.pop(edge)
        yield _corners(found)


def _segments(values: Sequence[Sequence[float]]) -> tuple[dict[Edge, Edge], dict[Edge, Place]]:
    """For each edge that is crossed on the way out of what is inside, the next one on the way in.

    Around the grid nothing is inside, so that every loop closes.  Where the corners of a cell take turns,
    what is inside hangs together.
    """
    rows, columns = len(values), len(values[0])
    following: dict[Edge, Edge] = {}
    places: dict[Edge, Place] = {}

    def value(node: Node) -> float:
        x, y = node
        return values[y][x] if 0 <= x < columns and 0 <= y < rows else inf

    for y in range(-1, rows):
        for x in range(-1, columns):
            ring = [(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)]
            inside = [value(node) <= 0 for node in ring]
            if all(inside) or not any(inside):
                continue
            out: list[Edge] = []
            into: list[Edge] = []
            for k in range(4):
                here, there = ring[k], ring[(k + 1) % 4]
                if inside[k] != inside[(k + 1) % 4]:
                    edge = min(here, there), max(here, there)
                    (out if inside[k] else into).append(edge)
                    places[edge] = _crossing(here, there, value(here), value(there))
            if not inside[0]:  # then the way in comes first
                into = [*into[1:], *into[:1]]
            following.update(zip(out, into, strict=True))
    return following, places


def _crossing(here: Node, there: Node, first: float, second: float) -> Place:
    """Where the value is 0; at the inner end where there is none outside."""
    if first > 0:
        here, there, first, second = there, here, second, first
    share = 0.0 if second == inf else first / (first - second)
    return here[0] + share * (there[0] - here[0]), here[1] + share * (there[1] - here[1])


def _corners(loop: Sequence[Place]) -> list[Place]:
    """The places at which the line turns."""
    kept: list[Place] = []
    for k, place in enumerate(loop):
        before, after = kept[-1] if kept else loop[-1], loop[(k + 1) % len(loop)]
        (ax, ay), (bx, by), (cx, cy) = before, place, after
        length = ((cx - ax) ** 2 + (cy - ay) ** 2) ** 0.5
        aside = abs((bx - ax) * (cy - ay) - (by - ay) * (cx - ax))
        if aside > _STRAIGHT * length or length == 0:
            kept.append(place)
    return kept if len(kept) > 2 else list(loop)
