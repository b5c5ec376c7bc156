"""An inverse-Lipschitz constant: outputs differ by at least so many times what inputs do.

In: a network, a region, a constant and a norm.  Out: the core formula that this stands for.  Both distances
are measured in the same norm, in problem space; with `given`, only points that agree in those inputs are
compared.
"""

from __future__ import annotations

from typing import Final

from spec_lang.claims._given import GIVEN, agreement
from spec_lang.claims.base import ArgumentKind, Claim, Expansion, Parameter, Variant
from spec_lang.syntax import ast

_PAIRS: Final = "forall x in on, y in on: "
_SPREAD: Final = "norm(f(x) - f(y), norm) >= at_least * norm(x - y, norm)"
_NOTES: Final = (
    "With a constant above 0 the function is injective, and its inverse is Lipschitz continuous with 1 over "
    "the constant: an error of the outputs is at most so many times as large in the inputs. The greatest "
    "constant is found by `measure spread = largest c in [0, 2] with inverse_lipschitz(…, at_least: c), to "
    "1 %`. In the norms `linf` and `l1` it is proved; in `l2` it can be refuted alone."
)


def expand(call: Expansion) -> ast.Expr:
    agree, readers = agreement(call)
    premise = " and ".join(agree) + " => " if agree else ""
    return call.core(_PAIRS + premise + _SPREAD, **readers)


CLAIM: Final = Claim(
    name="inverse_lipschitz",
    summary="outputs differ by at least a constant times what inputs do",
    formula=_PAIRS + _SPREAD,
    variants=(Variant("with `given: i`", f"{_PAIRS}x.i == y.i => {_SPREAD}"),),
    notes=_NOTES,
    parameters=(
        Parameter("f", ArgumentKind.NETWORK, "the network", positional=True),
        Parameter("on", ArgumentKind.REGION, "the points that are compared"),
        Parameter("at_least", ArgumentKind.SCALAR, "the constant", signed=False),
        Parameter("norm", ArgumentKind.NORM, "how both distances are measured", default="linf"),
        GIVEN,
    ),
    expand=expand,
    example="""
network step = "time_stepper.onnx" { input u, v  output u_next, v_next }
param centre = [1.96433, 1.24951]
claim spreads: inverse_lipschitz(step, on: ball(centre, 0.3, linf), at_least: 0.05)

network family = "family.onnx" { input u, v, p  output u_next, v_next }
region states on family = { s | s.u in [1, 3] and s.v in [1, 2] and s.p in [2.0, 2.2] }
claim always_spreads: inverse_lipschitz(family, on: states, at_least: 0.01, given: p)
""",
)
