"""Quantified indices: `forall j in 0..4`, `j in {1, 3}`, or a bare `j`, which runs over what it indexes.

In: a binding and what follows it.  Out: the index' values as numbers, to be put in its place.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Final

from spec_lang.diagnostics import Note, Span
from spec_lang.semantics import codes
from spec_lang.semantics.rejection import Rejected
from spec_lang.semantics.terms.values import ArrayValue, FamilyValue, Tensor
from spec_lang.semantics.traverse import walk
from spec_lang.syntax import ast

if TYPE_CHECKING:
    from spec_lang.semantics.formulas.translate import Translator

MAX_VALUES: Final = 100_000


def is_index(binding: ast.Binding) -> bool:
    """Whether `binding` binds an index, not a point."""
    return binding.domain is None or isinstance(binding.domain, ast.IndexRange | ast.IndexSet)


def index_values(binding: ast.Binding, rest: ast.Expr, translator: Translator) -> tuple[ast.Expr, ...]:
    """The values of the index, in order.  Raises `Rejected` for a range that is empty or unknown."""
    evaluator = translator.evaluator
    span = binding.variable.span
    match binding.domain:
        case ast.IndexRange(first=first, last=last, exclusive=exclusive, span=place):
            start = evaluator.integer(first, "the start of a range")
            end = evaluator.integer(last, "the end of a range")
            size = end - start if exclusive else end + 1 - start
            if size > MAX_VALUES:
                problem = f"this range has {size:,} values; the limit is {MAX_VALUES:,}"
                raise evaluator.reject(codes.INDEX_RANGE, problem, place)
            if size <= 0:
                dots = "..<" if exclusive else ".."
                raise evaluator.reject(codes.INDEX_RANGE, f"the range {start}{dots}{end} is empty", place)
            return tuple(_number(value, span) for value in range(start, start + size))
        case ast.IndexSet(elements=elements):
            return tuple(_number(evaluator.integer(e, "an element of a set"), span) for e in elements)
        case _:
            return tuple(_number(value, span) for value in _inferred(binding.variable, rest, translator))


def _number(value: int, span: Span) -> ast.Expr:
    return ast.Number(span, Fraction(value), str(value))


def _inferred(name: ast.Name, rest: ast.Expr, translator: Translator) -> tuple[int, ...]:
    found: dict[tuple[int, ...], Span] = {}
    for node in walk(rest):
        if not isinstance(node, ast.Index):
            continue
        places = [p for p, i in enumerate(node.indices) if isinstance(i, ast.Name) and i.text == name.text]
        if places:
            ranges = _ranges(node.base, translator)
            for place in places:
                if place < len(ranges):
                    found.setdefault(ranges[place], node.span)
    if len(found) == 1:
        return next(iter(found))
    evaluator = translator.evaluator
    fix = f"write it: `{name.text} in 0..4`"
    if not found:
        problem = f"nothing says what `{name.text}` ranges over"
        fix += f"; a point has a region: `{name.text} in f.domain`"
        raise evaluator.reject(codes.INDEX_UNDETERMINED, problem, name.span, fix)
    problem = f"`{name.text}` has no range, and indexes tensors of different extents"
    notes = tuple(Note(f"here it has {len(values)} values", span) for values, span in found.items())
    raise evaluator.reject(codes.INDEX_UNDETERMINED, problem, name.span, fix, notes)


def _ranges(base: ast.Expr, translator: Translator) -> tuple[tuple[int, ...], ...]:
    """What the indices of `base` range over, as far as it can be evaluated here."""
    try:
        value = translator.evaluator.silent().value(base)
    except Rejected:
        return ()  # it speaks of names that are bound further in; another use may tell
    match value:
        case Tensor(shape=shape) | ArrayValue(shape=shape):
            return tuple(tuple(range(extent)) for extent in shape)
        case FamilyValue(name=name):
            return translator.surroundings.family_values(name)
        case _:
            return ()
