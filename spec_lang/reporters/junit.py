"""The report as JUnit XML, for build servers: a suite for each file, a test case for each claim.

In: a report.  Out: one document with the elements and attributes that Jenkins's `junit-10.xsd` has, which
others read as well.  A verdict that is not expected is a failure, what could not be looked at an error, and
an unknown that the run only warns of is skipped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Final, TextIO
from xml.sax.saxutils import escape, quoteattr

from spec_lang._values import dataclass
from spec_lang.diagnostics import Diagnostic
from spec_lang.kernel.verdict import Status
from spec_lang.reporters._findings import Finding, Level, details, findings, of_claim
from spec_lang.reporters._paths import from_root, readable
from spec_lang.reporters.base import Reporter
from spec_lang.reporters.model import ClaimReport, Report

# What XML 1.0 cannot hold, not even as a reference.
_FORBIDDEN: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LOOSE: Final = "nnspec"  # the suite of what is about no file


@dataclass(frozen=True, slots=True)
class _Case:
    """A test case; its `result` is `failure`, `error`, `skipped`, or None where it has passed."""

    name: str
    seconds: float
    result: str | None
    type: str
    sentence: str
    lines: tuple[str, ...]


class _JUnit:
    name = "junit"
    summary = "JUnit XML, for build servers"

    def render(self, report: Report, stream: TextIO) -> None:
        files = dict.fromkeys(claim.file for claim in report.claims)
        found = findings(report)
        files |= dict.fromkeys(f.file or _LOOSE for f in found if isinstance(f.of, Diagnostic))
        suites = [(file, _cases(report, file, found), _warnings(file, found)) for file in files]
        stream.write('<?xml version="1.0" encoding="UTF-8"?>\n')
        everything = [case for _, cases, _ in suites for case in cases]
        counts = _attributes(_counts(everything, skipped=False), time=_time(report.seconds))
        stream.write(f'<testsuites name="nnspec"{counts}>\n')
        for file, cases, warnings in suites:
            name = file if file == _LOOSE else from_root(file, report.invocation)
            stream.writelines(_suite(name, cases, warnings))
        stream.write("</testsuites>\n")


def _cases(report: Report, file: str, found: Iterable[Finding]) -> list[_Case]:
    """The claims of a file, before them what keeps it from being checked."""
    errors = [f for f in found if isinstance(f.of, Diagnostic) and (f.file or _LOOSE) == file]
    cases = [_of_error(f, f.of) for f in errors if f.level is Level.ERROR and isinstance(f.of, Diagnostic)]
    return cases + [_of_claim(claim, report) for claim in report.claims if claim.file == file]


def _of_error(finding: Finding, diagnostic: Diagnostic) -> _Case:
    place = "" if diagnostic.span is None else f" line {diagnostic.span.line}"
    name = f"{diagnostic.code}{place}"
    return _Case(name, 0.0, "error", diagnostic.code, finding.sentence, finding.details)


def _of_claim(claim: ClaimReport, report: Report) -> _Case:
    finding = of_claim(claim, report)
    if finding is None:
        return _Case(claim.name, claim.seconds, None, claim.status.value, "", details(claim))
    result = "failure"
    if claim.status is Status.ERROR:
        result = "error"
    elif finding.level is Level.WARNING:
        result = "skipped"
    lines = finding.details
    return _Case(claim.name, claim.seconds, result, claim.status.value, finding.sentence, lines)


def _warnings(file: str, found: Iterable[Finding]) -> list[str]:
    ours = (f for f in found if isinstance(f.of, Diagnostic) and (f.file or _LOOSE) == file)
    return [row for f in ours if f.level is Level.WARNING for row in f.details]


def _suite(name: str, cases: list[_Case], warnings: list[str]) -> Iterable[str]:
    time = _time(sum(case.seconds for case in cases))
    yield f"  <testsuite{_attributes(name=name)}{_attributes(_counts(cases), time=time)}>\n"
    path = PurePosixPath(name)
    group = ".".join((path if name == _LOOSE else path.with_suffix("")).parts).strip("./")
    for case in cases:
        names = _attributes(name=case.name, classname=group or name)
        yield f"    <testcase{names}{_attributes(time=_time(case.seconds))}>\n"
        text = "\n".join(case.lines)
        if case.result is None and text:
            yield f"      <system-out>{_text(text)}</system-out>\n"
        elif case.result is not None:
            said = _attributes(type=case.type, message=case.sentence)
            yield f"      <{case.result}{said}>{_text(text)}</{case.result}>\n"
        yield "    </testcase>\n"
    if warnings:
        yield "    <system-err>" + _text("\n".join(warnings)) + "</system-err>\n"
    yield "  </testsuite>\n"


def _counts(cases: Iterable[_Case], *, skipped: bool = True) -> dict[str, str]:
    """How many there are of each kind; all suites together have no attribute for those that are skipped."""
    results = [case.result for case in cases]
    counts = {"tests": len(results), "failures": results.count("failure"), "errors": results.count("error")}
    if skipped:
        counts["skipped"] = results.count("skipped")
    return {name: str(count) for name, count in counts.items()}


def _attributes(counts: dict[str, str] | None = None, **more: str) -> str:
    return "".join(f" {name}={_quoted(value)}" for name, value in ((counts or {}) | more).items())


def _quoted(value: str) -> str:
    return quoteattr(_allowed(value), {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})


def _text(value: str) -> str:
    return escape(_allowed(value), {"\r": "&#13;"})


def _allowed(value: str) -> str:
    return _FORBIDDEN.sub("\ufffd", readable(value))


def _time(seconds: float) -> str:
    return f"{seconds:.3f}"


REPORTER: Final[Reporter] = _JUnit()
