"""Obligations about two points of a network, and proofs of them that are grown by asking the kernel.

In: layers as the oracle of `tests.invertibility` has them.  Out: obligations; and proofs whose every code was
tried out, so that what the kernel accepts is known to be all that it can be brought to accept.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from spec_lang.kernel.proof import examine
from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.primitives import RELU, Affine, Dense, frozen
from spec_lang.network.transform.assemble import InputSource, Part, assemble
from spec_lang.obligations.model import All, Any, Box, Condition, LinearAtom, Obligation, Region
from spec_lang.obligations.pair_certificate import APART, JOINED, LEAF, SPARED, SPLIT, DegreeProof, PairProof
from tests.invertibility.pieces import Layers

ONE, ZERO = Fraction(1), Fraction(0)
MOST_PAIRS = 200
Ends = Sequence[Fraction]


def graph_of(layers: Layers) -> Graph:
    nodes: list[Node] = []
    for number, layer in enumerate(layers):
        size = len(layer.bias)
        affine = Affine((Dense(frozen(layer.weight)),), frozen(layer.bias))
        nodes.append(Node(affine, (len(nodes),), TensorSpec(f"z{number}", (size,))))
        if layer.relu:
            nodes.append(Node(RELU, (len(nodes),), TensorSpec(f"a{number}", (size,))))
    return Graph((TensorSpec("x", (layers[0].weight.shape[1],)),), tuple(nodes), (len(nodes),))


def twice(graph: Graph) -> Graph:
    """The graph at x, beside itself at y."""
    parts = Part(graph, (InputSource(0),), "f(x)"), Part(graph, (InputSource(1),), "f(y)")
    specs = TensorSpec("x", (graph.input_size,)), TensorSpec("y", (graph.input_size,))
    return assemble(specs, parts, ((0, graph.outputs[0]), (1, graph.outputs[0])))


def difference(
    left: int, right: int, *, outputs: bool, constant: Fraction = ZERO, strict: bool
) -> LinearAtom:
    """`left − right + constant <= 0`"""
    terms = tuple(sorted(((left, ONE), (right, -ONE))))
    return LinearAtom((), terms, constant, strict) if outputs else LinearAtom(terms, (), constant, strict)


def two_points(
    layers: Layers,
    lower: Ends,
    upper: Ends,
    *,
    given: Sequence[int] = (),
    rows: Sequence[LinearAtom] = (),
    point: Ends | None = None,
) -> Obligation:
    """That no two points of the box, or no point and `point`, have one image; those that agree in `given`."""
    both = twice(graph_of(layers))
    inputs, size = both.input_size // 2, both.output_size // 2
    same: list[Condition] = []
    for j in range(size):
        same += [difference(*ends, outputs=True, strict=False) for ends in ((j, size + j), (size + j, j))]
    apart: list[Condition] = []
    for i in range(inputs):
        if i in given:
            continue
        for ends in ((i, inputs + i), (inputs + i, i)):
            atom = difference(*ends, outputs=False, strict=True)
            apart.append(atom if point is None else _with_known(atom, inputs, point))
    second = (tuple(lower), tuple(upper)) if point is None else (tuple(point), tuple(point))
    box = Box((*lower, *second[0]), (*upper, *second[1]))
    agree = [
        difference(*ends, outputs=False, strict=False)
        for i in given
        for ends in ((i, inputs + i), (inputs + i, i))
    ]
    return Obligation(both, Region((box,), (*agree, *rows)), All((*same, Any(tuple(apart)))))


def _with_known(atom: LinearAtom, inputs: int, point: Ends) -> LinearAtom:
    known = sum((c * point[i - inputs] for i, c in atom.inputs if i >= inputs), start=ZERO)
    return LinearAtom(tuple((i, c) for i, c in atom.inputs if i < inputs), (), known, atom.strict)


# -- proofs ----------------------------------------------------------------------------------------------


def tree(depth: int, inputs: int) -> np.ndarray:
    """All cells of one depth, the inputs in turn."""
    if depth == 0:
        return np.array([LEAF], dtype=np.int8)
    part = tree(depth - 1, inputs)
    return np.concatenate([np.array([depth % inputs], dtype=np.int8), part, part])


def by_degree(
    obligation: Obligation, inputs: int, rows: int, *, exact: bool, depth: int = 6
) -> DegreeProof | None:
    """The first of a few trees that the kernel accepts, or None."""
    weights = np.eye(inputs) if rows == inputs else np.ones((inputs, rows)) + np.eye(inputs, rows)
    for cuts in range(0, depth + 1, 2):
        for sign in (1, -1):
            proof = DegreeProof(weights, sign, tree(cuts, inputs), np.zeros((0, inputs)))
            if examine(obligation, proof, exact=exact).evidence is not None:
                return proof
    return None


def by_pairs(
    obligation: Obligation, inputs: int, given: Sequence[int] = (), *, exact: bool = False, levels: int = 5
) -> PairProof | None:
    """Level by level every code is tried on every pair, and what none closes is split."""
    box = obligation.region.boxes[0]
    fixed = box.lower[inputs:] == box.upper[inputs:]
    done, axes = np.zeros(0, dtype=np.uint8), np.zeros(0, dtype=np.uint8)
    same = [not fixed]  # of each pair, whether it is a cell with itself
    for level in range(levels):
        codes = np.full(len(same), SPLIT, dtype=np.uint8)
        for code in (APART, JOINED, SPARED):
            still = np.flatnonzero(codes == SPLIT)
            tried = codes.copy()
            tried[still] = code
            flaw = examine(obligation, proof_of(axes, [*done, *tried], inputs), exact=exact).flaw
            left = set() if flaw is None else {one.node - len(done) for one in flaw.unclosed}
            assert flaw is None or flaw.unclosed, flaw
            codes[[place for place in still.tolist() if place not in left]] = code
        done = np.concatenate([done, codes])
        if not (codes == SPLIT).any():
            return proof_of(axes, done, inputs)
        axis = level % inputs
        axes = np.append(axes, np.uint8(axis))
        split = [alone for alone, code in zip(same, codes, strict=True) if code == SPLIT]
        parts = {True: [True, False, True], False: [False] * 4}
        if fixed or axis in given:
            parts = {True: [True, True], False: [False, False]}
        same = [part for alone in split for part in parts[alone]]
        if len(same) > MOST_PAIRS:
            return None
    return None


def proof_of(axes: Sequence[int] | np.ndarray, codes: Sequence[int] | np.ndarray, inputs: int) -> PairProof:
    return PairProof(np.array(axes, np.uint8), np.array(codes, np.uint8), np.zeros((0, inputs)))
