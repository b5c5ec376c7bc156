"""Deciding one box by the solver: first over short numbers, then, where these decide nothing, exactly.

In: a box and what is known on it.  Out: that it has no counterexample, or one, or why it is open.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from spec_lang._values import dataclass
from spec_lang.backends.smt.encode import Encoder, Interval, Knowledge
from spec_lang.backends.smt.points import Recogniser
from spec_lang.backends.smt.process import Answer, Impossible, NoAnswer, Solution, SolverProcess
from spec_lang.backends.smt.shorten import is_bounded, shortened
from spec_lang.obligations.outcome import GaveUpReason

# Below this many neurons the numbers are short anyway, or it does not matter.
_SHORTEN_FROM: Final = 4


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one question: seconds, or units of a budget; None for none."""

    seconds: float | None = None
    work: int | None = None


@dataclass(frozen=True, slots=True)
class AtKinks:
    """The box has no counterexample but where ReLUs are at their kinks, for some choices of slopes there."""


@dataclass(frozen=True, slots=True, eq=False)
class Leaves:
    """Of one obligation.  A counterexample is left with `recogniser`."""

    encoder: Encoder
    solver: SolverProcess
    recogniser: Recogniser

    def decide(self, box: Sequence[Interval], known: Knowledge, limits: Limits) -> Answer | AtKinks:
        """What the solver says of `box` within `limits` a question; exact."""
        if any(low is not None and high is not None and low > high for low, high in box):
            return Impossible()
        question = self.encoder.question(box, known, limits.seconds)
        if is_bounded(question) and len(question[2]) >= _SHORTEN_FROM:
            answer = self.solver.ask(shortened(question), self.recogniser.try_rounded, limits.work)
            if not isinstance(answer, Solution) or answer.found:
                return answer
        answer = self.solver.ask(question, self.recogniser.try_rounded, limits.work)
        if not isinstance(answer, Solution) or answer.found or self.recogniser.try_exactly(answer.point):
            return answer
        if not question[4][1]:
            return NoAnswer(GaveUpReason.NUMERICAL, self._spurious(known))
        return self._elsewhere(box, known, limits)

    def _elsewhere(self, box: Sequence[Interval], known: Knowledge, limits: Limits) -> Answer | AtKinks:
        """What the solver says of a box whose first counterexample is none for all choices at its kinks."""
        question = self.encoder.question(box, known, limits.seconds, at_kinks=False)
        answer = self.solver.ask(question, self.recogniser.try_rounded, limits.work)
        if isinstance(answer, Impossible):
            return AtKinks()
        if not isinstance(answer, Solution) or answer.found or self.recogniser.try_exactly(answer.point):
            return answer
        return NoAnswer(GaveUpReason.NUMERICAL, self._spurious(known))

    def _spurious(self, known: Knowledge) -> str:
        if known.errors:
            return "float32's rounding errors may break the claim, but no execution that does was found"
        return "the point that z3 found does not break the claim when it is evaluated exactly"
