"""Stable ranks: the inputs that matter most to an output are those that do at a point.

In: an output, a point, a number of inputs, and what may change: the point, within a region, or the weights,
by a share of each.  Out: the core formula that this stands for.
"""

from __future__ import annotations

from typing import Final

from spec_lang.claims._explained import BY, NOTES, OF, ON, OUTPUT, VARIANTS, WEIGHTS, shown, written
from spec_lang.claims.base import ArgumentKind, Claim, Expansion, Parameter, Variant
from spec_lang.syntax import ast

_SAME: Final = "argtop(abs({}), k) == argtop(abs(explained(at)), k)"
_INPUTS: Final = "forall x in on: " + _SAME.format("explained(x)")
_WEIGHTS: Final = "forall g in perturbed(f, weights): " + _SAME.format("changed(g)")


def expand(call: Expansion) -> ast.Expr:
    return written(call, _INPUTS, _WEIGHTS)


CLAIM: Final = Claim(
    name="same_top",
    summary="the k greatest elements of an output's gradient, in size, are those that are it at a point",
    formula=shown(_INPUTS),
    variants=(
        Variant("with `weights`, for an output `f.c` of f", shown(_WEIGHTS).replace("output", "f.c")),
        *VARIANTS,
    ),
    notes=(
        f"{NOTES} `argtop(v, k)` is the set of the elements of v with fewer than k greater ones: "
        "each of the k must stay above every other element, and a tie with one refutes."
    ),
    parameters=(
        OUTPUT,
        Parameter("at", ArgumentKind.POINT, "the point that is explained"),
        Parameter("k", ArgumentKind.SCALAR, "how many inputs", signed=False),
        ON,
        WEIGHTS,
        OF,
        BY,
    ),
    expand=expand,
    example="""
network digits = "digits.onnx"
data test = "digits_test.npz" { images: real[N, 64]; labels: label[N] }
claim same_pixels[n in 0..<100]:
    same_top(digits[3], at: test.images[n], k: 5, on: ball(test.images[n], 0.01, linf))
""",
)
