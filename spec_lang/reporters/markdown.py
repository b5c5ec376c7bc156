"""The report as Markdown: the summary of a GitHub job, or a comment on a pull request.

In: a report.  Out: a table of all claims, families in one line, and below it what wants attention.  Names are
shown as they are, whatever they hold; what is beyond the size that GitHub takes is left out, with a word.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final, TextIO

from spec_lang.diagnostics import Diagnostic
from spec_lang.kernel.verdict import Status
from spec_lang.reporters._findings import Finding, findings, headline
from spec_lang.reporters._markdown_text import code, cut, fenced, inline, sentence_in_markdown
from spec_lang.reporters._numbers import duration
from spec_lang.reporters._paths import from_root, readable
from spec_lang.reporters.base import Reporter
from spec_lang.reporters.model import ClaimReport, Report

_MOST_BYTES: Final = 1_000_000  # GitHub takes a MiB of a step
_SMALL_FAMILY: Final = 3
_LONGEST: Final = 4000  # characters of what is said below the table about one claim


class _Markdown:
    name = "markdown"
    summary = "a table, and what wants attention: for a job's summary"

    def render(self, report: Report, stream: TextIO) -> None:
        room = _MOST_BYTES
        for part in _parts(report):
            text = readable(part)
            size = len(text.encode("utf-8"))
            if size > room:
                stream.write("\n\n… and more, for which there is no room here.\n")
                return
            stream.write(text)
            room -= size


def _parts(report: Report) -> Iterator[str]:
    yield f"## nnspec: {inline(headline(report))}\n"
    if report.claims:
        yield "\n| | claim | time | evidence | file |\n|---|---|---:|---|---|\n"
        yield from _rows(report)
    for finding in findings(report):
        yield f"\n<details><summary>{_heading(finding)}</summary>\n\n"
        yield fenced(cut("\n".join(finding.details), _LONGEST)) + "\n\n</details>\n"


def _rows(report: Report) -> Iterator[str]:
    for (file, family_name, *_), members in groupby(report.claims, key=_family):
        family = tuple(members)
        path = code(from_root(file, report.invocation))
        if len(family) > _SMALL_FAMILY:
            name = f"{code(family_name)}, {len(family)} members"
            yield _row(family[0], name, sum(claim.seconds for claim in family), family, path)
        else:
            for claim in family:
                yield _row(claim, code(claim.name), claim.seconds, (claim,), path)


def _row(claim: ClaimReport, name: str, seconds: float, family: Sequence[ClaimReport], path: str) -> str:
    verdict = claim.status.value if claim.as_expected else f"**{claim.status.value}**"
    if claim.expected is not Status.PROVED:
        verdict += ", as expected" if claim.as_expected else f", not {claim.expected.value} as expected"
    title = f": {inline(claim.title)}" if claim.title else ""
    return f"| {verdict} | {name}{title} | {duration(seconds)} | {_evidence(family)} | {path} |\n"


def _evidence(claims: Iterable[ClaimReport]) -> str:
    kinds = dict.fromkeys(c.evidence.kind.value for c in claims if c.evidence and c.status is Status.PROVED)
    return ", ".join(kinds)


def _family(claim: ClaimReport) -> tuple[str, str, Status, bool]:
    """Members beside each other are in one line where they have one verdict."""
    return claim.file, claim.name.partition("[")[0], claim.status, claim.as_expected


def _heading(finding: Finding) -> str:
    if isinstance(finding.of, Diagnostic):
        return f"{finding.of.severity.value} {finding.of.code}: {sentence_in_markdown(finding.sentence)}"
    return sentence_in_markdown(finding.sentence)


REPORTER: Final[Reporter] = _Markdown()
