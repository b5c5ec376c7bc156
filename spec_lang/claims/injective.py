"""Injectivity: no two points of a region have the same image.

In: a network and a region.  Out: the core formula that this stands for.  Images are equal when every output
is, exactly.
"""

from __future__ import annotations

from typing import Final

from spec_lang.claims.base import ArgumentKind, Claim, Expansion, Parameter
from spec_lang.syntax import ast

_FORMULA: Final = "forall x in on, y in on: f(x) == f(y) => x == y"


def expand(call: Expansion) -> ast.Expr:
    return call.core(_FORMULA)


CLAIM: Final = Claim(
    name="injective",
    summary="no two points of a region have the same image",
    formula=_FORMULA,
    parameters=(
        Parameter("f", ArgumentKind.NETWORK, "the network", positional=True),
        Parameter("on", ArgumentKind.REGION, "where no two points may meet"),
    ),
    expand=expand,
    example="""
network step = "time_stepper.onnx" { input u, v  output u_next, v_next }
param centre = [1.96433, 1.24951]
claim time_reversible: injective(step, on: ball(centre, 0.65, linf))
""",
)
