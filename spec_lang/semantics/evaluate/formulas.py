"""Formulas at concrete points: connectives, comparisons, quantifiers over indices and given points.

In: a formula and the reader that knows its names.  Out: whether it holds.  Connectives are read from left to
right and stop as soon as the truth is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import assert_never

from spec_lang.diagnostics import InternalError
from spec_lang.semantics.evaluate.arrays import Array, compare
from spec_lang.semantics.evaluate.denotations import Applicable, Closure, Extremisers, Label, Reader
from spec_lang.semantics.evaluate.indices import index_values
from spec_lang.syntax import ast
from spec_lang.syntax.parts import binding_parts

EQUALITY = (ast.Comparison.EQ, ast.Comparison.NE)


Formula = ast.And | ast.Or | ast.Not | ast.Implies | ast.Iff | ast.Compare | ast.Quantified


def truth(expr: Formula, reader: Reader) -> bool:
    """Whether the formula `expr` holds."""
    match expr:
        case ast.And(operands=operands):
            return all(map(reader.holds, operands))
        case ast.Or(operands=operands):
            return any(map(reader.holds, operands))
        case ast.Not(operand=operand):
            return not reader.holds(operand)
        case ast.Implies(premise=premise, conclusion=conclusion):
            return not reader.holds(premise) or reader.holds(conclusion)
        case ast.Iff(left=left, right=right):
            return reader.holds(left) is reader.holds(right)
        case ast.Compare(first=first, rest=rest):
            operands = (first, *(operand for _, operand in rest))
            return all(
                _pair(a, relation, b, reader)
                for (a, b), (relation, _) in zip(pairwise(operands), rest, strict=True)
            )
        case ast.Quantified(quantifier=quantifier, bindings=bindings, body=body):
            cases = assignments(bindings, body, reader)
            if quantifier is ast.Quantifier.FORALL:
                return all(not inside or inner.holds(body) for inside, inner in cases)
            return any(inside and inner.holds(body) for inside, inner in cases)
    assert_never(expr)


# -- quantifiers -----------------------------------------------------------------------------------------


def assignments(
    bindings: Sequence[ast.Binding], body: ast.Expr, reader: Reader
) -> Iterator[tuple[bool, Reader]]:
    """Every way to give the variables values: whether all lie where they are to lie, and the scope with them.

    Each domain may speak of the variables before it.
    """
    if not bindings:
        yield True, reader
        return
    binding, rest = bindings[0], bindings[1:]
    name = binding.variable.text
    match binding.domain:
        case None | ast.IndexRange() | ast.IndexSet():
            for position in index_values(binding, rest, body, reader):
                yield from assignments(rest, body, reader.bind(name, position))
        case region:
            later = (part for other in rest for part in binding_parts(other))
            for value in reader.given(binding, *later, body):
                # Who gives a network of `perturbed(…)` vouches for it.
                inside = isinstance(value, Applicable) or reader.contains(region, value)
                for others, inner in assignments(rest, body, reader.bind(name, value)):
                    yield inside and others, inner


# -- comparisons -----------------------------------------------------------------------------------------


def _pair(a: ast.Expr, relation: ast.Comparison, b: ast.Expr, reader: Reader) -> bool:
    if relation is ast.Comparison.IN:
        if not is_set(b, reader):
            return reader.contains(b, reader.value(a))
        among = _extremisers(b, reader)
        return _position(a, among.names, reader) in among.positions
    if relation in EQUALITY and (is_set(a, reader) or is_set(b, reader)):
        return _positions(a, b, reader) is (relation is ast.Comparison.EQ)
    left, right = _side(a, b, reader), _side(b, a, reader)
    return compare(left, relation, right, reader.world.converted)


def is_set(expr: ast.Expr, reader: Reader) -> bool:
    """Whether `expr` is a set of positions."""
    match expr:
        case ast.Call(function=ast.Name(text="argmax" | "argmin" | "argtop")):
            return True
        case ast.If(then=branch):
            return is_set(branch, reader)
        case ast.Name(text=text):
            bound = reader.bound.get(text)
            return isinstance(bound, Closure) and is_set(bound.expr, bound.reader)
        case _:
            return False


def _positions(a: ast.Expr, b: ast.Expr, reader: Reader) -> bool:
    """Two sets are equal; a set and a label are when the label alone is in the set."""
    if is_set(a, reader) and is_set(b, reader):
        return _extremisers(a, reader).positions == _extremisers(b, reader).positions
    among, label = (a, b) if is_set(a, reader) else (b, a)
    found = _extremisers(among, reader)
    return found.positions == {_position(label, found.names, reader)}


def _extremisers(expr: ast.Expr, reader: Reader) -> Extremisers:
    found = reader.denote(expr)
    if not isinstance(found, Extremisers):
        raise InternalError("not a set of positions")
    return found


def _position(expr: ast.Expr, names: Sequence[str], reader: Reader) -> int:
    return reader.expecting(names).value(expr).position()


def _side(expr: ast.Expr, other: ast.Expr, reader: Reader) -> Array:
    """One side of a comparison; next to an index, a name is one of the labels that the index runs over."""
    found = reader.denote(expr)
    if isinstance(found, Array):
        return found
    if not isinstance(found, Label):
        return reader.value(expr)
    beside = reader.denote(other)
    return reader.expecting(beside.labels if isinstance(beside, Array) else ()).value(expr)
