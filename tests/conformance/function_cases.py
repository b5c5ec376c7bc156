"""Piecewise linear functions, extrema, sums and averages: cases with one node."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from tests.conformance.cases import Case, Shape, Weights, broadcast_pair, quarters, shapes


def function(operator: str, opsets: list[int], **attributes: list[float]) -> st.SearchStrategy[Case]:
    """Each attribute may be left out; what is no quarter is compared by nearness."""

    @st.composite
    def cases(draw: st.DrawFn) -> Case:
        chosen = {name: draw(st.sampled_from(values)) for name, values in attributes.items()}
        kept = {name: value for name, value in chosen.items() if draw(st.booleans())}
        rounded = len(kept) < len(chosen) or any(value * 4 != int(value * 4) for value in kept.values())
        return Case(
            operator,
            ["x"],
            {"x": draw(shapes)},
            attributes=kept,
            opset=draw(st.sampled_from(opsets)),
            rounded=rounded,
        )

    return cases()


def smooth(operator: str) -> st.SearchStrategy[Case]:
    """Its values are irrational, and approximated by whoever computes them."""
    return st.builds(
        lambda shape, opset, runtime: Case(operator, ["x"], {"x": shape}, {}, {}, opset, 1, True, runtime),
        shapes,
        st.sampled_from([6, 13, 22]),
        st.booleans(),
    )


@st.composite
def softmax(draw: st.DrawFn, operator: str) -> Case:
    """The axis along which classes compete has two of them or more; before 13 it and all after it are one."""
    opset = draw(st.sampled_from([7, 11, 13, 22]))
    axis = draw(st.integers(1, 2))
    shape = [draw(st.integers(1, 3)) for _ in range(3)]
    shape[axis] = draw(st.integers(2, 5))
    named = draw(st.sampled_from([axis, axis - 3]))
    kept = {} if opset < 13 and axis == 1 and draw(st.booleans()) else {"axis": named if opset > 10 else axis}
    return Case(operator, ["x"], {"x": tuple(shape)}, {}, kept, opset, 1, True, opset < 13)


@st.composite
def prelu(draw: st.DrawFn) -> Case:
    shape = draw(shapes)
    slope = tuple(draw(st.sampled_from([1, size])) for size in shape)[draw(st.integers(0, len(shape) - 1)) :]
    opset = draw(st.sampled_from([9, 16]))
    return Case("PRelu", ["x", "s"], {"x": shape}, {"s": draw(quarters(slope))}, opset=opset)


@st.composite
def clip(draw: st.DrawFn) -> Case:
    shape = draw(shapes)
    low, high = sorted(draw(st.tuples(st.integers(-8, 8), st.integers(-8, 8))))
    ends = {"min": low / 4, "max": high / 4}
    kept = {name: end for name, end in ends.items() if draw(st.booleans())}
    opset = draw(st.sampled_from([6, 11, 13]))
    if opset < 11:
        return Case("Clip", ["x"], {"x": shape}, attributes=kept, opset=opset)
    weights: Weights = {name: np.array(end, dtype=np.float32) for name, end in kept.items()}
    names = [name if name in kept else "" for name in ("min", "max")]
    while names and not names[-1]:
        names.pop()
    return Case("Clip", ["x", *names], {"x": shape}, weights, opset=opset)


@st.composite
def variadic(draw: st.DrawFn, operator: str) -> Case:
    left, right = draw(broadcast_pair())
    inputs: dict[str, Shape] = {"x": left}
    weights: Weights = {}
    operands = ["x"]
    for number in range(draw(st.integers(0, 4))):
        # The reference adds to the first operand in place, and cannot broadcast it.
        shape = left if operator == "Mean" else draw(st.sampled_from([left, right]))
        kind = draw(st.sampled_from(["value", "constant", "again"]))
        if kind == "again":
            operands.append(draw(st.sampled_from(operands)))
            continue
        if kind == "value":
            inputs[f"x{number}"] = shape
            operands.append(f"x{number}")
        else:
            weights[f"c{number}"] = draw(quarters(shape))
            operands.append(f"c{number}")
    count = len(operands)
    rounded = operator == "Mean" and count & (count - 1) > 0
    opset = draw(st.sampled_from([8, 13]))
    return Case(operator, draw(st.permutations(operands)), inputs, weights, opset=opset, rounded=rounded)


@st.composite
def reduction(draw: st.DrawFn, operator: str, operand_since: int) -> Case:
    shape = draw(shapes)
    opset = draw(st.sampled_from([11, 13, 18]))
    axes = sorted(draw(st.sets(st.integers(0, len(shape) - 1))))
    attributes: dict[str, Any] = {"keepdims": draw(st.integers(0, 1))}
    turned = [axis - draw(st.sampled_from([0, len(shape)])) for axis in axes]
    count = int(np.prod([shape[axis] for axis in axes or range(len(shape))]))
    rounded = operator == "ReduceMean" and count & (count - 1) > 0
    if not axes:
        if opset >= operand_since and draw(st.booleans()):
            attributes["noop_with_empty_axes"] = 1
            rounded = False
        return Case(operator, ["x"], {"x": shape}, {}, attributes, opset, rounded=rounded)
    if opset < operand_since:
        return Case(operator, ["x"], {"x": shape}, {}, attributes | {"axes": axes}, opset, rounded=rounded)
    weights: Weights = {"axes": np.array(turned, dtype=np.int64)}
    return Case(operator, ["x", "axes"], {"x": shape}, weights, attributes, opset, rounded=rounded)


@st.composite
def batch_normalization(draw: st.DrawFn) -> Case:
    channels = draw(st.integers(1, 3))
    shape = (1, channels, *draw(st.lists(st.integers(1, 3), max_size=2)))
    weights: Weights = {name: draw(quarters((channels,))) for name in ("scale", "bias", "mean")}
    weights["variance"] = abs(draw(quarters((channels,))))
    epsilon = draw(st.sampled_from([1e-5, 1e-3, 0.25]))
    opset = draw(st.sampled_from([9, 14, 15]))
    operands = ["x", "scale", "bias", "mean", "variance"]
    attributes = {"epsilon": epsilon, "momentum": 0.9}
    # Before set 14 the reference takes a momentum for training.
    return Case(
        "BatchNormalization",
        operands,
        {"x": shape},
        weights,
        attributes,
        opset,
        rounded=True,
        runtime=opset < 14,
    )


FUNCTION_CASES: dict[str, st.SearchStrategy[Case]] = {
    "Abs": function("Abs", [6, 13]),
    "BatchNormalization": batch_normalization(),
    "Clip": clip(),
    "HardSigmoid": function("HardSigmoid", [6, 22], alpha=[0.25, -0.5, 0.2, 1.0], beta=[0.5, -0.25, 0.3]),
    "LeakyRelu": function("LeakyRelu", [6, 16], alpha=[0.25, 0.01, -0.5, 0.0, 1.0, 2.0, 1e-10]),
    "LogSoftmax": softmax("LogSoftmax"),
    "Max": variadic("Max"),
    "Mean": variadic("Mean"),
    "Min": variadic("Min"),
    "PRelu": prelu(),
    "ReduceMax": reduction("ReduceMax", 18),
    "ReduceMean": reduction("ReduceMean", 18),
    "ReduceMin": reduction("ReduceMin", 18),
    "ReduceSum": reduction("ReduceSum", 13),
    "Sigmoid": smooth("Sigmoid"),
    "Softmax": softmax("Softmax"),
    "Softplus": smooth("Softplus"),
    "Sum": variadic("Sum"),
    "Tanh": smooth("Tanh"),
}
