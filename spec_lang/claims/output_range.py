"""Output range: one output stays within limits over a region.

In: an output, a region, and limits.  Out: the core formula that this stands for.  Limits are closed, in
problem space.
"""

from __future__ import annotations

from typing import Final

from spec_lang.claims.base import ArgumentKind, ArgumentMismatch, Claim, Expansion, Parameter, Variant
from spec_lang.syntax import ast


def expand(call: Expansion) -> ast.Expr:
    """The limits that are given, all of them."""
    limits: list[str] = []
    ends: dict[str, ast.Expr] = {}
    within = call.arguments.get("within")
    if isinstance(within, ast.TensorLiteral):
        ends["lower"], ends["upper"] = within.elements
        limits.append("lower <= output(x) <= upper")
    if "at_least" in call.given:
        limits.append("output(x) >= at_least")
    if "at_most" in call.given:
        limits.append("output(x) <= at_most")
    if not limits:
        raise ArgumentMismatch("`output_range` states no limit", "add `within: [lower, upper]`")
    return call.core(f"forall x in on: {' and '.join(limits)}", **ends)


CLAIM: Final = Claim(
    name="output_range",
    summary="an output stays within limits",
    formula="forall x in on: lower <= output(x) <= upper",
    variants=(
        Variant("with `at_least`", "forall x in on: output(x) >= at_least"),
        Variant("with `at_most`", "forall x in on: output(x) <= at_most"),
    ),
    notes="Of several limits, all hold.",
    parameters=(
        Parameter("output", ArgumentKind.OUTPUT, "the output, as in `f.speed` or `f[2]`", positional=True),
        Parameter("on", ArgumentKind.REGION, "where the limits hold"),
        Parameter("within", ArgumentKind.INTERVAL, "both limits, `[lower, upper]`", required=False),
        Parameter("at_least", ArgumentKind.SCALAR, "the lower limit", required=False),
        Parameter("at_most", ArgumentKind.SCALAR, "the upper limit", required=False),
    ),
    expand=expand,
    example="""
network controller = "controller.onnx" {
    input  gap "m", closing "m/s"
    output accel "m/s²"
    domain gap in [0, 120], closing in [-20, 20]
}
claim within_grip: output_range(controller.accel, on: controller.domain, within: [-8, 3])
""",
)
