"""Which claims have a float32 semantics: those whose networks compute in float32 when they are run.

In: typed claims, the graphs of their networks, and the semantics of claims that name none.  Out: a diagnostic
for every claim whose networks have no such semantics, or that speaks of what no run of a network computes.
The error bounds take every weight for the number that the file stores; a constant that was folded on import,
where a runtime would round, is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from spec_lang.diagnostics import DiagnosticLog, Span
from spec_lang.network.graph import Graph
from spec_lang.network.primitives import RELU, Affine, Smooth, numbers_of
from spec_lang.obligations.model import Semantics
from spec_lang.semantics import codes
from spec_lang.semantics.model import TypedClaim
from spec_lang.semantics.terms.elements import Fragment

_FIX = "export it with float32 weights, or say `@semantics(real)`"
_FIX_SMOOTH = "say `@semantics(real)`"
_NOT_RUN = {Fragment.GRADIENT: "a gradient", Fragment.SMOOTH: "a probability"}


def check_semantics(
    claims: Iterable[TypedClaim], graphs: Mapping[str, Graph], default: Semantics, log: DiagnosticLog
) -> None:
    """Log what is wrong, once for every network of a declaration."""
    said: set[tuple[str, Span]] = set()
    for claim in claims:
        if (claim.attributes.semantics or default) is not Semantics.FLOAT32:
            continue
        for fragment, what in _NOT_RUN.items():
            span = dict(claim.fragments).get(fragment)
            if span is not None and (what, span) not in said:
                said.add((what, span))
                problem = f"{what} has no float32 semantics: running the network does not compute it"
                log.error(codes.SEMANTICS, problem, span, _FIX_SMOOTH)
        if claim.shared is not None:
            problem = "points are counted in exact arithmetic, and not in that of a network that rounds"
            log.error(codes.SEMANTICS, problem, claim.declaration.name.span, _FIX_SMOOTH)
        if claim.counted is not None:
            problem = "linear regions are those of the real function; a network that rounds has none"
            log.error(codes.SEMANTICS, problem, claim.declaration.name.span, _FIX_SMOOTH)
        for use in claim.networks:
            obstacle = float32_obstacle(graphs[use.label])
            place = claim.declaration.name.span
            if obstacle is not None and (use.declaration.name.text, place) not in said:
                said.add((use.declaration.name.text, place))
                problem = f"network `{use.label}` has no float32 semantics: {obstacle}"
                log.error(codes.SEMANTICS, problem, place, _FIX_SMOOTH if graphs[use.label].smooth else _FIX)


def float32_obstacle(graph: Graph) -> str | None:
    """Why `graph` is no float32 network, or None."""
    if graph.precision != "float32":
        return f"its inputs are {graph.precision} numbers"
    for node in graph.nodes:
        if node.glue or node.primitive == RELU:
            continue
        if isinstance(node.primitive, Smooth):
            return f"each runtime approximates `{node.tensor.name}`, a {node.primitive.value}, in its own way"
        if not isinstance(node.primitive, Affine):
            return f"how `{node.tensor.name}`, which is no ReLU, is rounded is not known"
        weights = map(numbers_of, node.primitive.maps)
        if any(array.dtype != np.float32 for array in (*weights, node.primitive.bias)):
            return f"`{node.tensor.name}` is computed with numbers that are not stored as float32"
    return None
