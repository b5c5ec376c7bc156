"""Relaxed passes in plain floats: the bounds and gradients that an optimiser climbs by.

In: a network over one box, and rows with phases and parameters.  Out: bounds, where they are attained, and
their derivatives, without any account of rounding: whatever comes of them is bounded again before it counts.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.bounding.layers import Layer, Layers
from spec_lang.bounding.phase_pairs import Chosen
from spec_lang.bounding.plain import Plain, PlainAffine, PlainRelu, add
from spec_lang.bounding.plain_binary import PlainBinary, aligned
from spec_lang.bounding.plain_smooth import PlainSmooth
from spec_lang.network.operators.cast import Float
from spec_lang.network.primitives import Binary


@dataclass(slots=True, eq=False)
class Lowered:
    """A backward pass from values up to `last`: bounds, the coefficients of the inputs, what arrived at ReLUs
    and smooth steps, and, by ReLU, the derivative by each parameter over the neuron's value."""

    last: int
    bound: Float
    inputs: Float
    arrived: dict[int, Float]
    gain: dict[int, Float]


@dataclass(slots=True, eq=False)
class Traced:
    """A forward pass at the minimiser: values of the relaxed network, the gradient by ReLU and, if asked
    for, what relaxing each neuron costs there and what its upper line's intercept does."""

    values: dict[int, Float]
    gradient: dict[int, Float]
    gaps: Float
    intercepts: Float


def lowered(plain: Plain, layers: Layers, start: dict[int, Float], constant: Float) -> Lowered:
    """Bounds of the rows `Σ start[v]·value_v + constant`."""
    pending = dict(start)
    if layers.fixed and plain.binaries:  # what phases add to rows is for ReLUs that these need not reach
        for value, layer in layers.relus.items():
            if layer.sign is not None and layer.sign.any():
                width = len(plain.context.layouts[value].columns)
                pending.setdefault(value, np.zeros((len(constant), width), dtype=plain.kind))
    fresh: set[int] = set()  # values whose coefficients nobody else holds
    found = Lowered(max(start), constant.copy(), np.zeros((0, 0)), {}, {})
    for step in reversed(plain.steps):
        coefficients = pending.pop(step.value, None)
        if coefficients is None:
            continue
        if step.value in layers.pairs:
            found.arrived[step.value] = coefficients
            chosen = layers.pairs[step.value]
            found.bound += _difference(plain, chosen, coefficients, pending)
            continue
        if isinstance(step, PlainBinary):
            found.arrived[step.value] = coefficients
            found.bound += layers.gates[step.value].passed(plain.context, coefficients, pending)
            continue
        if isinstance(step, PlainAffine):
            found.bound += coefficients @ step.bias
            for operand, backward in zip(step.operands, step.backward, strict=True):
                add(pending, operand, backward(coefficients))
                fresh.add(operand)
            continue
        if isinstance(step, PlainSmooth):
            found.arrived[step.value] = coefficients
            passed, constants = step.lowered(coefficients)
            found.bound += constants
            add(pending, step.operand, passed)
            continue
        if step.mixed:
            in_place = step.value in fresh
            coefficients = _relaxed(step, layers.relus[step.value], coefficients, found, in_place=in_place)
        add(pending, step.operand, step.to_operand(coefficients))
    found.inputs = plain.inputs(pending, len(constant))
    found.bound += found.inputs @ plain.center
    found.bound -= abs(found.inputs) @ plain.radius
    return found


def points_of(plain: Plain, found: Lowered) -> Float:
    """Where the bounds are attained."""
    points: Float = plain.lower + _where_negative(
        found.inputs, np.broadcast_to(plain.width, found.inputs.shape)
    )
    return points


def traced(plain: Plain, layers: Layers, found: Lowered, points: Float, *, scores: bool = False) -> Traced:
    """Forward along the relaxed network, as far as rows come from: the derivative of every parameter."""
    values: dict[int, Float] = {n: points[:, where] for n, where in enumerate(plain.places)}
    none = np.zeros((0, 0), dtype=plain.kind)
    trace = Traced(values, {}, none, none)
    if scores:
        shape = (len(points), plain.unstable.count)
        trace.gaps, trace.intercepts = np.zeros(shape, plain.kind), np.zeros(shape, plain.kind)
    for step in plain.steps:
        if step.value > found.last:
            break
        # What no row reaches has no coefficients, and nothing on the way to a row reads it.
        if step.value in layers.pairs:
            if step.value in found.arrived:
                chosen = layers.pairs[step.value]
                values[step.value] = _difference_value(chosen, found.arrived[step.value], values, trace)
            continue
        if isinstance(step, PlainAffine):
            if all(operand in values for operand in step.operands):
                values[step.value] = step.of(values)
            continue
        if isinstance(step, PlainBinary):
            if step.value in found.arrived:
                gate = layers.gates[step.value]
                values[step.value] = _crossed_value(plain, gate, found.arrived[step.value], trace)
            continue
        if isinstance(step, PlainSmooth):
            if step.value in found.arrived and step.operand in values:
                values[step.value] = step.relaxed(found.arrived[step.value], values[step.operand])
            continue
        if step.mixed and step.value not in found.arrived:
            continue
        if step.operand in values:
            z = step.from_operand(values[step.operand])
            if step.mixed:
                z = _relaxed_value(step, layers.relus[step.value], z, found, trace)
            values[step.value] = z
    return trace


def slack(layers: Layers, found: Lowered) -> Float:
    """Row by row what relaxing costs in the middle of the ranges, all together."""
    total = np.zeros_like(found.bound)
    for value, arrived in found.arrived.items():
        if value in layers.pairs:
            total += (abs(arrived) * layers.pairs[value].gap).sum(axis=1)
        elif value in layers.relus:
            total -= (np.minimum(arrived, 0.0) * layers.relus[value].intercept).sum(axis=1)
    return total


def _crossed_value(plain: Plain, gate: PlainBinary, arrived: Float, trace: Traced) -> Float:
    """A gate's relaxed value, or a product's; what lies between a gate's planes is added to the scores."""
    context, values = plain.context, trace.values
    second = aligned(context, gate.second, values[gate.second], gate.columns)
    first = second
    if gate.below.of_first is not None:
        first = aligned(context, gate.first, values[gate.first], gate.columns)
    if trace.gaps.size and gate.function is Binary.GATE:
        head = first[:, : gate.mixed], second[:, : gate.mixed]
        cost = abs(arrived[:, : gate.mixed]) * (gate.above.at(*head) - gate.below.at(*head))
        places = plain.unstable.gates[gate.value]
        known = np.flatnonzero(places >= 0)
        trace.gaps[:, places[known]] += cost[:, known]
        trace.intercepts[:, places[known]] += cost[:, known]
    return gate.relaxed(arrived, first, second)


def _difference(plain: Plain, chosen: Chosen, coefficients: Float, pending: dict[int, Float]) -> Float:
    """Hand on the coefficients of a difference of two ReLUs; what is added to the rows.  What y's phases add
    is for y's own step, which nothing else need reach."""
    pair, delta, context = chosen.pair, chosen.pair.delta, plain.context
    of_x, of_delta, constants = chosen.lowered(coefficients.astype(np.float64, copy=False))
    add(pending, delta.x, context.moved(delta.x, of_x, pair.carried))
    add(pending, delta.delta, context.moved(delta.delta, of_delta, pair.carried))
    if chosen.fixed and pair.has_y and delta.other not in pending:
        pending[delta.other] = np.zeros((len(coefficients), len(context.layouts[delta.other].columns)))
    found: Float = constants.sum(axis=1)
    return found


def _difference_value(chosen: Chosen, arrived: Float, values: dict[int, Float], trace: Traced) -> Float:
    """The difference's relaxed value; what relaxing it costs is added to the scores."""
    x, more = chosen.pair.operands(values)
    relaxed = chosen.relaxed(arrived, x, more)
    if trace.gaps.size:
        exact = np.maximum(x + more, 0.0) - np.maximum(x, 0.0)
        chosen.scored(arrived, abs(arrived * (relaxed - exact)), trace.gaps)
        chosen.scored(arrived, abs(arrived) * chosen.gap, trace.intercepts)
    return relaxed


def _relaxed(step: PlainRelu, layer: Layer, coefficients: Float, found: Lowered, *, in_place: bool) -> Float:
    """The coefficients of the ReLU's operand; what is kept of them besides goes to `found`.

    With A⁺ and A⁻ the parts of the coefficients, an open neuron passes `α A⁺ + s A⁻`, an active one `A − β`,
    an inactive one `β`; the derivative by the parameter is `A⁺ z`, `−z` and `z`.
    """
    head = coefficients[:, : step.mixed].copy()
    size = abs(head)
    positive, negative = head + size, head - size  # twice the parts
    positive *= 0.5
    negative *= 0.5
    if layer.sign is None or layer.active is None:
        found.bound += negative @ layer.intercept[0]
        gain = positive
        passed = positive * layer.parameters
    else:
        found.bound += np.einsum("rn,rn->r", negative, layer.intercept)
        gain = positive * layer.open
        gain -= layer.sign
        passed = gain * layer.parameters
        positive *= layer.active
        passed += positive
    negative *= layer.upper
    passed += negative
    found.arrived[step.value], found.gain[step.value] = head, gain
    if coefficients.shape[1] == step.mixed:
        return passed
    if not in_place:
        return np.concatenate([passed, coefficients[:, step.mixed :]], axis=1)
    coefficients[:, : step.mixed] = passed
    return coefficients


def _relaxed_value(step: PlainRelu, layer: Layer, z: Float, found: Lowered, trace: Traced) -> Float:
    """The ReLU's relaxed value: the lower line where its coefficient is positive, the upper one elsewhere."""
    arrived = found.arrived[step.value]
    head = np.ascontiguousarray(z[:, : step.mixed])
    trace.gradient[step.value] = found.gain[step.value] * head
    low = layer.parameters * layer.open
    if layer.active is not None:
        low += layer.active
    low *= head
    high = layer.upper * head
    high += layer.intercept
    high -= low
    low += _where_negative(arrived, high)
    if trace.gaps.size:
        gap = low - np.maximum(head, 0)
        gap *= arrived
        trace.gaps[:, step.where] = abs(gap) * layer.open
        trace.intercepts[:, step.where] = -np.minimum(arrived, 0) * layer.intercept
    return low if z.shape[1] == step.mixed else np.concatenate([low, z[:, step.mixed :]], axis=1)


def _where_negative(sign: Float, values: Float) -> Float:
    """`values` where `sign` is negative, 0 elsewhere: a mask over bits, several times as fast as a choice."""
    bits = 32 if sign.dtype == np.float32 else 64
    whole: NDArray[Any] = sign.view(f"i{bits // 8}")
    masked: Float = (values.view(whole.dtype) & (whole >> (bits - 1))).view(sign.dtype)
    return masked
