"""Claims of one affine piece around a point of a network, as obligations.

In: a graph, a form, and a ball.  Out: the goal, and what the kernel says of a proof over the point's piece.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from spec_lang.backends.pieces.kinks import anchors
from spec_lang.kernel.one_piece import on_boxes
from spec_lang.kernel.rounding import fault
from spec_lang.network.graph import Graph
from spec_lang.obligations.lower import lower
from spec_lang.obligations.model import Goal, Obligation
from spec_lang.obligations.piece_certificate import PieceProof
from tests.semantics.worlds import accepted

FORMS = ("affine", "one_activation_region")


def text_of(point: Sequence[Fraction]) -> str:
    return "[" + ", ".join(map(str, point)) + "]"


def head(graph: Graph) -> str:
    """A declaration of the graph as `f`."""
    inputs = ", ".join(f"i{k}" for k in range(graph.input_size))
    outputs = ", ".join(f"o{k}" for k in range(graph.output_size))
    return f'network f = "f.onnx" {{ input {inputs} output {outputs} }}\n'


def goal_of(graph: Graph, claim: str, definitions: str = "") -> Goal:
    return lower(accepted(f"{head(graph)}{definitions}claim c: {claim}\n", {"f": graph})["c"])


def around(graph: Graph, form: str, point: Sequence[Fraction], radius: Fraction, norm: str) -> Goal:
    """The claim of a ball; in two dimensions and more it has a center."""
    return goal_of(graph, f"{form}(f, on: ball({text_of(point)}, {radius}, {norm}))")


def accepts(obligation: Obligation, *, exact: bool) -> bool:
    """Whether the kernel accepts a proof around the middles of the boxes, in one of its arithmetics."""
    assert fault() is None
    return on_boxes(obligation, PieceProof(anchors(obligation)), lambda: None, exact=exact) is None
