"""What a family is held against: targets, and what the design prototype and other tools have reached.

In: `figures.toml`.  Out: a `Family`, its targets, and `Peer`s by instance.  Facts with their sources;
nothing is measured here.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from spec_lang.diagnostics import InternalError

FIGURES: Final = Path(__file__).with_name("figures.toml")
PROTOTYPE: Final = "design prototype"
_TOOLS: Final = {"prototype": PROTOTYPE, "nnenum": "nnenum", "marabou": "Marabou", "crown": "α,β-CROWN"}
WHAT: Final = ("right", "sat", "decided", "longest", "sum", "wall", "memory")
AT_LEAST: Final = ("right", "sat", "decided")  # the more, the better
_ENTRIES: Final = {
    "targets": {"what", "only", "must", "aim"},
    "totals": {"tool", "source", "only", "limit", "decided", "seconds", "note"},
    "figures": {"only", "units", *_TOOLS},
}


@dataclass(frozen=True, slots=True)
class Target:
    """`must` and `aim` of one figure, over the instances that the glob `only` selects; None where not set."""

    what: str
    only: str = "*"
    must: float | None = None
    aim: float | None = None


@dataclass(frozen=True, slots=True)
class Peer:
    """What a tool took for one instance: `seconds`, at least so many where it was not `finished`; None where
    it crashed.  `units` are its boxes."""

    tool: str
    seconds: float | None
    finished: bool
    units: int | None = None

    def __str__(self) -> str:
        if self.seconds is None:
            return "crash"
        boxes = "" if self.units is None else f" and {self.units:,} boxes"
        return f"{self.seconds:g}{'' if self.finished else '+'} s{boxes}"


@dataclass(frozen=True, slots=True)
class Total:
    """What a tool reached over all that `only` selects."""

    tool: str
    source: str
    only: str = "*"
    limit: float | None = None
    decided: int | None = None
    seconds: float | None = None
    note: str = ""

    def __str__(self) -> str:
        parts = [] if self.decided is None else [f"{self.decided} decided"]
        parts += [] if self.seconds is None else [f"{self.seconds:g} s"]
        parts += [] if self.limit is None else [f"limit {self.limit:g} s"]
        parts += [self.note] if self.note else []
        where = "" if self.only == "*" else f" {self.only}"
        return f"{self.tool} ({self.source}){where}: {', '.join(parts)}"


@dataclass(frozen=True, slots=True)
class Family:
    """`timeout` is what an instance of the family is given."""

    name: str
    timeout: float
    targets: tuple[Target, ...]
    totals: tuple[Total, ...]
    peers: tuple[tuple[str, Peer], ...]  # glob of instances, what a tool took

    def peers_of(self, instance: str) -> Iterator[Peer]:
        return (peer for only, peer in self.peers if fnmatchcase(instance, only))


def families() -> dict[str, Family]:
    """Every family, by name.  Raises `InternalError` where the file says what nobody reads."""
    with FIGURES.open("rb") as file:
        return {name: _family(name, entry) for name, entry in tomllib.load(file).items()}


def _family(name: str, entry: Mapping[str, Any]) -> Family:
    for key, known in _ENTRIES.items():
        for row in entry.get(key, ()):
            if strange := set(row) - known:
                raise InternalError(f"{FIGURES.name}: {name}.{key} has {', '.join(sorted(strange))}")
    targets = tuple(Target(**row) for row in entry["targets"])
    if strange := {target.what for target in targets} - set(WHAT):
        raise InternalError(f"{FIGURES.name}: {name} has targets of {', '.join(sorted(strange))}")
    return Family(
        name,
        float(entry["timeout"]),
        targets,
        tuple(Total(**row) for row in entry.get("totals", ())),
        tuple(pair for row in entry.get("figures", ()) for pair in _peers(row)),
    )


def _peers(row: Mapping[str, Any]) -> Iterator[tuple[str, Peer]]:
    for key, tool in _TOOLS.items():
        if key not in row:
            continue
        units = row.get("units") if key == "prototype" else None
        if row[key] == "crash":
            yield row["only"], Peer(tool, None, finished=False)
        elif isinstance(row[key], str):
            yield row["only"], Peer(tool, float(row[key].removesuffix("+")), finished=False, units=units)
        else:
            yield row["only"], Peer(tool, float(row[key]), finished=True, units=units)
