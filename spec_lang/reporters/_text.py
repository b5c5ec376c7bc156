"""The report for people, as lines with roles: what `plain` and `rich` share.

In: a report.  Out: lines: diagnostics, then each file's claims, then what sums up.  A quiet report has only
those claims that are not as expected.
"""

from __future__ import annotations

from itertools import groupby
from typing import TextIO

from spec_lang.reporters._claim_text import claim_lines, surprise_lines
from spec_lang.reporters._diagnostic_text import diagnostic_lines
from spec_lang.reporters._layout import Line, Role, line, text_of
from spec_lang.reporters._summary import summary_lines
from spec_lang.reporters.model import Report


def report_lines(report: Report, width: int = 0, *, quiet: bool = False) -> list[Line]:
    """The whole report; with drawings where there are `width` characters in a line."""
    lines = all_diagnostic_lines(report)
    claims = [claim for claim in report.claims if not (quiet and claim.as_expected)]
    shown = surprise_lines if quiet else claim_lines
    for file, members in groupby(claims, key=lambda claim: claim.file):
        lines += [line((file, Role.STRONG)), *shown(tuple(members), width), line()]
    return [*lines, *summary_lines(report, 0 if quiet else width)]


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
