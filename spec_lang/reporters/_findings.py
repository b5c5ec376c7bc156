"""What of a report wants attention, worst first: what SARIF, annotations and summaries are made of.

In: a report.  Out: findings: diagnostics, and claims whose verdict is not what is expected.  An unknown
weighs as much as the run says; a claim that holds for want of a single point is told by its diagnostic.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from typing import Final

from spec_lang._values import dataclass
from spec_lang.diagnostics import Diagnostic, Span
from spec_lang.kernel.verdict import Status
from spec_lang.reporters._claim_text import claim_lines
from spec_lang.reporters._diagnostic_text import diagnostic_lines
from spec_lang.reporters._layout import Role, line, text_of
from spec_lang.reporters._numbers import shown
from spec_lang.reporters._shortened import clause
from spec_lang.reporters._summary import summary_line
from spec_lang.reporters.model import ClaimReport, Counterexample, Report

_FEW: Final = 4  # numbers of a point that are said in a sentence
_INDENT: Final = " " * 4  # of what stands below a claim's row, beyond that of the row
_WORDS: Final = {
    Status.PROVED: "is proved",
    Status.REFUTED: "is refuted",
    Status.UNKNOWN: "is unknown",
    Status.VACUOUS: "says nothing",
    Status.ERROR: "was not decided",
}


class Level(Enum):
    ERROR = "error"
    WARNING = "warning"


# Worst first: what keeps claims from being looked at, then what is wrong, then what is not known.
_RANKS: Final = (Status.ERROR, Status.REFUTED, Status.PROVED, Status.VACUOUS, Status.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Finding:
    """A diagnostic, or a claim: `sentence` says what is wrong, the `details` are lines as the plain report
    has them."""

    level: Level
    sentence: str
    details: tuple[str, ...]
    of: ClaimReport | Diagnostic

    @property
    def span(self) -> Span | None:
        return self.of.span

    @property
    def file(self) -> str | None:
        """The file that it is about, if any."""
        if isinstance(self.of, ClaimReport):
            return self.of.file
        return None if self.of.span is None else self.of.span.file


def findings(report: Report) -> tuple[Finding, ...]:
    """Worst first; what weighs the same, in the order of the report."""
    sources = dict(report.sources)
    found = [_of_diagnostic(diagnostic, sources) for diagnostic in report.diagnostics]
    found += [finding for claim in report.claims if (finding := of_claim(claim, report)) is not None]
    return tuple(sorted(found, key=_weight))


def of_claim(claim: ClaimReport, report: Report) -> Finding | None:
    """What is wrong with a claim; None where its verdict is the one that is expected."""
    if claim.as_expected:
        return None
    is_open = claim.status is Status.UNKNOWN and not report.invocation.unknown_fails
    level = Level.WARNING if is_open else Level.ERROR
    return Finding(level, sentence(claim), details(claim), claim)


def sentence(claim: ClaimReport) -> str:
    """The verdict, and why, or where."""
    words = f"`{claim.name}` {_WORDS[claim.status]}"
    if claim.expected is not Status.PROVED and not claim.as_expected:
        words += f", but `@expect({claim.expected.value})`"
    if claim.counterexample is not None and claim.status is Status.REFUTED:
        verb = "is met" if claim.kind == "query" else "fails"
        violated = clause(claim.counterexample.violates)
        words += f": `{violated}` {verb} at {_point(claim.counterexample)}"
    elif claim.reason:
        words += f": {claim.reason.splitlines()[0]}"
    return _one_line(words)


def details(claim: ClaimReport) -> tuple[str, ...]:
    """What the plain report says of a claim, without what differs from run to run: its time, and whether it
    was known."""
    row, *below = claim_lines((replace(claim, known=None),))
    note = "".join(text for text, role in row if role is Role.TEXT).strip()
    lines = [] if note == (claim.reason or "") else [note]
    return (*lines, *(text_of(pieces).removeprefix(_INDENT).removeprefix("  ") for pieces in below))


def headline(report: Report) -> str:
    """The line that sums up; of a run that decides nothing, what it has found."""
    if report.claims or report.interrupted:
        return text_of(summary_line(report))
    errors = sum(diagnostic.is_error for diagnostic in report.diagnostics)
    warnings = len(report.diagnostics) - errors
    return f"{errors} error{'s' * (errors != 1)}, {warnings} warning{'s' * (warnings != 1)}"


def _of_diagnostic(diagnostic: Diagnostic, sources: dict[str, str]) -> Finding:
    level = Level.ERROR if diagnostic.is_error else Level.WARNING
    words = f"{diagnostic.problem}. Fix: {diagnostic.fix}" if diagnostic.fix else diagnostic.problem
    lines = tuple(text_of(pieces) for pieces in diagnostic_lines(diagnostic, sources))
    return Finding(level, _one_line(words), lines, diagnostic)


def _one_line(text: str) -> str:
    return text_of(line(text))


def _weight(finding: Finding) -> tuple[bool, int]:
    rank = _RANKS.index(finding.of.status) + 1 if isinstance(finding.of, ClaimReport) else 0
    return finding.level is not Level.ERROR, rank


def _point(found: Counterexample) -> str:
    """The first numbers of a point, or of several, by their names."""
    prefix = len(found.points) > 1
    named = [(f"{p.name}." * prefix + r.name, r) for p in found.points for r in p.readings]
    said = [f"{name} = {shown(r.problem)} {r.unit or ''}".rstrip() for name, r in named[:_FEW]]
    more = len(named) - len(said)
    return ", ".join(said) + (f", … ({more} more)" if more else "")
