"""One activation region: no ReLU of a network changes its phase within a region.

In: a network and a region.  Out: the core formula that this stands for.  A ReLU may touch 0 from either
side: only two points on opposite sides of it count.
"""

from __future__ import annotations

from typing import Final

from spec_lang.claims.base import ArgumentKind, Claim, Expansion, Parameter
from spec_lang.syntax import ast

_FORMULA: Final = (
    "forall x in on, y in on, j: not (preactivations(f, x)[j] > 0 and preactivations(f, y)[j] < 0)"
)


def expand(call: Expansion) -> ast.Expr:
    return call.core(_FORMULA)


CLAIM: Final = Claim(
    name="one_activation_region",
    summary="no ReLU changes its phase within a region",
    formula=_FORMULA,
    notes="Then the network is affine there. The converse need not hold: a phase can change without effect.",
    parameters=(
        Parameter("f", ArgumentKind.NETWORK, "the network", positional=True),
        Parameter("on", ArgumentKind.REGION, "where the phases are compared"),
    ),
    expand=expand,
    example="""
network f = "f.onnx" { input a, b  output p, q }
param x0 = [0.5, 0.25]
claim one_region: one_activation_region(f, on: ball(x0, 0.01, l2))
""",
)
