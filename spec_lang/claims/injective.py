"""Injectivity: no two points of a region have the same image.

In: a network and a region.  Out: the core formula that this stands for.  Images are equal when every output
is, exactly; with `given`, only points that agree in those inputs are compared.
"""

from __future__ import annotations

from typing import Final

from spec_lang.claims._given import GIVEN, PREMISE, SHOWN, with_given
from spec_lang.claims.base import ArgumentKind, Claim, Expansion, Parameter, Variant
from spec_lang.syntax import ast

_FORMULA: Final = f"forall x in on, y in on: {PREMISE} => x == y"
_NOTES: Final = (
    "`f` may be a definition, such as `def twice(x) = step(step(x))`. With `given: p` the points that are "
    "compared agree in the input `p`: the map from the other inputs is injective for every `p` in the region."
)


def expand(call: Expansion) -> ast.Expr:
    return with_given(call, _FORMULA)


CLAIM: Final = Claim(
    name="injective",
    summary="no two points of a region have the same image",
    formula=_FORMULA,
    variants=(Variant("with `given: i`", _FORMULA.replace(PREMISE, SHOWN + PREMISE)),),
    notes=_NOTES,
    parameters=(
        Parameter("f", ArgumentKind.NETWORK, "the network", positional=True),
        Parameter("on", ArgumentKind.REGION, "where no two points may meet"),
        GIVEN,
    ),
    expand=expand,
    example="""
network step = "time_stepper.onnx" { input u, v  output u_next, v_next }
param centre = [1.96433, 1.24951]
def twice(x) = step(step(x))
claim time_reversible: injective(step, on: ball(centre, 0.65, linf))
claim reversible_twice: injective(twice, on: ball(centre, 0.6, linf))

network family = "family.onnx" { input u, v, p  output u_next, v_next }
region states on family = { s | s.u in [1, 3] and s.v in [1, 2] and s.p in [2.0, 2.2] }
claim always_reversible: injective(family, on: states, given: p)
""",
)
