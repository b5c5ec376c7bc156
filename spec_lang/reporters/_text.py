"""The report for people, as lines with roles: what `plain` and `rich` share.

In: a report.  Out: lines: diagnostics, then each file's claims, then one line that sums up.
"""

from __future__ import annotations

from itertools import groupby
from typing import TextIO

from spec_lang.kernel.verdict import Status
from spec_lang.reporters._claim_text import KNOWN_WORDS, claim_lines
from spec_lang.reporters._diagnostic_text import diagnostic_lines
from spec_lang.reporters._layout import STATUS_ROLE, Line, Piece, Role, line, text_of
from spec_lang.reporters._numbers import duration
from spec_lang.reporters.model import Report


def report_lines(report: Report, width: int = 0) -> list[Line]:
    """The whole report; with drawings where there are `width` characters in a line."""
    lines = all_diagnostic_lines(report)
    for file, claims in groupby(report.claims, key=lambda claim: claim.file):
        lines += [line((file, Role.STRONG)), *claim_lines(tuple(claims), width), line()]
    return [*lines, _summary(report)]


def all_diagnostic_lines(report: Report) -> list[Line]:
    """Every diagnostic, an empty line after each."""
    sources = dict(report.sources)
    return [
        pieces
        for diagnostic in report.diagnostics
        for pieces in (*diagnostic_lines(diagnostic, sources), line())
    ]


def render_diagnostics(report: Report, stream: TextIO) -> None:
    """The diagnostics alone, for a command that has no other report."""
    stream.writelines(text_of(pieces) + "\n" for pieces in all_diagnostic_lines(report))


def _summary(report: Report) -> Line:
    pieces: list[str | Piece] = []
    for status in Status:
        members = [claim for claim in report.claims if claim.status is status]
        if members:
            expected = (
                sum(claim.expected is status for claim in members) if status is not Status.PROVED else 0
            )
            note = f" ({_expected(expected, len(members))})" if expected else ""
            surprise = sum(not claim.as_expected for claim in members) if status is Status.PROVED else 0
            note = f" ({surprise} not expected)" if surprise else note
            pieces += [", "] * bool(pieces) + [(f"{len(members)} {status.value}", STATUS_ROLE[status]), note]
    errors = sum(diagnostic.is_error for diagnostic in report.diagnostics)
    if errors:
        word = "problem above" if errors == 1 else "problems above"
        pieces += [", "] * bool(pieces) + [(f"{errors} {word}", Role.BAD)]
    if not pieces:
        pieces.append("nothing to check")
    if report.interrupted:
        pieces.append((", interrupted", Role.OPEN))
    known = [claim.known for claim in report.claims if claim.known is not None]
    counts = ", ".join(f"{known.count(kind)} {word}" for kind, word in KNOWN_WORDS.items() if kind in known)
    seconds = f" in {duration(report.seconds)}" + (f" ({counts})" if counts else "")
    return line(*pieces, (seconds, Role.DIM))


def _expected(expected: int, total: int) -> str:
    return "as expected" if expected == total else f"{expected} as expected"
