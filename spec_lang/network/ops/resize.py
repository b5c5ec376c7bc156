"""`Resize`: every element repeated along the axes, a whole number of times.

In: a value or a constant, and stored scales or sizes.  Out: an index map.  Exact; only the mode `nearest`
with whole scales is represented, and of the ways of finding the nearest element those that repeat evenly.
"""

from __future__ import annotations

from typing import Any, Final

from spec_lang._values import dataclass
from spec_lang.network.ops._linear import attribute, integers, optional, required
from spec_lang.network.ops._repeat import repeated, whole
from spec_lang.network.ops.base import Builder, Constant, NodeView, UnsupportedNode, Value

# With whole scales these take element i // scale.
_PLAIN: Final[dict[str, tuple[Any, ...]]] = {
    "antialias": (0,),
    "axes": ((),),
    "coordinate_transformation_mode": (b"half_pixel", b"pytorch_half_pixel", b"asymmetric"),
    "keep_aspect_ratio_policy": (b"stretch",),
    "nearest_mode": (b"round_prefer_floor", b"round_prefer_ceil", b"floor"),
}


@dataclass(frozen=True, slots=True)
class _Resize:
    name: str = "Resize"
    since: int = 10
    documentation: str = "https://onnx.ai/onnx/operators/onnx__Resize.html"
    attributes: frozenset[str] = frozenset(
        {
            "antialias",
            "axes",
            "coordinate_transformation_mode",
            "cubic_coeff_a",
            "exclude_outside",
            "extrapolation_value",
            "keep_aspect_ratio_policy",
            "mode",
            "nearest_mode",
        }
    )

    def lower(self, node: NodeView, build: Builder) -> tuple[Constant | Value, ...]:
        operand = required(node, 0)
        for name, plain in _PLAIN.items():
            if attribute(node, name, plain[0]) not in plain:
                raise UnsupportedNode(f"its attribute `{name}` is {node.attributes[name]!r}")
        ways = attribute(node, "coordinate_transformation_mode", b""), attribute(node, "nearest_mode", b"")
        if node.opset >= 11 and (ways[0] == b"asymmetric") != (ways[1] == b"floor"):
            raise UnsupportedNode(f"it finds the nearest element by {ways[0]!r} and {ways[1]!r}")
        return (repeated(node, operand, _scales(node, operand.shape), build),)


def _scales(node: NodeView, shape: tuple[int, ...]) -> tuple[int, ...]:
    """How often each element is repeated, axis by axis."""
    if node.opset < 11:
        return whole(required(node, 1))
    if optional(node, 3) is None:
        return whole(required(node, 2))
    sizes = integers(optional(node, 3), "sizes")
    if len(sizes) != len(shape) or any(n < 1 or n % m for n, m in zip(sizes, shape, strict=True)):
        raise UnsupportedNode(f"its sizes {list(sizes)} are no multiples of {list(shape)}")
    return tuple(n // m for n, m in zip(sizes, shape, strict=True))


OP: Final = _Resize()
