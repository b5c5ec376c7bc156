"""Proofs for tests, found by trial: cuts in the middle, neurons in their order, slopes at random.

In: an obligation, and the kernel's check as what says where a proof is still open.  Out: a proof that it
accepts, or None.  Shares nothing with the backends but the proof objects.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product

import numpy as np

from spec_lang.kernel.proof import examine
from spec_lang.network.primitives import PiecewiseLinear
from spec_lang.obligations.certificate import (
    BY_PHASES,
    CLOSED,
    BoxProof,
    Lemma,
    PhaseProof,
    PhaseTree,
    Proof,
    Unclosed,
)
from spec_lang.obligations.model import All, Condition, LinearAtom, Obligation

_SLOPES = (0.0, 0.0, 0.0, 0.5, 1.0)
_TRIALS = 8  # of a leaf, before one more neuron is split


def alternatives(condition: Condition) -> list[tuple[LinearAtom, ...]]:
    """The disjunctive normal form, left to right."""
    if isinstance(condition, LinearAtom):
        return [(condition,)]
    parts = [alternatives(part) for part in condition.parts]
    if isinstance(condition, All):
        return [tuple(atom for part in choice for atom in part) for choice in product(*parts)]
    return [conjunction for part in parts for conjunction in part]


@dataclass
class Leaf:
    """A leaf of a tree of phases: the split neurons above it, and its row of multipliers and slopes."""

    path: tuple[int, ...]
    multipliers: list[float]
    slopes: list[float]


@dataclass
class Node:
    """A node of either kind of tree."""

    split: int | None = None
    cut: float = 0.0
    children: list[Node] = field(default_factory=list)
    leaf: Leaf | None = None
    box: tuple[tuple[float, float], ...] = ()
    trees: list[Node] = field(default_factory=list)

    def preorder(self) -> Iterator[Node]:
        yield self
        for child in self.children:
            yield from child.preorder()


class Producer:
    """Grows a proof of one obligation, at most `effort` times."""

    def __init__(self, obligation: Obligation, *, seed: int = 0, effort: int = 60) -> None:
        self._obligation = obligation
        self._random = random.Random(seed)  # noqa: S311 - of no secret
        self._effort = effort
        self._conjunctions = alternatives(All((*obligation.region.constraints, obligation.violation)))
        nodes = obligation.graph.nodes
        self._neurons = sum(n.size for n in nodes if isinstance(n.primitive, PiecewiseLinear))

    def by_cuts(self) -> Proof | None:
        """By input cuts alone."""
        return self._grow(self._roots(), ())

    def by_phases(self, lemmas: Sequence[Lemma] = ()) -> Proof | None:
        """By phases alone."""
        roots = self._roots()
        for root in roots:
            root.trees = [self._root(conjunction) for conjunction in self._conjunctions]
        return self._grow(roots, lemmas)

    def by_both(self) -> Proof | None:
        """By a cut of every box's first input, and phases below it."""
        roots = self._roots()
        for root in roots:
            self._cut(root, 0)
            for child in root.children:
                child.trees = [self._root(conjunction) for conjunction in self._conjunctions]
        return self._grow(roots, ())

    def _roots(self) -> list[Node]:
        boxes = self._obligation.region.boxes
        return [
            Node(box=tuple((_float(lo), _float(hi)) for lo, hi in zip(b.lower, b.upper, strict=True)))
            for b in boxes
        ]

    def _root(self, conjunction: tuple[LinearAtom, ...]) -> Node:
        return Node(leaf=self._leaf((), len(conjunction)))

    def _leaf(self, path: tuple[int, ...], atoms: int) -> Leaf:
        multipliers = [float(self._random.choice((0, 1, 1, 2))) for _ in range(atoms)]
        if not any(multipliers):
            multipliers[0] = 1.0
        return Leaf(path, multipliers, [self._random.choice(_SLOPES) for _ in range(self._neurons)])

    def _grow(self, roots: list[Node], lemmas: Sequence[Lemma]) -> Proof | None:
        for trial in range(self._effort):
            proof = Proof(tuple(self._part(number, root, lemmas) for number, root in enumerate(roots)))
            result = examine(self._obligation, proof, exact=True)
            if result.flaw is None:
                return proof
            if not result.flaw.unclosed:
                raise AssertionError(result.flaw.problem)
            for place in {(u.part, u.node, u.conjunction, u.leaf): u for u in result.flaw.unclosed}.values():
                if not self._refine(list(roots[place.part].preorder())[place.node], place, trial):
                    return None
        return None

    def _refine(self, node: Node, place: Unclosed, trial: int) -> bool:
        if place.conjunction is None or place.leaf is None:
            sides = [hi - lo for lo, hi in node.box]
            self._cut(node, sides.index(max(sides)))
            return True
        tree = node.trees[place.conjunction]
        found = [inner for inner in tree.preorder() if inner.split is None][place.leaf]
        assert found.leaf is not None
        path, atoms = found.leaf.path, len(found.leaf.multipliers)
        left = [neuron for neuron in range(self._neurons) if neuron not in path]
        if trial % _TRIALS or not left:
            found.leaf = self._leaf(path, atoms)
        else:
            found.split, found.leaf = left[0], None
            found.children = [Node(leaf=self._leaf((*path, left[0]), atoms)) for _ in range(2)]
        return True

    def _cut(self, node: Node, axis: int) -> None:
        lower, upper = node.box[axis]
        node.split, node.cut = axis, (lower + upper) / 2
        sides = ((lower, node.cut), (node.cut, upper))
        node.children = [Node(box=(*node.box[:axis], side, *node.box[axis + 1 :])) for side in sides]

    def _part(self, number: int, root: Node, lemmas: Sequence[Lemma]) -> BoxProof:
        nodes = list(root.preorder())
        axis = [
            node.split if node.split is not None else BY_PHASES if node.trees else CLOSED for node in nodes
        ]
        width = sum(len(c) for c in self._conjunctions if len(c) > 1)
        return BoxProof(
            number,
            np.array(axis, dtype=np.int32),
            np.array([node.cut for node in nodes if node.split is not None], dtype=np.float64),
            np.full((len(nodes), width), 128, dtype=np.uint8),
            tuple(
                PhaseProof(tuple(lemmas), tuple(self._tree(k, tree) for k, tree in enumerate(node.trees)))
                for node in nodes
                if node.trees
            ),
        )

    def _tree(self, conjunction: int, root: Node) -> PhaseTree:
        nodes = list(root.preorder())
        leaves = [node.leaf for node in nodes if node.leaf is not None]
        return PhaseTree(
            conjunction,
            np.array([-1 if node.split is None else node.split for node in nodes], dtype=np.int32),
            np.array([leaf.multipliers for leaf in leaves], dtype=np.float32),
            np.arange(self._neurons, dtype=np.int32),
            np.array([leaf.slopes for leaf in leaves], dtype=np.float32).reshape(len(leaves), -1),
        )


def _float(bound: Fraction | None) -> float:
    assert bound is not None
    return float(bound)
