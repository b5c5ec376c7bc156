"""Probabilities of classes, the shared meaning of `Softmax` and `LogSoftmax`.

In: a value and an axis; up to operator set 12 the classes are all dimensions from that axis on.  Out:
sigmoids of softplus of differences, and where each class stands.  Exact in real numbers; every runtime
approximates them in its own way.
"""

from __future__ import annotations

from math import prod

import numpy as np

from spec_lang.network.ops._index import Shape, moved, numbered
from spec_lang.network.ops._linear import attribute, check_size, depending
from spec_lang.network.ops.base import Builder, NodeView, UnsupportedNode, Value
from spec_lang.network.primitives import Indices, Primitive
from spec_lang.network.transform.softmax import Add, Ratios, ratios

_EACH_BY_ITSELF = 13  # the first operator set in which the axis is one dimension


def classes_of(node: NodeView) -> tuple[Value, Indices]:
    """The logits, and the classes that compete with each other, a row of flat places each."""
    value = depending(node, 0)
    rank = len(value.shape)
    axis = attribute(node, "axis", -1 if node.opset >= _EACH_BY_ITSELF else 1)
    if not -rank <= axis < rank:
        raise UnsupportedNode(f"its axis {axis} does not fit a tensor of {rank} dimensions")
    places = numbered(value.shape)
    if node.opset < _EACH_BY_ITSELF:
        split = axis % rank
        places = places.reshape(prod(value.shape[:split]), -1)
    else:
        places = np.moveaxis(places, axis, -1).reshape(-1, value.shape[axis])
    if places.shape[1] < 2:
        raise UnsupportedNode("it has one class, whose probability is 1 everywhere")
    check_size(places.size * places.shape[1])  # every class has its rivals
    return value, places


def ratios_of(value: Value, classes: Indices, build: Builder) -> tuple[Ratios, dict[int, Value], Add]:
    """The classes' ratios, in the order of `classes`; the values by their numbers, and what adds more."""
    values = {value.number: value}

    def add(primitive: Primitive, operands: tuple[int, ...], size: int) -> int:
        result = build.add(primitive, [values[number] for number in operands], (1, size))
        values[result.number] = result
        return result.number

    return ratios(value.number, value.size, classes, add), values, add


def in_place(result: Value, classes: Indices, shape: Shape, build: Builder) -> Value:
    """`result`, which is in the order of `classes`, in that of the tensor."""
    places = np.argsort(classes.ravel()).reshape(shape)
    return moved(result, places, build)
