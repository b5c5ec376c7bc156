"""What a claim computes of networks' outputs, as a graph of its own.

In: a graph.  Out: the nodes that belong to no network, over the inputs and the outputs that they read; None
where they read something else of a network, or where a network reads them.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate

from spec_lang._values import dataclass
from spec_lang.network.graph import OF_CLAIM, Graph


@dataclass(frozen=True, slots=True)
class ClaimPart:
    """`graph` takes the flat input and then the flat outputs numbered `read` of the whole graph; it gives
    those numbered `given`."""

    graph: Graph
    read: tuple[int, ...]
    given: tuple[int, ...]


def claim_part(graph: Graph) -> ClaimPart | None:
    """None, too, where nothing belongs to the claim."""
    first = len(graph.inputs)
    own = [v for v, node in enumerate(graph.nodes, start=first) if node.part == OF_CLAIM]
    operands = {o for v in own for o in graph.nodes[v - first].operands}
    theirs = {o for n in graph.nodes if n.part != OF_CLAIM for o in n.operands}
    read = sorted(operands - set(own) - set(range(first)))
    if not own or theirs & set(own) or not set(read) <= set(graph.outputs):
        return None
    starts = [0, *accumulate(graph.value(value).size for value in graph.outputs)]
    place = {value: starts[i] for i, value in reversed(list(enumerate(graph.outputs)))}

    def flat(values: list[int]) -> tuple[int, ...]:
        return tuple(i for v in values for i in range(place[v], place[v] + graph.value(v).size))

    shown = [value for value in own if value in place]
    number = {value: i for i, value in enumerate([*range(first), *read, *own])}
    nodes = tuple(
        replace(node, operands=tuple(number[operand] for operand in node.operands))
        for node in (graph.nodes[value - first] for value in own)
    )
    inputs = (*graph.inputs, *map(graph.value, read))
    return ClaimPart(Graph(inputs, nodes, tuple(number[v] for v in shown)), flat(read), flat(shown))
