"""A VNN-LIB query's network, seen as a claim's: its inputs and outputs have the names of the format.

In: a graph.  Out: the frame of a query, and how its input is that of the query.
"""

from __future__ import annotations

from fractions import Fraction

from spec_lang.network.graph import Graph
from spec_lang.obligations.model import Axis, Frame, Terms


def whole_input(graph: Graph) -> tuple[tuple[Terms, Fraction], ...]:
    """The network's flat input as forms of itself."""
    return tuple((((index, Fraction(1)),), Fraction(0)) for index in range(graph.input_size))


def query_frame(graph: Graph) -> Frame:
    """`X_i` and `Y_j`."""
    inputs = tuple(Axis(f"X_{i}") for i in range(graph.input_size))
    outputs = tuple(Axis(f"Y_{j}") for j in range(graph.output_size))
    return Frame("Y", "X", inputs, outputs)
