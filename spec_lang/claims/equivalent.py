"""Equivalence: two networks give nearly the same outputs over a region.

In: two networks of the same inputs and outputs, a region and a tolerance.  Out: the core formula that this
stands for.  Tolerances are closed, in problem space.
"""

from __future__ import annotations

from typing import Final

from spec_lang.claims.base import ArgumentKind, ArgumentMismatch, Claim, Expansion, Parameter, Variant
from spec_lang.syntax import ast


def expand(call: Expansion) -> ast.Expr:
    """The difference against `within` or a share of f's own output."""
    norm = call.arguments["norm"]
    by_output = isinstance(norm, ast.Name) and norm.text == "linf"
    if ("within" in call.given) == ("relative" in call.given):
        said = "both `within` and `relative`" if "within" in call.given else "no tolerance"
        raise ArgumentMismatch(f"`equivalent` states {said}", "state one: `within: …` or `relative: …`")
    if "relative" in call.given:
        if "norm" in call.given:
            raise ArgumentMismatch(
                "`relative` speaks of each output, and takes no norm", "leave `norm` out", "norm"
            )
        return call.core("forall x in on: abs(f(x) - g(x)) <= relative * abs(f(x))")
    if by_output:
        return call.core("forall x in on: abs(f(x) - g(x)) <= within")
    if isinstance(call.arguments["within"], ast.TensorLiteral):
        raise ArgumentMismatch(
            "a tolerance for each output goes with `linf` alone", "leave `norm` out", "norm"
        )
    return call.core("forall x in on: norm(f(x) - g(x), norm) <= within")


CLAIM: Final = Claim(
    name="equivalent",
    summary="two networks give the same outputs, but for a tolerance",
    formula="forall x in on: abs(f(x) - g(x)) <= within",
    variants=(
        Variant("with `norm: l1` or `norm: l2`", "forall x in on: norm(f(x) - g(x), norm) <= within"),
        Variant("with `relative`", "forall x in on: abs(f(x) - g(x)) <= relative * abs(f(x))"),
    ),
    notes="`abs` and `<=` go output by output: one number bounds the `linf` norm, a list bounds each.",
    parameters=(
        Parameter("f", ArgumentKind.NETWORK, "a network", positional=True),
        Parameter("g", ArgumentKind.NETWORK, "the network to compare it with", positional=True),
        Parameter("on", ArgumentKind.REGION, "where the outputs are compared"),
        Parameter(
            "within", ArgumentKind.TOLERANCE, "the greatest difference allowed", required=False, signed=False
        ),
        Parameter(
            "relative",
            ArgumentKind.SHARE,
            "the same as a share of each of f's outputs",
            required=False,
            signed=False,
        ),
        Parameter("norm", ArgumentKind.NORM, "how the outputs' differences are measured", default="linf"),
    ),
    expand=expand,
    example="""
param eps = 0.05
network acas = "acas_1_1.onnx" {
    input  rho "ft", theta "rad"
    domain rho in [0, 60760], theta in [-3.141593, 3.141593]
}
network acas_16bit = "acas_1_1_16bit.onnx" like acas
claim compressed_is_faithful: equivalent(acas, acas_16bit, on: acas.domain, within: eps)
""",
)
