"""Local robustness: no point near a given one gets another label.

In: a network, a point, its label and a radius.  Out: the core formula that this stands for.  The region is
the ball cut by `clip`, not by the network's domain.
"""

from __future__ import annotations

from typing import Final

from spec_lang.claims.base import EXTREMA, ArgumentKind, Claim, Expansion, Parameter, Variant
from spec_lang.syntax import ast


def expand(call: Expansion) -> ast.Expr:
    """The ball, cut by `clip` if it is given."""
    clip = call.arguments.get("clip")
    if not isinstance(clip, ast.TensorLiteral):
        return call.core("forall x in ball(at, within, norm): by(f(x)) == label")
    lower, upper = clip.elements
    text = "forall x in ball(at, within, norm) & box(lower, upper): by(f(x)) == label"
    return call.core(text, lower=lower, upper=upper)


CLAIM: Final = Claim(
    name="robust",
    summary="every point near the given one gets the same label, and it alone",
    formula="forall x in ball(at, within, norm): by(f(x)) == label",
    variants=(
        Variant(
            "with `clip: [lower, upper]`",
            "forall x in ball(at, within, norm) & box(lower, upper): by(f(x)) == label",
        ),
    ),
    notes="A tie refutes: `argmax(y) == k` says that no other output is as great.",
    parameters=(
        Parameter("f", ArgumentKind.NETWORK, "the classifier", positional=True),
        Parameter("at", ArgumentKind.POINT, "the centre of the ball, in problem space"),
        Parameter("label", ArgumentKind.LABEL, "the output that must win"),
        Parameter("within", ArgumentKind.SCALAR, "the radius of the ball", signed=False),
        Parameter("norm", ArgumentKind.NORM, "the norm of the ball", default="linf"),
        Parameter("clip", ArgumentKind.INTERVAL, "limits of every input, if there are any", required=False),
        Parameter(
            "by",
            ArgumentKind.WORD,
            "whether the greatest or the least output wins",
            default="argmax",
            words=EXTREMA,
        ),
    ),
    expand=expand,
    example="""
network digits = "digits.onnx"
data test = "digits_test.npz" { images: real[N, 64]; labels: label[N] }
claim robust[n in 0..<100]:
    robust(digits, at: test.images[n], label: test.labels[n], within: 0.03, clip: [0, 1])
""",
)
