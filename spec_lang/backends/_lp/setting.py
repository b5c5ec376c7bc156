"""What every part of a search has at hand: the problem, who confirms points, and what has been spent."""

from __future__ import annotations

from typing import Final

from spec_lang._values import dataclass
from spec_lang.backends._search.problem import Problem, Witnesses
from spec_lang.obligations.outcome import GaveUp, GaveUpReason

TRIALS: Final = 8  # linear programs that are solved before it is asked whether they pay
# Nothing can prove an obligation that some choice of slopes breaks, and such a point refutes none.
AT_KINKS: Final = GaveUp(
    GaveUpReason.KINK,
    "it fails only where a ReLU is at its kink, with one choice of its slope: neither proved nor refuted",
)
WORTH: Final = 200  # iterations that may be spent on closing a sub-problem, which saves splitting it


@dataclass(slots=True)
class Tally:
    """What the searches of an obligation have cost, over all conjunctions and boxes."""

    boxes: int = 0
    nodes: int = 0
    programs: int = 0
    iterations: int = 0  # of the simplex method
    closed: int = 0  # by programs
    hopes: int = 0  # leaves that only exact arithmetic may find closed
    kinks: int = 0  # leaves at which some choice of slopes at kinks breaks the obligation, and no point does
    solver: int = 0  # units of a solver that searches by itself

    @property
    def units(self) -> tuple[tuple[str, int], ...]:
        """What counts against a budget."""
        return tuple((name, getattr(self, name)) for name in ("boxes", "nodes", "programs", "solver"))

    def pays(self) -> bool:
        """Whether linear programs close enough for what they cost; counted, not timed, so that the same
        sub-problems are met on every machine."""
        if self.programs < TRIALS:
            return True
        return (self.closed + 1) * WORTH >= self.iterations


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """Of one obligation."""

    problem: Problem
    witnesses: Witnesses
    tally: Tally

    @property
    def units(self) -> tuple[tuple[str, int], ...]:
        """What counts against a budget."""
        return (("attacks", self.witnesses.work), *self.tally.units)

    def left(self) -> int | None:
        """Units of the session's budget that are left."""
        limit = self.witnesses.session.budget.work
        return None if limit is None else max(0, limit - sum(count for _, count in self.units))
