"""Walking and rebuilding expressions: children, free names, substitution.

In: expressions.  Out: their parts, or new expressions of the same shape.  Binders are `forall` and
set-builders; substitution never captures, because bound variables that clash are renamed first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import assert_never

from spec_lang.syntax import ast


def children(expr: ast.Expr) -> tuple[ast.Expr, ...]:
    """The direct parts of `expr`, left to right."""
    match expr:
        case ast.Number() | ast.String() | ast.Name():
            return ()
        case ast.Attribute(base=base):
            return (base,)
        case ast.Index(base=base, indices=indices):
            return (base, *indices)
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
        case ast.And(operands=operands) | ast.Or(operands=operands) | ast.Meet(operands=operands):
            return operands
        case ast.Implies(premise=premise, conclusion=conclusion):
            return (premise, conclusion)
        case ast.Iff(left=left, right=right):
            return (left, right)
        case ast.Forall(bindings=bindings, body=body):
            return (*(b.domain for b in bindings), body)
        case ast.SetBuilder(condition=condition):
            return (condition,)
    assert_never(expr)


def rebuild(expr: ast.Expr, visit: Callable[[ast.Expr], ast.Expr]) -> ast.Expr:
    """`expr` with every direct part replaced by `visit(part)`."""
    match expr:
        case ast.Number() | ast.String() | ast.Name():
            return expr
        case ast.Attribute():
            return replace(expr, base=visit(expr.base))
        case ast.Index():
            return replace(expr, base=visit(expr.base), indices=tuple(map(visit, expr.indices)))
        case ast.Call():
            values = map(visit, (a.value for a in expr.arguments))
            arguments = tuple(map(_with_value, expr.arguments, values))
            return replace(expr, function=visit(expr.function), arguments=arguments)
        case ast.TensorLiteral():
            if all(isinstance(element, ast.Number) for element in expr.elements):
                return expr  # data: nothing to visit, and there may be much of it
            return replace(expr, elements=tuple(map(visit, expr.elements)))
        case ast.Negate() | ast.Not():
            return replace(expr, operand=visit(expr.operand))
        case ast.Sum():
            signs = (sign for sign, _ in expr.terms)
            return replace(expr, terms=tuple(zip(signs, map(visit, children(expr)), strict=True)))
        case ast.Product():
            signs = (sign for sign, _ in expr.factors)
            return replace(expr, factors=tuple(zip(signs, map(visit, children(expr)), strict=True)))
        case ast.Compare():
            relations = (relation for relation, _ in expr.rest)
            parts = tuple(map(visit, (part for _, part in expr.rest)))
            return replace(expr, first=visit(expr.first), rest=tuple(zip(relations, parts, strict=True)))
        case ast.And() | ast.Or() | ast.Meet():
            return replace(expr, operands=tuple(map(visit, expr.operands)))
        case ast.Implies():
            return replace(expr, premise=visit(expr.premise), conclusion=visit(expr.conclusion))
        case ast.Iff():
            return replace(expr, left=visit(expr.left), right=visit(expr.right))
        case ast.Forall():
            domains = map(visit, (b.domain for b in expr.bindings))
            bindings = tuple(map(_with_domain, expr.bindings, domains))
            return replace(expr, bindings=bindings, body=visit(expr.body))
        case ast.SetBuilder():
            return replace(expr, condition=visit(expr.condition))
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
        case ast.Forall():
            return tuple(b.variable for b in expr.bindings)
        case ast.SetBuilder():
            return (expr.variable,)
        case _:
            return ()


def is_extremum(expr: ast.Expr) -> bool:
    """Whether `expr` is `argmax(…)` or `argmin(…)`."""
    match expr:
        case ast.Call(function=ast.Name(text="argmax" | "argmin")):
            return True
        case _:
            return False


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
            case ast.Forall():
                renamed, inner = self._bind(expr, values)
                domains = tuple(self.visit(b.domain, values) for b in expr.bindings)
                bindings = tuple(map(_with_domain, renamed, domains))
                return replace(expr, bindings=bindings, body=self.visit(expr.body, inner))
            case ast.SetBuilder():
                variable, inner = self._rename(expr.variable, expr, values)
                return replace(expr, variable=variable, condition=self.visit(expr.condition, inner))
            case _:
                return rebuild(expr, partial(self.visit, values=values))

    def _bind(
        self, quantifier: ast.Forall, values: Mapping[str, ast.Expr]
    ) -> tuple[tuple[ast.Binding, ...], Mapping[str, ast.Expr]]:
        renamed: list[ast.Binding] = []
        for binding in quantifier.bindings:
            variable, values = self._rename(binding.variable, quantifier, values)
            renamed.append(replace(binding, variable=variable))
        return tuple(renamed), values

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


def _with_value(argument: ast.Argument, value: ast.Expr) -> ast.Argument:
    return replace(argument, value=value)


def _with_domain(binding: ast.Binding, domain: ast.Expr) -> ast.Binding:
    return replace(binding, domain=domain)
