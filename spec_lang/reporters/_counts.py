"""What was counted of invariants at data, for the report of the claim that is over them.

In: nothing.  Out: values.  Whoever counted them has evaluated every point exactly.
"""

from __future__ import annotations

from collections.abc import Collection

from spec_lang._values import dataclass


@dataclass(frozen=True, slots=True)
class DataCount:
    """An invariant at the `points` of `data`: at `support` of them its left side holds, `inside` of these lie
    in its region.  At `holding` of the support it holds; of the points that break it so many lie inside, and
    so many outside of its region, where they refute nothing.  `undecided` ones are none of these."""

    data: str
    points: int
    support: int
    inside: int
    holding: int
    broken_inside: int
    broken_outside: int
    undecided: int = 0


@dataclass(frozen=True, slots=True)
class ShareCount:
    """How many of so many `points` each set of invariants speaks of, `names` by their places; `undecided`
    points may belong to more of them.  `verdicts` are those of the same run, for a coverage."""

    points: int
    names: tuple[str, ...]
    groups: tuple[tuple[tuple[int, ...], int], ...]
    undecided: int = 0
    verdicts: tuple[str, ...] = ()

    @property
    def covered(self) -> int:
        """The points that some invariant speaks of."""
        return sum(count for places, count in self.groups if places)

    def of(self, places: Collection[int]) -> int:
        """The points that one of these invariants speaks of."""
        return sum(count for group, count in self.groups if not set(places).isdisjoint(group))
