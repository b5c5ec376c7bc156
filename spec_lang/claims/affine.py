"""Local linearity: a network is affine over a region, exactly or but for a tolerance.

In: a network, a region, and for the second a tolerance and a point to linearise at.  Out: the core formula
that this stands for.  Exactly, it is the equation of midpoints: a continuous function on a convex region
that satisfies it is affine there.
"""

from __future__ import annotations

from typing import Final

from spec_lang.claims.base import ArgumentKind, ArgumentMismatch, Claim, Expansion, Parameter, Variant
from spec_lang.syntax import ast

_EXACT: Final = "forall x in on, y in on: f((x + y) / 2) == (f(x) + f(y)) / 2"
_NEAR: Final = "forall x in on, j: abs(f(x)[j] - f(at)[j] - dot(grad(f[j], at), x - at)) <= within"


def expand(call: Expansion) -> ast.Expr:
    """Exactly affine, or near the linearisation at `at`, which is the ball's centre if it is not given."""
    if "within" not in call.given:
        if "at" in call.given:
            problem = "`at` says where `affine` linearises, which only `within` needs"
            raise ArgumentMismatch(problem, "add `within: …` or leave `at` out", "at")
        return call.core(_EXACT)
    at = call.arguments.get("at") or _centre(call.arguments["on"])
    if at is None:
        problem = "`affine` with `within` needs the point to linearise at"
        raise ArgumentMismatch(problem, "add `at: …`, or write the region as a `ball`")
    return call.core(_NEAR, at=at)


def _centre(region: ast.Expr) -> ast.Expr | None:
    match region:
        case ast.Call(function=ast.Name(text="ball"), arguments=(first, *_)) if first.name is None:
            return first.value
        case ast.Call(function=ast.Name(text="ball"), arguments=arguments):
            named = (a.value for a in arguments if a.name is not None and a.name.text == "center")
            return next(named, None)
        case _:
            return None


CLAIM: Final = Claim(
    name="affine",
    summary="a network is affine over a convex region",
    formula=_EXACT,
    variants=(Variant("with `within`", _NEAR),),
    notes=(
        "A continuous function on a convex region whose value at every midpoint is the mean of the values at "
        "the ends is affine there; on a region that is not convex the formula says something else. "
        "At a kink `grad` is every one-sided gradient, and the tolerance must hold for each."
    ),
    parameters=(
        Parameter("f", ArgumentKind.NETWORK, "the network", positional=True),
        Parameter("on", ArgumentKind.REGION, "where it is affine, a convex region"),
        Parameter(
            "within",
            ArgumentKind.SCALAR,
            "how far each output may be from its linearisation",
            required=False,
            signed=False,
        ),
        Parameter(
            "at",
            ArgumentKind.POINT,
            "where it is linearised; without it, the centre of the ball that `on` is written as",
            required=False,
        ),
    ),
    expand=expand,
    example="""
network f = "f.onnx" { input a, b  output p, q }
param x0 = [0.5, 0.25]
claim locally_linear:        affine(f, on: ball(x0, 0.02, l2))
claim nearly_locally_linear: affine(f, on: ball(x0, 0.1, linf), within: 0.01)
""",
)
