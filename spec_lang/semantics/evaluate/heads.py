"""What is made of all outputs of a network: softmax, cross-entropy, sigmoid, and their derivatives.

In: the outputs, as floats.  Out: floats: the values are irrational, and have no exact meaning here.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log

from spec_lang.diagnostics import InternalError
from spec_lang.semantics.evaluate.arrays import Real

HEADS = ("softmax", "cross_entropy", "sigmoid")


def head_values(head: str, outputs: Sequence[Real]) -> tuple[float, ...]:
    """The head at every output."""
    logits = _floats(outputs)
    if head == "sigmoid":
        return tuple(1 / (1 + exp(-y)) for y in logits)
    highest = max(logits)
    total = sum(exp(y - highest) for y in logits)
    if head == "softmax":
        return tuple(exp(y - highest) / total for y in logits)
    return tuple(log(total) + highest - y for y in logits)


def head_slopes(head: str, outputs: Sequence[Real], position: int) -> tuple[float, ...]:
    """The derivatives of the head at one output by all outputs."""
    own = [float(place == position) for place in range(len(outputs))]
    if head == "sigmoid":
        value = head_values(head, outputs)[position]
        return tuple(value * (1 - value) * unit for unit in own)
    shares = head_values("softmax", outputs)
    if head == "cross_entropy":
        return tuple(share - unit for share, unit in zip(shares, own, strict=True))
    return tuple(shares[position] * (unit - share) for share, unit in zip(shares, own, strict=True))


def _floats(outputs: Sequence[Real]) -> list[float]:
    if not all(isinstance(y, float) for y in outputs):
        raise InternalError("exponentials are not rational: read this over floats")
    return [float(y) for y in outputs]
