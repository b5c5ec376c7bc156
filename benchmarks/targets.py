"""Targets of a family, met or missed.

In: measured instances, and the usage of the run.  Out: a line a target.  One that the run says nothing
about, because an instance was left out or because only one process for all would tell, is said to be open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from benchmarks.figures import AT_LEAST, Family, Target
from benchmarks.instances import Instance
from benchmarks.measured import Measured
from benchmarks.processes import Usage


def _seconds(row: Measured) -> float:
    """Of what is not decided, no number is enough."""
    return row.seconds if row.decided else float("inf")


_MEASURES: Final[dict[str, Callable[[Sequence[Measured]], float]]] = {
    "right": lambda rows: sum(row.right for row in rows),
    "sat": lambda rows: sum(row.right and row.answer == "sat" for row in rows),
    "decided": lambda rows: sum(row.decided and not row.wrong for row in rows),
    "longest": lambda rows: max(map(_seconds, rows)),
    "sum": lambda rows: sum(map(_seconds, rows)),
}
_UNITS: Final = {"longest": " s", "sum": " s", "wall": " s", "memory": " MB"}


@dataclass(frozen=True, slots=True)
class Judged:
    """What a target came to; `value` is None where the run does not say."""

    target: Target
    value: float | None

    def meets(self, limit: float | None) -> bool | None:
        """Whether it reaches `must` or `aim`; None where there is no limit or no value."""
        if self.value is None or limit is None:
            return None
        return self.value >= limit if self.target.what in AT_LEAST else self.value <= limit

    def __str__(self) -> str:
        target, unit = self.target, _UNITS.get(self.target.what, "")
        word = _word(self.meets(target.must), self.meets(target.aim))
        where = "" if target.only == "*" else f" of {target.only}"
        value = "not measured here" if self.value is None else f"{self.value:.4g}{unit}"
        limits = [
            f"{name} {limit:g}{unit}"
            for name, limit in (("must", target.must), ("aim", target.aim))
            if limit is not None
        ]
        return f"target {word:<11} {target.what}{where}: {value} ({', '.join(limits)})"


def _word(must: bool | None, aim: bool | None) -> str:
    if must is None and aim is None:
        return "open"
    if must is False:
        return "MISSED"
    return "aim missed" if aim is False else "met"


def judged(
    family: Family, instances: Sequence[Instance], rows: Sequence[Measured], usage: Usage, *, in_one: bool
) -> Iterator[Judged]:
    """`instances` are all of the family; `in_one` says that one process has decided those of `rows`."""
    have = {row.instance for row in rows}
    for target in family.targets:
        wanted = {instance for instance in instances if fnmatchcase(instance.name, target.only)}
        chosen = [row for row in rows if row.instance in wanted]
        if not wanted or not wanted <= have:
            yield Judged(target, None)
        elif target.what == "wall":
            yield Judged(target, usage.seconds if in_one else None)
        elif target.what == "memory":
            yield Judged(target, usage.peak_bytes / 1e6)
        else:
            yield Judged(target, _MEASURES[target.what](chosen))
