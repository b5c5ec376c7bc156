"""Lines in colours, on a terminal; plain text where the stream is none.  rich honours `NO_COLOR`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TextIO

from rich.console import Console
from rich.text import Text

from spec_lang.reporters._layout import Line, Role

_STYLES: Final = {
    Role.TEXT: "",
    Role.DIM: "dim",
    Role.STRONG: "bold",
    Role.GOOD: "green",
    Role.BAD: "bold red",
    Role.OPEN: "yellow",
    Role.ODD: "magenta",
}


def write_lines(lines: Iterable[Line], stream: TextIO) -> None:
    """Each of `lines`, not cut and not wrapped."""
    console = Console(file=stream, highlight=False, soft_wrap=True)
    for pieces in lines:
        console.print(styled(pieces))


def styled(pieces: Line) -> Text:
    """A line in its colours, without blanks at its end."""
    text = Text()
    for piece, role in pieces:
        text.append(piece, _STYLES[role])
    text.rstrip()
    return text
