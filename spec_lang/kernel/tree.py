"""The walk along a proof's tree of cuts.

In: one part of a proof, and scenes to compute in.  Out: the leaves that are not closed; without any, no
point of the part's box satisfies all atoms of a conjunction.  Sound because the two parts of a cut cover
the box, of an input or of what enters a neuron (with the choice that a gate has at 0), because what is
dropped or clipped away was excluded by a bound, and because every node that is not excluded is walked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.kernel.combinations import Combinations
from spec_lang.kernel.network import F64, Network, ReluStep
from spec_lang.kernel.phases import TreeOfAtoms, unclosed_leaves
from spec_lang.kernel.ranges import propagate
from spec_lang.kernel.rows import Alternatives
from spec_lang.kernel.scene import Index, Mask, Phases, Ranges, Rows, Scene
from spec_lang.kernel.shares import WHOLE, Share, is_divided, of_others
from spec_lang.obligations.certificate import BY_PHASES, BoxProof, Place, Unclosed
from spec_lang.obligations.model import Semantics

_ROOM = 4_000_000  # numbers in the coefficients of one batch


class Scenes(Protocol):
    """An arithmetic: `batch` says how many boxes it takes at once."""

    batch: int
    semantics: Semantics

    def scene(self, lower: F64, upper: F64, phases: Phases | None = None) -> Scene: ...


@dataclass(frozen=True, slots=True, eq=False)
class _Nodes:
    """Nodes to be walked: number in the tree, box, ranges of the node above, open conjunctions, and the
    phases that are fixed, None where the tree splits no neuron."""

    number: Index
    lower: F64
    upper: F64
    alive: Mask
    known: Ranges
    phases: Phases | None

    def take(self, rows: Index | slice) -> _Nodes:
        known = {value: (low[rows], high[rows]) for value, (low, high) in self.known.items()}
        phases = None if self.phases is None else self.phases[rows]
        return _Nodes(self.number[rows], self.lower[rows], self.upper[rows], self.alive[rows], known, phases)

    def place(self, row: int) -> Place:
        """Where one of them is."""
        known = {value: (low[row], high[row]) for value, (low, high) in self.known.items()}
        return Place(self.lower[row], self.upper[row], known)


@dataclass(slots=True, eq=False)
class Walk:
    """Over part number `part` of a proof, whose form has been checked; what is below the nodes that are
    `settled` has been closed before."""

    network: Network
    found: Alternatives
    scenes: Scenes
    proof: BoxProof
    part: int
    check_time: Callable[[], None]
    share: Share = WHOLE
    settled: Mask | None = None
    member: NDArray[np.float64] = field(init=False)
    strict: Mask = field(init=False)
    combinations: Combinations = field(init=False)
    unclosed: list[Unclosed] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.member = np.zeros((len(self.found.conjunctions), len(self.found.atoms)))
        for number, conjunction in enumerate(self.found.conjunctions):
            self.member[number, list(conjunction)] = 1.0
        self.strict = np.array([atom.strict for atom in self.found.atoms], dtype=np.bool_)
        self.combinations = Combinations(self.found, self.proof, self.strict)

    def run(self, lower: F64, upper: F64) -> list[Unclosed]:
        """The leaves that stay open; raises what `check_time` raises."""
        right = right_children(self.proof.axis)
        cuts = np.zeros(len(self.proof.axis))
        cuts[self.proof.axis >= 0] = self.proof.cut
        phases = np.cumsum(self.proof.axis == BY_PHASES) - 1
        alive = np.array([self.found.possible], dtype=np.bool_)
        room = _ROOM // max(1, len(self.found.atoms) * self.network.input_size)
        batch = max(1, min(self.scenes.batch, room))
        splits = bool((self.proof.axis >= self.network.input_size).any())
        phases_of = np.zeros((1, self.network.neurons), dtype=np.int8) if splits else None
        stack = [_Nodes(np.zeros(1, dtype=np.intp), lower[None], upper[None], alive, {}, phases_of)]
        if not alive.any():
            return [] if self._is_finite(lower, upper) else [Unclosed(self.part, 0)]
        skipped = of_others(right, self.share)
        if self.settled is not None:
            skipped |= self.settled
        while stack:
            self.check_time()
            top = _newest(stack, batch)
            top = top.take(np.flatnonzero(~skipped[top.number]))
            by_phases = self.proof.axis[top.number] == BY_PHASES
            for row in np.flatnonzero(by_phases):
                self._by_phases(top.take(slice(row, row + 1)), phases)
            top = top.take(np.flatnonzero(~by_phases))
            rest = self._bounded(top) if len(top.number) else top
            axis = self.proof.axis[rest.number]
            self.unclosed += (
                Unclosed(self.part, int(rest.number[row]), place=rest.place(row))
                for row in np.flatnonzero(axis < 0).tolist()
            )
            inner = rest.take(np.flatnonzero(axis >= 0))
            if len(inner.number):
                stack.append(_children(inner, self.network, self.proof.axis, (cuts, right)))
        return self.unclosed

    def _is_finite(self, lower: F64, upper: F64) -> bool:
        """Whether no sum overflows on the whole box: only then is what a ReLU gives at least 0."""
        if self.scenes.semantics is Semantics.REAL:
            return True
        scene = self.scenes.scene(lower[None], upper[None])
        propagate(scene, {}, check_time=self.check_time)
        return scene.is_sound()

    def _bounded(self, nodes: _Nodes) -> _Nodes:
        """What is left of the nodes once their bounds are known: smaller boxes, fewer conjunctions."""
        scene = self.scenes.scene(nodes.lower, nodes.upper, nodes.phases)
        known = propagate(scene, nodes.known, check_time=self.check_time)
        if nodes.phases is not None and scene.is_sound():
            nodes.alive[_without_points(known)] = False
        needed = nodes.alive.astype(np.float64) @ self.member > 0
        owner, atom = np.nonzero(needed)
        found = scene.atoms(owner, atom)
        closed = np.zeros(needed.shape, dtype=np.bool_)
        closed[owner, atom] = (found.minimum > 0) | (self.strict[atom] & (found.minimum >= 0))
        alive = nodes.alive & ~(closed.astype(np.float64) @ self.member.T > 0)
        shape = (*needed.shape, self.network.input_size)
        coefficients = np.zeros(shape, dtype=found.coefficients.dtype)
        constant = np.full(needed.shape, scene.nothing, dtype=found.constant.dtype)
        coefficients[owner, atom], constant[owner, atom] = found.coefficients, found.constant
        combined = self.combinations.bounded(scene, nodes.number, alive)
        lower, upper = self._clip(scene, nodes, alive, Rows(coefficients, constant), combined)
        left = _Nodes(nodes.number, lower, upper, alive, known, nodes.phases)
        return left.take(np.flatnonzero(alive.any(axis=1)))

    def _clip(
        self, scene: Scene, nodes: _Nodes, alive: Mask, rows: Rows, combined: Rows | None
    ) -> tuple[F64, F64]:
        """Each box becomes the hull of what its open conjunctions leave of it; `alive` is updated."""
        lower, upper = np.full_like(nodes.lower, np.inf), np.full_like(nodes.upper, -np.inf)
        for number, conjunction in enumerate(self.found.conjunctions):
            here = np.flatnonzero(alive[:, number])
            if not len(here):
                continue
            chosen = np.array(conjunction, dtype=np.intp)
            together = None if combined is None else combined.of(here, np.array([number]))
            clipped = scene.clip(here, rows.of(here, chosen), self.strict[chosen], together)
            alive[here[clipped.empty], number] = False
            kept = here[~clipped.empty]
            lower[kept] = np.minimum(lower[kept], clipped.lower[~clipped.empty])
            upper[kept] = np.maximum(upper[kept], clipped.upper[~clipped.empty])
        return lower, upper

    def _by_phases(self, node: _Nodes, phases: Index) -> None:
        number = int(node.number[0])
        scene = self.scenes.scene(node.lower, node.upper, node.phases)
        proof = self.proof.phases[int(phases[number])]
        propagate(scene, node.known, proof.lemmas, self.check_time)
        share = WHOLE if is_divided(len(self.proof.axis), self.share) else self.share
        for conjunction in np.flatnonzero(node.alive[0]):
            atoms = self.found.conjunctions[conjunction]
            tree = next((t for t in proof.trees if t.conjunction == conjunction), None)
            if tree is None:
                squares = next((s for s in proof.squares if s.conjunction == conjunction), None)
                # They know nothing of fixed phases.
                if (
                    squares is None
                    or (node.phases is not None and node.phases.any())
                    or not scene.is_excluded(atoms, squares)
                ):
                    self.unclosed.append(Unclosed(self.part, number, int(conjunction)))
                continue
            leaves = TreeOfAtoms(tree, atoms, self.strict[list(atoms)])
            for leaf in unclosed_leaves(scene, leaves, share, self.check_time):
                self.unclosed.append(Unclosed(self.part, number, int(conjunction), leaf))


def _newest(stack: list[_Nodes], room: int) -> _Nodes:
    """The last nodes of the stack, at most `room`; only a root comes without ranges, and alone."""
    parts: list[_Nodes] = []
    while stack and room > 0:
        top = stack.pop()
        if len(top.number) > room:
            stack.append(top.take(slice(0, -room)))
            top = top.take(slice(-room, None))
        parts.append(top)
        room -= len(top.number)
    if len(parts) == 1:
        return parts[0]
    known = {
        value: (
            np.concatenate([p.known[value][0] for p in parts]),
            np.concatenate([p.known[value][1] for p in parts]),
        )
        for value in parts[0].known
    }
    number = np.concatenate([part.number for part in parts])
    lower, upper = (np.concatenate([getattr(p, side) for p in parts]) for side in ("lower", "upper"))
    fixed = [part.phases for part in parts if part.phases is not None]
    phases = np.concatenate(fixed) if fixed else None
    return _Nodes(number, lower, upper, np.concatenate([part.alive for part in parts]), known, phases)


def _without_points(known: Ranges) -> Mask:
    """The nodes whose phases leave something no value."""
    empty = [np.any(low > high, axis=1) for low, high in known.values()]
    found: Mask = np.logical_or.reduce(np.array(empty), axis=0)
    return found


def _children(nodes: _Nodes, network: Network, axis: NDArray[np.int32], tree: tuple[F64, Index]) -> _Nodes:
    """Both parts of every node; a part that is empty, because the node's box was clipped since the cut was
    chosen, needs no proof."""
    cuts, right = tree
    where, cut = axis[nodes.number], cuts[nodes.number]
    rows = np.flatnonzero(where < network.input_size)
    below, above = nodes.upper.copy(), nodes.lower.copy()
    below[rows, where[rows]] = np.minimum(below[rows, where[rows]], cut[rows])
    above[rows, where[rows]] = np.maximum(above[rows, where[rows]], cut[rows])
    twice = nodes.take(np.tile(np.arange(len(where)), 2))
    split = np.flatnonzero(where >= network.input_size)
    if twice.phases is not None and len(split):
        neuron = where[split].astype(np.intp) - network.input_size
        twice.phases[split, neuron], twice.phases[len(where) + split, neuron] = 1, -1
        _clamp(twice.known, network, (split, len(where) + split), neuron)
    number = np.concatenate([nodes.number + 1, right[nodes.number]])
    both = _Nodes(
        number,
        np.concatenate([nodes.lower, above]),
        np.concatenate([below, nodes.upper]),
        twice.alive,
        twice.known,
        twice.phases,
    )
    return both.take(np.flatnonzero((both.lower <= both.upper).all(axis=1)))


def _clamp(known: Ranges, network: Network, rows: tuple[Index, Index], neuron: Index) -> None:
    """Cut the ranges of what enters neurons at 0, in place: from below in the first of `rows`, from above in
    the second."""
    for step in network.steps:
        if isinstance(step, ReluStep):
            here = np.flatnonzero((neuron >= step.first) & (neuron < step.first + network.sizes[step.value]))
            place, (low, high) = neuron[here] - step.first, known[step.operand]
            active, inactive = rows[0][here], rows[1][here]
            low[active, place] = np.maximum(low[active, place], 0.0)
            high[inactive, place] = np.minimum(high[inactive, place], 0.0)


def right_children(axis: NDArray[np.int32]) -> Index:
    """For every inner node of a preorder (entries >= 0) the place of its second child; −1 for leaves.

    The subtree of the first child ends where there are one more leaves than inner nodes for the first
    time.  Raises ValueError when the list is not exactly one tree.
    """
    balance = np.cumsum(np.where(axis >= 0, 1, -1))
    if not len(axis) or balance[-1] != -1 or (balance[:-1] < 0).any():
        raise ValueError("the nodes are not one tree")
    inner = np.flatnonzero(axis >= 0)
    width = len(axis) + 1
    keys = np.sort(balance.astype(np.int64) * width + np.arange(len(axis)))
    wanted = (balance[inner].astype(np.int64) - 1) * width + inner
    right = np.full(len(axis), -1, dtype=np.intp)
    right[inner] = keys[np.searchsorted(keys, wanted)] % width + 1
    return right
