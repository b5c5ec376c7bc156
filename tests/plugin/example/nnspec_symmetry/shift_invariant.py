"""Shift invariance: an output changes by at most a tolerance when the same step is added to an input.

In: an output, a step and a region.  Out: the core formula that this stands for.
"""

from __future__ import annotations

from typing import Final

from spec_lang.claims.base import ArgumentKind, Claim, Expansion, Parameter, Variant
from spec_lang.syntax import ast

FORMULA: Final = "forall x in on: abs(output(x + by) - output(x)) <= within"
EXACT: Final = "forall x in on: output(x + by) == output(x)"


def expand(call: Expansion) -> ast.Expr:
    return call.core(FORMULA if "within" in call.given else EXACT)


CLAIM: Final = Claim(
    name="shift_invariant",
    summary="an output does not change when its inputs are shifted",
    formula=EXACT,
    variants=(Variant("with `within`", FORMULA),),
    parameters=(
        Parameter("output", ArgumentKind.OUTPUT, "the output, as in `f.speed`", positional=True),
        Parameter("by", ArgumentKind.POINT, "what is added to the input"),
        Parameter("on", ArgumentKind.REGION, "where the inputs are shifted from"),
        Parameter(
            "within", ArgumentKind.SCALAR, "how far the output may change", required=False, signed=False
        ),
    ),
    expand=expand,
    example="""
network f = "f.onnx" { input a, b  output p, q }
claim steady: shift_invariant(f.p, by: [1, 1], on: box(-1, 1), within: 0.1)
""",
)
