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

    def render(self, report: Report, stream: TextIO) -> None:
        stream.writelines(text_of(pieces) + "\n" for pieces in report_lines(report))


REPORTER: Final[Reporter] = _Plain()
