"""Parts of a search that are done on another machine: what goes there, and what is made of it.

In: the obligation of a search, and where it stands.  Out: functions that can be pickled and do with a part
what a companion does with it.  Whoever unpickles one makes the problem anew from the obligation, once for as
long as it is asked about the same; a point that it finds is confirmed there, and again where it was asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Final, cast

from spec_lang.backends._search.problem import Problem, Witnesses, prepare
from spec_lang.backends.base import Budget, Point, Session
from spec_lang.backends.bounds.frontier import Lent as LentBoxes
from spec_lang.backends.bounds.frontier import Slice as BoxSlice
from spec_lang.backends.bounds.last_word import LastWord
from spec_lang.bounding.context import Context
from spec_lang.bounding.phases import Optimiser
from spec_lang.kernel.witness import WitnessChecker
from spec_lang.obligations.model import Obligation
from spec_lang.obligations.outcome import Attestation

if TYPE_CHECKING:
    from spec_lang.backends.bounds.phase_search import Lent, PhaseSearch, Slice
    from spec_lang.backends.bounds.split_input import InputSplitting
    from spec_lang.bounding.program import Program

_REMEMBERED: Final = 4  # problems of a process; one of a large network takes as much as the network
_NOBODY: Final = Attestation("", "", "")  # a part ends in no outcome that somebody would have to stand for


def boxes_elsewhere(
    search: type[InputSplitting], obligation: Obligation, *, quick: bool
) -> Callable[[tuple[LentBoxes, float]], BoxSlice]:
    """The work of a search over inputs."""
    return partial(_boxes, search, obligation, quick)


def rows_elsewhere(search: PhaseSearch) -> Callable[[tuple[Lent, float]], Slice]:
    """The work of a search over phases, without what can be made anew from the obligation."""
    context = replace(
        search.optimiser.context,
        program=cast("Program", None),  # `_rows` puts its own in
        expired=_never,
        _maps={},
    )
    ks = None if search.last is None else search.ks
    return partial(_rows, type(search), search.problem.obligation, context, ks)


def _boxes(
    search: type[InputSplitting], obligation: Obligation, quick: bool, lent: tuple[LentBoxes, float]
) -> BoxSlice:
    problem = _problem(obligation)
    own = search(problem, _session(problem), _NOBODY)
    own.quick = quick
    return own.slice(lent)


def _rows(
    search: type[PhaseSearch],
    obligation: Obligation,
    context: Context,
    ks: tuple[int, ...] | None,
    lent: tuple[Lent, float],
) -> Slice:
    problem = _problem(obligation)
    witnesses = Witnesses(problem, _session(problem))
    optimiser = Optimiser(replace(context, program=problem.program))
    own = search(problem, witnesses, optimiser, lent[0].record)
    if ks is not None:
        own.last, own.ks = LastWord(problem, witnesses, optimiser, {}), ks
    return own.slice(lent)


@lru_cache(_REMEMBERED)
def _problem(obligation: Obligation) -> Problem:
    return prepare(obligation)


def _session(problem: Problem) -> Session:
    """Without limits: a part has its own."""
    obligation = problem.obligation
    checker = WitnessChecker(obligation)

    def confirm(point: Point) -> bool:
        return checker(obligation.completed(point)) is not None

    return Session(Budget(), confirm, lambda _: None)


def _never() -> bool:
    return False
