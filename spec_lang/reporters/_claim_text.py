"""Claims for people: a line each, families in one, counterexamples in the user's units.

In: claim reports.  Out: lines.  A family says once what all its members share, and names the members that
were not proved.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from spec_lang._values import dataclass
from spec_lang.kernel.verdict import Status
from spec_lang.obligations.denotation import Semantics
from spec_lang.reporters._bracket_text import (
    bracket_lines,
    cut_lines,
    data_lines,
    measurement_text,
    reached,
    share_lines,
)
from spec_lang.reporters._drawing_text import drawing_lines
from spec_lang.reporters._half_blocks import picture_lines
from spec_lang.reporters._layout import STATUS_ROLE, Line, Role, line, table
from spec_lang.reporters._numbers import amount, duration, shown
from spec_lang.reporters._replay_text import replay_text
from spec_lang.reporters._shortened import MANY, clause, few, where
from spec_lang.reporters.model import (
    ClaimReport,
    Counterexample,
    Known,
    Measurement,
    Reading,
    Readings,
)

_SMALL_FAMILY = 3  # members that are listed one by one
_SHORT_NOTE = 24  # longer ones do not push the titles away
_VERBS = {"query": "meets"}
_ASSUMED = (
    "float32: sums in any order, with or without fused operations; no Winograd, FFT or Strassen, no TF32; "
    "weights as stored; the graph that runs is the one that was read"
)
KNOWN_WORDS = {Known.LOCK: "locked", Known.CACHE: "stored"}
_STATUS_WIDTH = max(len(status.value) for status in Status) + 2


def claim_lines(claims: Sequence[ClaimReport], width: int = 0) -> list[Line]:
    """The claims of one file, what vouches for its proofs, and what they assume of the machine.

    What can be drawn is, where there are `width` characters in a line.
    """
    families = [list(members) for _, members in groupby(claims, key=_family)]
    lines = _table([row for family in families for row in _rows(family, width)])
    return lines + [line((f"  {text}", Role.DIM)) for text in _vouchers(claims)]


def surprise_lines(claims: Sequence[ClaimReport], width: int = 0) -> list[Line]:
    """The same of claims that are not as expected, each for itself."""
    return _table([_row(claim, width) for claim in claims])


def _table(rows: Sequence[_Row]) -> list[Line]:
    names = max((len(row.name) + row.indent for row in rows), default=0)
    notes = max((len(row.note) for row in rows if len(row.note) <= _SHORT_NOTE), default=0)
    lines: list[Line] = []
    for row in rows:
        lines.append(
            line(
                " " * (2 + row.indent),
                (row.status.ljust(_STATUS_WIDTH), row.role),
                (row.name.ljust(names - row.indent), Role.STRONG),
                (duration(row.seconds).rjust(9), Role.DIM),
                "  " + row.note.ljust(notes),
                (f"  {row.title}" if row.title else "", Role.DIM),
            )
        )
        lines += row.below
    return lines


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of the table, and the lines below it."""

    status: str
    role: Role
    name: str
    seconds: float
    note: str
    title: str | None = None
    indent: int = 0
    below: tuple[Line, ...] = ()


def _family(claim: ClaimReport) -> str:
    return claim.name.partition("[")[0]


def _rows(family: Sequence[ClaimReport], width: int) -> Iterator[_Row]:
    if len(family) <= _SMALL_FAMILY:
        yield from (_row(claim, width) for claim in family)
        return
    if any(claim.measurement is not None for claim in family):
        # Each member is another number; JSON has the points.
        yield from (replace(_row(claim, width), below=()) for claim in family)
        return
    counts = {status: sum(claim.status is status for claim in family) for status in Status}
    present = [status for status in Status if counts[status]]
    alone = present[0] if len(present) == 1 else None
    note = f"{len(family)} members"
    if alone is None:
        note += ": " + ", ".join(f"{counts[status]} {status.value}" for status in present)
    if counts[Status.PROVED]:
        note += f", {_proofs(family)}"
    if all(claim.known is not None for claim in family):
        note += ", " + " or ".join(dict.fromkeys(KNOWN_WORDS[c.known] for c in family if c.known is not None))
    regions = dict.fromkeys(claim.region for claim in family)
    if len(regions) == 1 and (region := family[0].region) is not None:
        note += f", {where(region)}"
    yield _Row(
        status=alone.value if alone is not None else "mixed",
        role=STATUS_ROLE[alone] if alone is not None else Role.STRONG,
        name=_family(family[0]),
        seconds=sum(claim.seconds for claim in family),
        note=note,
        title=family[0].title,
    )
    for claim in family:
        if claim.status is not Status.PROVED or not claim.as_expected:
            yield replace(_row(claim, width), title=None, indent=2)


def _row(claim: ClaimReport, width: int) -> _Row:
    first, *rest = (claim.reason or "").splitlines() or [""]
    notes = [first]
    if claim.status is Status.PROVED and claim.evidence is not None:
        notes = [_proofs([claim])]
    if claim.measurement is not None:
        notes = [measurement_text(claim.measurement), *notes]
    if claim.bound is not None and claim.status is Status.UNKNOWN:
        notes.append(f"bound {claim.bound:.4g}")
    if claim.expected is not Status.PROVED:
        notes.append("as expected" if claim.as_expected else f"but `@expect({claim.expected.value})`")
    if claim.region is not None and claim.status in (Status.PROVED, Status.REFUTED):
        notes.append(where(claim.region))
    if claim.known is not None:
        notes.append(KNOWN_WORDS[claim.known])
    below = [line("      ", text) for text in (*rest, *([claim.note] if claim.note else []))]
    if claim.counterexample is not None:
        below += _counterexample(claim, claim.counterexample)
        below += drawing_lines(claim.counterexample.planes, width)
        below += picture_lines(claim.counterexample.pictures, width)
    if claim.measurement is not None:
        below += _measurement(claim, claim.measurement)
    if claim.data is not None:
        below += [line("      ", text) for text in data_lines(claim.data)]
    if claim.cut is not None:
        below += [line("      ", text) for text in cut_lines(claim.cut)]
    return _Row(
        status=claim.status.value,
        role=STATUS_ROLE[claim.status]
        if claim.as_expected or claim.status is not Status.PROVED
        else Role.BAD,
        name=claim.name,
        seconds=claim.seconds,
        note=", ".join(note for note in notes if note),
        title=claim.title,
        below=tuple(below),
    )


def _proofs(claims: Iterable[ClaimReport]) -> str:
    """What vouches for the proofs among `claims`, and how large they are: `checked, 12 kB`."""
    proved = [claim for claim in claims if claim.status is Status.PROVED]
    kinds = dict.fromkeys(claim.evidence.kind.value for claim in proved if claim.evidence is not None)
    size = sum(claim.proof_bytes or 0 for claim in proved)
    return ", ".join((*kinds, *([amount(size)] if size else [])))


def _vouchers(claims: Iterable[ClaimReport]) -> list[str]:
    """Who is trusted for the proofs, and for what: nobody for checked ones; and what float32 is taken for."""
    claims = tuple(claims)
    found = (claim.evidence for claim in claims if claim.status is Status.PROVED)
    trusted = (f"{e.kind.value}: {e.by}" for e in found if e is not None and e.by is not None)
    assumed = [_ASSUMED] if any(claim.semantics == Semantics.FLOAT32.value for claim in claims) else []
    return [*dict.fromkeys(trusted), *assumed]


def _counterexample(claim: ClaimReport, found: Counterexample) -> list[Line]:
    good = claim.status is Status.PROVED
    verb, role = ("holds", Role.GOOD) if good else (_VERBS.get(claim.kind, "fails"), Role.BAD)
    return [
        *_point(found),
        line(f"      {verb}   ", (clause(found.violates), role)),
        line("      replay  ", replay_text(found, claim.semantics)),
    ]


def _point(found: Counterexample) -> list[Line]:
    """The elements of a point, and what the networks make of it."""
    lines: list[Line] = []
    for number, point in enumerate(found.points):
        lines += [line("      at ", (point.name, Role.STRONG), _spaces(point.readings))]
        lines += _readings(point.readings)
        lines += [line for other in found.points[:number] for line in _beside(point, other)]
    alone = len(found.results) == len(found.points) == 1
    for result in found.results:
        applied = f"{result.name}({found.points[0].name})" if alone else result.name
        lines += [line("      ", (applied, Role.STRONG), _spaces(result.readings))]
        lines += _readings(result.readings, found.violates)
    for network in found.networks:
        off = f"{network.changed:,} of {network.total:,} weights changed"
        most = f"by at most {100 * network.most:.3g} % each"
        lines.append(line("      ", (network.name, Role.STRONG), f" has {off}, {most}"))
    return lines


def _beside(point: Readings, other: Readings) -> Iterator[Line]:
    """By how much a point differs from another that looks like it where digits are few."""
    pairs = list(zip(point.readings, other.readings, strict=False))[:MANY]
    digits = [(shown(one.problem).lstrip("~"), shown(two.problem).lstrip("~")) for one, two in pairs]
    alike = all(one.name == two.name for one, two in pairs) and all(a == b for a, b in digits)
    apart = [(one.name, one.problem - two.problem) for one, two in pairs if one.problem != two.problem]
    if alike and apart and len(point.readings) == len(other.readings):
        words = ", ".join(f"{name} {shown(difference)}" for name, difference in apart)
        yield line((f"        beyond {other.name}: {words}", Role.DIM))


def _measurement(claim: ClaimReport, found: Measurement) -> list[Line]:
    """The ends that points reach, each with its point."""
    lines = [line("      ", text) for text in (*bracket_lines(found), *share_lines(found))]
    for bracket in found.brackets:
        for end in (bracket.lower, bracket.upper):
            if end is not None and end.point is not None:
                verb, text = reached(found, end, end.point)
                lines += _point(end.point)
                lines.append(line(f"      {verb.ljust(8)}", text))
                lines.append(line("      replay  ", replay_text(end.point, claim.semantics)))
    return lines


def _scaled(readings: Sequence[Reading]) -> bool:
    return any(reading.problem != reading.network for reading in readings)


def _spaces(readings: Sequence[Reading]) -> str:
    return " (problem space, network space)" if _scaled(readings) else ""


def _readings(readings: Sequence[Reading], said: str = "") -> list[Line]:
    scaled = _scaled(readings)
    kept, more = few(readings, said)
    rows = [
        (r.name, f"{shown(r.problem)} {r.unit or ''}".rstrip(), shown(r.network) if scaled else "")
        for r in kept
    ]
    lines = table(rows, (Role.TEXT, Role.TEXT, Role.DIM), indent=8)
    if more:
        lines.append(line((f"        … and {more} more (all in `--output-format json`)", Role.DIM)))
    return lines
