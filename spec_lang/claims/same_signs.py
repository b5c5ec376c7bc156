"""Stable signs: every input pushes an output the way it does at a point.

In: an output, a point, and what may change: the point, within a region, or the weights, by a share of each.
Out: the core formula that this stands for.
"""

from __future__ import annotations

from typing import Final

from spec_lang.claims._explained import BY, NOTES, OF, ON, OUTPUT, VARIANTS, WEIGHTS, shown, written
from spec_lang.claims.base import ArgumentKind, Claim, Expansion, Parameter, Variant
from spec_lang.syntax import ast

_SAME: Final = (
    "let v = flat({}), w = flat(explained(at)): forall i: v[i] * w[i] > 0 or (v[i] == 0 and w[i] == 0)"
)
_INPUTS: Final = "forall x in on: " + _SAME.format("explained(x)")
_WEIGHTS: Final = "forall g in perturbed(f, weights): " + _SAME.format("changed(g)")


def expand(call: Expansion) -> ast.Expr:
    return written(call, _INPUTS, _WEIGHTS)


CLAIM: Final = Claim(
    name="same_signs",
    summary="every element of an output's gradient has the sign that it has at a point",
    formula=shown(_INPUTS),
    variants=(
        Variant("with `weights`, for an output `f.c` of f", shown(_WEIGHTS).replace("output", "f.c")),
        *VARIANTS,
    ),
    notes=f"{NOTES} An element that is 0 at the point must be 0 everywhere.",
    parameters=(
        OUTPUT,
        Parameter("at", ArgumentKind.POINT, "the point that is explained"),
        ON,
        WEIGHTS,
        OF,
        BY,
    ),
    expand=expand,
    example="""
network loan = "loan.onnx" { input income, debt  output approve, deny }
param applicant = [0.5, 0.25]
claim same_reasons: same_signs(loan.approve, at: applicant, on: ball(applicant, 0.02, linf))
""",
)
