"""The report as plain text: no colours, no width, the same bytes on every terminal."""

from __future__ import annotations

from typing import Final, TextIO

from spec_lang.reporters._layout import text_of
from spec_lang.reporters._text import report_lines
from spec_lang.reporters.base import Reporter
from spec_lang.reporters.model import Report


class _Plain:
    name = "plain"
    summary = "text without colours; the default where the output is not a terminal"

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet

    def render(self, report: Report, stream: TextIO) -> None:
        lines = report_lines(report, quiet=self._quiet)
        stream.writelines(text_of(pieces) + "\n" for pieces in lines)


REPORTER: Final[Reporter] = _Plain()
QUIET: Final[Reporter] = _Plain(quiet=True)
