"""The check of proofs.

In: an obligation and a proof object that somebody made.  Out: `Examined`: what the proof is worth, or the
flaw in it.  Nothing is taken from the proof but where to cut and by what to multiply; every bound is computed
here, in exact integers for small proofs and in outward-rounded float64 for large ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.kernel.dyadics import float_above, float_below
from spec_lang.kernel.integers import Integers
from spec_lang.kernel.network import F64, Network, ReluStep, Unchecked, compiled
from spec_lang.kernel.rounded import Rounded
from spec_lang.kernel.rounding import fault
from spec_lang.kernel.rows import Alternatives, alternatives
from spec_lang.kernel.tree import Walk, right_children
from spec_lang.kernel.verdict import Evidence, EvidenceKind
from spec_lang.obligations.certificate import (
    BY_PHASES,
    BoxProof,
    Flaw,
    Lemma,
    PhaseProof,
    PhaseTree,
    Proof,
    Unclosed,
)
from spec_lang.obligations.model import Box, Obligation

# Products of integers that the exact check of a proof may cost before floats are used: about half a second.
EXACT_PRODUCTS: Final = 3_000_000
# What a node costs besides: 2 ms, in products.
_PRODUCTS_A_NODE: Final = 12_000


class OutOfTime(Exception):
    """The check was stopped: it says nothing of the proof."""


@dataclass(frozen=True, slots=True, eq=False)
class Examined:
    """`evidence` when `proof` proves `obligation`, otherwise `flaw`."""

    obligation: Obligation
    proof: Proof
    evidence: Evidence | None
    flaw: Flaw | None


def examine(
    obligation: Obligation,
    proof: Proof,
    *,
    exact: bool = False,
    expired: Callable[[], bool] = lambda: False,
) -> Examined:
    """What `proof` is worth; with `exact` in integers whatever it costs.

    Raises `OutOfTime` once `expired` says so.
    """
    try:
        flaw, kind = _examine(obligation, proof, exact, _timer(expired))
    except (Unchecked, ValueError) as problem:
        flaw, kind = Flaw(str(problem)), EvidenceKind.TRUSTED
    return Examined(obligation, proof, None if flaw else Evidence(kind), flaw)


def _timer(expired: Callable[[], bool]) -> Callable[[], None]:
    def check_time() -> None:
        if expired():
            raise OutOfTime

    return check_time


def _examine(
    obligation: Obligation, proof: Proof, exact: bool, check_time: Callable[[], None]
) -> tuple[Flaw | None, EvidenceKind]:
    network = compiled(obligation.graph, obligation.semantics)
    found = alternatives(obligation, network)
    boxes = [_outward(box) for box in obligation.region.boxes]
    if [part.box for part in proof.parts] != list(range(len(boxes))):
        raise Unchecked("the proof has not one part for every box of the region")
    for part in proof.parts:
        check_form(part, network, found)
    arithmetics: list[tuple[EvidenceKind, type[Integers] | type[Rounded]]] = []
    if exact or _products(proof, network, found) <= EXACT_PRODUCTS:
        arithmetics.append((EvidenceKind.CHECKED, Integers))
    if not exact:
        arithmetics.append((EvidenceKind.CHECKED_ROUNDED, Rounded))
    unclosed: list[Unclosed] = []
    for kind, arithmetic in arithmetics:  # chords of fewer bits may lose what floats can still show
        if arithmetic is Rounded and (broken := fault()) is not None:
            raise Unchecked(broken)
        scenes = arithmetic(network, found, obligation.semantics)
        unclosed = []
        with np.errstate(all="ignore"):
            for number, (part, (lower, upper)) in enumerate(zip(proof.parts, boxes, strict=True)):
                unclosed += Walk(network, found, scenes, part, number, check_time).run(lower, upper)
        if not unclosed:
            return None, kind
    problem = f"the bounds do not close {len(unclosed)} of its leaves"
    return Flaw(problem, tuple(unclosed)), EvidenceKind.TRUSTED


def _products(proof: Proof, network: Network, found: Alternatives) -> int:
    """Roughly what the exact check multiplies, and what it does besides, in the same unit."""
    rows = 2 * network.neurons + len(found.atoms)
    boxes = leaves = 0
    for part in proof.parts:
        boxes += len(part.axis) + len(part.phases)
        leaves += sum(len(tree.multipliers) for proof in part.phases for tree in proof.trees)
    return (boxes * rows + leaves) * network.multiplications + (boxes + leaves) * _PRODUCTS_A_NODE


def _outward(box: Box) -> tuple[F64, F64]:
    """The smallest float box around an exact one."""
    if None in box.lower or None in box.upper:
        raise Unchecked("the region is unbounded")
    lower = [float_below(v) for v in box.lower if v is not None]
    upper = [float_above(v) for v in box.upper if v is not None]
    if not np.isfinite([*lower, *upper]).all():
        raise Unchecked("the region reaches beyond float64")
    return np.array(lower), np.array(upper)


def check_form(part: BoxProof, network: Network, found: Alternatives) -> None:
    """Raises `Unchecked` or ValueError unless `part` is a tree with numbers of the right kind in the right
    places; what they say is not looked at."""
    axis = part.axis
    _need(axis.ndim == 1 and np.issubdtype(axis.dtype, np.integer), "the nodes are not a list of numbers")
    right_children(axis)
    _need(int(axis.max()) < network.input_size and int(axis.min()) >= BY_PHASES, "a cut is of no input")
    _need(part.cut.shape == (int((axis >= 0).sum()),), "there is not one place for every cut")
    _need(bool(np.isfinite(part.cut).all()), "a cut is at no number")
    _need(part.weights.dtype == np.uint8, "the weights are not small integers")
    _need(part.weights.shape == (len(axis), found.width), "there are not as many weights as nodes and atoms")
    _need(len(part.phases) == int((axis == BY_PHASES).sum()), "there is not one phase proof for every leaf")
    for proof in part.phases:
        _check_phases(proof, network, found)


def _check_phases(proof: PhaseProof, network: Network, found: Alternatives) -> None:
    for lemma in proof.lemmas:
        _check_lemma(lemma, network)
    for tree in proof.trees:
        _check_tree(tree, network, found)


def _check_lemma(lemma: Lemma, network: Network) -> None:
    rows = len(lemma.neuron)
    _need(rows > 0 and lemma.side.shape == (rows,), "a lemma has not one side for every neuron")
    _need(bool(np.isin(lemma.side, (-1, 1)).all()), "a lemma is about no side")
    _numbers_of(lemma.neuron, network.neurons, "a lemma is about no neuron")
    first, last = int(lemma.neuron.min()), int(lemma.neuron.max())
    relus = (step for step in network.steps if isinstance(step, ReluStep))
    of_one = any(s.first <= first and last < s.first + network.sizes[s.value] for s in relus)
    _need(of_one, "a lemma is about neurons of several nodes")
    _columns(lemma.columns, lemma.slopes, rows, network.neurons)
    _need(bool((lemma.slopes <= 1).all()), "a slope is above 1")


def _check_tree(tree: PhaseTree, network: Network, found: Alternatives) -> None:
    _need(0 <= tree.conjunction < len(found.conjunctions), "a tree is about no conjunction")
    _need(tree.neuron.ndim == 1 and np.issubdtype(tree.neuron.dtype, np.integer), "a tree is no list")
    right_children(tree.neuron)
    _need(
        int(tree.neuron.max()) < network.neurons and int(tree.neuron.min()) >= -1, "a split is of no neuron"
    )
    leaves = int((tree.neuron < 0).sum())
    atoms = len(found.conjunctions[tree.conjunction])
    _need(tree.multipliers.shape == (leaves, atoms), "there are not as many multipliers as leaves and atoms")
    _non_negative(tree.multipliers, "a multiplier")
    _columns(tree.columns, tree.slopes, leaves, network.neurons)


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
