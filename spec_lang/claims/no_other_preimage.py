"""A single preimage: no other point of a region has the image of a given one.

In: a network, a point and a region.  Out: the core formula that this stands for.  The point need not be in
the region.
"""

from __future__ import annotations

from typing import Final

from spec_lang.claims.base import ArgumentKind, Claim, Expansion, Parameter
from spec_lang.syntax import ast

_FORMULA: Final = "forall x in on: f(x) == f(of) => x == of"


def expand(call: Expansion) -> ast.Expr:
    return call.core(_FORMULA)


CLAIM: Final = Claim(
    name="no_other_preimage",
    summary="no other point of a region has the image of the given one",
    formula=_FORMULA,
    notes="`f` may be a definition, such as `def twice(x) = step(step(x))`.",
    parameters=(
        Parameter("f", ArgumentKind.NETWORK, "the network", positional=True),
        Parameter("of", ArgumentKind.POINT, "the point whose image is looked for"),
        Parameter("on", ArgumentKind.REGION, "where it is looked for"),
    ),
    expand=expand,
    example="""
network step = "time_stepper.onnx" { input u, v  output u_next, v_next }
param centre = [1.96433, 1.24951]
claim no_ghost_state: no_other_preimage(step, of: centre, on: ball(centre, 2.77, linf))
""",
)
