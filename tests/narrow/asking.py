"""Small networks with a narrow first layer, and what is asked of them.

In: Hypothesis, or a seed.  Out: obligations whose violation says which neurons of that layer are on or off,
and something of the outputs, as the front end lowers invariants; and what the backend makes of them within a
number of units of work, whatever the machine.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise

import numpy as np
from hypothesis import strategies as st

from spec_lang.backends.base import Budget, Session
from spec_lang.backends.narrow.rounds import Rounds
from spec_lang.kernel.proof import examine
from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.primitives import RELU, Affine, Dense, frozen
from spec_lang.obligations.certificate import Flaw
from spec_lang.obligations.model import All, Any, Box, Condition, LinearAtom, Obligation, Region
from spec_lang.obligations.neurons import of_neurons
from spec_lang.obligations.outcome import Attestation, Certificate, Outcome
from tests.backends.oracle import violates
from tests.graphs import weights

WORK = 1500
STAMP = Attestation("narrow", "0", "by a test")
NARROW = 1  # the value that the first layer makes


def dense_chain(layers: list[tuple[np.ndarray, np.ndarray]]) -> Graph:
    """ReLUs between the layers; outputs are those of the last layer, and of the first ReLUs."""
    nodes: list[Node] = []
    for number, (weight, bias) in enumerate(layers):
        affine = Affine((Dense(frozen(weight)),), frozen(bias))
        nodes.append(Node(affine, (len(nodes),), TensorSpec(f"z{number}", (len(bias),))))
        if number < len(layers) - 1:
            nodes.append(Node(RELU, (len(nodes),), TensorSpec(f"r{number}", (len(bias),))))
    return Graph((TensorSpec("x", (layers[0][0].shape[1],)),), tuple(nodes), (len(nodes), 2))


def asked(graph: Graph, box: Box, phases: list[int], rivals: list[LinearAtom]) -> Obligation:
    """That no point of the box has these phases (1 on, −1 off) in the first layer, and a rival."""
    first = graph.value(graph.outputs[0]).size
    one = Fraction(1)
    pattern: list[Condition] = [
        LinearAtom((), ((first + i, -one if phase > 0 else one),), Fraction(0), strict=phase > 0)
        for i, phase in enumerate(phases)
        if phase
    ]
    found, (violation,) = of_neurons(graph, [All((*pattern, Any(tuple(rivals))))])
    return Obligation(found, Region((box,)), violation)


@st.composite
def obligations(draw: st.DrawFn) -> Obligation:
    """4 inputs, 2 or 3 neurons, 3 neurons, 2 outputs."""
    sizes = [4, draw(st.integers(2, 3)), 3, 2]
    layers = [(draw(weights((out, width))), draw(weights((out,)))) for width, out in pairwise(sizes)]
    phases = draw(st.lists(st.sampled_from([-1, 0, 1]), min_size=sizes[1], max_size=sizes[1]))
    ends = [sorted(draw(st.tuples(*[st.fractions(-1, 1, max_denominator=8)] * 2))) for _ in range(4)]
    box = Box(tuple(low for low, _ in ends), tuple(high for _, high in ends))
    constants = draw(st.lists(st.fractions(-3, 3, max_denominator=8), min_size=1, max_size=2))
    signs = ((1, -1), (-1, 1))
    rivals = [
        LinearAtom((), tuple((i, Fraction(s)) for i, s in enumerate(signs[n])), constant, draw(st.booleans()))
        for n, constant in enumerate(constants)
    ]
    return asked(dense_chain(layers), box, phases, rivals)


def random_obligation(seed: int, inputs: int = 40, level: int = 0) -> Obligation:
    """Many inputs, three neurons of which one is off, two layers of four, two outputs that differ by more
    than `level`."""
    rng = np.random.default_rng(seed)
    sizes = [inputs, 3, 4, 4, 2]
    layers = [
        (rng.normal(size=(out, width)).astype(np.float32), rng.normal(size=out).astype(np.float32))
        for width, out in pairwise(sizes)
    ]
    rival = LinearAtom((), ((0, Fraction(1)), (1, Fraction(-1))), Fraction(level), strict=False)
    box = Box((Fraction(-1),) * inputs, (Fraction(1),) * inputs)
    return asked(dense_chain(layers), box, [1, 0, -1], [rival])


def checks(obligation: Obligation) -> Callable[[Certificate], Flaw | None]:
    """The kernel's check."""
    return lambda proof: examine(obligation, proof).flaw


def limits(obligation: Obligation, work: int = WORK) -> Session:
    return Session(
        Budget(None, work), lambda point: violates(obligation, point), lambda _: None, checks=checks
    )


def decided(obligation: Obligation, work: int = WORK) -> Outcome:
    """What the rounds at the first layer come to."""
    return Rounds(obligation, NARROW, limits(obligation, work)).decide(STAMP)
