"""The report in colours and with drawings, on a terminal; plain text where the stream is none.

In: a report.  Out: text.  rich honours `NO_COLOR`.
"""

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
        for pieces in report_lines(report, _room(console, stream)):
            styled = Text()
            for text, role in pieces:
                styled.append(text, _STYLES[role])
            styled.rstrip()
            console.print(styled)


def _room(console: Console, stream: TextIO) -> int:
    """How wide a drawing may be: not at all in a pipe, nor where its characters cannot be shown."""
    can = stream.isatty() and not console.is_dumb_terminal and console.encoding.startswith("utf")
    return console.width if can else 0


REPORTER: Final[Reporter] = _Terminal()
