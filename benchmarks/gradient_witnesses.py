"""Points near a point at which a gradient is as far away as it gets: what a proved width is held against.

In: an output of a perceptron, a point, how far each input or weight may be off.  Out: gradients that points
there, or such networks, really have: no sound enclosure is narrower.  Floats; a neuron at 0 counts as off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.gradient_floats import Logit, gradients, phase_bounds, pre_activations
from examples.perceptron import Array

# The slope of a smoothed gate falls from a quarter of a neuron's range to a fortieth.
_SMOOTH, _SHARP = 0.25, 0.025
_STRIDES: Final = ((10, 0.5), (10, 0.2), (10, 0.07))  # steps, and how far each goes, as a share of the box


@dataclass(frozen=True, slots=True)
class Seen:
    """The least and the greatest of every coordinate (in,); the greatest distances from the gradient at the
    point, and the least cosine of the angle to it."""

    lower: Array
    upper: Array
    l2: float
    linf: float
    cosine: float

    @property
    def width(self) -> float:
        return float((self.upper - self.lower).sum())


def ascend(logit: Logit, point: Array, reach: float, *, restarts: int = 4, seed: int = 0) -> Seen:
    """Gradient ascent with smoothed gates, for every coordinate, up and down, and for both distances, from
    `restarts` random points each, all in one batch."""
    random, count = np.random.default_rng(seed), len(point)
    aims = np.concatenate([np.eye(count), -np.eye(count), np.zeros((2, count))])
    aims = np.tile(aims, (restarts, 1))
    far, turned = (np.arange(len(aims)) % (2 * count + 2) == 2 * count + which for which in (0, 1))
    ranges = phase_bounds(logit.layers, ((point - reach)[None], (point + reach)[None]))
    scales = [np.maximum(high - low, 1e-9)[0] for low, high in ranges]
    x = point + reach * random.uniform(-1.0, 1.0, aims.shape)
    (base,) = gradients(logit, point[None])
    visited = [base[None]]
    steps = sum(number for number, _ in _STRIDES)
    done = 0
    for number, share in _STRIDES:
        for _ in range(number):
            now = gradients(logit, x)
            visited.append(now)
            aims[far] = now[far] - base
            aims[turned] = _turning(now[turned], base)
            softness = _SMOOTH + (_SHARP - _SMOOTH) * done / steps
            slope = _slope(logit, x, aims, [scale * softness for scale in scales])
            x = np.clip(x + share * reach * np.sign(slope), point - reach, point + reach)
            done += 1
    return summed_up(np.concatenate([*visited, gradients(logit, x)]), base)


def summed_up(found: Array, base: Array) -> Seen:
    """Of gradients (batch, in), against the one at the point."""
    off = found - base
    lengths = np.linalg.norm(found, axis=1) * np.linalg.norm(base)
    cosine = np.divide(found @ base, lengths, out=np.ones(len(found)), where=lengths > 0.0)
    return Seen(
        found.min(axis=0),
        found.max(axis=0),
        float(np.linalg.norm(off, axis=1).max()),
        float(abs(off).max()),
        float(cosine.min()),
    )


def _turning(now: Array, base: Array) -> Array:
    """The direction in which the cosine to `base` falls."""
    length = np.maximum(np.linalg.norm(now, axis=1, keepdims=True), 1e-12)
    result: Array = (now @ base)[:, None] * now / length**2 - base
    return result


def _slope(logit: Logit, x: Array, aims: Array, softness: Sequence[Array]) -> Array:
    """The gradient by x of `aim · gradient`, with gates that rise smoothly around 0."""
    layers = logit.layers
    entering, _ = pre_activations(layers, x)
    opened, rates, along = [], [], []
    tangent = aims
    for (weight, _), z, soft in zip(layers[:-1], entering, softness, strict=True):
        share = 1.0 / (1.0 + np.exp(np.clip(-z / soft, -40.0, 40.0)))
        opened.append(share)
        rates.append(share * (1.0 - share) / soft)
        along.append(tangent @ weight)
        tangent = along[-1] * share
    back = np.broadcast_to(logit.last, tangent.shape)
    by_x = np.zeros_like(tangent)
    for depth in reversed(range(len(layers) - 1)):
        weight = layers[depth][0]
        # The gate passes `back` and the tangent on; its own opening depends on z, and z on x.
        by_z = back * along[depth] * rates[depth] + by_x * (entering[depth] > 0.0)
        by_x = by_z @ weight.T
        back = (back * opened[depth]) @ weight.T
    return by_x


def other_weights(logit: Logit, point: Array, share: float, *, seed: int = 0) -> Seen:
    """Gradients at the point of networks whose weights and biases are each within a share of these: random
    ones, and for every coordinate those that are best as long as no phase changes."""
    random = np.random.default_rng(seed)
    (base,) = gradients(logit, point[None])
    networks = [_moved(logit, share, random) for _ in range(100)]
    for coordinate in range(len(point)):
        for sign in (share, -share):
            networks += [_pushed(logit, point, coordinate, sign, by) for by in (0.0, share, -share)]
    found = [base, *(gradients(network, point[None])[0] for network in networks)]
    return summed_up(np.array(found), base)


def _moved(logit: Logit, share: float, random: np.random.Generator) -> Logit:
    def off(array: Array) -> Array:
        result: Array = array * (1.0 + share * random.choice([-1.0, 1.0], array.shape))
        return result

    return Logit([(off(weight), off(bias)) for weight, bias in logit.layers], logit.output)


def _pushed(logit: Logit, point: Array, coordinate: int, share: float, biases: float) -> Logit:
    """Every weight a share up or down, whichever moves the coordinate the right way: with the phases as they
    are, it is a product of weights, and linear in each."""
    layers = logit.layers
    entering, _ = pre_activations(layers, point[None])
    gates = [z[0] > 0.0 for z in entering]
    tangents = [np.eye(len(point))[coordinate]]
    for (weight, _), gate in zip(layers[:-1], gates, strict=True):
        tangents.append((tangents[-1] @ weight) * gate)
    backs = [np.eye(layers[-1][0].shape[1])[logit.output]]
    for (weight, _), gate in zip(reversed(layers[1:]), reversed(gates), strict=True):
        backs.insert(0, (weight @ backs[0]) * gate)
    moved = [
        (weight + share * abs(weight) * np.sign(np.outer(tangent, back)), bias * (1.0 + biases))
        for (weight, bias), tangent, back in zip(layers, tangents, backs, strict=True)
    ]
    return Logit(moved, logit.output)
