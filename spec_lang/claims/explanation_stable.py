"""Stable explanation: the gradient of an output stays near what it is at a point, or away from a target.

In: an output, a point or a target, a distance or a cosine, and what may change: the point, within a region,
or the weights, by a share of each.  Out: the core formula that this stands for.
"""

from __future__ import annotations

from typing import Final

from spec_lang.claims._explained import BY, NOTES, OF, ON, OUTPUT, VARIANTS, WEIGHTS, shown, written
from spec_lang.claims.base import ArgumentKind, ArgumentMismatch, Claim, Expansion, Parameter, Variant
from spec_lang.syntax import ast

_INPUTS: Final = "forall x in on: "
_WEIGHTS: Final = "forall g in perturbed(f, weights): "
_NEAR: Final = "norm({} - explained(at), norm) <= within"
_ALIKE: Final = "cosine({}, explained(at)) >= cosine"
_FAR: Final = "norm({} - never_near, norm) > within"
_UNLIKE: Final = "cosine({}, never_near) < cosine"


def expand(call: Expansion) -> ast.Expr:
    """Over inputs or weights, by distance or angle, near the explanation at a point or away from a target."""
    _check_measure(call)
    _check_point(call)
    targeted, angular = "never_near" in call.given, "cosine" in call.given
    body = (_UNLIKE if angular else _FAR) if targeted else (_ALIKE if angular else _NEAR)
    return written(call, _INPUTS + body.format("explained(x)"), _WEIGHTS + body.format("changed(g)"))


def _check_measure(call: Expansion) -> None:
    if ("within" in call.given) == ("cosine" in call.given):
        said = "both are" if "within" in call.given else "neither is"
        problem = f"how near explanations are is `within` or `cosine`, and {said} given"
        raise ArgumentMismatch(problem, "write `within: 0.1` for a distance, `cosine: 0.95` for an angle")
    if "cosine" in call.given and "norm" in call.given:
        raise ArgumentMismatch("`norm` measures distances, and `cosine` is none", "leave `norm` out", "norm")


def _check_point(call: Expansion) -> None:
    if "at" not in call.given and ("never_near" not in call.given or "weights" in call.given):
        raise ArgumentMismatch("`explanation_stable` needs the point that is explained", "add `at: …`")
    if "at" in call.given and "never_near" in call.given and "on" in call.given:
        problem = "`at` says what explanations are compared with, and so does `never_near`"
        raise ArgumentMismatch(problem, "leave one of them out", "at")


CLAIM: Final = Claim(
    name="explanation_stable",
    summary="the gradient of an output stays near what it is at a point, or away from a target",
    formula=shown(_INPUTS + _NEAR.format("explained(x)")),
    variants=(
        Variant("with `cosine`", shown(_INPUTS + _ALIKE.format("explained(x)"))),
        Variant("with `never_near`", shown(_INPUTS + _FAR.format("explained(x)"))),
        Variant("with both", shown(_INPUTS + _UNLIKE.format("explained(x)"))),
        Variant(
            "with `weights`, for an output `f.c` of f",
            shown(_WEIGHTS + _NEAR.format("changed(g)")).replace("output", "f.c"),
        ),
        *VARIANTS,
    ),
    notes=(
        f"{NOTES} The cosine with a vector that is 0 is 0; "
        "the explanation at the point, or the target, must not be 0 itself."
    ),
    parameters=(
        OUTPUT,
        Parameter("at", ArgumentKind.POINT, "the point that is explained", required=False),
        ON,
        WEIGHTS,
        Parameter(
            "within",
            ArgumentKind.SCALAR,
            "the greatest distance of two explanations, or with `never_near` what the distance must exceed",
            required=False,
            signed=False,
        ),
        Parameter("norm", ArgumentKind.NORM, "how that distance is measured", default="l2"),
        Parameter(
            "cosine",
            ArgumentKind.SCALAR,
            "the least cosine of two explanations, or with `never_near` what it must stay below",
            required=False,
        ),
        Parameter(
            "never_near",
            ArgumentKind.TENSOR,
            "an explanation that none may be near, one number for each input",
            required=False,
        ),
        OF,
        BY,
    ),
    expand=expand,
    example="""
network loan = "loan.onnx" { input income, debt  output approve, deny }
param you = [0.5, 0.25]
region near on loan = ball(you, 0.02, linf)
claim stable_explanation: explanation_stable(loan.approve, at: you, on: near, within: 0.1)
claim same_direction:     explanation_stable(loan.approve, at: you, on: near, of: probability, cosine: 0.95)
claim not_by_debt_alone:  explanation_stable(loan.approve, on: near, never_near: [0, -1], within: 0.05)
claim stable_under_drift: explanation_stable(loan.approve, at: you, weights: 1 %, by: saliency, within: 0.1)
""",
)
