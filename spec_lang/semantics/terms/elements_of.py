"""Elements and parts of tensors and of arrays of data: `x.rho`, `x[3]`, `x[1:4, 0]`.

In: a tensor or an array, and indices as written.  Out: what they select, exact; an index outside is reported.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from math import prod
from typing import TYPE_CHECKING

from spec_lang.semantics import codes
from spec_lang.semantics.formulas.clauses import clause_text
from spec_lang.semantics.terms.values import ArrayValue, Names, Tensor, offset_of
from spec_lang.semantics.wording import shape_text
from spec_lang.syntax import ast

if TYPE_CHECKING:
    from spec_lang.semantics.terms.expressions import Evaluator


def element_of(base: Tensor, position: int) -> Tensor:
    """One element, by its flat position."""
    units = None if base.units is None else (base.units[position],)
    return Tensor((), (base.elements[position],), units=units, written=base.written)


def part_of(evaluator: Evaluator, base: Tensor | ArrayValue, expr: ast.Index) -> Tensor | ArrayValue:
    """What the indices of `expr` select.  Raises `Rejected`."""
    shape = base.shape or (1,)  # a single number may be indexed like a vector of one
    if len(expr.indices) > len(shape):
        problem = f"`{clause_text(expr.base)}` has shape {shape_text(shape)}, not "
        problem += f"{len(expr.indices)} dimensions"
        raise evaluator.reject(codes.ELEMENT, problem, expr.span)
    selected = [
        _positions(evaluator, index, extent, shape, expr)
        for index, extent in zip(expr.indices, shape, strict=False)
    ]
    if isinstance(base, ArrayValue):
        if all(isinstance(chosen, int) for chosen in selected):
            for chosen in selected:
                base = base.row(chosen) if isinstance(chosen, int) else base
            return base
        base = evaluator.as_tensor(base, expr.span)
    return _selected(base, shape, selected)


def _selected(base: Tensor, shape: tuple[int, ...], selected: list[int | range]) -> Tensor:
    rest = shape[len(selected) :]
    size = prod(rest)
    ranges = [range(chosen, chosen + 1) if isinstance(chosen, int) else chosen for chosen in selected]
    starts = (offset_of(shape[: len(selected)], indices) * size for indices in product(*ranges))
    flat = [position for start in starts for position in range(start, start + size)]
    kept = tuple(len(chosen) for chosen in selected if isinstance(chosen, range))
    names = None
    if base.names is not None and len(kept) == 1:
        names = Names(tuple(base.names.names[position] for position in flat), base.names.owner)
    return replace(
        base,
        shape=(*kept, *rest),
        elements=tuple(base.elements[position] for position in flat),
        names=names,
        units=None if base.units is None else tuple(base.units[position] for position in flat),
        space=None,
    )


def _positions(
    evaluator: Evaluator, index: ast.Expr | ast.Slice, extent: int, shape: tuple[int, ...], expr: ast.Index
) -> int | range:
    if not isinstance(index, ast.Slice):
        position = evaluator.integer(index, "an index")
        if 0 <= position < extent:
            return position
        name = clause_text(expr.base)
        problem = f"`{name}` has no element {position}: its shape is {shape_text(shape)}"
        raise evaluator.reject(codes.ELEMENT, problem, index.span, f"indices run from 0 to {extent - 1}")
    first = 0 if index.first is None else evaluator.integer(index.first, "the start of a slice")
    last = extent if index.last is None else evaluator.integer(index.last, "the end of a slice")
    if 0 <= first < last <= extent:
        return range(first, last)
    name = clause_text(expr.base)
    problem = f"the slice {first}:{last} selects nothing of `{name}`, whose shape is {shape_text(shape)}"
    if 0 <= first < last:
        problem = f"the slice {first}:{last} ends outside of `{name}`, whose shape is {shape_text(shape)}"
    fix = f"a slice starts at 0 or later and ends at {extent} or before; its end is not included"
    raise evaluator.reject(codes.ELEMENT, problem, index.span, fix)
