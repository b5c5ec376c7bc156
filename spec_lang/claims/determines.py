"""Determination: one network's outputs are a function of another's.

In: two networks of the same inputs, and a region.  Out: the core formula that this stands for.  The
networks may have different outputs.
"""

from __future__ import annotations

from typing import Final

from spec_lang.claims.base import ArgumentKind, Claim, Expansion, Parameter
from spec_lang.syntax import ast

_FORMULA: Final = "forall x in on, y in on: f(x) == f(y) => g(x) == g(y)"


def expand(call: Expansion) -> ast.Expr:
    return call.core(_FORMULA)


CLAIM: Final = Claim(
    name="determines",
    summary="what one network gives is a function of what another gives",
    formula=_FORMULA,
    notes="It holds in both directions if and only if there is an invertible map between the images.",
    parameters=(
        Parameter("f", ArgumentKind.NETWORK, "the network that determines", positional=True),
        Parameter("g", ArgumentKind.NETWORK, "the network that is determined", positional=True),
        Parameter("on", ArgumentKind.REGION, "the points that are compared"),
    ),
    expand=expand,
    example="""
network big = "big.onnx"
network small = "small.onnx"
claim calibratable: determines(big, small, on: box(-1, 1))
""",
)
