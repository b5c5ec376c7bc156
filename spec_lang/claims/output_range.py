"""Output range: one output stays within limits over a region.

In: an output, a region, and limits.  Out: the core formula that this stands for.  Limits are closed, in
problem space.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from spec_lang.claims.base import ArgumentKind, ArgumentMismatch, Claim, Expansion, Parameter
from spec_lang.syntax import ast


def expand(call: Expansion) -> ast.Expr:
    """`forall x in on: lo <= f(x).output <= hi`, with the limits that are given."""
    span, given = call.span, call.arguments
    variable = ast.Name(span, call.fresh("x"))
    output = _applied(given["output"], variable)
    within = given.get("within")
    limits: list[ast.Expr] = []
    if isinstance(within, ast.TensorLiteral):
        lower, upper = within.elements
        chain = ((ast.Comparison.LE, output), (ast.Comparison.LE, upper))
        limits.append(ast.Compare(within.span, lower, chain))
    if "at_least" in given:
        limit = given["at_least"]
        limits.append(ast.Compare(limit.span, output, ((ast.Comparison.GE, limit),)))
    if "at_most" in given:
        limit = given["at_most"]
        limits.append(ast.Compare(limit.span, output, ((ast.Comparison.LE, limit),)))
    if not limits:
        raise ArgumentMismatch("`output_range` states no limit", "add `within: [lower, upper]`")
    body = limits[0] if len(limits) == 1 else ast.And(span, tuple(limits))
    return ast.Forall(span, (ast.Binding(span, variable, given["on"]),), body)


def _applied(output: ast.Expr, variable: ast.Name) -> ast.Expr:
    """`f.speed` to `f(x).speed`, `f[2]` to `f(x)[2]`."""
    if not isinstance(output, ast.Attribute | ast.Index):
        raise ArgumentMismatch("the output must be written as `f.speed` or `f[2]`")
    argument = ast.Argument(variable.span, None, variable)
    return replace(output, base=ast.Call(output.base.span, output.base, (argument,)))


CLAIM: Final = Claim(
    name="output_range",
    summary="an output stays within limits",
    formula="forall x in on: lower <= output(x) and output(x) <= upper",
    parameters=(
        Parameter("output", ArgumentKind.OUTPUT, "the output, as in `f.speed` or `f[2]`", positional=True),
        Parameter("on", ArgumentKind.REGION, "where the limits hold"),
        Parameter("within", ArgumentKind.INTERVAL, "both limits", required=False),
        Parameter("at_least", ArgumentKind.SCALAR, "the lower limit", required=False),
        Parameter("at_most", ArgumentKind.SCALAR, "the upper limit", required=False),
    ),
    expand=expand,
)
