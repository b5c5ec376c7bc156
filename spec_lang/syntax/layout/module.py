"""`nnspec fmt`: the one layout of a whole file.

In: the text of a file.  Out: the same declarations and comments in their layout, or the diagnostics of a
text that does not parse.  Parsing the result gives the same trees, and laying it out again the same text.

Declarations of one line that follow each other without an empty line are a block: their keywords stand in a
column, and so do the signs `=`, or the bodies of claims, of neighbours of the same kind.  So do the comments
behind the code of consecutive lines.  An empty line separates a declaration of several lines from its
neighbours; between others it stays, but one is as good as several.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import Final

from spec_lang._values import dataclass
from spec_lang.diagnostics import Diagnostic
from spec_lang.syntax import ast
from spec_lang.syntax.comments import tokens
from spec_lang.syntax.layout.declarations import declaration_document
from spec_lang.syntax.layout.pen import SourcePen
from spec_lang.syntax.layout.render import WIDTH, TextLine, render
from spec_lang.syntax.parse import parse_module

# A column that would push a line further than this to the right tears it apart.
_REACH: Final = 20
_COMMENT_GAP: Final = 2


@dataclass(frozen=True, slots=True)
class Formatted:
    """`text`, or None where the text does not parse, and what is wrong with it."""

    text: str | None
    diagnostics: tuple[Diagnostic, ...]


@dataclass(slots=True)
class _Part:
    """A declaration with what stands above it; `close`: nothing separates it from the one before."""

    above: list[TextLine]
    lines: list[TextLine]
    keyword: str
    close: bool

    @property
    def one_line(self) -> bool:
        return len(self.lines) == 1


def format_module(text: str, file: str) -> Formatted:
    """The layout of `text`; `file` is the name that diagnostics carry.

    Lines end as the first line of `text` does, the last one too; a byte-order mark goes.
    """
    ending = "\r\n" if text.partition("\n")[0].endswith("\r") else "\n"
    source = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    parsed = parse_module(source, file)
    if any(diagnostic.is_error for diagnostic in parsed.diagnostics):
        return Formatted(None, parsed.diagnostics)
    lines = _lay_out(source, parsed.module.declarations)
    return Formatted("".join(line + ending for line in lines), ())


def _lay_out(source: str, declarations: Sequence[ast.Declaration]) -> list[str]:
    pen = SourcePen(tokens(source))
    parts: list[_Part] = []
    for declaration in declarations:
        above, separate = _above(pen, parts)
        lines = render(declaration_document(pen, declaration))
        keyword = lines[0].code.partition(" ")[0]
        close = bool(parts) and not above and not separate
        parts.append(_Part(above, lines, keyword, close))
    end, _ = _above(pen, parts)
    for before, part in pairwise(parts):
        _separate(before, part)
    _align_blocks(parts)
    lines = [line for part in parts for line in (*part.above, *part.lines)] + end
    while lines and not lines[0].code:
        del lines[0]
    return list(_with_comments(lines))


def _above(pen: SourcePen, parts: Sequence[_Part]) -> tuple[list[TextLine], bool]:
    """The lines between the declaration before and what comes next, and whether there is an empty one.

    A comment behind the declaration before joins its last line.
    """
    comments, blank = pen.gap()
    if comments and comments[0].trailing and parts:
        parts[-1].lines[-1].comment = comments[0].text
        comments = comments[1:]
    above: list[TextLine] = []
    for comment in comments:
        above += [TextLine("")] * comment.blank + [TextLine(comment.text)]
    separate = blank or any(not line.code for line in above)
    if blank and not pen.at_end():
        above.append(TextLine(""))
    return above, separate


def _separate(before: _Part, part: _Part) -> None:
    """An empty line where one of the two has several lines, above the comments unless they have one."""
    apart = any(not line.code for line in part.above)
    if not apart and not (before.one_line and part.one_line):
        part.above.insert(0, TextLine(""))
        part.close = False


# -- columns -------------------------------------------------------------------------------------------


def _align_blocks(parts: Sequence[_Part]) -> None:
    for block in _blocks(parts):
        width = max(len(part.keyword) for part in block)
        _align([(part.lines[0], len(part.keyword), width - len(part.keyword)) for part in block])
        for _, kind in groupby(block, key=lambda part: part.keyword):
            marked = [(line, line.mark) for part in kind if (line := part.lines[0]).mark is not None]
            reach = max((mark for _, mark in marked), default=0)
            if reach - min((mark for _, mark in marked), default=0) <= _REACH:
                _align([(line, mark, reach - mark) for line, mark in marked])


def _blocks(parts: Sequence[_Part]) -> Iterator[list[_Part]]:
    """Declarations of one line that nothing separates."""
    block: list[_Part] = []
    for part in parts:
        if block and not (part.close and part.one_line):
            yield block
            block = []
        if part.one_line and part.keyword != "language":
            block.append(part)
    if block:
        yield block


def _align(places: Sequence[tuple[TextLine, int, int]]) -> None:
    """Puts blanks into lines at columns, unless a line would become too long."""
    if any(len(line.code) + blanks > WIDTH for line, _, blanks in places if blanks):
        return
    for line, column, blanks in places:
        line.code = line.code[:column] + " " * blanks + line.code[column:]
        if line.mark is not None:
            line.mark += blanks


def _with_comments(lines: Sequence[TextLine]) -> Iterator[str]:
    """The lines with the comments behind their code, in a column where consecutive lines have one."""
    for commented, run in groupby(lines, key=lambda line: line.comment is not None):
        together = list(run)
        if not commented:
            yield from (line.code for line in together)
            continue
        column = max(len(line.code) for line in together) + _COMMENT_GAP
        fits = all(column + len(line.comment or "") <= WIDTH for line in together)
        for line in together:
            gap = column - len(line.code) if fits else _COMMENT_GAP
            yield f"{line.code}{' ' * gap}{line.comment}"
