"""Lines in colours, on a terminal; plain text where the stream is none.  rich honours `NO_COLOR`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TextIO

from rich.color import Color
from rich.console import Console
from rich.style import Style
from rich.text import Text

from spec_lang.reporters._layout import Line, Paint, Role

_HALF: Final = "▀"  # its upper half is in the colour of the text, its lower half in that behind it
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


def styled(pieces: Line, *, colours: bool = False) -> Text:
    """A line, without blanks at its end; what is painted is so where there are `colours`."""
    found = Text()
    for text, role in pieces:
        if not isinstance(role, Paint):
            found.append(text, _STYLES[role])
        elif colours:
            found.append(_HALF, Style(color=Color.from_rgb(*role.above), bgcolor=Color.from_rgb(*role.below)))
        else:
            found.append(text)
    found.rstrip()
    return found
