"""Decision equivalence: two networks decide alike over a region.

In: two networks of the same inputs and outputs, and a region.  Out: the core formula that this stands for.
A decision is the set of winning outputs, so that a tie in one network must be a tie in the other.
"""

from __future__ import annotations

from typing import Final

from spec_lang.claims.base import EXTREMA, ArgumentKind, Claim, Expansion, Parameter, Variant
from spec_lang.syntax import ast

_ALWAYS: Final = "forall x in on: by(f(x)) == by(g(x))"
_CLEARLY: Final = "forall x in on, k: (forall j: j != k => {}) => by(g(x)) == k"
_GREATEST: Final = "f(x)[j] + unless_within < f(x)[k]"
_LEAST: Final = "f(x)[k] + unless_within < f(x)[j]"


def expand(call: Expansion) -> ast.Expr:
    """Everywhere, or where f decides by more than a margin."""
    if "unless_within" not in call.given:
        return call.core(_ALWAYS)
    by = call.arguments["by"]
    least = isinstance(by, ast.Name) and by.text == "argmin"
    return call.core(_CLEARLY.format(_LEAST if least else _GREATEST))


CLAIM: Final = Claim(
    name="same_decision",
    summary="two networks decide alike",
    formula=_ALWAYS,
    variants=(
        Variant("with `unless_within`", _CLEARLY.format(_GREATEST)),
        Variant("with `unless_within` and `by: argmin`", _CLEARLY.format(_LEAST)),
    ),
    notes="Decisions are sets: without a margin, both networks must tie where one does.",
    parameters=(
        Parameter("f", ArgumentKind.NETWORK, "a network", positional=True),
        Parameter("g", ArgumentKind.NETWORK, "the network to compare it with", positional=True),
        Parameter("on", ArgumentKind.REGION, "where the decisions are compared"),
        Parameter(
            "by",
            ArgumentKind.WORD,
            "whether the greatest or the least output wins",
            default="argmax",
            words=EXTREMA,
        ),
        Parameter(
            "unless_within",
            ArgumentKind.SCALAR,
            "a margin: where f wins by no more than this, g may decide otherwise",
            required=False,
            signed=False,
        ),
    ),
    expand=expand,
    example="""
network acas = "acas_1_1.onnx" {
    input  rho "ft", theta "rad"
    output coc, left, right
    domain rho in [0, 60760], theta in [-3.141593, 3.141593]
}
network acas_16bit = "acas_1_1_16bit.onnx" like acas
claim same_advice: same_decision(acas, acas_16bit, on: acas.domain, by: argmin)
claim same_clear_advice: same_decision(acas, acas_16bit, on: acas.domain, by: argmin, unless_within: 0.1)
""",
)
