"""The documents of tensor literals: vectors that fill their lines, and pictures that stay pictures.

In: a tensor literal, and the pen that writes its words.  Out: its document.

A literal that fits its line stands on one line, except a matrix of which each row began on a line of its
own: there the author drew a picture, and every row keeps its line.  A matrix that does not fit has a row a
line, too.  A vector of numbers that does not fit keeps its lines if all of them hold the same number of
elements, two or more; else it fills its lines.  Numbers stand in columns: in a matrix, and in vectors of
short numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby, pairwise
from typing import Final

from spec_lang.syntax import ast
from spec_lang.syntax.layout.documents import (
    HARD,
    LINE,
    SPACE,
    Doc,
    choice,
    concat,
    fill,
    nest,
    pad,
    separated,
)
from spec_lang.syntax.layout.pen import Pen
from spec_lang.syntax.layout.render import INDENT, WIDTH

# Columns as wide as their widest number waste little room up to here: grey values have three digits.
_NARROW: Final = 4

# A flat picture may be wider than the paper, as 28 pixels a line are, but not without limit.
_WIDEST: Final = 2 * WIDTH

_Elements = Callable[[Pen, ast.Expr], Doc]


def tensor_document(pen: Pen, literal: ast.TensorLiteral, element: _Elements) -> Doc:
    """The document of `literal`; `element` makes those of its elements."""
    if all(isinstance(part, ast.TensorLiteral) for part in literal.elements):
        return _rows(pen, literal, element)
    return _Vector(pen, literal, element).document()


class _Vector:
    """A literal of anything but literals, its words written and not yet laid out."""

    def __init__(self, pen: Pen, literal: ast.TensorLiteral, element: _Elements) -> None:
        self.literal = literal
        self._opening = pen.word("[")
        self.cells: list[Doc] = []
        self._commas: list[Doc] = []
        for part in literal.elements:
            self.cells.append(element(pen, part))
            if part is not literal.elements[-1]:
                self._commas.append(pen.sign(","))
        self._closing = pen.close("]")
        self.numeric = all(_is_number(part) for part in literal.elements)

    def document(self) -> Doc:
        items = self._items(self._narrow_columns())
        count = _even_lines(self.literal) if self.numeric else None
        if count is None or count * (1 + max(item.width for item in items)) > _WIDEST:
            inner = fill(items)
        else:
            starts = range(0, len(items), count)
            inner = concat(
                *separated([concat(*separated(items[i : i + count], SPACE)) for i in starts], HARD)
            )
        broken = concat(self._opening, nest(INDENT, HARD, inner), HARD, self._closing)
        return choice(self.on_one_line(None), broken)

    def on_one_line(self, widths: Sequence[int] | None) -> Doc:
        """The vector on one line, its cells as wide as `widths` says."""
        return concat(self._opening, *separated(self._items(widths), LINE), self._closing)

    def _items(self, widths: Sequence[int] | None) -> list[Doc]:
        cells = self.cells
        if widths is not None:
            wanted = zip(cells, widths, strict=True)
            cells = [
                concat(pad(width - cell.width), cell) if width > cell.width else cell
                for cell, width in wanted
            ]
        return [*map(concat, cells, self._commas), cells[-1]]

    def _narrow_columns(self) -> list[int] | None:
        widest = max(cell.width for cell in self.cells)
        return [widest] * len(self.cells) if self.numeric and widest <= _NARROW else None


def _rows(pen: Pen, literal: ast.TensorLiteral, element: _Elements) -> Doc:
    opening = pen.word("[")
    rows: list[_Vector | Doc] = []
    commas: list[Doc | None] = []
    for part in literal.elements:
        if isinstance(part, ast.TensorLiteral) and not _is_matrix(part) and not pen.pairs(part.span):
            rows.append(_Vector(pen, part, element))
        else:
            rows.append(element(pen, part))
        commas.append(pen.sign(",") if part is not literal.elements[-1] else None)
    closing = pen.close("]")
    plain = [row.document() if isinstance(row, _Vector) else row for row in rows]
    items = [concat(row, comma) for row, comma in zip(_in_columns(rows, plain), commas, strict=True)]
    broken = concat(opening, nest(INDENT, HARD, *separated(items, HARD)), HARD, closing)
    if len(rows) > 1 and _each_on_its_line(literal):
        return broken
    return choice(concat(opening, *separated(map(concat, plain, commas), SPACE), closing), broken)


def _in_columns(rows: Sequence[_Vector | Doc], plain: Sequence[Doc]) -> Sequence[Doc]:
    """The rows with their numbers in columns, if they are rows of a matrix of numbers."""
    vectors = [row for row in rows if isinstance(row, _Vector) and row.numeric]
    if len(vectors) < max(2, len(rows)) or len({len(vector.cells) for vector in vectors}) > 1:
        return plain
    widths = [max(cell.width for cell in column) for column in zip(*(v.cells for v in vectors), strict=True)]
    if max(widths) <= _NARROW:
        widths = [max(widths)] * len(widths)
    aligned = (vector.on_one_line(widths) for vector in vectors)
    return [choice(even, row) for even, row in zip(aligned, plain, strict=True)]


def _is_matrix(part: ast.Expr) -> bool:
    return isinstance(part, ast.TensorLiteral) and all(
        isinstance(row, ast.TensorLiteral) for row in part.elements
    )


def _is_number(part: ast.Expr) -> bool:
    while isinstance(part, ast.Negate):
        part = part.operand
    return isinstance(part, ast.Number) and part.unit is None


def _each_on_its_line(literal: ast.TensorLiteral) -> bool:
    parts = literal.elements
    return all(after.span.line > before.span.end_line for before, after in pairwise(parts))


def _even_lines(literal: ast.TensorLiteral) -> int | None:
    """How many elements each source line has, if all have the same number, two or more."""
    counts = {len(list(line)) for _, line in groupby(part.span.line for part in literal.elements)}
    count = counts.pop()
    return None if counts or count < 2 or count == len(literal.elements) else count
