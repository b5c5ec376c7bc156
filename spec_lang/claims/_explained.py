"""Explanations of an output at a point, and what may change: what several forms say of them.

In: a form's call with an output, and `of` and `by`.  Out: functions of a point, or of another network, that
write the explanation there as an expression.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from spec_lang.claims.base import ArgumentKind, ArgumentMismatch, Expansion, Parameter, Variant
from spec_lang.syntax import ast

# The function of the language that makes it of a network's outputs, where one does.
_HEADS: Final = {"logit": "", "probability": "softmax", "loss": "cross_entropy", "sigmoid": "sigmoid"}

OUTPUT: Final = Parameter("output", ArgumentKind.OUTPUT, "the output that is explained", positional=True)
ON: Final = Parameter("on", ArgumentKind.REGION, "the inputs whose explanations are compared", required=False)
WEIGHTS: Final = Parameter(
    "weights",
    ArgumentKind.SHARE,
    "how far each weight and bias may change, as a share of it, at the point itself",
    required=False,
    signed=False,
)
OF: Final = Parameter(
    "of",
    ArgumentKind.WORD,
    "what is explained: the output itself, its softmax, its cross-entropy, or its sigmoid",
    default="logit",
    words=tuple(_HEADS),
)
BY: Final = Parameter(
    "by",
    ArgumentKind.WORD,
    "how: by the gradient, or by the input times the gradient, element by element",
    default="gradient",
    words=("gradient", "saliency"),
)

VARIANTS: Final = (
    Variant("with `of: probability`, for `grad(f.c, x)`", "grad(softmax(f).c, x)"),
    Variant("with `of: loss`, for `grad(f.c, x)`", "grad(cross_entropy(f).c, x)"),
    Variant("with `of: sigmoid`, for `grad(f.c, x)`", "grad(sigmoid(f).c, x)"),
    Variant("with `by: saliency`, for `grad(f.c, x)`", "x * grad(f.c, x)"),
)
NOTES: Final = (
    "At a kink `grad` is every one-sided gradient: the claim must hold for each. "
    "`perturbed(f, 1 %)` are the networks whose every weight and bias is within 1 % of that of f. "
    "`softmax(f)` are the probabilities of f's outputs, `cross_entropy(f)` minus their logarithms."
)

Explained = Callable[[ast.Expr], ast.Expr]


def written(call: Expansion, over_inputs: str, over_weights: str) -> ast.Expr:
    """The formula over a region of inputs, or over the networks near this one.

    In the texts `explained(x)` is the explanation of the output at x, and `changed(g)` that of the same
    output of g at `at`.
    """
    name = "on" if "on" in call.given else "weights"
    if ("on" in call.given) == ("weights" in call.given):
        said = "both are" if "on" in call.given else "neither is"
        problem = f"what may change is `on` or `weights`, and {said} given"
        raise ArgumentMismatch(
            problem, "write `on: …` for changed inputs, `weights: 1 %` for changed weights"
        )
    output = call.arguments["output"]
    if not isinstance(output, ast.Attribute | ast.Index):
        raise ArgumentMismatch("the output must be written as `f.speed` or `f[2]`", at="output")
    if name == "on":
        return call.core(over_inputs, explained=_explanation(call, output))

    def changed(network: ast.Expr) -> ast.Expr:
        return _explanation(call, replace(output, base=network))(call.arguments["at"])

    return call.core(over_weights, f=output.base, explained=_explanation(call, output), changed=changed)


def shown(text: str) -> str:
    """`text` as a reader of the form's definition is shown it."""
    shorter = text.replace("explained(x)", "grad(output, x)").replace("explained(at)", "grad(output, at)")
    return shorter.replace("changed(g)", "grad(g.c, at)")


def _explanation(call: Expansion, output: ast.Attribute | ast.Index) -> Explained:
    of, by = call.arguments["of"], call.arguments["by"]
    head = _HEADS[of.text] if isinstance(of, ast.Name) else ""
    about = replace(output, base=_called(call, head, output.base)) if head else output
    is_saliency = isinstance(by, ast.Name) and by.text == "saliency"

    def at(point: ast.Expr) -> ast.Expr:
        gradient = _called(call, "grad", about, point)
        return ast.Product(call.span, ((False, point), (False, gradient))) if is_saliency else gradient

    return at


def _called(call: Expansion, function: str, *arguments: ast.Expr) -> ast.Call:
    given = tuple(ast.Argument(call.span, None, argument) for argument in arguments)
    return ast.Call(call.span, ast.Name(call.span, function), given)
