"""One piecewise linear neuron over an interval, exactly: its possible pieces, its convex hull, its image.

In: a function and the interval of what enters it, open ends included.  Out: lines and intervals of
rationals, without any rounding.
"""

from __future__ import annotations

from fractions import Fraction

from spec_lang._values import dataclass
from spec_lang.network.primitives import PiecewiseLinear

End = Fraction | None  # None: unbounded on that side


@dataclass(frozen=True, slots=True)
class Line:
    """`slope·t + offset`"""

    slope: Fraction
    offset: Fraction

    def __call__(self, t: Fraction) -> Fraction:
        return self.slope * t + self.offset


@dataclass(frozen=True, slots=True)
class Piece:
    """The function is `line` for `lower <= t <= upper`."""

    line: Line
    lower: End
    upper: End


def pieces_of(function: PiecewiseLinear) -> tuple[Piece, ...]:
    """All pieces, left to right; neighbours share a knot, where they agree."""
    knots = [Fraction(knot) for knot in function.knots]
    slopes = [Fraction(slope) for slope in function.slopes]
    lines = [Line(slopes[0], Fraction(function.anchor) - slopes[0] * knots[0])]
    for knot, slope in zip(knots, slopes[1:], strict=True):
        lines.append(Line(slope, lines[-1](knot) - slope * knot))
    ends = [None, *knots, None]
    return tuple(Piece(line, ends[i], ends[i + 1]) for i, line in enumerate(lines))


def possible(pieces: tuple[Piece, ...], lower: End, upper: End) -> tuple[Piece, ...]:
    """The pieces that cover `lower <= t <= upper`, cut to it; at least one.

    A piece that touches the interval in its end alone is left out: its neighbour agrees with it there.
    """
    found = []
    for piece in pieces:
        low, high = _latest(piece.lower, lower), _earliest(piece.upper, upper)
        if low is None or high is None or low < high:
            found.append(Piece(piece.line, low, high))
    if found:
        return tuple(found)
    point = lower if lower is not None else Fraction(0)
    return tuple(
        Piece(p.line, point, point)
        for p in pieces
        if (p.lower is None or p.lower <= point) and (p.upper is None or point <= p.upper)
    )[:1]


def _latest(a: End, b: End) -> End:
    return a if b is None else b if a is None else max(a, b)


def _earliest(a: End, b: End) -> End:
    return a if b is None else b if a is None else min(a, b)


def image(pieces: tuple[Piece, ...]) -> tuple[End, End]:
    """The least and the greatest value on neighbouring pieces."""
    values = [p.line(end) for p in pieces for end in (p.lower, p.upper) if end is not None]
    first, last = pieces[0], pieces[-1]
    falls = (first.lower is None and first.line.slope > 0) or (last.upper is None and last.line.slope < 0)
    rises = (first.lower is None and first.line.slope < 0) or (last.upper is None and last.line.slope > 0)
    values += [p.line.offset for p in pieces if p.lower is None and p.upper is None]
    return None if falls else min(values), None if rises else max(values)


def hull(pieces: tuple[Piece, ...]) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
    """The facets of the graph's convex hull over neighbouring pieces: lines below, lines above.

    Sound because a line stays only if it is below (above) the function at every vertex and along both
    unbounded ends, hence everywhere, the function being linear in between.
    """
    vertices = [(p.lower, p.line(p.lower)) for p in pieces if p.lower is not None]
    end = pieces[-1].upper
    if end is not None:
        vertices.append((end, pieces[-1].line(end)))
    rays = [pieces[0].line.slope] if pieces[0].lower is None else []
    rays += [pieces[-1].line.slope] if end is None else []
    candidates = {p.line for p in pieces}
    for i, (t, value) in enumerate(vertices):
        for s, other in vertices[:i]:
            slope = (value - other) / (t - s)
            candidates.add(Line(slope, value - slope * t))
        for slope in rays:
            candidates.add(Line(slope, value - slope * t))
    below = tuple(line for line in candidates if _is_below(line, pieces, vertices, 1))
    above = tuple(line for line in candidates if _is_below(line, pieces, vertices, -1))
    return below, above


def _is_below(
    line: Line, pieces: tuple[Piece, ...], vertices: list[tuple[Fraction, Fraction]], sign: int
) -> bool:
    """Whether `sign·line <= sign·f` wherever the pieces reach."""
    if not vertices:
        return line == pieces[0].line
    first, last = pieces[0], pieces[-1]
    if first.lower is None and sign * (first.line.slope - line.slope) > 0:
        return False
    if last.upper is None and sign * (last.line.slope - line.slope) < 0:
        return False
    return all(sign * line(t) <= sign * value for t, value in vertices)
