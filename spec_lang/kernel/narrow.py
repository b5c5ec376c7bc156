"""What a substitution has to carry of a network, and no more.

In: a scene of rounded floats, and the rows that a substitution starts with.  Out: by value the elements that
these rows reach, with the relaxations there.  Sound because a coefficient elsewhere is 0 in every row: an
element is left out only where no path of weights that are not 0 leads from a start to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.kernel.arrays import Index
from spec_lang.kernel.differences import Joined
from spec_lang.kernel.network import F64, AffineStep, ReluStep
from spec_lang.kernel.scene import Mask, OwnSlopes, Slopes

if TYPE_CHECKING:
    from spec_lang.kernel.rounded import RoundedScene

WIDE: Final = 2048  # elements of the widest value: below, it costs more to find out than it saves
WORTH: Final = 0.5  # of what is carried: a view of more is not narrow


@dataclass(frozen=True, slots=True, eq=False)
class Relaxed:
    """A ReLU over the batch.  Of `carried`, the neurons that are not dead in every box, the first `mixed`
    are relaxed, `lower·z <= relu(z) <= upper·z + intercept`; the others are active in every box."""

    carried: Index
    mixed: int
    lower: F64  # (batch, mixed)
    upper: F64
    intercept: F64

    def part(self, mask: Mask) -> Relaxed:
        """Those of the neurons that are in `mask`."""
        chosen = np.flatnonzero(mask[self.carried])
        mixed = int(np.searchsorted(chosen, self.mixed))
        head = chosen[:mixed]
        parts = (each[:, head] for each in (self.lower, self.upper, self.intercept))
        return Relaxed(self.carried[chosen], mixed, *parts)


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """By value, the elements that coefficients are kept for (all where it has no entry), the ReLUs over
    those, and the differences of two."""

    carried: dict[int, Index]
    relaxed: dict[int, Relaxed]
    joined: dict[int, Joined]


def narrowed(
    scene: RoundedScene, rows: dict[int, F64], slopes: Slopes | OwnSlopes | None
) -> tuple[View, dict[int, F64]]:
    """The least view for the rows, and the rows over what it carries; the scene's own where that is little
    less."""
    whole, network = View(scene.carried, scene.relaxed, scene.joined), scene.network
    if max(network.sizes) < WIDE or network.bent or scene.crossed:
        return whole, rows
    need = _reached(scene, rows, slopes)
    before = sum(len(scene.carried[v]) if v in scene.carried else network.sizes[v] for v in need)
    if sum(int(mask.sum()) for mask in need.values()) > WORTH * before:
        return whole, rows
    carried: dict[int, Index] = {}
    relaxed: dict[int, Relaxed] = {}
    joined = {value: found.part(need[value]) for value, found in scene.joined.items() if value in need}
    carried |= {value: found.carried for value, found in joined.items()}
    for step in network.steps:
        if isinstance(step, ReluStep) and step.value in need:
            old = scene.relaxed[step.value]
            relaxed[step.value] = new = old.part(need[step.value])
            carried[step.value] = new.carried
            if scene.carried.get(step.operand) is old.carried:
                carried[step.operand] = new.carried
    for value, mask in need.items():
        carried.setdefault(value, np.flatnonzero(mask))
    return View(carried, relaxed, joined), {v: _over(scene, v, part, carried[v]) for v, part in rows.items()}


def _over(scene: RoundedScene, value: int, rows: F64, kept: Index) -> F64:
    """Rows over what the scene carries of a value, over some of it."""
    carried = scene.carried.get(value)
    if carried is None:
        return rows[:, kept]
    place = np.zeros(scene.network.sizes[value], dtype=np.intp)
    place[carried] = np.arange(len(carried))
    return rows[:, place[kept]]


def _reached(scene: RoundedScene, rows: dict[int, F64], slopes: Slopes | OwnSlopes | None) -> dict[int, Mask]:
    network, joined = scene.network, scene.joined
    # A phase adds to a row what is known of its neuron, whether the row reaches that or not.
    fixed = (slopes.phases != 0).any(axis=0) if isinstance(slopes, Slopes) else None
    need: dict[int, Mask] = {}
    for value, part in rows.items():
        carried = scene.carried.get(value)
        own = (part != 0).any(axis=0)
        mask = np.zeros(network.sizes[value], dtype=np.bool_)
        mask[slice(None) if carried is None else carried] = own
        need[value] = mask
    for step in reversed(network.steps):
        if step.value not in need:
            continue
        mask = need[step.value]
        if step.value in joined:
            alive = np.zeros(len(mask), dtype=np.bool_)
            alive[joined[step.value].carried] = True
            pair = network.deltas[step.value]
            for operand in (pair.x, pair.delta):
                _require(need, operand, mask & alive)
            if fixed is not None:
                _require(need, pair.other, np.zeros_like(mask))
        elif isinstance(step, AffineStep):
            row = mask.astype(np.float64)[None]
            for operand, sizes in zip(step.operands, scene.shared.absolute[step.value], strict=True):
                # A sum of numbers that are not negative is 0 only if all of them are.
                _require(need, operand, sizes.backward(row)[0] > 0)
        elif isinstance(step, ReluStep):
            if fixed is not None:
                mask = mask | fixed[step.first : step.first + len(mask)]
                need[step.value] = mask
            alive = np.zeros(len(mask), dtype=np.bool_)
            alive[scene.relaxed[step.value].carried] = True
            _require(need, step.operand, mask & alive)
    return need


def _require(need: dict[int, Mask], value: int, mask: Mask) -> None:
    need[value] = need[value] | mask if value in need else mask
