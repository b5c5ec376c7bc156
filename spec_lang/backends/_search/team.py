"""A search and its companions: parts of the frontier are lent to processes that work on them for a moment.

In: who can spare cores, and what a companion does with a part.  Out: what became of each part.  A part comes
back after about a second, finished or not, and is dealt out anew: so nobody is idle while somebody has work
left.  What is proved does not depend on who did what.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Generic, Protocol, Self, TypeVar

from spec_lang._companions import Cores, Helper, Lost

SLICE: Final = 0.7  # seconds that a companion works on a part
_PATIENCE: Final = 0.05  # seconds between two looks at the deadline while all work is lent

Part = TypeVar("Part")
Result = TypeVar("Result")


class _Divisible(Protocol):
    """A batch of sub-problems."""

    def __len__(self) -> int: ...

    def take(self, rows: slice, /) -> Self: ...


Batch = TypeVar("Batch", bound=_Divisible)


class Team(Generic[Part, Result]):
    """`work` is run by companions: a part, and the seconds after which to stop.  On other machines it is done
    by what `elsewhere` makes."""

    def __init__(
        self,
        cores: Cores | None,
        work: Callable[[tuple[Part, float]], Result],
        elsewhere: Callable[[], Callable[[tuple[Part, float]], Result]] | None = None,
    ) -> None:
        self._cores, self._work, self._elsewhere = cores, work, elsewhere
        self._lent: dict[Helper[tuple[Part, float], Result], Part | None] = {}

    @property
    def busy(self) -> bool:
        """Whether somebody has a part."""
        return any(part is not None for part in self._lent.values())

    def has_room(self) -> bool:
        """Whether a part that is lent now would be worked on at once."""
        if any(part is None for part in self._lent.values()):
            return True
        hired = None if self._cores is None else self._cores.hire(self._work, self._elsewhere)
        if hired is not None:
            self._lent[hired] = None
        return hired is not None

    def lend(self, part: Part) -> bool:
        """Whether somebody has taken the part."""
        for member, lent in self._lent.items():
            if lent is None:
                try:
                    member.ask((part, SLICE))
                except Lost:
                    self._dismiss(member)
                    return False
                self._lent[member] = part
                return True
        return False

    def lend_oldest(self, stack: list[Batch], size: int, lent: Callable[[Batch], Part]) -> bool:
        """Lend at most `size` of the batch at the bottom of a stack, which hides the most work; whether
        somebody has taken it.  What is not lent stays."""
        oldest = stack.pop(0)
        if len(oldest) > size:
            stack.insert(0, oldest.take(slice(size, None)))
            oldest = oldest.take(slice(0, size))
        if self.lend(lent(oldest)):
            return True
        stack.insert(0, oldest)
        return False

    def results(self, *, wait: bool) -> Iterator[tuple[Part, Result | None]]:
        """The parts that are back, each with what became of it: None where the companion was lost."""
        for member, part in list(self._lent.items()):
            if part is None or not member.has_answered(_PATIENCE if wait else 0.0):
                continue
            try:
                result = member.answer()
            except Lost:
                self._dismiss(member)
                yield part, None
                continue
            self._lent[member] = None
            yield part, result

    def parts(self) -> list[Part]:
        """Those that are lent, as they were then."""
        return [part for part in self._lent.values() if part is not None]

    def release(self) -> list[Part]:
        """Let everybody go, whatever they are at; the parts that they had, as if nobody had."""
        parts = self.parts()
        for member in list(self._lent):
            self._dismiss(member)
        return parts

    def _dismiss(self, member: Helper[tuple[Part, float], Result]) -> None:
        member.end()
        del self._lent[member]
        if self._cores is not None:
            self._cores.give_back()
