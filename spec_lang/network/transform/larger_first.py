"""Which of two networks side by side the other is compared with.

In: a graph with two parts.  Out: the same function; part 0 is the network with more ReLUs, where neither
reads what the other computes.
"""

from __future__ import annotations

from dataclasses import replace

from spec_lang.network.graph import OF_CLAIM, Graph
from spec_lang.network.primitives import RELU


def larger_first(graph: Graph) -> Graph:
    """The same graph; f, which g is compared with, is the network with more ReLUs."""
    first, sizes = len(graph.inputs), {0: 0, 1: 0, OF_CLAIM: 0}
    for node in graph.nodes:
        sizes[node.part] += node.size if node.primitive == RELU else 0
    before = [
        [o for o in n.operands if o >= first and graph.nodes[o - first].part != n.part]
        for n in graph.nodes
        if n.part != OF_CLAIM
    ]
    if sizes[1] <= sizes[0] or any(before):
        return graph
    # What the claim computes, which no network reads, comes last.
    turn = {1: 0, 0: 1, OF_CLAIM: 2}
    order = sorted(range(len(graph.nodes)), key=lambda place: turn[graph.nodes[place].part])
    numbers = {first + old: first + new for new, old in enumerate(order)}
    numbers |= {number: number for number in range(first)}
    nodes = []
    for place in order:
        node = graph.nodes[place]
        operands = tuple(numbers[operand] for operand in node.operands)
        part = node.part if node.part == OF_CLAIM else 1 - node.part
        nodes.append(replace(node, operands=operands, part=part))
    return replace(graph, nodes=tuple(nodes), outputs=tuple(numbers[o] for o in graph.outputs), tensors=())
