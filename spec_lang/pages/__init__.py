"""The catalogue of diagnostics: a page for every code, what it means, why it matters, an example, the fix.

In: a code, as a report prints it.  Out: its page, as text for a terminal.  The pages are Markdown files
beside this one; tests run their examples.
"""

from __future__ import annotations

import re
from importlib.resources import files
from textwrap import wrap
from typing import Final

from spec_lang.diagnostics import did_you_mean

_CODE: Final = re.compile(r"(?:nn)?([0-9]{1,3})", re.IGNORECASE)
_HEADING: Final = re.compile(r"(#+) (.*)")
_EMPHASIS: Final = re.compile(r"\*\*([^*]+)\*\*")
_FENCE: Final = "```"
# What stands on a line of its own: headings, blocks, rows of tables and lists.
_APART: Final = ("#", "```", "|", "- ", "* ")
_WIDTH: Final = 96
_QUOTED: Final = re.compile(r"`[^`]*`")
_NO_BREAK: Final = "\x1f"  # no blank to `wrap`


def page_codes() -> tuple[str, ...]:
    """Every code that has a page, in order."""
    names = (entry.name for entry in files(__name__).iterdir())
    return tuple(sorted(name.removesuffix(".md") for name in names if name.endswith(".md")))


def page(code: str) -> str | None:
    """The page of `code` (also written `nn12` or `12`), as Markdown; None when there is none."""
    match = _CODE.fullmatch(code.strip())
    if match is None:
        return None
    entry = files(__name__) / f"NN{int(match[1]):03}.md"
    return entry.read_text(encoding="utf-8") if entry.is_file() else None


def explain_code(code: str) -> str | None:
    """The page of `code` as text for a terminal, without escapes, in lines of 96; None when there is none."""
    markdown = page(code)
    if markdown is None:
        return None
    lines: list[str] = []
    paragraph: list[str] = []
    in_block = False
    for row in [*markdown.splitlines(), ""]:
        if not in_block and row and not row.startswith(_APART):
            paragraph.append(_EMPHASIS.sub(r"\1", row))
            continue
        lines += _wrapped(" ".join(paragraph))
        paragraph = []
        if row.startswith(_FENCE):
            in_block = not in_block
        else:
            lines += [f"    {row}".rstrip()] if in_block else _heading(row)
    return "\n".join(lines).rstrip("\n") + "\n"


def suggestion(code: str) -> str:
    """What to say to someone who asked for a code that has no page."""
    close = did_you_mean(code.strip().upper(), page_codes())
    return close or "codes are those that a report prints, as in `error[NN102]`"


def titles() -> tuple[tuple[str, str], ...]:
    """Every code with the title of its page: the table of contents."""
    found = ((code, (page(code) or "").partition("\n")[0]) for code in page_codes())
    return tuple((code, title.partition(": ")[2]) for code, title in found)


def _wrapped(text: str) -> list[str]:
    """A paragraph in lines; what stands between backquotes is not broken."""
    kept = _QUOTED.sub(lambda match: match[0].replace(" ", _NO_BREAK), text)
    lines = wrap(kept, _WIDTH, break_long_words=False, break_on_hyphens=False)
    return [line.replace(_NO_BREAK, " ") for line in lines]


def _heading(row: str) -> list[str]:
    """A row that is no part of a paragraph; a title is underlined, a heading stands by itself."""
    heading = _HEADING.fullmatch(row)
    if heading is None:
        return [_EMPHASIS.sub(r"\1", row)]
    text = heading[2]
    return [text, "=" * len(text)] if heading[1] == "#" else [text.upper()]
