"""Text of a report inside of Markdown, where nothing of it may mean anything.

In: text.  Out: Markdown that shows it as it is.
"""

from __future__ import annotations

import re
from html import escape
from typing import Final

_SPECIAL: Final = str.maketrans({c: f"&#{ord(c)};" for c in "|`*_[]\\~@#"})
_QUOTED: Final = re.compile(r"`([^`]+)`")


def fenced(block: str) -> str:
    """A block of lines, with a fence that none of them ends."""
    fence = "```"
    while fence in block:
        fence += "`"
    return f"{fence}text\n{block}\n{fence}"


def inline(text: str) -> str:
    """A piece of a line, also in the cell of a table."""
    return escape(" ".join(text.split()), quote=False).translate(_SPECIAL)


def sentence_in_markdown(text: str) -> str:
    """A sentence, what is quoted in it as code."""
    pieces = _QUOTED.split(text)
    return "".join(code(piece) if place % 2 else _kept(piece) for place, piece in enumerate(pieces))


def _kept(text: str) -> str:
    """With the blanks at its ends."""
    return f"{' ' * text.startswith(' ')}{inline(text)}{' ' * (text.endswith(' ') and text.strip() != '')}"


def code(text: str) -> str:
    """A name."""
    return f"<code>{inline(text)}</code>"


def cut(text: str, longest: int) -> str:
    """The beginning, with an ellipsis where something is left out."""
    return text if len(text) <= longest else text[: longest - 1] + "…"
