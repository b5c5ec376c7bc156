"""What a conformance case is: a model of one node, and how such models are drawn.

In: Hypothesis.  Out: cases whose numbers are quarters, so that float32 arithmetic is exact on them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
from hypothesis import strategies as st

Weights = dict[str, np.ndarray[Any, Any]]
Shape = tuple[int, ...]


@dataclass
class Case:
    """One node: the shapes of its inputs, its weights, its attributes, how many results it has.

    `rounded` says that the meaning of the node has a coefficient that is no float, or that the reference
    rounds: it is compared by nearness.  `runtime` says that the reference is wrong there, or fails: the case
    is compared with onnxruntime.
    """

    operator: str
    operands: list[str]
    inputs: dict[str, Shape]
    weights: Weights = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)
    opset: int = 17
    results: int = 1
    rounded: bool = False
    runtime: bool = False


def quarters(
    shape: Shape, choices: tuple[float, ...] | None = None
) -> st.SearchStrategy[np.ndarray[Any, Any]]:
    numbers = st.sampled_from(choices) if choices else st.integers(-12, 12).map(lambda i: i / 4)
    values = st.lists(numbers, min_size=prod(shape), max_size=prod(shape))
    return values.map(lambda drawn: np.array(drawn, dtype=np.float32).reshape(shape))


shapes: st.SearchStrategy[Shape] = st.lists(st.integers(1, 3), min_size=1, max_size=4).map(tuple)


@st.composite
def broadcast_pair(draw: st.DrawFn) -> tuple[Shape, Shape]:
    """Two shapes that broadcast together, either of them the smaller."""
    full = draw(shapes)
    left = tuple(draw(st.sampled_from([1, size])) for size in full)
    right = tuple(draw(st.sampled_from([1, size])) for size in full)
    cut = draw(st.integers(0, len(full) - 1))
    return draw(st.sampled_from([(left, right[cut:]), (left[cut:], right)]))
