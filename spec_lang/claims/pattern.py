"""Activation pattern: these neurons are on, those are off.

In: a tensor of neurons and the numbers of those that are on and off.  Out: the core formula that this stands
for, to be used within a larger one.  On is above 0, off is 0 or less.
"""

from __future__ import annotations

from typing import Final

from spec_lang.claims.base import ArgumentKind, ArgumentMismatch, Claim, Expansion, Parameter, Variant
from spec_lang.syntax import ast


def expand(call: Expansion) -> ast.Expr:
    """One comparison for each neuron."""
    clauses: list[ast.Expr] = []
    for word, relation in (("on", ">"), ("off", "<=")):
        neurons = call.arguments.get(word)
        if isinstance(neurons, ast.TensorLiteral):
            clauses += [_clause(call, neuron, relation) for neuron in neurons.elements]
    if not clauses:
        raise ArgumentMismatch("`pattern` names no neuron", "add `on: […]` or `off: […]`")
    return clauses[0] if len(clauses) == 1 else ast.And(call.span, tuple(clauses))


def _clause(call: Expansion, neuron: ast.Expr, relation: str) -> ast.Expr:
    """`tensor[3] > 0`, or with a list for a number, `tensor[0, 3, 7] > 0`."""
    indices = neuron.elements if isinstance(neuron, ast.TensorLiteral) else (neuron,)
    names = {f"i_{n}": index for n, index in enumerate(indices)}
    return call.core(f"tensor[{', '.join(names)}] {relation} 0", **names)


CLAIM: Final = Claim(
    name="pattern",
    summary="these neurons are on, those are off; a formula, to be used within a claim",
    formula="tensor[i] > 0 for every i of on, and tensor[j] <= 0 for every j of off",
    variants=(Variant("for a neuron `[a, b, c]` of a tensor of several dimensions", "tensor[a, b, c] > 0"),),
    notes=(
        "Neurons are numbered as the tensor is; `flat(tensor)` numbers those of any tensor in one row. "
        "Thresholds stand beside it: `pattern(relu_5, on: [3]) and relu_5[7] <= 0.7`."
    ),
    parameters=(
        Parameter(
            "tensor", ArgumentKind.TENSOR, "the values of the neurons, such as `f.layer(x)`", positional=True
        ),
        Parameter("on", ArgumentKind.NEURONS, "the neurons above 0", required=False),
        Parameter("off", ArgumentKind.NEURONS, "the neurons at 0 or below", required=False),
    ),
    expand=expand,
    example="""
network acas = "acas_1_1.onnx" {
    input  rho "ft", theta "rad"
    output coc, left, right
    domain rho in [0, 60760], theta in [-3.141593, 3.141593]
    layer  relu_5 = "relu_5"
}
claim core: forall x in acas.domain:
    pattern(acas.relu_5(x), on: [3, 7, 20], off: [1, 12]) => argmin(acas(x)) == coc
""",
)
