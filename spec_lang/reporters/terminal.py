"""The report in colours and with drawings, on a terminal; plain text where the stream is none.

In: a report.  Out: text, in which no line is wider than the terminal.  rich honours `NO_COLOR`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TextIO

from rich.console import Console
from rich.text import Text

from spec_lang.reporters._colours import styled
from spec_lang.reporters._text import report_lines
from spec_lang.reporters.base import Reporter
from spec_lang.reporters.model import Report

_HANG: Final = 4  # by what the rest of a line that is too long stands further in


class _Terminal:
    name = "rich"
    summary = "text in colours; the default on a terminal"

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet

    def render(self, report: Report, stream: TextIO) -> None:
        console = Console(file=stream, highlight=False, soft_wrap=True)
        colours = console.color_system is not None and not console.no_color
        for pieces in report_lines(report, _room(console, stream), quiet=self._quiet):
            text = styled(pieces, colours=colours)
            whole = not stream.isatty() or text.cell_len <= console.width
            for part in [text] if whole else _folded(text, console):
                console.print(part)


def _room(console: Console, stream: TextIO) -> int:
    """How wide a drawing may be: not at all in a pipe, nor where its characters cannot be shown."""
    can = stream.isatty() and not console.is_dumb_terminal and console.encoding.startswith("utf")
    return console.width if can else 0


def _folded(text: Text, console: Console) -> Iterator[Text]:
    """The line between words, what does not fit below its beginning."""
    blanks = min(len(text.plain) - len(text.plain.lstrip(" ")), console.width // 2)
    parts = text[blanks:].wrap(console, max(1, console.width - blanks - _HANG), overflow="fold")
    for number, part in enumerate(parts):
        part.rstrip()
        yield Text(" " * (blanks + _HANG * (number > 0))) + part


REPORTER: Final[Reporter] = _Terminal()
QUIET: Final[Reporter] = _Terminal(quiet=True)
