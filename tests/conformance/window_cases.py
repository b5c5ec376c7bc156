"""Convolutions and pools: cases with one node, over one to three axes."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from tests.conformance.cases import Case, Shape, Weights, quarters


@st.composite
def conv(draw: st.DrawFn) -> Case:
    rank, groups = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    out, inner = groups * draw(st.integers(1, 2)), draw(st.integers(1, 2))
    kernel = [draw(st.integers(1, 3 if rank < 3 else 2)) for _ in range(rank)]
    attributes, least = draw(moves(kernel))
    size = [low + draw(st.integers(0, 3)) for low in least]
    weights: Weights = {"w": draw(quarters((out, inner, *kernel)))}
    if draw(st.booleans()):
        weights["b"] = draw(quarters((out,)))
    if draw(st.booleans()):
        attributes["kernel_shape"] = kernel
    shape: Shape = (1, groups * inner, *size)
    opset = draw(st.sampled_from([8, 11, 22]))
    return Case("Conv", ["x", *weights], {"x": shape}, weights, attributes | {"group": groups}, opset)


@st.composite
def moves(draw: st.DrawFn, kernel: list[int], *, within: bool = False) -> tuple[dict[str, Any], list[int]]:
    """Strides, dilations and padding, and the least size of each axis that they leave a window for."""
    rank = len(kernel)
    attributes: dict[str, Any] = {"strides": [draw(st.integers(1, 3)) for _ in kernel]}
    dilations = [1] * rank
    if draw(st.booleans()):
        dilations = attributes["dilations"] = [draw(st.integers(1, 2)) for _ in kernel]
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    form = draw(st.sampled_from(["pads", "pads", "none", "VALID", "SAME_UPPER", "SAME_LOWER"]))
    if form == "pads":
        most = [k - 1 if within else 2 for k in kernel]
        pads = [draw(st.integers(0, n)) for _ in range(2) for n in most]
        attributes["pads"] = pads
        return attributes, [
            max(1, n - a - b) for n, a, b in zip(spans, pads[:rank], pads[rank:], strict=True)
        ]
    if form != "none":
        attributes["auto_pad"] = form
        if form.startswith("SAME"):  # neither the reference nor onnxruntime dilates there, or skips elements
            attributes.pop("dilations", None)
            if within:
                attributes["strides"] = [
                    min(pair) for pair in zip(attributes["strides"], kernel, strict=True)
                ]
            return attributes, [1] * rank
    return attributes, spans


@st.composite
def conv_transpose(draw: st.DrawFn) -> Case:
    rank, groups = draw(st.integers(1, 2)), draw(st.integers(1, 2))
    inner, out = groups * draw(st.integers(1, 2)), draw(st.integers(1, 2))
    kernel = [draw(st.integers(1, 3)) for _ in range(rank)]
    size = [draw(st.integers(1, 3)) for _ in range(rank)]
    strides = [draw(st.integers(1, 3)) for _ in range(rank)]
    attributes: dict[str, Any] = {"strides": strides, "group": groups}
    dilations = [1] * rank
    if draw(st.booleans()):
        dilations = attributes["dilations"] = [draw(st.integers(1, 2)) for _ in kernel]
    extra = [0] * rank
    if draw(st.booleans()):
        extra = attributes["output_padding"] = [draw(st.integers(0, stride - 1)) for stride in strides]
    parts = zip(size, strides, kernel, dilations, extra, strict=True)
    whole = [(n - 1) * s + (k - 1) * d + 1 + more for n, s, k, d, more in parts]
    form = draw(st.sampled_from(["pads", "output_shape", "none"]))
    # The reference mistakes the shape of the result in these cases.
    runtime = form == "output_shape" or groups > 1
    if form == "pads":
        before = [draw(st.integers(0, min(2, (n - 1) // 2))) for n in whole]
        after = [draw(st.integers(0, min(2, (n - 1) // 2))) for n in whole]
        attributes["pads"] = [*before, *after]
    elif form == "output_shape":
        spans = [(k - 1) * d for k, d in zip(kernel, dilations, strict=True)]
        cut = [min(span, n - 1) // 2 for span, n in zip(spans, whole, strict=True)]
        attributes["output_shape"] = [
            n - 2 * draw(st.integers(0, m)) for n, m in zip(whole, cut, strict=True)
        ]
    weights: Weights = {"w": draw(quarters((inner, out, *kernel)))}
    if draw(st.booleans()):
        weights["b"] = draw(quarters((out * groups,)))
    shape: Shape = (1, inner, *size)
    return Case("ConvTranspose", ["x", *weights], {"x": shape}, weights, attributes, 11, runtime=runtime)


@st.composite
def pool(draw: st.DrawFn, operator: str) -> Case:
    rank = draw(st.integers(1, 2))
    kernel = [draw(st.integers(1, 3)) for _ in range(rank)]
    attributes, least = draw(moves(kernel, within=True))
    size = [low + draw(st.integers(0, 4)) for low in least]
    attributes["kernel_shape"] = kernel
    average = operator == "AveragePool"
    opset = draw(st.sampled_from([11, 12, 19, 22]))
    if average and opset < 19:
        attributes.pop("dilations", None)
    if average and draw(st.booleans()):
        attributes["count_include_pad"] = 1
    elif draw(st.booleans()) and "auto_pad" not in attributes:
        attributes["ceil_mode"] = 1
    shape: Shape = (1, draw(st.integers(1, 2)), *size)
    # The reference mistakes padding in maxima, and the number of windows in other cases.
    runtime = not average or "auto_pad" in attributes or "dilations" in attributes
    return Case(operator, ["x"], {"x": shape}, {}, attributes, opset, rounded=average, runtime=runtime)


@st.composite
def global_pool(draw: st.DrawFn, operator: str) -> Case:
    # The reference mistakes the axes of a maximum unless there are two.
    least, most = (2, 2) if operator == "GlobalMaxPool" else (1, 3)
    size = draw(st.lists(st.integers(1, 3), min_size=least, max_size=most))
    shape: Shape = (1, draw(st.integers(1, 3)), *size)
    count = int(np.prod(shape[2:]))
    rounded = operator == "GlobalAveragePool" and count & (count - 1) > 0
    return Case(operator, ["x"], {"x": shape}, opset=11, rounded=rounded)


WINDOW_CASES: dict[str, st.SearchStrategy[Case]] = {
    "AveragePool": pool("AveragePool"),
    "Conv": conv(),
    "ConvTranspose": conv_transpose(),
    "GlobalAveragePool": global_pool("GlobalAveragePool"),
    "GlobalMaxPool": global_pool("GlobalMaxPool"),
    "MaxPool": pool("MaxPool"),
}
