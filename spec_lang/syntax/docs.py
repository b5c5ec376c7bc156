"""Doc comments: the `##` lines directly above a declaration are its documentation.

In: a file's text and its declarations in order.  Out: the declarations with their `doc`.  A string does not
reach over a line's end, so a line that starts with `##` is a comment whatever surrounds it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from spec_lang.syntax import ast

_DOC: Final = re.compile(r"[ \t]*##(?!#)[ \t]?(.*)")


def documented(text: str, declarations: Sequence[ast.Declaration]) -> tuple[ast.Declaration, ...]:
    """`declarations`, each with the text of the lines above it that start with `##`."""
    if "##" not in text:
        return tuple(declarations)
    lines = text.split("\n")
    found: list[ast.Declaration] = []
    used = 0  # the last line of the declaration before
    for declaration in declarations:
        above = _above(lines, declaration.span.line, used)
        if above and not isinstance(declaration, ast.LanguageDecl | ast.ImportDecl):
            found.append(replace(declaration, doc="\n".join(above)))
        else:
            found.append(declaration)
        used = declaration.span.end_line
    return tuple(found)


def _above(lines: Sequence[str], line: int, used: int) -> list[str]:
    """What the doc comments say that end on the line before `line`; all are below line `used`."""
    said: list[str] = []
    number = line - 1
    while number > used and (match := _DOC.fullmatch(lines[number - 1])):
        said.append(match[1].rstrip())
        number -= 1
    return said[::-1]
