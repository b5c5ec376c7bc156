"""Every way to decide an obligation: the installed backends, and the searches of one of them by themselves.

In: an obligation.  Out: what is said of it, after it has been held against the truth where that is known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import pytest

from spec_lang.backends._search.problem import prepare
from spec_lang.backends.base import Backend, Run, Session
from spec_lang.backends.bounds.split_input import InputSplitting
from spec_lang.backends.bounds.split_relu import ReluSplitting
from spec_lang.kernel.judge import judge
from spec_lang.kernel.verdict import Status
from spec_lang.network.graph import Graph
from spec_lang.obligations.model import Box, Condition, Obligation, Region, Semantics
from spec_lang.obligations.outcome import Attestation, GaveUp, Outcome, Refuted
from tests.differential.examine import Limits, goal_of, session
from tests.differential.tally import installed

LIMITS = Limits(seconds=1.0, work=500)


@dataclass(frozen=True)
class Way:
    """A decision procedure under a name."""

    name: str
    run: Callable[[Obligation, Session], Run]
    supports: Callable[[Obligation], str | None]


def _backend(backend: Backend) -> Way:
    return Way(backend.name, backend.run, backend.supports)


def _search(name: str, search: type[InputSplitting] | type[ReluSplitting]) -> Way:
    def run(obligation: Obligation, limits: Session) -> Run:
        return search(prepare(obligation), limits, Attestation(name, "", "")).run()

    def supports(obligation: Obligation) -> str | None:
        return None if len(prepare(obligation).rows.member) else "nothing is left to search for"

    return Way(name, run, supports)


SEARCHES = (_search("input splitting", InputSplitting), _search("phase splitting", ReluSplitting))
WAYS = (*map(_backend, installed()), *SEARCHES)
each_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name.replace(" ", "-"))


def status(way: Way, obligation: Obligation, limits: Limits = LIMITS) -> Status:
    """The kernel's verdict on what this way says; `unknown` of what it does not take."""
    if way.supports(obligation) is not None:
        return Status.UNKNOWN
    return judge(goal_of(obligation), (outcome(way, obligation, limits),)).status


def outcome(way: Way, obligation: Obligation, limits: Limits = LIMITS) -> Outcome:
    """What this way says; a point that it found, with what depends on others filled in."""
    found = way.run(obligation, session(obligation, limits)).outcome
    if isinstance(found, GaveUp):
        assert found.detail
    return Refuted(obligation.completed(found.point)) if isinstance(found, Refuted) else found


def ask(
    way: Way,
    graph: Graph,
    region: Region,
    violation: Condition,
    semantics: Semantics = Semantics.REAL,
) -> Status:
    return status(way, Obligation(graph, region, violation, semantics))


def box(*sides: tuple[Fraction, Fraction]) -> Region:
    return Region((Box(tuple(s[0] for s in sides), tuple(s[1] for s in sides)),))
