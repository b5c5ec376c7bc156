"""Which neurons a violation depends on whose phases are open, by which weights are 0 alone.

In: an obligation about affine maps and ReLUs.  Out: how many there are.  What the inputs do not reach has one
value, and what nothing reads counts for nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spec_lang.kernel.maps import Map, with_numbers
from spec_lang.kernel.network import AffineStep, Network, ReluStep, Unchecked, compiled
from spec_lang.obligations.model import Obligation, atoms

Mask = NDArray[np.bool_]


def open_phases(obligation: Obligation) -> int | None:
    """None where the network is another."""
    try:
        network = compiled(obligation.graph)
    except Unchecked:
        return None
    if not all(isinstance(step, AffineStep | ReluStep) for step in network.steps):
        return None
    moves = _moving(network)
    needed = read_by(network, {i for atom in atoms(obligation.violation) for i, _ in atom.outputs})
    relus = [step for step in network.steps if isinstance(step, ReluStep)]
    return sum(int((moves[step.operand] & needed[step.value]).sum()) for step in relus)


def _moving(network: Network) -> dict[int, Mask]:
    """By value, the elements that inputs may reach."""
    sizes = network.sizes
    found = {value: np.ones(sizes[value], dtype=np.bool_) for value in range(len(network.inputs))}
    for step in network.steps:
        if isinstance(step, AffineStep):
            found[step.value] = np.zeros(sizes[step.value], dtype=np.bool_)
            for operand, linear in zip(step.operands, step.maps, strict=True):
                reached = _present(linear).forward(found[operand].astype(np.float64)[None])[0]
                found[step.value] |= reached > 0
        elif isinstance(step, ReluStep):
            found[step.value] = found[step.operand]
    return found


def read_by(network: Network, outputs: set[int]) -> dict[int, Mask]:
    """By value, the elements that these flat outputs may depend on."""
    found = {value: np.zeros(size, dtype=np.bool_) for value, size in enumerate(network.sizes)}
    start = 0
    for value in network.outputs:
        own = [i for i in range(network.sizes[value]) if start + i in outputs]
        found[value][own] = True
        start += network.sizes[value]
    for step in reversed(network.steps):
        if isinstance(step, AffineStep):
            for operand, linear in zip(step.operands, step.maps, strict=True):
                read = _present(linear).backward(found[step.value].astype(np.float64)[None])[0]
                found[operand] |= read > 0
        elif isinstance(step, ReluStep):
            found[step.operand] |= found[step.value]
    return found


def _present(linear: Map) -> Map:
    """1 in the place of every number but 0."""
    return with_numbers(linear, (linear.numbers != 0).astype(np.float64))
