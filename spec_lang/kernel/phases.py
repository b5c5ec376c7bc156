"""Trees of ReLU phases: whether the bounds at every leaf exclude a conjunction.

In: a scene over one box, relaxed, and a tree.  Out: the leaves that are not closed.  Sound because the two
phases of a split cover all points, and a leaf's bound holds wherever the phases on its path do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from spec_lang._values import dataclass
from spec_lang.kernel.network import F64, BinaryStep, ReluStep, SmoothStep
from spec_lang.kernel.ranges import tighten
from spec_lang.kernel.scene import Mask, Scene, Slopes, leaf_phases, relu_of, slopes_are_sound
from spec_lang.kernel.shares import Share
from spec_lang.obligations.certificate import Lemma, PhaseTree


@dataclass(frozen=True, slots=True, eq=False)
class TreeOfAtoms:
    """A tree, and the atoms of its conjunction by their numbers, with which of them are strict."""

    tree: PhaseTree
    atoms: Sequence[int]
    strict: Mask


def unclosed_leaves(
    scene: Scene, of: TreeOfAtoms, share: Share, check_time: Callable[[], None]
) -> Iterator[int]:
    """The numbers of the share's leaves whose combination of atoms may be at most 0 (or below, where strict),
    and whose phases the ranges of the scene do not exclude."""
    tree, atoms, strict = of.tree, of.atoms, of.strict
    if tree.lemmas:
        scene = scene.fork()
        if _leave_no_point(scene, tree.lemmas, atoms, check_time):
            return
    lower, upper = _all_ranges(scene)
    columns = tree.columns.astype(np.intp)
    first = 0
    for number, (_, phases) in enumerate(leaf_phases(tree.neuron, scene.network.neurons, scene.phases)):
        part = slice(first, first + len(phases))
        first = part.stop
        if number % share.of != share.number:
            continue
        check_time()
        multipliers = tree.multipliers[part].astype(np.float64)
        slopes = Slopes(phases, columns, tree.slopes[part].astype(np.float64))
        minimum = scene.mixtures(atoms, multipliers, slopes)
        # A sum of atoms <= 0 is < 0 once a strict one takes part.
        below = (multipliers[:, strict] > 0).any(axis=1)
        closed = slopes_are_sound(slopes) & ((minimum > 0) | (below & (minimum >= 0)))
        closed |= ((phases > 0) & (upper < 0)).any(axis=1) | ((phases < 0) & (lower > 0)).any(axis=1)
        yield from (part.start + int(leaf) for leaf in np.flatnonzero(~closed))


def _leave_no_point(
    scene: Scene, lemmas: Sequence[Lemma], atoms: Sequence[int], check_time: Callable[[], None]
) -> bool:
    """Tighten the scene to where all atoms are at most 0; whether no point is left there."""
    for lemma in lemmas:
        step = relu_of(lemma, scene.network)
        tighten(scene, lemma, step, atoms, check_time)
        lower, upper = scene.ranges[step.operand]
        if scene.is_sound() and bool((lower > upper).any()):
            return True
        for reader in scene.network.steps:
            if isinstance(reader, ReluStep) and reader.operand == step.operand:
                scene.relax(reader, lower, upper)
            elif isinstance(reader, SmoothStep) and reader.operand == step.operand:
                scene.bend(reader, lower, upper)
            elif isinstance(reader, BinaryStep) and step.operand in reader.operands:
                scene.cross(reader, scene.ranges[reader.first], scene.ranges[reader.second])
    return False


def _all_ranges(scene: Scene) -> tuple[F64, F64]:
    """The bounds of what enters the neurons of the only box, in their order."""
    relus = [step.operand for step in scene.network.steps if isinstance(step, ReluStep)]
    lower, upper = (
        np.concatenate([np.zeros(0), *(scene.ranges[operand][side][0] for operand in relus)])
        for side in (0, 1)
    )
    return lower, upper
