"""Changes of weights, and networks that have them, for tests: as graphs, as fractions, and as ONNX files.

In: a graph of networks whose weights may be off, or the layers of a perceptron.  Out: changes that are
within the share of each weight, drawn from its ends on purpose.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from math import nextafter
from pathlib import Path

import numpy as np
import onnx
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from spec_lang.network.drift import Weights
from spec_lang.network.graph import Graph

F32 = NDArray[np.float32]
Layers = list[tuple[F32, F32]]


def inward(number: Fraction) -> Fraction:
    """The nearest float that is not further from 0."""
    near = float(number)
    if abs(Fraction(near)) > abs(number):
        near = nextafter(near, 0.0)
    return Fraction(near)


def within(weights: Weights, rates: Sequence[int]) -> list[Fraction]:
    """Each number off by a quarter of its share for each of a rate from −4 to 4; equal ones alike."""
    found = []
    for place, number in enumerate(weights.numbers.ravel().tolist()):
        exact = Fraction(number)
        rate = rates[hash(abs(exact)) % len(rates)] if weights.alike else rates[place % len(rates)]
        found.append(inward(exact * weights.share * Fraction(rate, 4)))
    return found


@st.composite
def changes_of(draw: st.DrawFn, graph: Graph) -> tuple[Fraction, ...]:
    """Changes that the graph's networks permit."""
    rates = draw(st.lists(st.integers(-4, 4), min_size=3, max_size=7))
    return tuple(c for weights in graph.weights or () for c in within(weights, rates))


def split(graph: Graph, changes: Sequence[Fraction]) -> list[tuple[Weights, list[Fraction]]]:
    """The changes of each array."""
    found, start = [], 0
    for weights in graph.weights or ():
        size = weights.numbers.size
        found.append((weights, list(changes[start : start + size])))
        start += size
    return found


def perceptron(sizes: Sequence[int], seed: int) -> Layers:
    random = np.random.default_rng(seed)
    return [
        (
            (random.standard_normal((b, a)) * 1.5 / np.sqrt(a)).astype(np.float32),
            (random.standard_normal(b) * 0.2).astype(np.float32),
        )
        for a, b in pairwise(sizes)
    ]


def stored(layers: Layers, path: Path) -> None:
    """The perceptron as an ONNX file, whose sums are `z0`, `z1`, …"""
    nodes, constants, value = [], [], "x"
    for number, (weight, bias) in enumerate(layers):
        constants += [
            numpy_helper.from_array(weight, f"W{number}"),
            numpy_helper.from_array(bias, f"b{number}"),
        ]
        inputs = [value, f"W{number}", f"b{number}"]
        nodes.append(helper.make_node("Gemm", inputs, [f"z{number}"], transB=1))
        value = f"z{number}"
        if number < len(layers) - 1:
            nodes.append(helper.make_node("Relu", [value], [f"a{number}"]))
            value = f"a{number}"
    ends = [("x", layers[0][0].shape[1]), (value, layers[-1][0].shape[0])]
    given, result = (
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, size]) for name, size in ends
    )
    graph = helper.make_graph(nodes, "g", [given], [result], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, path)
