"""What came of an inference: invariants with their support, ranked, and what they decide together.

In: findings, and signatures at the data.  Out: an `Outcome`, in which nothing is said twice: of two proved
candidates with one decision, the one that the other implies is left out.  Shares of the data are counts;
the volume is a lower bound, of boxes that do not overlap.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import prod

import numpy as np

from spec_lang._values import dataclass
from spec_lang.diagnostics import Diagnostic
from spec_lang.inference.model import InputBox
from spec_lang.inference.proving import Finding
from spec_lang.inference.signatures import Signatures, Support
from spec_lang.kernel.verdict import Status


@dataclass(frozen=True, slots=True)
class Row:
    """One candidate with its name in the file."""

    name: str
    finding: Finding
    support: Support

    @property
    def is_proved(self) -> bool:
        return self.finding.status is Status.PROVED


@dataclass(frozen=True, slots=True)
class Share:
    """Of the `points` of a decision in the data, so many are in a proved invariant of it."""

    label: str
    points: int
    decided: int


@dataclass(frozen=True, slots=True)
class Kind:
    """What came of one kind of candidates of a decision: of inputs alone, or of layers.  `largest` is the
    most points that a proved one has, `decided` how many of the decision's points are in one of them."""

    label: str
    kind: str
    proved: int
    undecided: int
    refuted: int
    largest: int
    decided: int
    points: int
    volume: Fraction | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """`rows` are what goes into the file.  `volume` is the share of the domain's box that proved boxes have
    at least; None where the domain is flat."""

    rows: tuple[Row, ...]
    shares: tuple[Share, ...]
    volume: Fraction | None
    refuted: int
    candidates: int
    interrupted: bool = False
    seconds: float = 0.0
    text: str = ""
    diagnostics: tuple[Diagnostic, ...] = ()
    kinds: tuple[Kind, ...] = ()


def ranked(found: Signatures, findings: Sequence[Finding], *, undecided: bool) -> tuple[Row, ...]:
    """By decision, then by support; undecided ones last.  With `undecided` these are among them."""
    proved = _strongest([f for f in findings if f.status is Status.PROVED])
    kept = list(proved)
    if undecided:
        open_ones = _strongest([f for f in findings if f.status is Status.UNKNOWN])
        kept += [f for f in open_ones if not any(f.candidate.implied_by(p.candidate) for p in proved)]
    counted = [(finding, found.support(finding.candidate)) for finding in kept]
    counted.sort(
        key=lambda pair: (pair[0].status is not Status.PROVED, pair[0].candidate.decision, -pair[1].points)
    )
    rows, numbers = list[Row](), dict[str, int]()
    for finding, support in counted:
        label = found.decisions[finding.candidate.decision].label
        stem = f"{'' if label[0].isalpha() else 'label_'}{label}_{finding.candidate.method.value}"
        numbers[stem] = numbers.get(stem, 0) + 1
        rows.append(Row(f"{stem}_{numbers[stem]}", finding, support))
    return tuple(rows)


def _strongest(findings: Sequence[Finding]) -> list[Finding]:
    """Without those that another one implies by its form."""
    kept: list[Finding] = []
    for finding in findings:
        if any(finding.candidate.implied_by(other.candidate) for other in kept):
            continue
        kept = [other for other in kept if not other.candidate.implied_by(finding.candidate)]
        kept.append(finding)
    return kept


def shares(found: Signatures, rows: Sequence[Row], wanted: Sequence[int]) -> tuple[Share, ...]:
    """Decision by decision."""
    result = []
    for decision in wanted:
        mine = found.decided == decision
        met = np.zeros(len(found), dtype=np.bool_)
        for row in rows:
            if row.is_proved and row.finding.candidate.decision == decision:
                met |= found.where(row.finding.candidate)
        result.append(Share(found.decisions[decision].label, int(mine.sum()), int((met & mine).sum())))
    return tuple(result)


def kinds(
    found: Signatures, rows: Sequence[Row], findings: Sequence[Finding], wanted: Sequence[int]
) -> tuple[Kind, ...]:
    """Decision by decision, of inputs alone first."""
    result = []
    for decision in wanted:
        for kind in ("input", "layer"):
            mine = [row for row in rows if _is(row.finding, decision, kind)]
            proved = [row for row in mine if row.is_proved]
            refuted = sum(f.status is Status.REFUTED and _is(f, decision, kind) for f in findings)
            (share,) = shares(found, mine, [decision])
            result.append(
                Kind(
                    share.label,
                    kind,
                    len(proved),
                    len(mine) - len(proved),
                    refuted,
                    max((row.support.points for row in proved), default=0),
                    share.decided,
                    share.points,
                    volume(found.subject.domain, mine),
                )
            )
    return tuple(result)


def _is(finding: Finding, decision: int, kind: str) -> bool:
    candidate = finding.candidate
    return candidate.decision == decision and bool(candidate.literals) == (kind == "layer")


def volume(domain: InputBox, rows: Sequence[Row]) -> Fraction | None:
    """The share of the domain's volume that proved boxes without conditions have at least, exact.

    Sound because only boxes count that have no inner point in common, the largest first.
    """
    whole = _size(domain)
    if not whole:
        return None
    candidates = (row.finding.candidate for row in rows if row.is_proved)
    boxes = [c.box for c in candidates if c.box is not None and not c.literals]
    apart: list[InputBox] = []
    for box in sorted(boxes, key=_size, reverse=True):
        if not any(_overlap(box, other) for other in apart):
            apart.append(box)
    return sum(map(_size, apart), Fraction(0)) / whole


def _size(box: InputBox) -> Fraction:
    return prod((high - low for low, high in zip(box.lower, box.upper, strict=True)), start=Fraction(1))


def _overlap(a: InputBox, b: InputBox) -> bool:
    pairs = zip(a.lower, a.upper, b.lower, b.upper, strict=True)
    return all(max(low, other) < min(high, end) for low, high, other, end in pairs)
