"""The report as one page, for a browser: it loads nothing, and says everything without its script.

In: a report.  Out: an HTML document.  Its policy lets this style and this script run and nothing else, and
everything that comes from a user is escaped besides.
"""

from __future__ import annotations

from typing import Final, TextIO

from spec_lang.reporters._html_page import page_parts
from spec_lang.reporters.base import Reporter
from spec_lang.reporters.model import Report


class _Html:
    name = "html"
    summary = "one page that stands alone, with pictures"

    def render(self, report: Report, stream: TextIO) -> None:
        stream.writelines(page_parts(report))


REPORTER: Final[Reporter] = _Html()
