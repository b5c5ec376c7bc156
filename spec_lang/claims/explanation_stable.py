"""Stable explanation: the gradient of an output stays near what it is at a point.

In: an output, a point, a tolerance, and what may change: the point, within a region, or the weights, by a
share of each.  Out: the core formula that this stands for.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from spec_lang.claims.base import ArgumentKind, ArgumentMismatch, Claim, Expansion, Parameter, Variant
from spec_lang.syntax import ast

_INPUTS: Final = "forall x in on: norm(grad(output, x) - grad(output, at), norm) <= within"
_WEIGHTS: Final = "forall g in perturbed(f, weights): norm(grad({}, at) - grad(output, at), norm) <= within"


def expand(call: Expansion) -> ast.Expr:
    """Over a region of inputs, or over the networks near this one."""
    if ("on" in call.given) == ("weights" in call.given):
        said = "both" if "on" in call.given else "neither"
        problem = f"`explanation_stable` needs `on` or `weights`, and is given {said}"
        raise ArgumentMismatch(
            problem, "write `on: …` for changed inputs, `weights: 1 %` for changed weights"
        )
    if "on" in call.given:
        return call.core(_INPUTS)
    output = call.arguments["output"]
    if not isinstance(output, ast.Attribute | ast.Index):
        raise ArgumentMismatch("the output must be written as `f.speed` or `f[2]`", at="output")

    def output_of(network: ast.Expr) -> ast.Expr:
        return replace(output, base=network)

    return call.core(_WEIGHTS.format("output_of(g)"), f=output.base, output_of=output_of)


CLAIM: Final = Claim(
    name="explanation_stable",
    summary="the gradient of an output stays near what it is at a point",
    formula=_INPUTS,
    variants=(
        Variant("with `weights`, for an output `f.c` of f", _WEIGHTS.format("g.c").replace("output", "f.c")),
    ),
    notes=(
        "At a kink `grad` is every one-sided gradient: the claim must hold for each. "
        "`perturbed(f, 1 %)` are the networks whose every weight and bias is within 1 % of that of f."
    ),
    parameters=(
        Parameter("output", ArgumentKind.OUTPUT, "the output that is explained", positional=True),
        Parameter("at", ArgumentKind.POINT, "the point that is explained"),
        Parameter(
            "on", ArgumentKind.REGION, "the inputs that must have nearly the same gradient", required=False
        ),
        Parameter(
            "weights",
            ArgumentKind.SHARE,
            "how far each weight may change, as a share of it, at the point itself",
            required=False,
            signed=False,
        ),
        Parameter("within", ArgumentKind.SCALAR, "the greatest distance of two gradients", signed=False),
        Parameter("norm", ArgumentKind.NORM, "how that distance is measured", default="l2"),
    ),
    expand=expand,
    example="""
network loan = "loan.onnx" { input income, debt  output approve, deny }
param applicant = [0.5, 0.25]
claim stable_explanation:
    explanation_stable(loan.approve, at: applicant, on: ball(applicant, 0.02, linf), within: 0.1)
claim stable_under_drift: explanation_stable(loan.approve, at: applicant, weights: 1 %, within: 0.1)
""",
)
