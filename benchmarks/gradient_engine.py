"""What the engine says of gradients: bounds before any search, and what a search makes of them.

In: a network's file, one of its outputs, boxes (batch, in), and perhaps how far weights may be off.  Out:
enclosures of all coordinates of the gradient over each box, rounded outward.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

from benchmarks.gradient_floats import Ends
from spec_lang.backends.bounds.explored import Explored, Limits
from spec_lang.backends.bounds.gradient_search import explored
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.cells import cell_ranges
from spec_lang.bounding.gradient_ranges import Gradient, gradient_ranges
from spec_lang.bounding.program import compile_graph
from spec_lang.diagnostics import InternalError
from spec_lang.network.graph import Graph
from spec_lang.network.onnx_import import load_graph
from spec_lang.network.transform.perturbed import perturbed

MOST_CELLS: Final = 512


def graph_of(path: Path) -> Graph:
    """Raises `InternalError` where the file cannot be read."""
    graph, problems = load_graph(path, path.stem, None)
    if graph is None:
        raise InternalError("; ".join(problem.problem for problem in problems))
    return graph


@dataclass(frozen=True, slots=True, eq=False)
class Enclosures:
    """Of the gradient of one output."""

    gradient: Gradient

    @classmethod
    def of(cls, path: Path, output: int, share: Fraction = Fraction(0)) -> Enclosures:
        """With a share, of all networks whose weights and biases are each within it of these."""
        graph = graph_of(path)
        if not share:
            return cls(Gradient.of(graph, output))
        near = perturbed(graph, share)
        found = near.with_gradient(near.graph, output)
        whole = found.graph.with_outputs((*near.graph.outputs, *found.by_input))
        return cls(Gradient(compile_graph(whole), whole, found.by_input))

    def __call__(self, box: Ends) -> Ends:
        """Of the gradient at every point of each box, and with every choice at a kink (batch, in)."""
        return gradient_ranges(self.gradient, Boxes(*box)).ends

    def by_cells(self, box: Ends) -> Ends:
        """The same for one box, by the cells of the network where they are not too many."""
        return cell_ranges(self.gradient, Boxes(*box), MOST_CELLS).ends

    def searched(self, box: Ends, seconds: float) -> Explored:
        """What branch and bound makes of one box in that time."""
        return explored(self.gradient, Boxes(*box), Limits(time.monotonic() + seconds))
