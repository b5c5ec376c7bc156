"""An obligation on one box as a question for the solver: exact, over the fewest variables.

In: a graph, the violation, a box, and rigorous ranges of what enters the neurons, where there are any.
Out: a `Question`.  It has a solution exactly where the box has a counterexample; with rounding errors (of
float32 semantics) it has one wherever the box has a counterexample for some such errors; with gates, wherever
it has one for some choice at the kinks, or, without kinks, where no choice matters.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from math import ceil, frexp, isfinite, ldexp
from typing import Final, assert_never

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.backends._lp.entries import columns_read, entries
from spec_lang.backends.smt import statements
from spec_lang.backends.smt.crossings import Collected, stepped
from spec_lang.backends.smt.forms import Check, Form, Indices, Scattered, Weights, along, total, variables
from spec_lang.backends.smt.pieces import End, Line, Piece, hull, image, pieces_of, possible
from spec_lang.bounding.program import F64
from spec_lang.diagnostics import InternalError
from spec_lang.network.graph import Node
from spec_lang.network.primitives import RELU, Affine, Binary, Dense, LinearMap, PiecewiseLinear, Smooth
from spec_lang.obligations.model import All, Any, Condition, LinearAtom, Obligation, atoms

Mask = NDArray[np.bool_]
Interval = tuple[End, End]

# Bits that are kept of a neuron's bounds, rounded outward: short numbers make the solver fast.
BOUND_BITS: Final = 16

_NOTHING_PASSES: Final = Line(Fraction(0), Fraction(0))
_ALL_PASSES: Final = Line(Fraction(1), Fraction(0))
_ZERO: Final[statements.Row] = ((), Fraction(0), Fraction(0))

_Parts = tuple[
    tuple[statements.Interval, ...], int, tuple[statements.Neuron, ...], statements.Condition, Collected
]


@dataclass(frozen=True, slots=True, eq=False)
class Knowledge:
    """What is rigorously known on a box, by value of the graph: `lower <= value <= upper` of what enters
    neurons, and how far a node's float32 results may be off."""

    ranges: Mapping[int, tuple[F64, F64]]
    errors: Mapping[int, F64]


NOTHING: Final = Knowledge({}, {})


class Encoder:
    """One obligation, asked about box by box; `check` raises where the time for a question is up."""

    def __init__(self, obligation: Obligation, check: Check = lambda: None) -> None:
        self.check = check
        self.graph = obligation.graph
        self.condition: Condition = All((*obligation.region.constraints, obligation.violation))
        primitives = [node.primitive for node in self.graph.nodes]
        self.pieces = [pieces_of(p) if isinstance(p, PiecewiseLinear) else () for p in primitives]
        self.stepped = stepped(self.graph)

    def question(
        self, box: Sequence[Interval], known: Knowledge, seconds: float | None, *, at_kinks: bool = True
    ) -> statements.Question:
        """The question whether `box` has a counterexample: for some choice at the kinks, or elsewhere."""
        intervals, inputs, neurons, condition, found = _Encoding(self, list(box), known).parts()
        return intervals, inputs, neurons, condition, found.all(at_kinks=at_kinks), seconds


class _Encoding:
    """One walk over the graph.  `kept` says of every value which elements have rows: dead ones, and those on
    which nothing depends, have none."""

    def __init__(self, encoder: Encoder, box: list[Interval], known: Knowledge) -> None:
        self.encoder, self.graph, self.known = encoder, encoder.graph, known
        self.inputs = len(box)
        self.intervals = box  # of every variable; neurons append theirs
        self.neurons: list[statements.Neuron] = []
        self.crossings = Collected()
        # Value and element of every flat output.
        self.places = [(v, e) for v in self.graph.outputs for e in range(self.graph.value(v).size)]
        self.kept = [np.flatnonzero(mask) for mask in self._needed()]
        self.forms: list[Form] = []

    def parts(self) -> _Parts:
        first = 0
        for number, spec in enumerate(self.graph.inputs):
            self.forms.append(variables(first + self.kept[number]))
            first += spec.size
        for place, node in enumerate(self.graph.nodes):
            kept = self.kept[len(self.forms)]
            match node.primitive:
                case Affine():
                    self.forms.append(self._affine(node, node.primitive, kept))
                case PiecewiseLinear():
                    self.forms.append(self._piecewise(node, self.encoder.pieces[place], kept))
                case Binary.GATE:
                    self.forms.append(self._gate(node.operands, kept))
                case Binary.PRODUCT | Smooth.SQUARE:
                    self.forms.append(self._product(node.operands, kept))
                case Smooth():
                    raise InternalError(f"{node.tensor.name}: a smooth function is not encoded")
                case _ as unreachable:
                    assert_never(unreachable)
        condition = self._condition(self.encoder.condition)
        return tuple(self.intervals), self.inputs, tuple(self.neurons), condition, self.crossings

    # -- which elements matter -------------------------------------------------------------------

    def _needed(self) -> list[Mask]:
        graph = self.graph
        needed: list[Mask] = [np.zeros(spec.size, dtype=np.bool_) for spec in graph.inputs]
        needed += [np.zeros(node.size, dtype=np.bool_) for node in graph.nodes]
        for atom in atoms(self.encoder.condition):
            for output, _ in atom.outputs:
                value, element = self.places[output]
                needed[value][element] = True
        for value in range(len(needed) - 1, len(graph.inputs) - 1, -1):
            node, mine = graph.nodes[value - len(graph.inputs)], needed[value]
            if isinstance(node.primitive, Affine):
                for operand, linear in zip(node.operands, node.primitive.maps, strict=True):
                    needed[operand] |= columns_read(linear, mine)
            else:
                mine &= ~self._dead(node)
                for operand in node.operands:
                    needed[operand] |= mine
        return needed

    def _dead(self, node: Node) -> Mask:
        """Elements of a ReLU's value, or of a gate's, that are 0 whatever enters them."""
        if node.operands[0] not in self.known.ranges or node.primitive not in (RELU, Binary.GATE):
            return np.zeros(node.size, dtype=np.bool_)
        upper = self.known.ranges[node.operands[0]][1]
        dead: Mask = upper <= 0 if node.primitive == RELU else upper < 0
        return dead

    def _rows(self, value: int, wanted: Indices) -> Form:
        """The rows of some elements of a value; 0 for those that are dead."""
        kept = self.kept[value]
        return self.forms[value].take(np.searchsorted(kept, wanted), np.isin(wanted, kept))

    # -- nodes -----------------------------------------------------------------------------------

    def _affine(self, node: Node, affine: Affine, kept: Indices) -> Form:
        parts = [
            (self._weights(linear, kept, self.kept[operand]), self.forms[operand])
            for operand, linear in zip(node.operands, affine.maps, strict=True)
        ]
        error = self.known.errors.get(len(self.forms))
        return total(parts, affine.bias[kept], None if error is None else error[kept], self.encoder.check)

    def _weights(self, linear: LinearMap, rows: Indices, columns: Indices) -> Weights:
        """The rows of a map over those elements of its operand that are not dead."""
        if isinstance(linear, Dense):
            return linear.weight[np.ix_(rows, columns)]
        self.encoder.check()
        row, column, value = entries(linear, rows)
        place = np.searchsorted(columns, column)
        alive = np.append(columns, -1)[place] == column
        return Scattered(len(rows), row[alive], place[alive], value[alive])

    def _piecewise(self, node: Node, pieces: tuple[Piece, ...], kept: Indices) -> Form:
        """Neurons with one possible piece are that line; every other one is a variable of its own."""
        form = self._rows(node.operands[0], kept)
        lines, undecided = [Line(Fraction(0), Fraction(0))] * len(kept), []
        for row, element in enumerate(kept):
            choice = possible(pieces, *self._range(node.operands[0], int(element), form, row))
            if len(choice) == 1:
                lines[row] = choice[0].line
            else:
                undecided.append((row, len(self.intervals)))
                self._add_neuron(form.row(row), choice)
        return along(form, lines, undecided)

    def _gate(self, operands: tuple[int, ...], kept: Indices) -> Form:
        """Gates that surely let g pass are g, those that surely do not are 0, others variables."""
        z, g = operands
        of_z, of_g = self._rows(z, kept), self._rows(g, kept)
        lines, undecided = [_NOTHING_PASSES] * len(kept), []
        for row, element in enumerate(map(int, kept)):
            low, high = self._range(z, element, of_z, row)
            passing = of_g.row(row)
            if passing == _ZERO or (high is not None and high < 0):
                continue
            if low is not None and low > 0:
                lines[row] = _ALL_PASSES
                continue
            number = len(self.intervals)
            undecided.append((row, number))
            ends = self._range(g, element, of_g, row)
            own = self.crossings.add_gate((z, element), of_z.row(row), passing, number, ends)
            self.intervals.append(own)
        return along(of_g, lines, undecided)

    def _product(self, operands: tuple[int, ...], kept: Indices) -> Form:
        """Squares, too.  What is multiplied by a constant is a line, all else a variable."""
        x, y = sorted((operands[0], operands[-1]), key=lambda operand: self.encoder.stepped[operand])
        of_x, of_y = self._rows(x, kept), self._rows(y, kept)
        lines, undecided = [_NOTHING_PASSES] * len(kept), []
        for row, element in enumerate(map(int, kept)):
            rows = of_x.row(row), of_y.row(row)
            if not rows[1][0]:
                lines[row] = Line(rows[1][1], Fraction(0))
                continue
            number = len(self.intervals)
            undecided.append((row, number))
            ends = [
                self._range(x, element, of_x, row),
                self._range(y, element, of_y, row),
            ]
            self.intervals.append(self.crossings.add_product(rows, number, *ends[x == y :]))
        return along(of_x, lines, undecided)

    def _range(self, value: int, element: int, form: Form, row: int) -> Interval:
        """Where an element of `value` lies, with short ends: rounded outward, but never across 0."""
        if value in self.known.ranges:
            lower, upper = self.known.ranges[value]
            return _short(-float(lower[element]), -1), _short(float(upper[element]), 1)
        terms, constant, radius = form.row(row)
        ends: list[End] = [constant - radius, constant + radius]
        for variable, coefficient in terms:
            interval = self.intervals[variable]
            for side in (0, 1):
                end, bound = ends[side], interval[side if coefficient > 0 else 1 - side]
                ends[side] = None if end is None or bound is None else end + coefficient * bound
        return ends[0], ends[1]

    def _add_neuron(self, row: statements.Row, pieces: tuple[Piece, ...]) -> None:
        below, above = ([(line.slope, line.offset) for line in lines] for lines in hull(pieces))
        cases = tuple(_cases(pieces))
        whole = tuple(((p.line.slope, p.line.offset), p.lower, p.upper) for p in pieces)
        self.neurons.append((row, len(self.intervals), tuple(below), tuple(above), whole, cases))
        self.intervals.append(image(pieces))

    # -- the violation ---------------------------------------------------------------------------

    def _condition(self, condition: Condition) -> statements.Condition:
        match condition:
            case LinearAtom():
                return self._atom(condition)
            case All(parts):
                return "all", tuple(map(self._condition, parts))
            case Any(parts):
                return "any", tuple(map(self._condition, parts))
            case _ as unreachable:
                assert_never(unreachable)

    def _atom(self, atom: LinearAtom) -> statements.Condition:
        coefficients: defaultdict[int, Fraction] = defaultdict(Fraction, atom.inputs)
        constant = atom.constant
        for output, factor in atom.outputs:
            value, element = self.places[output]
            terms, offset, radius = self._rows(value, np.array([element])).row(0)
            constant += factor * offset - abs(factor) * radius
            for variable, coefficient in terms:
                coefficients[variable] += factor * coefficient
        present = tuple((variable, c) for variable, c in sorted(coefficients.items()) if c)
        return ("<" if atom.strict else "<="), present, constant


def _cases(pieces: tuple[Piece, ...]) -> Iterator[statements.Case]:
    """What may hold of a and z, besides the hull: on a convex (concave) function that a is at most (at
    least) one of its lines suffices, for the hull has it on the other side of all of them."""
    slopes = [piece.line.slope for piece in pieces]
    for number, piece in enumerate(pieces):
        line = piece.line.slope, piece.line.offset
        if slopes == sorted(slopes):
            yield "<=", line, None, None
        elif slopes == sorted(slopes, reverse=True):
            yield ">=", line, None, None
        else:
            first, last = number == 0, number == len(pieces) - 1
            yield "=", line, None if first else piece.lower, None if last else piece.upper


def _short(end: float, sign: int) -> End:
    """`sign·end` with few bits, `end` rounded up; None where it is no bound."""
    if not isfinite(end):
        return None
    mantissa, exponent = frexp(end)
    return sign * Fraction(ldexp(ceil(ldexp(mantissa, BOUND_BITS)), exponent - BOUND_BITS))
