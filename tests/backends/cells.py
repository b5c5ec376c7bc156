"""The parts of a polyhedron on which a graph is affine, with its affine forms, in integers.

In: a graph of affine and piecewise linear nodes, and a polyhedron.  Out: cells that cover it.  Every value is
an integer form divided by a power of two that depends on the graph alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from spec_lang.network.graph import Graph
from spec_lang.network.primitives import Affine, LinearMap, PiecewiseLinear, numbers_of
from tests.backends.polyhedra import Polyhedron, Row
from tests.maps import rows_of

Forms = list[Row]


@dataclass(frozen=True, slots=True)
class Cell:
    """A part on which the network is affine, with the integer forms of its outputs."""

    where: Polyhedron
    outputs: tuple[Row, ...]


class Cells:
    """A graph in integers: value number v is a form divided by 2^exponents[v]."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._exponents = [0] * len(graph.inputs)
        self._affine: list[_Affine | None] = []
        for node in graph.nodes:
            inner = [self._exponents[operand] for operand in node.operands]
            if isinstance(node.primitive, PiecewiseLinear):
                lines = _lines(node.primitive)
                slopes, constants = _exponent(s for s, _ in lines), _exponent(c for _, c in lines)
                self._exponents.append(max(inner[0] + slopes, constants))
                self._affine.append(None)
            else:
                assert isinstance(node.primitive, Affine), "smooth functions have no pieces"
                steps = _Affine(node.primitive, inner, graph.input_size)
                self._exponents.append(steps.exponent)
                self._affine.append(steps)

    @property
    def output_exponents(self) -> tuple[int, ...]:
        """One for every flat output."""
        outputs = self._graph.outputs
        return tuple(self._exponents[o] for o in outputs for _ in range(self._graph.value(o).size))

    def of(self, where: Polyhedron) -> Iterator[Cell]:
        """Cells that cover `where`."""
        size = self._graph.input_size
        rows: Forms = [tuple(int(j == i + 1) for j in range(size + 1)) for i in range(size)]
        values: list[Forms] = []
        for spec in self._graph.inputs:
            values.append(rows[: spec.size])
            rows = rows[spec.size :]
        yield from self._walk(0, where, values)

    def _walk(self, number: int, where: Polyhedron, values: list[Forms]) -> Iterator[Cell]:
        """The cells of `where`, on which the nodes before `number` have these forms."""
        while number < len(self._graph.nodes):
            node, affine = self._graph.nodes[number], self._affine[number]
            if affine is None:
                assert isinstance(node.primitive, PiecewiseLinear)
                operand = node.operands[0]
                exponents = self._exponents[operand], self._exponents[len(self._graph.inputs) + number]
                bend = _Bend(node.primitive, *exponents)
                for part, forms in bend.cases(where, values[operand], []):
                    yield from self._walk(number + 1, part, [*values, forms])
                return
            values = [*values, affine([values[operand] for operand in node.operands])]
            number += 1
        yield Cell(where, tuple(form for output in self._graph.outputs for form in values[output]))


class _Affine:
    """An affine node in integers."""

    def __init__(self, affine: Affine, inner: list[int], size: int) -> None:
        products = [e + _exponent(_weights(linear)) for linear, e in zip(affine.maps, inner, strict=True)]
        self.exponent = max(*products, _exponent(map(_fraction, affine.bias)))
        self._bias = [(_times(_fraction(b), self.exponent), *([0] * size)) for b in affine.bias]
        self._terms: list[list[tuple[int, int, int]]] = [[] for _ in affine.bias]  # operand, element, factor
        for operand, linear in enumerate(affine.maps):
            shift = self.exponent - inner[operand]
            for terms, row in zip(self._terms, rows_of(linear), strict=True):
                terms += [(operand, i, _times(_fraction(w), shift)) for i, w in row.items() if w]

    def __call__(self, operands: list[Forms]) -> Forms:
        result = []
        for bias, terms in zip(self._bias, self._terms, strict=True):
            total = list(bias)
            for operand, element, factor in terms:
                total = [t + factor * c for t, c in zip(total, operands[operand][element], strict=True)]
            result.append(tuple(total))
        return result


class _Bend:
    """A piecewise linear function of forms divided by 2^inner, whose values are divided by 2^outer."""

    def __init__(self, function: PiecewiseLinear, inner: int, outer: int) -> None:
        self._knots = [
            (_exponent([k]), _times(k, inner + _exponent([k]))) for k in map(Fraction, function.knots)
        ]
        lines = _lines(function)
        self._lines = [(_times(slope, outer - inner), _times(constant, outer)) for slope, constant in lines]

    def cases(self, where: Polyhedron, forms: Forms, done: Forms) -> Iterator[tuple[Polyhedron, Forms]]:
        """Every way in which the elements fall on pieces, with their values' forms there."""
        if len(done) == len(forms):
            yield where, done
            return
        form = forms[len(done)]
        for piece, part in self._parts(where, form):
            factor, constant = self._lines[piece]
            moved = [factor * c for c in form]
            moved[0] += constant
            yield from self.cases(part, forms, [*done, tuple(moved)])

    def _parts(self, where: Polyhedron, form: Row) -> list[tuple[int, Polyhedron]]:
        """The pieces that `form` meets in more than their ends, or the first one that it touches."""
        found: list[tuple[int, Polyhedron]] = []
        touched: list[tuple[int, Polyhedron]] = []
        for piece in range(len(self._lines)):
            part, inside = where, True
            for knot, sign in ((piece - 1, -1), (piece, 1)):
                if not 0 <= knot < len(self._knots) or part.empty:
                    continue
                row = self._against(form, knot, sign)
                values = part.values(row)
                inside = inside and any(value < 0 for value in values)
                part = part.cut(row, values)
            if not part.empty:
                (found if inside else touched).append((piece, part))
        return found or touched[:1]

    def _against(self, form: Row, knot: int, sign: int) -> Row:
        """A row that is <= 0 where `sign · (value − knot) <= 0`."""
        extra, level = self._knots[knot]
        row = [sign * c << extra for c in form]
        row[0] -= sign * level
        return tuple(row)


def _lines(function: PiecewiseLinear) -> list[tuple[Fraction, Fraction]]:
    """Slope and value at 0 of every piece."""
    knots, slopes = list(map(Fraction, function.knots)), list(map(Fraction, function.slopes))
    lines = [(slopes[0], Fraction(function.anchor) - slopes[0] * knots[0])]
    for knot, slope in zip(knots, slopes[1:], strict=True):
        before, constant = lines[-1]
        lines.append((slope, constant + (before - slope) * knot))
    return lines


def _weights(linear: LinearMap) -> Iterator[Fraction]:
    return (_fraction(number) for number in map(float, numbers_of(linear).ravel()))


def _fraction(number: float) -> Fraction:
    return Fraction(float(number))


def _exponent(numbers: Iterable[Fraction]) -> int:
    """The smallest k for which 2^k times each of them, all dyadic, is an integer."""
    return max((int(number.denominator).bit_length() - 1 for number in numbers), default=0)


def _times(number: Fraction, exponent: int) -> int:
    """`number · 2^exponent`, which is an integer."""
    scaled = number * 2**exponent
    assert scaled.denominator == 1
    return int(scaled)
