"""Pairs of points that agree in some inputs: what several forms say of families of networks.

In: a form's call with inputs in `given`, and its formula.  Out: the formula with one more premise an input.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from spec_lang.claims.base import ArgumentKind, Expansion, Parameter
from spec_lang.syntax import ast

GIVEN: Final = Parameter(
    "given",
    ArgumentKind.COMPONENTS,
    "the inputs in which the two points agree, by name or number",
    required=False,
)
PREMISE: Final = "f(x) == f(y)"
SHOWN: Final = "x.i == y.i and "  # how a reader is told of the further premise


def with_given(call: Expansion, formula: str) -> ast.Expr:
    """`formula`, whose premise is `PREMISE`, for points that agree in the inputs of `given`."""
    agree, readers = agreement(call)
    return call.core(formula.replace(PREMISE, " and ".join((*agree, PREMISE))), **readers)


def agreement(call: Expansion) -> tuple[list[str], dict[str, Callable[[ast.Expr], ast.Expr]]]:
    """That x and y agree in each input of `given`, and what these formulas call to read it: by name where
    the network's inputs have names, else by number."""
    given = call.arguments.get(GIVEN.name)
    parts = given.elements if isinstance(given, ast.TensorLiteral) else ()
    names = call.inputs(call.arguments["f"])
    readers = {f"input_{n}": _reader(call, part, names) for n, part in enumerate(parts)}
    return [f"{name}(x) == {name}(y)" for name in readers], readers


def _reader(call: Expansion, part: ast.Expr, names: tuple[str, ...]) -> Callable[[ast.Expr], ast.Expr]:
    """`x.p`, or `flat(x)[2]`, as a function of x."""

    def at(point: ast.Expr) -> ast.Expr:
        if isinstance(part, ast.Name) and part.text in names:
            return ast.Attribute(call.span, point, ast.Name(call.span, part.text))
        argument = ast.Argument(call.span, None, point)
        flat = ast.Call(call.span, ast.Name(call.span, "flat"), (argument,))
        return ast.Index(call.span, flat, (part,))

    return at
