"""Graphs of all networks near one: what they say holds of every network whose weights are off by a share.

In: random networks, at kinks on purpose, points, shares, and how far every weight is off.  Out: nothing but
failures; the meaning is that of fractions.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
from hypothesis import strategies as st

from spec_lang.kernel.network import compiled
from spec_lang.kernel.ranges import propagate
from spec_lang.kernel.rounded import Rounded
from spec_lang.kernel.rows import alternatives
from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.primitives import RELU, Affine, Dense, Entries, Smooth, frozen
from spec_lang.network.transform.perturbed import perturbed
from spec_lang.obligations.model import Any, Box, LinearAtom, Obligation, Region, Semantics
from tests.kernel.gradient_nets import kinked
from tests.laws import law
from tests.maps import rows_of

SHARES = st.sampled_from([Fraction(0), Fraction(1, 100), Fraction(1, 3), Fraction(1), Fraction(3, 2)])
Matrix = list[list[Fraction]]


def layers_of(graph: Graph, share: Fraction, off: np.random.Generator) -> list[tuple[Matrix, list[Fraction]]]:
    """The layers of a chain with every number off by some of its share, or by all of it."""

    def near(number: Fraction) -> Fraction:
        return number * (1 + share * Fraction(int(off.integers(-4, 5)), 4))

    found = []
    for node in graph.nodes:
        if isinstance(node.primitive, Affine):
            rows = rows_of(node.primitive.maps[0])
            width = node.primitive.maps[0].sizes[0]
            matrix = [[near(Fraction(row.get(j, 0))) for j in range(width)] for row in rows]
            found.append((matrix, [near(Fraction(float(b))) for b in node.primitive.bias]))
    return found


def outputs_and_gradient(
    layers: list[tuple[Matrix, list[Fraction]]], x: list[Fraction], output: int, passes: bool
) -> tuple[list[Fraction], list[Fraction]]:
    """By the chain rule; where z is 0 a ReLU's slope is 1 if it `passes`."""
    values, slopes = x, []
    for number, (matrix, bias) in enumerate(layers):
        z = [
            b + sum(w * v for w, v in zip(row, values, strict=True))
            for row, b in zip(matrix, bias, strict=True)
        ]
        last = number == len(layers) - 1
        slopes.append([Fraction(int(last or t > 0 or (t == 0 and passes))) for t in z])
        values = z if last else [max(t, Fraction(0)) for t in z]
    g = [Fraction(int(i == output)) for i in range(len(values))]
    for (matrix, _), slope in zip(reversed(layers), reversed(slopes), strict=True):
        g = [s * t for s, t in zip(slope, g, strict=True)]
        g = [
            sum((row[j] * t for row, t in zip(matrix, g, strict=True)), Fraction(0))
            for j in range(len(matrix[0]))
        ]
    return values, g


@law(60, 1000, graph=kinked(), share=SHARES, data=st.data())
def test_bounds_hold_of_every_network_near_it(graph: Graph, share: Fraction, data: st.DataObject) -> None:
    output = data.draw(st.integers(0, graph.output_size - 1))
    made = perturbed(graph, share)
    gradient = made.with_gradient(made.graph, output)
    whole = gradient.graph.with_outputs((*made.graph.outputs, *gradient.by_input))
    number = st.sampled_from([0.0, 1.0, -1.0, 0.5, 0.3])
    x = data.draw(st.lists(number, min_size=graph.input_size, max_size=graph.input_size))
    exact = tuple(map(Fraction, x))
    count = whole.output_size
    atoms = [
        LinearAtom((), ((j, Fraction(sign)),), Fraction(1), False) for j in range(count) for sign in (1, -1)
    ]
    obligation = Obligation(whole, Region((Box(exact, exact),)), Any(tuple(atoms)))
    network = compiled(whole)
    found = alternatives(obligation, network)
    with np.errstate(all="ignore"):
        scene = Rounded(network, found, Semantics.REAL).scene(np.array([x]), np.array([x]))
        propagate(scene, {})
        rows = scene.atoms(np.zeros(len(found.atoms), dtype=np.intp), np.arange(len(found.atoms)))
    for seed, passes in product(range(5), (False, True)):
        layers = layers_of(graph, share, np.random.default_rng(seed))
        results = [v for part in outputs_and_gradient(layers, list(exact), output, passes) for v in part]
        for atom, least in zip(found.atoms, rows.minimum.tolist(), strict=True):
            ((j, coefficient),) = atom.outputs
            assert least == -np.inf or Fraction(least) <= coefficient * results[j] + atom.constant


def test_without_a_share_nothing_changes() -> None:
    graph = data_chain()
    made = perturbed(graph, Fraction(0))
    assert made.graph.nodes == graph.nodes


def test_what_has_no_weights_gains_nothing() -> None:
    """Sums, selections and ReLUs stay as they are; weights and biases do not."""
    graph = data_chain()
    made = perturbed(graph, Fraction(1, 100))
    spreads = [node for node in made.graph.nodes if node.primitive is Smooth.SPREAD]
    assert len(spreads) == 1  # the second layer adds and subtracts alone
    assert sum(node.primitive == RELU for node in made.graph.nodes) == 3  # and the two of |x|


def data_chain() -> Graph:
    spec = TensorSpec("v", (2,))
    first = Affine((Dense(frozen(np.array([[0.5, 2.0], [3.0, 0.0]]))),), frozen(np.array([0.25, 0.0])))
    sums = Entries((1, 2), np.array([0, 0]), np.array([0, 1]), frozen(np.array([1.0, -1.0])))
    second = Affine((sums,), frozen(np.zeros(1)))
    nodes = (Node(first, (0,), spec), Node(RELU, (1,), spec), Node(second, (2,), TensorSpec("y", (1,))))
    return Graph((TensorSpec("x", (2,)),), nodes, (3,))
