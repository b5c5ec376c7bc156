"""A small goal to store things of, and every change of it that must, or must not, change its key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Final

import numpy as np

from spec_lang.diagnostics import Span
from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.primitives import (
    RELU,
    Affine,
    Convolution,
    Dense,
    Entries,
    LinearMap,
    Scale,
    Smooth,
    frozen,
)
from spec_lang.obligations.model import (
    All,
    Any,
    Axis,
    Box,
    Condition,
    Frame,
    Goal,
    LinearAtom,
    Obligation,
    Region,
    Semantics,
    Tie,
)
from tests.tiny_networks import ABS_LIKE

FRAME: Final = Frame("f", "x", (Axis("a"), Axis("b")), (Axis("p"), Axis("q")))
HALF: Final = Fraction(1, 2)


def atom(output: int, constant: Fraction, *, strict: bool = False) -> LinearAtom:
    """`−y[output] + constant <= 0`."""
    return LinearAtom((), ((output, Fraction(-1)),), constant, strict, "f(x).p <= 1")


def graph(weight: float = 1.0) -> Graph:
    """`relu(W x + b)`, scaled."""
    first = np.array([[weight, -1], [-1, 1]], dtype=np.float32)
    bias = np.array([0.25, 0], dtype=np.float32)
    factor = np.array([2, -3], dtype=np.float32)
    nodes = (
        Node(Affine((Dense(frozen(first)),), frozen(bias)), (0,), TensorSpec("z", (2,))),
        Node(RELU, (1,), TensorSpec("a", (2,))),
        Node(Affine((Scale(frozen(factor)),), frozen(bias)), (2,), TensorSpec("y", (2,))),
    )
    return Graph((TensorSpec("x", (2,)),), nodes, (3,))


def box(upper: Fraction = Fraction(1)) -> Box:
    return Box((Fraction(0), Fraction(-1, 3)), (upper, None))


VIOLATION: Final = Any((All((atom(0, Fraction(9)), atom(1, Fraction(8)))), atom(1, Fraction(9))))
ROW: Final = LinearAtom(((0, Fraction(1)), (1, Fraction(1))), (), Fraction(-1), False)


def obligation() -> Obligation:
    return Obligation(graph(), Region((box(), box(HALF)), (ROW,)), VIOLATION)


def goal(*obligations: Obligation) -> Goal:
    return Goal("claim", None, obligations or (obligation(),), FRAME)


def impossible() -> Obligation:
    """Nothing violates it, by its form alone."""
    return replace(obligation(), violation=Any(()))


def _with(**changes: object) -> Callable[[Obligation], Obligation]:
    return lambda one: replace(one, **changes)  # type: ignore[arg-type]


def _graph(change: Callable[[Graph], Graph]) -> Callable[[Obligation], Obligation]:
    return lambda one: replace(one, graph=change(one.graph))


def _node(number: int, **changes: object) -> Callable[[Obligation], Obligation]:
    def change(old: Graph) -> Graph:
        nodes = list(old.nodes)
        nodes[number] = replace(nodes[number], **changes)  # type: ignore[arg-type]
        return replace(old, nodes=tuple(nodes))

    return _graph(change)


def _affine(number: int, **changes: object) -> Callable[[Obligation], Obligation]:
    def change(one: Obligation) -> Obligation:
        affine = one.graph.nodes[number].primitive
        assert isinstance(affine, Affine)
        return _node(number, primitive=replace(affine, **changes))(one)  # type: ignore[arg-type]

    return change


def _violation(violation: Condition) -> Callable[[Obligation], Obligation]:
    return _with(violation=violation)


FIRST, SECOND = All((atom(0, Fraction(9)), atom(1, Fraction(8)))), atom(1, Fraction(9))
F64 = frozen(np.array([2.0, -3.0]))
F32 = frozen(np.array([2.0, -3.0], dtype=np.float32))
PLACES = np.array([0, 1])
ENTRIES = Entries((2, 2), PLACES, PLACES, F32)
KERNEL = frozen(F32.reshape(1, 1, 2))
CONVOLUTION = Convolution(KERNEL, 1, (2,), (2,), (1,), (1,), (0,))
CHANNELS = frozen(F32.reshape(2, 1, 1))


def _first(linear: LinearMap) -> Callable[[Obligation], Obligation]:
    return _affine(0, maps=(linear,))


# What makes another question, or another numbering of what a proof speaks of.
MATTERS: Final[dict[str, Callable[[Obligation], Obligation]]] = {
    "one weight": _with(graph=graph(float(np.nextafter(np.float32(1), np.float32(2))))),
    "one bias": _affine(0, bias=frozen(np.array([0.25, -0.0], dtype=np.float32))),
    "one factor": _affine(2, maps=(Scale(frozen(np.array([2, -4], dtype=np.float32))),)),
    "the type of the weights": _affine(2, maps=(Scale(F64),)),
    "a matrix for a scaling": _affine(2, maps=(Dense(frozen(np.diag(F32))),)),
    "entries for a scaling": _first(ENTRIES),
    "an entry": _first(replace(ENTRIES, value=F64.astype(np.float32) * 2)),
    "the type of the entries": _first(replace(ENTRIES, value=F64)),
    "an entry's row": _first(replace(ENTRIES, row=np.array([0, 0]))),
    "an entry's column": _first(replace(ENTRIES, column=np.array([0, 0]))),
    "a convolution for a scaling": _first(CONVOLUTION),
    "a kernel": _first(replace(CONVOLUTION, weight=frozen(KERNEL[:, :, ::-1]))),
    "a kernel's shape": _first(replace(CONVOLUTION, weight=frozen(KERNEL[:, :, :1]))),
    "its strides": _first(replace(CONVOLUTION, strides=(2,))),
    "its dilations": _first(replace(CONVOLUTION, dilations=(2,))),
    "its pads": _first(replace(CONVOLUTION, pads=(1,))),
    "its transpose": _first(replace(CONVOLUTION, adjoint=True)),
    "its size": _first(replace(CONVOLUTION, weight=CHANNELS, result=(1,))),
    "its groups": _first(replace(CONVOLUTION, weight=CHANNELS, groups=2, size=(1,), result=(1,))),
    "a function": _node(1, primitive=ABS_LIKE),
    "a smooth function": _node(1, primitive=Smooth.TANH),
    "another smooth function": _node(1, primitive=Smooth.SIGMOID),
    "a square": _node(1, primitive=Smooth.SQUARE),
    "a slope": _node(1, primitive=replace(RELU, slopes=(0.5, 1.0))),
    "an anchor": _node(1, primitive=replace(RELU, anchor=1.0)),
    "what a node reads": _node(2, operands=(1,)),
    "a node is of the claim": _node(2, glue=True),
    "the output": _graph(lambda g: replace(g, outputs=(2,))),
    "another output": _graph(lambda g: replace(g, outputs=(3, 3))),
    "an unused node, which has numbers": _graph(
        lambda g: replace(g, nodes=(*g.nodes, Node(RELU, (1,), TensorSpec("b", (2,)))))
    ),
    "a bound": _with(region=Region((box(), box(HALF + Fraction(1, 10**40))), (ROW,))),
    "a bound that is none": _with(region=Region((box(), Box(box().lower, (HALF, HALF))), (ROW,))),
    "a box": _with(region=Region((box(),), (ROW,))),
    "the order of boxes": _with(region=Region((box(HALF), box()), (ROW,))),
    "a constraint": _with(region=Region((box(), box(HALF)))),
    "a strict constraint": _with(region=Region((box(), box(HALF)), (replace(ROW, strict=True),))),
    "a constraint's coefficient": _with(
        region=Region((box(), box(HALF)), (replace(ROW, inputs=((0, Fraction(1)), (1, HALF))),))
    ),
    "a constraint's index": _with(region=Region((box(), box(HALF)), (replace(ROW, inputs=ROW.inputs[:1]),))),
    "a threshold": _violation(Any((FIRST, atom(1, Fraction(9) + Fraction(1, 10**40))))),
    "its sign": _violation(Any((FIRST, atom(1, Fraction(-9))))),
    "an output's index": _violation(Any((FIRST, atom(0, Fraction(9))))),
    "a strict atom": _violation(Any((FIRST, atom(1, Fraction(9), strict=True)))),
    "an input for an output": _violation(
        Any((FIRST, LinearAtom(SECOND.outputs, (), SECOND.constant, strict=False)))
    ),
    "the order of disjuncts": _violation(Any((SECOND, FIRST))),
    "all for any": _violation(All((FIRST, SECOND))),
    "how it is nested": _violation(Any((FIRST.parts[0], FIRST.parts[1], SECOND))),
    "the semantics": _with(semantics=Semantics.FLOAT32),
}

# What a reader is shown, or a search may use.
IS_IRRELEVANT: Final[dict[str, Callable[[Obligation], Obligation]]] = {
    "a copy": _graph(replace),
    "weights that were read again": _with(graph=graph()),
    "a tensor's name": _node(0, tensor=TensorSpec("other", (2,))),
    "an input's name and shape": _graph(lambda g: replace(g, inputs=(TensorSpec("v", (2, 1)),))),
    "names of hidden tensors": _graph(lambda g: replace(g, tensors=(("hidden", 1),))),
    "words and places": _violation(
        Any((FIRST, replace(SECOND, words="other words", span=Span("b.nnspec", 1, 1, 1, 2))))
    ),
    "ties": _with(ties=(Tie(1, ((0, Fraction(1)),), Fraction(0)),)),
}
