"""The report in colours, on a terminal; plain text where the stream is none.  rich honours `NO_COLOR`."""

from __future__ import annotations

from typing import Final, TextIO

from rich.console import Console
from rich.text import Text

from spec_lang.reporters._layout import Role
from spec_lang.reporters._text import report_lines
from spec_lang.reporters.base import Reporter
from spec_lang.reporters.model import Report

_STYLES: Final = {
    Role.TEXT: "",
    Role.DIM: "dim",
    Role.STRONG: "bold",
    Role.GOOD: "green",
    Role.BAD: "bold red",
    Role.OPEN: "yellow",
    Role.ODD: "magenta",
}


class _Terminal:
    name = "rich"
    summary = "text in colours; the default on a terminal"

    def render(self, report: Report, stream: TextIO) -> None:
        console = Console(file=stream, highlight=False, soft_wrap=True)
        for pieces in report_lines(report):
            styled = Text()
            for text, role in pieces:
                styled.append(text, _STYLES[role])
            styled.rstrip()
            console.print(styled)


REPORTER: Final[Reporter] = _Terminal()
