"""`BatchNormalization`: `scale · (x − mean) / √(var + epsilon) + B`, channel by channel, as in inference.

In: a value (1, C, …) and four stored lists.  Out: one affine node, whose factors and biases are the float64
numbers nearest to the exact ones; training mode is refused.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.network.ops._coefficients import normalisation
from spec_lang.network.ops._linear import attribute, real, required
from spec_lang.network.ops.base import Builder, Constant, NodeView, UnsupportedNode, Value
from spec_lang.network.primitives import Affine, Scale, frozen


@dataclass(frozen=True, slots=True)
class _BatchNormalization:
    name: str = "BatchNormalization"
    since: int = 7
    documentation: str = "https://onnx.ai/onnx/operators/onnx__BatchNormalization.html"
    attributes: frozenset[str] = frozenset({"epsilon", "momentum", "spatial", "training_mode"})

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        value = required(node, 0)
        if not isinstance(value, Value) or len(value.shape) < 2:
            raise UnsupportedNode("its operand is no tensor of channels that depends on the input")
        if attribute(node, "training_mode", 0) or not attribute(node, "spatial", 1):
            raise UnsupportedNode("it is in training mode, or not spatial: export the network for inference")
        channels = value.shape[1]
        stored = []
        for position, what in enumerate(("scale", "bias", "mean", "variance"), start=1):
            operand = required(node, position)
            if isinstance(operand, Value) or operand.shape != (channels,):
                raise UnsupportedNode(f"its {what} is no stored list of {channels} numbers")
            stored.append(real(operand))
        epsilon = attribute(node, "epsilon", float(np.float32(1e-5)))
        if not np.isfinite(epsilon):
            raise UnsupportedNode(f"its attribute `epsilon` is {epsilon}")
        scale, shift, mean, variance = stored
        examples = value.shape[0]
        factor, bias = (
            frozen(np.tile(np.repeat(part, value.size // (channels * examples)), examples))
            for part in normalisation(scale, shift, mean, variance, epsilon)
        )
        return (build.add(Affine((Scale(factor),), bias), (value,), value.shape),)


OP: Final = _BatchNormalization()
