"""Local robustness: no point near a given one gets another label.

In: a network, a point, its label and a radius.  Out: the core formula that this stands for.  The region is
the ball cut by `clip`, not by the network's domain.
"""

from __future__ import annotations

from typing import Final

from spec_lang.claims.base import ArgumentKind, Claim, Expansion, Parameter
from spec_lang.syntax import ast


def expand(call: Expansion) -> ast.Expr:
    """`forall x in ball(at, within, norm) & box(lo, hi): argmax(f(x)) == label`."""
    span, given = call.span, call.arguments
    ball = _call(call, "ball", given["at"], given["within"], given["norm"])
    region: ast.Expr = ball
    clip = given.get("clip")
    if isinstance(clip, ast.TensorLiteral):
        region = ast.Meet(span, (ball, _call(call, "box", *clip.elements)))
    variable = ast.Name(span, call.fresh("x"))
    applied = ast.Call(span, given["network"], (ast.Argument(span, None, variable),))
    decision = _call(call, "argmax", applied)
    body = ast.Compare(span, decision, ((ast.Comparison.EQ, given["label"]),))
    return ast.Forall(span, (ast.Binding(span, variable, region),), body)


def _call(call: Expansion, name: str, *arguments: ast.Expr) -> ast.Call:
    bound = tuple(ast.Argument(argument.span, None, argument) for argument in arguments)
    return ast.Call(call.span, ast.Name(call.span, name), bound)


CLAIM: Final = Claim(
    name="robust",
    summary="every point near the given one gets the same label, and it alone",
    formula="forall x in ball(at, within, norm) & box(lo, hi): argmax(network(x)) == label",
    parameters=(
        Parameter("network", ArgumentKind.NETWORK, "the classifier", positional=True),
        Parameter("at", ArgumentKind.POINT, "the centre of the ball, in problem space"),
        Parameter("label", ArgumentKind.LABEL, "the output that must be the greatest"),
        Parameter("within", ArgumentKind.SCALAR, "the radius of the ball"),
        Parameter("norm", ArgumentKind.NORM, "the norm of the ball", required=False, default="linf"),
        Parameter("clip", ArgumentKind.INTERVAL, "limits of every input, if there are any", required=False),
    ),
    expand=expand,
)
