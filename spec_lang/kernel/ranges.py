"""The ranges of what enters every step of a scene that is not affine.

In: a scene, what is known over larger boxes, and lemmas.  Out: the scene with its relaxations, and the
ranges.
Intervals come first, then backward bounds of the neurons that they leave on both sides of 0, then lemmas.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from spec_lang.kernel.differences import counts, needs_bounds_of_its_own, range_of_sum
from spec_lang.kernel.network import F64, AffineStep, BinaryStep, ReluStep, SmoothStep
from spec_lang.kernel.planes import states
from spec_lang.kernel.scene import (
    LEAST_ROWS,
    MAX_ROWS,
    ROOM,
    About,
    Ends,
    Index,
    Mask,
    Ranges,
    Scene,
    Slopes,
    is_about,
    leaf_phases,
    slopes_are_sound,
)
from spec_lang.network.primitives import Binary
from spec_lang.network.transform.difference import Delta
from spec_lang.obligations.certificate import Lemma


def propagate(
    scene: Scene, known: Ranges, lemmas: Sequence[Lemma] = (), check_time: Callable[[], None] = lambda: None
) -> Ranges:
    """Relax every step of `scene` that is not affine, and return the ranges of what enters them.

    `known` holds over larger boxes: a bound of there is valid here, and so is the tighter of two.  What it
    leaves on one side of 0 is not bounded again where ReLUs alone read it.
    """
    found, network = scene.ranges, scene.network
    for step in network.steps:
        if step.value in network.deltas:
            scene.join(network.deltas[step.value])
            continue
        if isinstance(step, AffineStep):
            scene.enter(step)
            # Of what two ReLUs are compared by, ranges on one side of 0 count as well.
            if not known or (step.value in network.compared and _is_direct(scene, step)):
                scene.intervals[step.value] = scene.interval(step)
            continue
        check_time()
        if isinstance(step, BinaryStep):
            scene.cross(step, *_entering(scene, step, known))
            continue
        value = step.operand
        if value not in found:
            pair = network.sum_of(value)
            if pair is None:
                found[value] = _bounded(scene, value, known.get(value))
            else:
                found[pair.delta] = _difference(scene, pair, known.get(pair.delta))
                found[value] = _sum(scene, pair, known)
        if isinstance(step, SmoothStep):
            scene.bend(step, *found[value])
            continue
        for lemma in lemmas:
            if is_about(lemma, step, network):
                tighten(scene, lemma, step, (), check_time)
        scene.relax(step, *found[value])
    return found


def _entering(scene: Scene, step: BinaryStep, known: Ranges) -> tuple[Ends, Ends]:
    """The ranges of both operands; of what enters a gate besides its z, where z may be 0."""
    found = scene.ranges
    for value in step.operands:
        if value in found:
            continue
        if step.function is Binary.PRODUCT or value == step.first:
            found[value] = _bounded(scene, value, known.get(value))
            continue
        passes, stops = states(found[step.first], scene.fixed(step))
        found[value] = _both_sides(scene, value, _so_far(scene, value, known.get(value)), ~(passes | stops))
    return found[step.first], found[step.second]


def _bounded(scene: Scene, value: int, known: tuple[F64, F64] | None) -> tuple[F64, F64]:
    """First the side on which a neuron is nearer to being stable; then the other, if it is not, or if there
    is no bound of it yet."""
    step = scene.network.producer.get(value)
    lower, upper = _so_far(scene, value, known)
    if step is not None and value in scene.intervals and _is_direct(scene, step):
        return lower, upper  # backward bounds would be the same
    if value in scene.network.bent:
        return _both_sides(scene, value, (lower, upper), np.ones_like(lower, dtype=np.bool_))
    _against_phases(scene, value, (lower, upper))
    owners, neurons = np.nonzero((lower < 0) & (upper > 0))
    sides = np.where(upper[owners, neurons] < -lower[owners, neurons], np.int8(-1), np.int8(1))
    _tighten(scene, value, (lower, upper), (owners, neurons, sides))
    if known is not None and value not in scene.network.compared:
        still = np.flatnonzero((lower[owners, neurons] < 0) & (upper[owners, neurons] > 0))
        owners, neurons, sides = owners[still], neurons[still], sides[still]
    _tighten(scene, value, (lower, upper), (owners, neurons, -sides))
    return lower, upper


def _against_phases(scene: Scene, value: int, ends: Ends) -> None:
    """Bound neurons whose phases are fixed on the side that might leave them no value, in place."""
    reader = next((s for s in scene.network.steps if isinstance(s, ReluStep) and s.operand == value), None)
    phases = None if reader is None else scene.fixed(reader)
    if phases is not None:
        owners, neurons = np.nonzero(phases)
        _tighten(scene, value, ends, (owners, neurons, -phases[owners, neurons]))


def _difference(scene: Scene, pair: Delta, known: Ends | None) -> Ends:
    """The range of what y has beyond x, on both sides wherever one of them may be on both sides of 0."""
    ends = _so_far(scene, pair.delta, known)
    return _both_sides(scene, pair.delta, ends, counts(scene.ranges[pair.x], ends))


def _so_far(scene: Scene, value: int, known: Ends | None) -> Ends:
    """What its interval, and what is known over larger boxes, say of a value."""
    shape = len(scene.lower), scene.network.sizes[value]
    lower, upper = scene.intervals.get(value, (np.full(shape, -np.inf), np.full(shape, np.inf)))
    if known is None:
        return lower.copy(), upper.copy()
    return np.maximum(lower, known[0]), np.minimum(upper, known[1])


def _is_direct(scene: Scene, step: AffineStep) -> bool:
    """Whether it reads inputs alone."""
    return all(operand < len(scene.network.inputs) for operand in step.operands)


def _both_sides(scene: Scene, value: int, ends: Ends, wanted: Mask) -> Ends:
    """Bounds of both sides of the elements that are wanted, in place."""
    owners, neurons = np.nonzero(wanted)
    for side in (1, -1):
        sides = np.full(len(owners), side, dtype=np.int8)
        _tighten(scene, value, ends, (owners, neurons, sides))
    return ends


def _sum(scene: Scene, pair: Delta, known: Ranges) -> Ends:
    """The range of y by those of x and δ."""
    x, more = scene.ranges[pair.x], scene.ranges[pair.delta]
    lower, upper = range_of_sum(x, more)
    if pair.y in known:
        lower, upper = np.maximum(lower, known[pair.y][0]), np.minimum(upper, known[pair.y][1])
    wanted = (lower < 0) & (upper > 0) & needs_bounds_of_its_own(x, more)
    return _both_sides(scene, pair.y, (lower, upper), wanted)


def _tighten(
    scene: Scene, value: int, ranges: tuple[F64, F64], rows: tuple[Index, Index, NDArray[np.int8]]
) -> None:
    """Bound one side of neurons, in place; `rows` are their boxes, their places, and the sides."""
    (lower, upper), (owners, neurons, sides) = ranges, rows
    room = min(MAX_ROWS, max(LEAST_ROWS, ROOM // max(scene.network.sizes)))
    for start in range(0, len(owners), room):
        part = slice(start, start + room)
        owner, neuron, side = owners[part], neurons[part], sides[part]
        found = scene.neurons(value, owner, neuron, side)
        below, above = side > 0, side < 0
        here = owner[below], neuron[below]
        lower[here] = np.maximum(lower[here], found[below])
        here = owner[above], neuron[above]
        upper[here] = np.minimum(upper[here], -found[above])


def tighten(
    scene: Scene, lemma: Lemma, step: ReluStep, atoms: Sequence[int], check_time: Callable[[], None]
) -> None:
    """Tighten the ranges of what enters `step` over the only box, in place, by a lemma about its neurons.

    Sound because the two phases of a split cover all points, so that the least of the leaves' bounds holds
    on all of the box where the atoms do; there these are at most 0, and so is what is added to `side·z`.
    At a leaf where the neuron's own phase says that `side·z >= 0`, 0 is a bound whatever else is there.
    """
    lower, upper = scene.ranges[step.operand]
    columns = lemma.columns.astype(np.intp)
    neuron, best = lemma.neuron.astype(np.intp) - step.first, np.full(len(lemma.neuron), np.inf)
    first = 0
    for tree, phases in leaf_phases(lemma.tree, scene.network.neurons, scene.phases):
        check_time()
        part = slice(first, first + len(phases))
        slopes = Slopes(phases, columns, lemma.slopes[part].astype(np.float64))
        about = About(step.operand, neuron[tree], lemma.side[tree])
        found = scene.mixtures(atoms, lemma.multipliers[part].astype(np.float64), slopes, about)
        found = np.where(slopes_are_sound(slopes), found, -np.inf)
        own = phases[np.arange(len(tree)), lemma.neuron[tree]] == lemma.side[tree]
        np.minimum.at(best, tree, np.where(own, np.maximum(found, 0.0), found))
        first += len(phases)
    best = np.where(np.isfinite(best), best, -np.inf)
    below, above = lemma.side > 0, lemma.side < 0
    np.maximum.at(lower[0], neuron[below], best[below])
    np.minimum.at(upper[0], neuron[above], -best[above])
