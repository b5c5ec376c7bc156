"""A subset-minimal set of elements to keep, with few questions.

In: elements from the one that is likely to matter least, and somebody who says of a set whether the decision
still holds when its elements are free.  Out: the elements that were freed together, and why each other one
stays.  The more is free the less holds, so that one counterexample answers every question about a larger set,
and what stays for one stays for good.  Sound because the elements freed in the end are a set of which it was
said, by whoever proves it, that the decision holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from typing import Generic, TypeVar

from spec_lang._values import dataclass

W = TypeVar("W")


class Outcome(Enum):
    HOLDS = "holds"
    BROKEN = "broken"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Answer(Generic[W]):
    """`witness` breaks the decision, and of the elements only those in `moved` are otherwise there; an open
    question has a `reason`."""

    outcome: Outcome
    witness: W | None = None
    moved: frozenset[int] = frozenset()
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Kept(Generic[W]):
    """An element that stays, and the answer to what happens without it."""

    element: int
    why: Answer[W]


class Search(Generic[W]):
    """One search; `freed` and `kept` can be read at any time, and hold what is known by then."""

    def __init__(
        self,
        order: Sequence[int],
        ask: Callable[[frozenset[int]], Answer[W]],
        known: Iterable[Answer[W]] = (),
        probe: Callable[[frozenset[int], Sequence[int]], Iterable[Answer[W]]] | None = None,
    ) -> None:
        self.freed: frozenset[int] = frozenset()
        self.kept: list[Kept[W]] = []
        self.asked = 0
        self._rest = list(order)
        self._ask = ask
        self._broken = list(known)
        self._probe = probe
        self._probed: frozenset[int] | None = None

    def run(self, first: int = 0) -> None:
        """To the end: every element is freed or kept.  Asked about first are the `first` of them, or all.

        `probe` is given what is free and what is left, and says what it can of the sets that have one of
        these besides.
        """
        size = first or len(self._rest)
        while self._rest:
            limit, why = self._known_limit()
            if limit == 1 and why is not None:
                self._keep(0, why)
                continue
            size = min(size, len(self._rest) if why is None else limit - 1)
            answer = self._about(size)
            if answer.outcome is Outcome.HOLDS:
                self._free(size)
                size *= 2
            else:
                size = max(1, 2 * self._narrowed(size, answer))
                self._look()

    def again(self) -> bool:
        """Takes up what stayed without a counterexample; whether there is such."""
        self._rest = [one.element for one in self.kept if one.why.outcome is Outcome.OPEN]
        self.kept = [one for one in self.kept if one.why.outcome is not Outcome.OPEN]
        self._probed = None
        return bool(self._rest)

    def stop(self, reason: str) -> None:
        """All that is left stays, for that reason."""
        why: Answer[W] = Answer(Outcome.OPEN, reason=reason)
        self.kept += [Kept(element, why) for element in self._rest]
        self._rest.clear()

    def _look(self) -> None:
        """Where some elements cannot be freed, others may not either: all are looked at together."""
        if self._probe is not None and self._rest and self._probed != self.freed:
            self._probed = self.freed
            self._broken += self._probe(self.freed, tuple(self._rest))
        for answer in self._broken:  # whatever else is freed, what breaks the decision alone stays
            moved = answer.moved - self.freed
            if len(moved) == 1 and moved <= set(self._rest):
                self._keep(self._rest.index(min(moved)), answer)

    def _narrowed(self, high: int, why: Answer[W]) -> int:
        """Frees as many of the first `high` elements as can be, and keeps the next; how many were freed."""
        low = 0
        while high - low > 1:
            limit, known = self._known_limit()
            if known is not None and limit < high:
                high, why = limit, known
                continue
            middle = (low + high) // 2
            answer = self._about(middle)
            if answer.outcome is Outcome.HOLDS:
                low = middle
            else:
                high, why = middle, answer
        self._keep(high - 1, why)
        self._free(low)
        return low

    def _about(self, count: int) -> Answer[W]:
        """What is known when the first `count` of the rest are free as well."""
        self.asked += 1
        answer = self._ask(self.freed.union(self._rest[:count]))
        if answer.outcome is Outcome.BROKEN:
            self._broken.append(answer)
        return answer

    def _known_limit(self) -> tuple[int, Answer[W] | None]:
        """The least number of the first elements that a known counterexample forbids to free."""
        places = {element: place + 1 for place, element in enumerate(self._rest)}
        best, why = len(self._rest) + 1, None
        for answer in self._broken:
            moved = answer.moved - self.freed
            if moved and all(element in places for element in moved):
                limit = max(places[element] for element in moved)
                if limit < best:
                    best, why = limit, answer
        return best, why

    def _free(self, count: int) -> None:
        self.freed = self.freed.union(self._rest[:count])
        del self._rest[:count]

    def _keep(self, place: int, why: Answer[W]) -> None:
        self.kept.append(Kept(self._rest[place], why))
        del self._rest[place]
