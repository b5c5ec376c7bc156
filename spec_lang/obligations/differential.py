"""An obligation about two networks, seen at what one has beyond the other.

In: an obligation.  Out: the same question on the difference graph, whose bounds are tighter where the two are
much alike.  Exact: the region, the violation and every point mean the same.
"""

from __future__ import annotations

from dataclasses import replace

from spec_lang.network.transform.difference import difference
from spec_lang.obligations.model import Obligation, Semantics


def differential(obligation: Obligation) -> Obligation:
    """The obligation on the difference graph; itself where there is none, about gradients, and under float32,
    where each network's own operations are what is asked about."""
    if obligation.semantics is not Semantics.REAL or obligation.graph.binary:
        return obligation
    graph = difference(obligation.graph)
    return obligation if graph is None else replace(obligation, graph=graph)
