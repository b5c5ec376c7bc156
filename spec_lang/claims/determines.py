"""Determination: one network's outputs are a function of another's.

In: two networks of the same inputs, and a region.  Out: the core formula that this stands for.  The
networks may have different outputs.
"""

from __future__ import annotations

from typing import Final

from spec_lang.claims._given import GIVEN, PREMISE, SHOWN, with_given
from spec_lang.claims.base import ArgumentKind, Claim, Expansion, Parameter, Variant
from spec_lang.syntax import ast

_FORMULA: Final = f"forall x in on, y in on: {PREMISE} => g(x) == g(y)"
_NOTES: Final = (
    "It holds in both directions if and only if there is an invertible map between the images. How far it is "
    "from holding: `measure spread = max norm(g(x) - g(y), linf) for x in R, "
    "y in { y | y in R and f(y) == f(x) }`, which is 0 if and only if `determines(f, g, on: R)` holds."
)


def expand(call: Expansion) -> ast.Expr:
    return with_given(call, _FORMULA)


CLAIM: Final = Claim(
    name="determines",
    summary="what one network gives is a function of what another gives",
    formula=_FORMULA,
    variants=(Variant("with `given: i`", _FORMULA.replace(PREMISE, SHOWN + PREMISE)),),
    notes=_NOTES,
    parameters=(
        Parameter("f", ArgumentKind.NETWORK, "the network that determines", positional=True),
        Parameter("g", ArgumentKind.NETWORK, "the network that is determined", positional=True),
        Parameter("on", ArgumentKind.REGION, "the points that are compared"),
        GIVEN,
    ),
    expand=expand,
    example="""
network big = "big.onnx"
network small = "small.onnx"
claim calibratable: determines(big, small, on: box(-1, 1))
""",
)
