"""Walking and rebuilding expressions: children, free names, substitution.

In: expressions.  Out: their parts, or new expressions of the same shape.  Binders are quantifiers, `let`
and set-builders; substitution never captures, because bound variables that clash are renamed first.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import assert_never

from spec_lang.syntax import ast
from spec_lang.syntax.parts import binding_parts, index_parts


def children(expr: ast.Expr) -> tuple[ast.Expr, ...]:
    """The direct parts of `expr`, left to right."""
    match expr:
        case ast.Number() | ast.String() | ast.Name():
            return ()
        case ast.Attribute(base=base):
            return (base,)
        case ast.Index(base=base, indices=indices):
            return (base, *(part for index in indices for part in index_parts(index)))
        case ast.Call(function=function, arguments=arguments):
            return (function, *(a.value for a in arguments))
        case ast.TensorLiteral(elements=elements):
            return elements
        case ast.Negate(operand=operand) | ast.Not(operand=operand):
            return (operand,)
        case ast.Sum(terms=pairs) | ast.Product(factors=pairs):
            return tuple(part for _, part in pairs)
        case ast.Compare(first=first, rest=rest):
            return (first, *(part for _, part in rest))
        case ast.And(operands=operands) | ast.Or(operands=operands):
            return operands
        case ast.Meet(operands=operands) | ast.Join(operands=operands):
            return operands
        case ast.Implies(premise=premise, conclusion=conclusion):
            return (premise, conclusion)
        case ast.Iff(left=left, right=right):
            return (left, right)
        case ast.Quantified(bindings=bindings, body=body):
            return (*(part for b in bindings for part in binding_parts(b)), body)
        case ast.Let(definitions=definitions, body=body):
            return (*(d.value for d in definitions), body)
        case ast.If(condition=condition, then=then, otherwise=otherwise):
            return (condition, then, otherwise)
        case ast.SetBuilder(condition=condition):
            return (condition,)
    assert_never(expr)


def rebuild(expr: ast.Expr, visit: Callable[[ast.Expr], ast.Expr]) -> ast.Expr:
    """`expr` with every direct part replaced by `visit(part)`; itself, when no part changes."""
    if isinstance(expr, ast.TensorLiteral) and all(isinstance(e, ast.Number) for e in expr.elements):
        return expr  # data: nothing to visit, and there may be much of it
    before = children(expr)
    after = tuple(map(visit, before))
    if all(map(operator.is_, before, after)):
        return expr
    return _with_children(expr, iter(after))


def _with_children(expr: ast.Expr, parts: Iterator[ast.Expr]) -> ast.Expr:
    """`expr` with other parts, in the order of `children`."""

    def take(_: object = None) -> ast.Expr:
        return next(parts)

    match expr:
        case ast.Number() | ast.String() | ast.Name():
            return expr
        case ast.Attribute():
            return replace(expr, base=take())
        case ast.Index():
            return replace(expr, base=take(), indices=tuple(_index(index, take) for index in expr.indices))
        case ast.Call():
            function = take()
            return replace(
                expr, function=function, arguments=tuple(replace(a, value=take()) for a in expr.arguments)
            )
        case ast.TensorLiteral():
            return replace(expr, elements=tuple(parts))
        case ast.Negate() | ast.Not():
            return replace(expr, operand=take())
        case ast.Sum():
            return replace(expr, terms=tuple((sign, take()) for sign, _ in expr.terms))
        case ast.Product():
            return replace(expr, factors=tuple((sign, take()) for sign, _ in expr.factors))
        case ast.Compare():
            return replace(expr, first=take(), rest=tuple((relation, take()) for relation, _ in expr.rest))
        case ast.And() | ast.Or() | ast.Meet() | ast.Join():
            return replace(expr, operands=tuple(parts))
        case ast.Implies():
            return replace(expr, premise=take(), conclusion=take())
        case ast.Iff():
            return replace(expr, left=take(), right=take())
        case ast.Quantified():
            bindings = tuple(_binding(binding, take) for binding in expr.bindings)
            return replace(expr, bindings=bindings, body=take())
        case ast.Let():
            definitions = tuple(replace(d, value=take()) for d in expr.definitions)
            return replace(expr, definitions=definitions, body=take())
        case ast.If():
            return replace(expr, condition=take(), then=take(), otherwise=take())
        case ast.SetBuilder():
            return replace(expr, condition=take())
    assert_never(expr)


def walk(expr: ast.Expr) -> Iterator[ast.Expr]:
    """`expr` and all of its parts, parents first, left to right; iterative, so that depth costs no stack."""
    stack = [expr]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(children(node)))


def bound_names(expr: ast.Expr) -> tuple[ast.Name, ...]:
    """The variables that `expr` itself binds."""
    match expr:
        case ast.Quantified():
            return tuple(b.variable for b in expr.bindings)
        case ast.Let():
            return tuple(d.name for d in expr.definitions)
        case ast.SetBuilder():
            return (expr.variable,)
        case _:
            return ()


def is_extremum(expr: ast.Expr) -> bool:
    """Whether `expr` is `argmax(…)`, `argmin(…)` or `argtop(…)`."""
    match expr:
        case ast.Call(function=ast.Name(text="argmax" | "argmin" | "argtop")):
            return True
        case _:
            return False


def mentions_gradient(expr: ast.Expr) -> bool:
    """Whether a `grad(…)` is written in `expr`."""
    names = (node.function for node in walk(expr) if isinstance(node, ast.Call))
    return any(isinstance(name, ast.Name) and name.text == "grad" for name in names)


def mentioned(expr: ast.Expr) -> frozenset[str]:
    """Every name in `expr`, free or bound."""
    found: set[str] = set()
    for node in walk(expr):
        if isinstance(node, ast.Name):
            found.add(node.text)
        found.update(name.text for name in bound_names(node))
    return frozenset(found)


def substitute(expr: ast.Expr, values: Mapping[str, ast.Expr]) -> ast.Expr:
    """`expr` with free names replaced; exact and free of capture.

    Bound variables of `expr` that a replacement mentions are renamed (`x` to `x_1`).
    """
    if not values:
        return expr
    clashes = frozenset().union(*map(mentioned, values.values()))
    return _Substitution(clashes).visit(expr, values)


class _Substitution:
    __slots__ = ("_clashes",)

    def __init__(self, clashes: frozenset[str]) -> None:
        self._clashes = clashes

    def visit(self, expr: ast.Expr, values: Mapping[str, ast.Expr]) -> ast.Expr:
        match expr:
            case ast.Name():
                return values.get(expr.text, expr)
            case ast.Quantified():
                bindings: list[ast.Binding] = []
                for binding in expr.bindings:  # a domain may speak of the variables before it
                    visited = _binding(binding, partial(self.visit, values=values))
                    variable, values = self._rename(binding.variable, expr, values)
                    bindings.append(replace(visited, variable=variable))
                return replace(expr, bindings=tuple(bindings), body=self.visit(expr.body, values))
            case ast.Let():
                definitions: list[ast.Definition] = []
                for definition in expr.definitions:
                    value = self.visit(definition.value, values)
                    name, values = self._rename(definition.name, expr, values)
                    definitions.append(replace(definition, name=name, value=value))
                return replace(expr, definitions=tuple(definitions), body=self.visit(expr.body, values))
            case ast.SetBuilder():
                variable, inner = self._rename(expr.variable, expr, values)
                return replace(expr, variable=variable, condition=self.visit(expr.condition, inner))
            case _:
                return rebuild(expr, partial(self.visit, values=values))

    def _rename(
        self, variable: ast.Name, scope: ast.Expr, values: Mapping[str, ast.Expr]
    ) -> tuple[ast.Name, Mapping[str, ast.Expr]]:
        inner = {name: value for name, value in values.items() if name != variable.text}
        if variable.text not in self._clashes:
            return variable, inner
        fresh = fresh_name(variable.text, self._clashes | mentioned(scope))
        renamed = replace(variable, text=fresh)
        inner[variable.text] = renamed
        return renamed, inner


def fresh_name(base: str, taken: frozenset[str]) -> str:
    """`base`, or `base_1`, `base_2`, … : the first that is not taken."""
    name, number = base, 0
    while name in taken:
        number += 1
        name = f"{base}_{number}"
    return name


def _index(index: ast.Expr | ast.Slice, visit: Callable[[ast.Expr], ast.Expr]) -> ast.Expr | ast.Slice:
    if not isinstance(index, ast.Slice):
        return visit(index)
    first = None if index.first is None else visit(index.first)
    last = None if index.last is None else visit(index.last)
    return replace(index, first=first, last=last)


def _binding(binding: ast.Binding, visit: Callable[[ast.Expr], ast.Expr]) -> ast.Binding:
    match binding.domain:
        case None:
            return binding
        case ast.IndexRange() as values:
            domain = replace(values, first=visit(values.first), last=visit(values.last))
            return replace(binding, domain=domain)
        case ast.IndexSet(elements=elements) as values:
            return replace(binding, domain=replace(values, elements=tuple(map(visit, elements))))
        case region:
            return replace(binding, domain=visit(region))
