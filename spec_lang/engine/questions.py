"""Questions about one decision at a point: does it still hold when some elements are free?

In: a decision at a point, and the options of a check, whose limits are for all questions together.  Out: what
the ordinary engine reports of each, and the kernel's word on points that others bring.  An element is an
input, which is held at its value, or a neuron of a layer, which is held in its phase.
"""

from __future__ import annotations

import time
from dataclasses import replace
from fractions import Fraction
from math import prod
from typing import Final

from spec_lang._values import dataclass
from spec_lang.backends.base import Progress
from spec_lang.engine import lift
from spec_lang.engine.decide import decide
from spec_lang.engine.decision import Decision, Point
from spec_lang.engine.options import Checking, CheckOptions, Narrowed, Observer
from spec_lang.explanations.minimal import Answer, Outcome
from spec_lang.kernel.enclosed import EnclosedNetwork
from spec_lang.kernel.exact import AtKink, ExactNetwork
from spec_lang.kernel.verdict import Evidence, Status
from spec_lang.kernel.witness import WitnessChecker
from spec_lang.obligations.lower import lower
from spec_lang.obligations.model import All, Condition, Goal, LinearAtom
from spec_lang.reporters.model import ClaimReport

_BITS: Final = 256  # of the enclosure that says which phase a neuron of a smooth network has
_SHARE: Final = 8  # a question gets at most this part of all time or work, as does what is done before,
_LEAST: Final = 1.0  # but so many seconds
_FEWEST: Final = 100  # or units of work
_NOTHING_LEFT: Final = "the limit for the whole explanation is reached"


@dataclass(frozen=True, slots=True)
class Broken:
    """A point that breaks the decision, as the kernel has confirmed, and the clause that fails."""

    point: Point
    fails: str


class Questions:
    """`evidence` is that of the last proof; `phases` are those at the point, None where one is not known."""

    def __init__(self, decision: Decision, options: CheckOptions, observer: Observer) -> None:
        self.decision = decision
        self.evidence: Evidence | None = None
        self.patience = False  # whether a question may take all that is left
        self._options = options
        self._observer = observer
        self._started = time.monotonic()
        self._spent = 0
        self.size = prod(decision.shape)
        graph = decision.statement.graph
        self._exact = None if graph.irrational else ExactNetwork(graph)
        self.phases = None if decision.first is None else self._phases_at(decision.point)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    def expired(self) -> bool:
        """Whether so much of the time is gone that the rest belongs to the engine."""
        limit = self._options.timeout
        return limit is not None and self.seconds > limit / _SHARE

    @property
    def everything(self) -> frozenset[int]:
        """All elements."""
        return frozenset(range(self.size))

    def ask(self, freed: frozenset[int]) -> Answer[Broken]:
        """Whether the decision holds when these elements are free."""
        report = self.report(freed)
        if report.status is Status.PROVED:
            return Answer(Outcome.HOLDS)
        found = report.counterexample
        if report.status is Status.REFUTED and found is not None:
            return self.broken(tuple(reading.network for reading in found.inputs), found.violates)
        return Answer(Outcome.OPEN, reason=report.reason or report.status.value)

    def broken(self, point: Point, fails: str) -> Answer[Broken]:
        """The answer that a confirmed counterexample is."""
        return Answer(Outcome.BROKEN, Broken(point, fails), self._moved(point))

    def report(self, freed: frozenset[int]) -> ClaimReport:
        """What the engine says."""
        options, task = self._limits(), self.decision.task
        if options is None:
            return lift.undecided(task, Status.UNKNOWN, _NOTHING_LEFT)
        task = replace(task, goal=lambda: self.goal(freed), timeout=options.timeout, expected=Status.PROVED)
        report = decide(task, self._listen, None, options)
        self._spent += sum(units for _, units in report.work)
        if report.status is Status.PROVED:
            self.evidence = report.evidence
        return report

    def goal(self, freed: frozenset[int]) -> Goal:
        """Raises `TooManyCases`."""
        decision, statement = self.decision, self.decision.statement
        held = tuple(self._held(element) for element in range(self.size) if element not in freed)
        if decision.first is None:
            changed = replace(statement, region=All((statement.region, *held)))
        else:
            changed = replace(statement, violation=All((*held, statement.violation)))
        return lower(replace(decision.typed, statement=changed), self._options.semantics)

    def at_point(self) -> bool | None:
        """Whether the decision is not seen to fail at the point; None where the region is elsewhere.

        Raises `TooManyCases`.
        """
        statement = self.decision.statement
        pins = tuple(map(self._pinned, range(len(self.decision.point))))
        changed = replace(statement, region=All((statement.region, *pins)))
        goal = lower(replace(self.decision.typed, statement=changed), self._options.semantics)
        if goal.conflict is not None:
            return None
        point = self.decision.point
        return all(WitnessChecker(obligation)(point) is None for obligation in goal.obligations)

    def confirmer(self, freed: frozenset[int]) -> Confirmer:
        """For several points.  Raises `TooManyCases`."""
        goal = self.goal(freed)
        checkers = () if goal.conflict is not None else tuple(map(WitnessChecker, goal.obligations))
        return Confirmer(self, checkers)

    def _listen(self, event: Progress | Checking | Narrowed) -> None:
        if isinstance(event, Progress):
            self._observer.progress(self.decision.typed.name, event)

    def _limits(self) -> CheckOptions | None:
        """Those of the next question; None where nothing is left."""
        options, share = replace(self._options, store=None), 1 if self.patience else _SHARE
        if options.timeout is not None:
            left = options.timeout - self.seconds
            if left <= 0:
                return None
            options = replace(options, timeout=min(left, max(_LEAST, options.timeout / share)))
        if options.budget is not None:
            units = options.budget - self._spent
            if units <= 0:
                return None
            options = replace(options, budget=min(units, max(_FEWEST, options.budget // share)))
        return options

    # -- elements ------------------------------------------------------------------------------------

    def _held(self, element: int) -> Condition:
        """An input has its value at the point, a neuron its phase."""
        one, first = Fraction(1), self.decision.first
        if first is None:
            return self._pinned(element)
        if self.phases is not None and self.phases[element]:
            return LinearAtom((), ((first + element, -one),), Fraction(0), strict=True)
        return LinearAtom((), ((first + element, one),), Fraction(0), strict=False)

    def _pinned(self, place: int) -> Condition:
        """Input number `place` has its value at the point."""
        one, value = Fraction(1), self.decision.point[place]
        below = LinearAtom(((place, one),), (), -value, strict=False)
        return All((below, LinearAtom(((place, -one),), (), value, strict=False)))

    def _moved(self, point: Point) -> frozenset[int]:
        """The elements that are otherwise at `point`; all of them where phases are not known."""
        there: tuple[object, ...] | None = point
        here: tuple[object, ...] | None = self.decision.point
        if self.decision.first is not None:
            there, here = self._phases_at(point), self.phases
        if there is None or here is None:
            return self.everything
        pairs = zip(there, here, strict=True)
        return frozenset(place for place, (now, before) in enumerate(pairs) if now != before)

    def _phases_at(self, point: Point) -> tuple[bool, ...] | None:
        """Which neurons of the layer are on; None where it is not known of one."""
        first = self.decision.first or 0
        chosen = slice(first, first + self.size)
        if self._exact is not None:
            try:
                return tuple(value > 0 for value in self._exact(point)[chosen])
            except AtKink:
                return None
        values = EnclosedNetwork(self.decision.statement.graph)(point, _BITS)[chosen]
        if any(low <= 0 < high for low, high in values):
            return None
        return tuple(low > 0 for low, _ in values)


@dataclass(frozen=True, slots=True, eq=False)
class Confirmer:
    """Asks the kernel about points."""

    questions: Questions
    checkers: tuple[WitnessChecker, ...]

    def __call__(self, point: Point) -> Answer[Broken] | None:
        """The answer that `point` is; None where it breaks nothing."""
        for checker in self.checkers:
            witness = checker(point)
            if witness is not None:
                clauses = dict.fromkeys(atom.source for atom in witness.violated if atom.source)
                return self.questions.broken(point, " or ".join(clauses) or "the claim")
        return None
