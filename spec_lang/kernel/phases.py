"""Trees of ReLU phases: whether the bounds at every leaf exclude a conjunction.

In: a scene over one box, relaxed, and a tree.  Out: the leaves that are not closed.  Sound because the two
phases of a split cover all points, and a leaf's bound holds wherever the phases on its path do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from spec_lang.kernel.network import F64, ReluStep
from spec_lang.kernel.scene import Mask, Scene, Slopes
from spec_lang.obligations.certificate import PhaseTree

LEAVES = 128  # of one substitution


def unclosed_leaves(
    scene: Scene, tree: PhaseTree, atoms: Sequence[int], strict: Mask, check_time: Callable[[], None]
) -> Iterator[int]:
    """The numbers of the leaves whose combination of `atoms` may be at most 0 (or below, where strict), and
    whose phases the ranges of the scene do not exclude."""
    lower, upper = _all_ranges(scene)
    columns = tree.columns.astype(np.intp)
    first = 0
    for phases in _leaf_phases(tree.neuron, scene.network.neurons):
        check_time()
        part = slice(first, first + len(phases))
        multipliers = tree.multipliers[part].astype(np.float64)
        slopes = Slopes(phases, columns, tree.slopes[part].astype(np.float64))
        minimum = scene.mixtures(atoms, multipliers, slopes)
        # A sum of atoms <= 0 is < 0 once a strict one takes part.
        below = (multipliers[:, strict] > 0).any(axis=1)
        usable = slopes_are_sound(slopes)
        closed = usable & ((minimum > 0) | (below & (minimum >= 0)))
        closed |= ((phases > 0) & (upper < 0)).any(axis=1) | ((phases < 0) & (lower > 0)).any(axis=1)
        yield from (first + int(leaf) for leaf in np.flatnonzero(~closed))
        first += len(phases)


def _all_ranges(scene: Scene) -> tuple[F64, F64]:
    """The bounds of what enters the neurons of the only box, in their order."""
    relus = [step.operand for step in scene.network.steps if isinstance(step, ReluStep)]
    lower, upper = (
        np.concatenate([np.zeros(0), *(scene.ranges[operand][side][0] for operand in relus)])
        for side in (0, 1)
    )
    return lower, upper


def slopes_are_sound(slopes: Slopes) -> Mask:
    """Row by row: whether the slopes of open neurons are at most 1; that none is negative is known."""
    opened = slopes.phases[:, slopes.columns] == 0
    sound: Mask = ~(opened & (slopes.values > 1.0)).any(axis=1)
    return sound


def _leaf_phases(neuron: NDArray[np.int32], count: int) -> Iterator[NDArray[np.int8]]:
    """The phases at every leaf of a preorder that is a tree, in chunks (leaves, neurons)."""
    current = np.zeros(count, dtype=np.int8)
    rows: list[NDArray[np.int8]] = []
    above: list[tuple[int, int]] = []  # the splits on the path: neuron, and its phase outside of it
    for split in neuron.tolist():
        if split >= 0:
            above.append((split, int(current[split])))
            current[split] = 1
            continue
        rows.append(current.copy())
        if len(rows) == LEAVES:
            yield np.stack(rows)
            rows = []
        # Back to the nearest split whose second phase has not been walked; one that is walked has −1.
        while above and current[above[-1][0]] == -1:
            last, outside = above.pop()
            current[last] = outside
        if above:
            current[above[-1][0]] = -1
    if rows:
        yield np.stack(rows)
