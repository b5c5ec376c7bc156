"""Operators that move elements: cases whose results are elements of their operands."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from onnx import helper

from tests.conformance.cases import Case, Shape, Weights, quarters, shapes


@st.composite
def transpose(draw: st.DrawFn) -> Case:
    shape = draw(shapes)
    order = draw(st.none() | st.permutations(range(len(shape))))
    return Case("Transpose", ["x"], {"x": shape}, attributes={} if order is None else {"perm": order})


@st.composite
def concat(draw: st.DrawFn) -> Case:
    shape = draw(shapes)
    axis = draw(st.integers(0, len(shape) - 1))
    inputs: dict[str, Shape] = {}
    weights: Weights = {}
    operands: list[str] = []
    for number in range(draw(st.integers(1, 4))):
        part = (*shape[:axis], draw(st.integers(1, 3)), *shape[axis + 1 :])
        kind = draw(st.sampled_from(["value", "constant", "again"]))
        if kind == "again" and operands:
            operands.append(draw(st.sampled_from(operands)))
        elif kind == "constant" and inputs:
            weights[f"c{number}"] = draw(quarters(part))
            operands.append(f"c{number}")
        else:
            inputs[f"x{number}"] = part
            operands.append(f"x{number}")
    return Case("Concat", operands, inputs, weights, {"axis": axis - draw(st.sampled_from([0, len(shape)]))})


@st.composite
def slices(draw: st.DrawFn) -> Case:
    shape = draw(shapes)
    opset = draw(st.sampled_from([9, 10, 13, 17]))
    axes = sorted(draw(st.sets(st.integers(0, len(shape) - 1), min_size=1)))
    starts, ends, steps = [], [], []
    for axis in axes:
        size = shape[axis]
        first = draw(st.integers(0, size - 1))
        step = 1 if opset < 10 else draw(st.sampled_from([1, 2, -1, -2]))
        if step > 0:
            end = draw(st.sampled_from([first + 1, size, size + 5, 2**31 - 1]))
        else:
            end = draw(st.sampled_from([-size - 1, -(2**31), first - size - 1]))
        starts.append(first - draw(st.sampled_from([0, size])))
        ends.append(end)
        steps.append(step)
    if opset < 10:
        attributes = {"starts": starts, "ends": ends, "axes": axes}
        return Case("Slice", ["x"], {"x": shape}, attributes=attributes, opset=opset)
    lists = {"starts": starts, "ends": ends, "axes": axes, "steps": steps}
    weights: Weights = {name: np.array(values, dtype=np.int64) for name, values in lists.items()}
    return Case("Slice", ["x", *weights], {"x": shape}, weights, opset=opset)


@st.composite
def gather(draw: st.DrawFn) -> Case:
    shape = draw(shapes)
    axis = draw(st.integers(0, len(shape) - 1))
    size = shape[axis]
    count = draw(st.sampled_from([(), (1,), (3,), (2, 2)]))
    indices = draw(
        st.lists(st.integers(-size, size - 1), min_size=int(np.prod(count)), max_size=int(np.prod(count)))
    )
    weights: Weights = {"i": np.array(indices, dtype=np.int64).reshape(count)}
    return Case("Gather", ["x", "i"], {"x": shape}, weights, {"axis": axis}, draw(st.sampled_from([11, 13])))


@st.composite
def split(draw: st.DrawFn) -> Case:
    lengths = draw(st.lists(st.integers(1, 3), min_size=2, max_size=3))
    shape = (draw(st.integers(1, 2)), sum(lengths), draw(st.integers(1, 2)))
    opset = draw(st.sampled_from([11, 13, 18]))
    attributes: dict[str, Any] = {"axis": 1}
    if draw(st.booleans()):
        parts = len(lengths) if opset >= 18 else next(n for n in (3, 2, 1) if shape[1] % n == 0)
        if opset >= 18:
            attributes["num_outputs"] = parts
            if -(-shape[1] // parts) * (parts - 1) >= shape[1]:  # the last one would be empty
                attributes["num_outputs"] = parts = 2
        return Case("Split", ["x"], {"x": shape}, {}, attributes, opset, parts)
    if opset < 13:
        return Case("Split", ["x"], {"x": shape}, {}, attributes | {"split": lengths}, opset, len(lengths))
    weights: Weights = {"split": np.array(lengths, dtype=np.int64)}
    return Case("Split", ["x", "split"], {"x": shape}, weights, attributes, opset, len(lengths))


@st.composite
def pad(draw: st.DrawFn) -> Case:
    shape = draw(shapes)
    mode = draw(st.sampled_from(["constant", "reflect", "edge"]))
    widths = [draw(st.integers(0, size - 1 if mode == "reflect" else 2)) for _ in range(2) for size in shape]
    if mode == "constant" and draw(st.booleans()):
        axis = draw(st.integers(0, len(shape) - 1))
        widths[axis] = -draw(st.integers(0, shape[axis] - 1))
    opset = draw(st.sampled_from([11, 13, 18]))
    weights: Weights = {"pads": np.array(widths, dtype=np.int64)}
    operands = ["x", "pads"]
    if draw(st.booleans()):
        weights["v"] = np.array(draw(st.sampled_from([0.0, 0.25, -3.0])), dtype=np.float32)
        operands.append("v")
    if opset == 18 and draw(st.booleans()):
        order = draw(st.permutations(range(len(shape))))
        weights["axes"] = np.array(order, dtype=np.int64)
        both = np.array(widths).reshape(2, -1)[:, list(order)]
        weights["pads"] = both.ravel().astype(np.int64)
        operands = [*operands, *([""] if len(operands) == 2 else []), "axes"]
    # The reference cannot take elements away.
    runtime = min(widths) < 0
    return Case("Pad", operands, {"x": shape}, weights, {"mode": mode}, opset, runtime=runtime)


@st.composite
def expand(draw: st.DrawFn) -> Case:
    shape = draw(shapes)
    wider = [draw(st.integers(1, 3)) if size == 1 else draw(st.sampled_from([1, size])) for size in shape]
    lead = draw(st.lists(st.integers(1, 2), max_size=1))
    weights: Weights = {"s": np.array([*lead, *wider], dtype=np.int64)}
    return Case("Expand", ["x", "s"], {"x": shape}, weights)


@st.composite
def tile(draw: st.DrawFn) -> Case:
    shape = draw(shapes)
    weights: Weights = {"n": np.array([draw(st.integers(1, 3)) for _ in shape], dtype=np.int64)}
    return Case("Tile", ["x", "n"], {"x": shape}, weights)


@st.composite
def cast(draw: st.DrawFn) -> Case:
    return Case("Cast", ["x"], {"x": draw(shapes)}, attributes={"to": draw(st.sampled_from([1, 11]))})


@st.composite
def constant_of_shape(draw: st.DrawFn) -> Case:
    value = draw(st.none() | st.sampled_from([0.5, -2.0]))
    attributes = {} if value is None else {"value": helper.make_tensor("v", 1, [1], [value])}
    weights: Weights = {"s": np.array(draw(shapes), dtype=np.int64)}
    return Case("ConstantOfShape", ["s"], {}, weights, attributes)


@st.composite
def repeats(draw: st.DrawFn, operator: str) -> Case:
    shape: Shape = (1, draw(st.integers(1, 2)), draw(st.integers(1, 3)), draw(st.integers(1, 3)))
    scales = [1, 1, draw(st.integers(1, 4)), draw(st.integers(1, 3))]
    weights: Weights = {"scales": np.array(scales, dtype=np.float32)}
    if operator == "Upsample":
        return Case("Upsample", ["x", "scales"], {"x": shape}, weights, {"mode": "nearest"}, 9)
    attributes: dict[str, Any] = {"mode": "nearest"}
    opset = draw(st.sampled_from([11, 13, 18]))
    ways = [{}, {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}]
    ways.append({"coordinate_transformation_mode": "pytorch_half_pixel", "nearest_mode": "round_prefer_ceil"})
    attributes |= draw(st.sampled_from(ways))
    if draw(st.booleans()):
        sizes = np.array(shape) * np.array(scales)
        operands, weights = ["x", "", "", "sizes"], {"sizes": sizes.astype(np.int64)}
    else:
        operands = ["x", "", "scales"]
    return Case("Resize", operands, {"x": shape}, weights, attributes, opset)


@st.composite
def shape_of(draw: st.DrawFn) -> Case:
    weights: Weights = {"c": draw(quarters(draw(shapes)))}
    return Case("Shape", ["c"], {}, weights, opset=draw(st.sampled_from([13, 15, 17])))


TENSOR_CASES: dict[str, st.SearchStrategy[Case]] = {
    "Cast": cast(),
    "Concat": concat(),
    "ConstantOfShape": constant_of_shape(),
    "Expand": expand(),
    "Gather": gather(),
    "Pad": pad(),
    "Resize": repeats("Resize"),
    "Shape": shape_of(),
    "Slice": slices(),
    "Split": split(),
    "Tile": tile(),
    "Transpose": transpose(),
    "Upsample": repeats("Upsample"),
}
