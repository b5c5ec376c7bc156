"""A condition as rows, and which of them must hold together.

In: a condition over flat inputs and outputs, exact.  Out: a `Circuit` of comparisons and of counts of those
that are true.  The circuit is true for no numbers for which the condition is false.
"""

from __future__ import annotations

from spec_lang._values import dataclass
from spec_lang.monitors.rows import Long, Row, Short, row_of
from spec_lang.obligations.model import All, Condition, LinearAtom
from spec_lang.obligations.simplify import Key, key, simplify


@dataclass(frozen=True, slots=True)
class Gate:
    """True when so many of its parts are: `needed` of the rows numbered `rows` and of `gates` together."""

    needed: int
    rows: tuple[int, ...]
    gates: tuple[Gate, ...]

    @property
    def size(self) -> int:
        return len(self.rows) + len(self.gates)


@dataclass(frozen=True, slots=True)
class Circuit:
    """`rows` are short ones, then long ones; `top` says which are needed."""

    short: tuple[Short, ...]
    long: tuple[Long, ...]
    top: Gate

    @property
    def is_exact(self) -> bool:
        """Whether it is true whenever the condition is."""
        return not self.long


def circuit_of(condition: Condition, inputs: int, precision: str) -> Circuit:
    """Raises `NotComputable`."""
    simple = simplify(condition)
    rows: dict[Key, Row] = {}
    for atom in _atoms(simple):
        rows.setdefault(key(atom), row_of(atom, inputs, precision))
    short = {k: row for k, row in rows.items() if isinstance(row, Short)}
    long = {k: row for k, row in rows.items() if isinstance(row, Long)}
    places = {k: place for place, k in enumerate((*short, *long))}
    return Circuit(tuple(short.values()), tuple(long.values()), _gate(simple, places))


def _atoms(condition: Condition) -> list[LinearAtom]:
    if isinstance(condition, LinearAtom):
        return [condition]
    return [atom for part in condition.parts for atom in _atoms(part)]


def _gate(condition: Condition, places: dict[Key, int]) -> Gate:
    """A bare atom is a gate of one; `TRUE` needs nothing, `FALSE` one of nothing."""
    if isinstance(condition, LinearAtom):
        return Gate(1, (places[key(condition)],), ())
    rows = tuple(places[key(part)] for part in condition.parts if isinstance(part, LinearAtom))
    gates = tuple(_gate(part, places) for part in condition.parts if not isinstance(part, LinearAtom))
    return Gate(len(rows) + len(gates) if isinstance(condition, All) else 1, rows, gates)
