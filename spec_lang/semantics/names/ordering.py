"""Declarations in the order of their uses.

In: what uses what.  Out: names, each after those that it uses; a circle is reported and left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from graphlib import CycleError, TopologicalSorter

from spec_lang.diagnostics import DiagnosticLog, Span
from spec_lang.semantics import codes


def in_order(
    uses: Mapping[str, set[str]], place: Callable[[str], Span], kind: str, log: DiagnosticLog
) -> tuple[str, ...]:
    """The keys of `uses`, each after those that it uses; `kind` is the noun of a report."""
    graph = dict(uses)
    while (cycle := _cycle(graph)) is not None:
        path = " → ".join(cycle)
        problem = f"the {kind} `{cycle[0]}` is defined by itself: {path}"
        log.error(codes.DEFINITION, problem, place(cycle[0]))
        graph = {name: found - set(cycle) for name, found in graph.items() if name not in cycle}
    return tuple(TopologicalSorter(graph).static_order())


def _cycle(graph: Mapping[str, set[str]]) -> list[str] | None:
    """A circle of uses, its first name at both ends, or None."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found[::-1]
    return None
