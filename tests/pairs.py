"""Random pairs of networks side by side, the second a little other than the first.

In: Hypothesis, or a graph.  Out: graphs with two parts.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from spec_lang.network.graph import Graph
from spec_lang.network.primitives import Affine, Floats, frozen, numbers_of, with_numbers
from spec_lang.network.transform.assemble import InputSource, Part, assemble
from spec_lang.network.transform.difference import difference
from tests.graphs import chains, dags
from tests.kernel.nets import nets

SHARES = (0.0, 2.0**-12, 2.0**-30, 0.3)  # of itself, that a number is off by


@st.composite
def pairs(draw: st.DrawFn) -> Graph:
    """A graph beside another one of the same form."""
    graph = draw(st.one_of(chains(), dags(), nets()))
    return beside(graph, altered(graph, draw(st.integers(0, 999)), draw(st.sampled_from(SHARES))))


def differences() -> st.SearchStrategy[Graph]:
    """Difference graphs; now and then a pair that has none."""
    return pairs().map(lambda graph: difference(graph) or graph)


def beside(first: Graph, second: Graph) -> Graph:
    """Both on the same inputs."""
    sources = tuple(InputSource(number) for number in range(len(first.inputs)))
    parts = Part(first, sources, "f"), Part(second, sources, "g")
    outputs = tuple((0, value) for value in first.outputs) + tuple((1, value) for value in second.outputs)
    return assemble(first.inputs, parts, outputs)


def altered(graph: Graph, seed: int, share: float) -> Graph:
    """The same graph, of whose numbers some are off by up to a share of themselves, and some are 0."""
    rng = np.random.default_rng(seed)

    def other(numbers: Floats) -> Floats:
        factor = 1 + share * rng.uniform(-1, 1, numbers.shape) * rng.integers(0, 2, numbers.shape)
        pruned = rng.random(numbers.shape) < (0.1 if share else 0.0)
        return frozen(np.where(pruned, 0, numbers * factor).astype(numbers.dtype))

    nodes = []
    for node in graph.nodes:
        primitive = node.primitive
        if isinstance(primitive, Affine):
            maps = tuple(with_numbers(linear, other(numbers_of(linear))) for linear in primitive.maps)
            primitive = Affine(maps, other(primitive.bias))
        nodes.append(replace(node, primitive=primitive))
    return replace(graph, nodes=tuple(nodes))
