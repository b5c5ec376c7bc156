"""Lipschitz continuity: outputs differ by at most so many times what inputs do.

In: a network, a region, a constant and a norm.  Out: the core formula that this stands for.  Both distances
are measured in the same norm, in problem space.
"""

from __future__ import annotations

from typing import Final

from spec_lang.claims.base import ArgumentKind, Claim, Expansion, Parameter
from spec_lang.syntax import ast

_FORMULA: Final = "forall x in on, y in on: norm(f(x) - f(y), norm) <= at_most * norm(x - y, norm)"


def expand(call: Expansion) -> ast.Expr:
    return call.core(_FORMULA)


CLAIM: Final = Claim(
    name="lipschitz",
    summary="outputs differ by at most a constant times what inputs do",
    formula=_FORMULA,
    parameters=(
        Parameter("f", ArgumentKind.NETWORK, "the network", positional=True),
        Parameter("on", ArgumentKind.REGION, "the points that are compared"),
        Parameter("at_most", ArgumentKind.SCALAR, "the constant", signed=False),
        Parameter("norm", ArgumentKind.NORM, "how both distances are measured", default="linf"),
    ),
    expand=expand,
    example="""
network step = "time_stepper.onnx" { input u, v  domain u in [0, 4], v in [0, 4] }
claim gentle: lipschitz(step, on: step.domain, at_most: 3.5)
""",
)
