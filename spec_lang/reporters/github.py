"""The report as annotations of GitHub Actions, which it shows beside the lines that they are about.

In: a report.  Out: workflow commands, worst first, and a line that sums up.  GitHub shows ten errors and ten
warnings of a step; where there are more, the last one names the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TextIO

from spec_lang.diagnostics import Diagnostic
from spec_lang.reporters._findings import Finding, Level, findings, headline
from spec_lang.reporters._invocation import Invocation
from spec_lang.reporters._markdown_text import cut
from spec_lang.reporters._paths import from_root, is_inside, readable
from spec_lang.reporters.base import Reporter
from spec_lang.reporters.model import Report

_MOST: Final = 10  # annotations of a level that GitHub shows of a step
_NAMED: Final = 20  # of the rest
_LONGEST_TITLE: Final = 255  # characters that GitHub takes
_LONGEST: Final = 4000


class _GitHub:
    name = "github"
    summary = "annotations of GitHub Actions"

    def render(self, report: Report, stream: TextIO) -> None:
        found = findings(report)
        for level in Level:
            stream.writelines(_annotations([f for f in found if f.level is level], level, report.invocation))
        stream.write("nnspec: " + headline(report) + "\n")


def _annotations(found: Sequence[Finding], level: Level, invocation: Invocation) -> Iterator[str]:
    shown = found if len(found) <= _MOST else found[: _MOST - 1]
    for finding in shown:
        text = "\n".join((finding.sentence, *finding.details))
        yield _command(level, _place(finding, invocation) | {"title": _title(finding)}, text)
    rest = found[len(shown) :]
    if rest:
        names = ", ".join(_subject(finding) for finding in rest[:_NAMED])
        names += ", …" if len(rest) > _NAMED else ""
        words = f"and {len(rest)} more {level.value}s, which GitHub has no room for: {names}"
        yield _command(level, {"title": f"nnspec: {len(rest)} more {level.value}s"}, words)


def _place(finding: Finding, invocation: Invocation) -> dict[str, str]:
    """Where it belongs; columns say something in a single line alone."""
    if finding.file is None:
        return {}
    path = from_root(finding.file, invocation)
    if not is_inside(path) and invocation.root is not None:
        return {}  # no file of the repository
    place, span = {"file": readable(path)}, finding.span
    if span is not None:
        place |= {"line": str(span.line), "endLine": str(span.end_line)}
        if span.line == span.end_line:
            place |= {"col": str(span.column), "endColumn": str(span.end_column)}
    return place


def _title(finding: Finding) -> str:
    if isinstance(finding.of, Diagnostic):
        return f"nnspec: {finding.of.code}"
    return cut(f"nnspec: {finding.of.name} {finding.of.status.value}", _LONGEST_TITLE)


def _subject(finding: Finding) -> str:
    return finding.of.code if isinstance(finding.of, Diagnostic) else finding.of.name


def _command(level: Level, properties: dict[str, str], text: str) -> str:
    said = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{level.value} {said}::{_data(cut(text, _LONGEST))}\n"


def _data(text: str) -> str:
    text = "".join(c if c.isprintable() or c in "\r\n" else " " for c in readable(text))
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


REPORTER: Final[Reporter] = _GitHub()
