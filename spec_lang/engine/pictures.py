"""What of a counterexample is looked at: its points as images where they are images, else a slice of the
region.

In: a task, its goal, the witness and the counterexample as it was lifted.  Out: the same counterexample with
pictures.  A tensor is an image by its shape, (height, width) with one or three channels before or after; a
flat one of 784 or 3,072 elements without names is taken for one, and said to be.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Final

from spec_lang.engine.slices import slice_through
from spec_lang.engine.task import Run, Task
from spec_lang.kernel.verdict import Verdict, Witness
from spec_lang.obligations.model import Axis, Goal, Group
from spec_lang.reporters._numbers import as_float
from spec_lang.reporters._pictures import Picture
from spec_lang.reporters.model import Counterexample

Shape = tuple[int, int, int]  # channels, height, width

_LEAST: Final = 4  # pixels a side: less is a table
_MOST: Final = 512  # pixels a side: more is no page's business
_LONGEST: Final = 8  # times as long as it is wide; a longer one is a signal
_CHANNELS: Final = (1, 3)
_KNOWN: Final = {784: (1, 28, 28), 3072: (3, 32, 32)}  # as flat inputs have them most often


def pictured(task: Task, goal: Goal, verdict: Verdict, found: Counterexample) -> Counterexample:
    """`found`, with what there is to look at."""
    if verdict.witness is None or verdict.broken is None:
        return found
    try:
        return _pictured(task, goal, verdict.broken, verdict.witness, found)
    except Exception:  # noqa: BLE001 - a picture that fails must not cost the counterexample
        return found


def _pictured(task: Task, goal: Goal, broken: int, witness: Witness, found: Counterexample) -> Counterexample:
    pictures = tuple(_pictures(task, goal, broken, witness))
    if pictures or found.planes:
        return replace(found, pictures=pictures)
    return replace(found, slice=slice_through(goal, broken, witness))


def image_shape(shape: tuple[int, ...]) -> tuple[Shape, bool] | None:
    """Channels, height and width of a tensor that is an image, and whether the channels come last."""
    while len(shape) > 2 and shape[0] == 1:
        shape = shape[1:]
    if len(shape) == 3 and shape[-1] == 1:
        shape = shape[:-1]
    if len(shape) == 2:
        found, last = (1, *shape), False
    elif len(shape) == 3 and shape[0] in _CHANNELS:
        found, last = shape, False
    elif len(shape) == 3 and shape[2] in _CHANNELS:
        found, last = (shape[2], shape[0], shape[1]), True
    else:
        return None
    channels, height, width = found
    small, large = sorted((height, width))
    if small < _LEAST or large > _MOST or large > _LONGEST * small:
        return None
    return (channels, height, width), last


def _pictures(task: Task, goal: Goal, broken: int, witness: Witness) -> Iterator[Picture]:
    """An image for each variable that a network takes as it is."""
    for group in goal.frame.variables:
        places = range(group.start, group.start + group.size)
        axes = [goal.frame.inputs[i] for i in places]
        run = next((run for run in task.runs or () if _takes(run, group)), None)
        known = None if run is None else _shape_of(run, axes)
        if known is None:
            continue
        (size, channels_last), guessed = known
        pairs = zip(axes, places, strict=True)
        yield Picture(
            name=group.name,
            size=size,
            values=tuple(as_float(axis.scaling.to_problem(witness.point[i])) for axis, i in pairs),
            channels_last=channels_last,
            beside=_middle(goal, broken, group),
            beside_words="the middle of the region",
            guessed=guessed,
        )


def _takes(run: Run, group: Group) -> bool:
    """Whether a network is applied to this variable itself, in its own order."""
    wanted = [((group.start + i, Fraction(1)),) for i in range(group.size)]
    return [terms for terms, _ in run.point] == wanted and not any(constant for _, constant in run.point)


def _shape_of(run: Run, axes: Sequence[Axis]) -> tuple[tuple[Shape, bool], bool] | None:
    """The shape of an image, and whether it is a guess."""
    if len(run.network.inputs) != 1 or any(axis.unit for axis in axes):
        return None
    if (known := image_shape(run.network.inputs[0].shape)) is not None:
        return known, False
    flat = sum(size > 1 for size in run.network.inputs[0].shape) == 1
    named = any("[" not in axis.name and "_" not in axis.name for axis in axes)
    if flat and not named and (guess := _KNOWN.get(len(axes))) is not None:
        return (guess, False), True
    return None


def _middle(goal: Goal, broken: int, group: Group) -> tuple[float, ...] | None:
    """That of the smallest box around the region; None where it has no end."""
    boxes = goal.obligations[broken].region.boxes
    found: list[float] = []
    for i in range(group.start, group.start + group.size):
        lower = [end for box in boxes if (end := box.lower[i]) is not None]
        upper = [end for box in boxes if (end := box.upper[i]) is not None]
        if not boxes or len(lower) < len(boxes) or len(upper) < len(boxes):
            return None
        middle = (min(lower) + max(upper)) / 2
        found.append(as_float(goal.frame.inputs[i].scaling.to_problem(middle)))
    return tuple(found)
