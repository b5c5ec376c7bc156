"""Whether a proof is of the right form: numbers of the right kind in the right places.

In: one part of a proof, the network and the atoms that it is about.  Out: nothing, or `Unchecked`; what the
numbers say is not looked at.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spec_lang.kernel.network import Network, ReluStep, Unchecked
from spec_lang.kernel.rows import Alternatives
from spec_lang.kernel.tree import right_children
from spec_lang.obligations.certificate import (
    BY_PHASES,
    SLOPE_UNIT,
    BoxProof,
    Lemma,
    NodeSlopes,
    PhaseProof,
    PhaseTree,
    SquareProof,
)


def check_form(part: BoxProof, network: Network, found: Alternatives) -> None:
    """Raises `Unchecked` or ValueError unless `part` is a tree with numbers of the right kind in the right
    places; what they say is not looked at."""
    axis = part.axis
    _need(axis.ndim == 1 and np.issubdtype(axis.dtype, np.integer), "the nodes are not a list of numbers")
    right_children(axis)
    most = network.input_size + network.neurons
    _need(int(axis.max()) < most and int(axis.min()) >= BY_PHASES, "a cut is of no input and no neuron")
    _need(part.cut.shape == (int((axis >= 0).sum()),), "there is not one place for every cut")
    _need(bool(np.isfinite(part.cut).all()), "a cut is at no number")
    _need(not part.cut[axis[axis >= 0] >= network.input_size].any(), "a neuron is split elsewhere than at 0")
    _need(part.weights.dtype == np.uint8, "the weights are not small integers")
    _need(part.weights.shape == (len(axis), found.width), "there are not as many weights as nodes and atoms")
    _node_slopes(part.slopes, len(axis), network, found)
    _need(len(part.phases) == int((axis == BY_PHASES).sum()), "there is not one phase proof for every leaf")
    for proof in part.phases:
        _check_phases(proof, network, found)


def _node_slopes(slopes: NodeSlopes, nodes: int, network: Network, found: Alternatives) -> None:
    entries, conjunctions = len(slopes.node), len(found.conjunctions)
    _numbers_of(slopes.node, nodes, "slopes are of no node")
    _numbers_of(slopes.conjunction, conjunctions, "slopes are of no conjunction")
    same = slopes.conjunction.shape == slopes.count.shape == (entries,)
    _need(same, "there are not as many conjunctions and counts of slopes as nodes with slopes")
    keys = slopes.node.astype(np.int64) * conjunctions + slopes.conjunction
    _need(bool((np.diff(keys) > 0).all()), "the nodes with slopes do not ascend")
    _need(np.issubdtype(slopes.count.dtype, np.integer), "a count of slopes is no whole number")
    total = int(slopes.count.sum(dtype=np.int64)) if bool((slopes.count >= 0).all()) else -1
    _need(slopes.neuron.shape == slopes.slope.shape == (total,), "there are not as many slopes as counted")
    _numbers_of(slopes.neuron, network.neurons, "a slope is of no neuron")
    _need(slopes.slope.dtype == np.uint8, "a slope is no small integer")
    _need(not total or int(slopes.slope.max()) <= SLOPE_UNIT, "a slope is above 1")
    entry = np.repeat(np.arange(entries), slopes.count)
    places = entry * max(network.neurons, 1) + slopes.neuron
    _need(bool((np.diff(places) > 0).all()), "a combination's slopes do not ascend by neuron")


def _check_phases(proof: PhaseProof, network: Network, found: Alternatives) -> None:
    for lemma in proof.lemmas:
        _check_lemma(lemma, network, 0)
    for tree in proof.trees:
        _check_tree(tree, network, found)
    for square in proof.squares:
        _check_squares(square, network, found)


def _check_squares(square: SquareProof, network: Network, found: Alternatives) -> None:
    _need(0 <= square.conjunction < len(found.conjunctions), "squares are about no conjunction")
    atoms = len(found.conjunctions[square.conjunction])
    _need(square.multipliers.shape == (atoms,), "there are not as many multipliers as atoms")
    _need(square.shares.shape == (network.input_size,), "there is not one share for every input")
    curves = square.tilt, square.below, square.bend, square.slope
    for numbers in (square.multipliers, square.shares, *curves):
        _non_negative(numbers, "a number of squares")
    _need(len({numbers.shape for numbers in curves}) == 1, "squares have not one number for every neuron")
    _columns(square.neuron, np.stack(curves), len(curves), network.neurons)
    _need(bool((square.below <= square.tilt).all()), "a slope below is above the tilt")
    _need(bool((square.slope <= 1).all()), "a slope of squares is above 1")


def _check_lemma(lemma: Lemma, network: Network, atoms: int) -> None:
    rows = len(lemma.neuron)
    _need(rows > 0 and lemma.side.shape == (rows,), "a lemma has not one side for every neuron")
    _need(bool(np.isin(lemma.side, (-1, 1)).all()), "a lemma is about no side")
    _numbers_of(lemma.neuron, network.neurons, "a lemma is about no neuron")
    first, last = int(lemma.neuron.min()), int(lemma.neuron.max())
    relus = (step for step in network.steps if isinstance(step, ReluStep))
    of_one = any(s.first <= first and last < s.first + network.sizes[s.value] for s in relus)
    _need(of_one, "a lemma is about neurons of several nodes")
    _splits(lemma.tree, rows, network)
    _leaves(lemma, lemma.tree, network, atoms)


def _check_tree(tree: PhaseTree, network: Network, found: Alternatives) -> None:
    _need(0 <= tree.conjunction < len(found.conjunctions), "a tree is about no conjunction")
    atoms = len(found.conjunctions[tree.conjunction])
    for lemma in tree.lemmas:
        _check_lemma(lemma, network, atoms)
    _splits(tree.neuron, 1, network)
    _leaves(tree, tree.neuron, network, atoms)


def _splits(nodes: NDArray[np.int32], trees: int, network: Network) -> None:
    """Whether `nodes` are the preorder of so many trees of phases: before its end one tree is always open."""
    _need(nodes.ndim == 1 and np.issubdtype(nodes.dtype, np.integer), "a tree is no list")
    balance = np.cumsum(np.where(nodes >= 0, 1, -1))
    whole = len(nodes) > 0 and balance[-1] == -trees and bool((balance[:-1] > -trees).all())
    _need(whole, "the nodes are not one tree for every row")
    _need(int(nodes.max()) < network.neurons and int(nodes.min()) >= -1, "a split is of no neuron")


def _leaves(of: Lemma | PhaseTree, nodes: NDArray[np.int32], network: Network, atoms: int) -> None:
    leaves = int((nodes < 0).sum())
    _need(of.multipliers.shape == (leaves, atoms), "there are not as many multipliers as leaves and atoms")
    _non_negative(of.multipliers, "a multiplier")
    _columns(of.columns, of.slopes, leaves, network.neurons)


def _columns(columns: NDArray[np.int32], slopes: NDArray[np.float32], rows: int, neurons: int) -> None:
    _numbers_of(columns, neurons, "a column is no neuron")
    _need(bool((np.diff(columns.astype(np.int64)) > 0).all()), "the columns do not ascend")
    _need(slopes.shape == (rows, len(columns)), "there are not as many slopes as rows and columns")
    _non_negative(slopes, "a slope")


def _numbers_of(numbers: NDArray[np.int32], limit: int, problem: str) -> None:
    _need(numbers.ndim == 1 and np.issubdtype(numbers.dtype, np.integer), problem)
    _need(not len(numbers) or (int(numbers.min()) >= 0 and int(numbers.max()) < limit), problem)


def _non_negative(numbers: NDArray[np.float32], what: str) -> None:
    _need(np.issubdtype(numbers.dtype, np.floating), f"{what} is no number")
    _need(bool(np.isfinite(numbers).all() and (numbers >= 0).all()), f"{what} is negative, or no number")


def _need(holds: bool, problem: str) -> None:
    if not holds:
        raise Unchecked(problem)
