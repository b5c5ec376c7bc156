"""Which networks have phases: those whose only functions that are not affine are piecewise linear.

In: the network of `preactivations(f, x)`.  Out: nothing, or a diagnostic for a network with smooth functions,
where the phases of its ReLUs say little: it is affine nowhere.
"""

from __future__ import annotations

from spec_lang.diagnostics import DiagnosticLog, Span
from spec_lang.network.graph import Graph
from spec_lang.semantics import codes


def check_phases(label: str, graph: Graph | None, place: Span, log: DiagnosticLog) -> None:
    """Log what is wrong with the network `label`, spoken of at `place`."""
    if graph is None or not graph.smooth:
        return
    node = graph.smooth[0]
    problem = f"the neurons of `{label}` have no phases: `{node.tensor.name}` is smooth"
    fix = 'name the tensors that matter, `layer h = "…"`, and speak of their values: `f.h(x)`'
    log.error(codes.KIND, problem, place, fix)
