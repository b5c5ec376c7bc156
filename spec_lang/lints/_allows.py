"""`# nnspec: allow NN603`: warnings that a spec's author has looked at and wants to keep.

In: a file's text and the diagnostics of a run.  Out: the diagnostics without those that the text allows, and
with a warning for every allow that does nothing.  An error is never silenced.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator
from dataclasses import field
from itertools import accumulate
from typing import Final

from spec_lang._values import dataclass
from spec_lang.diagnostics import Diagnostic, Severity, Span, did_you_mean
from spec_lang.syntax.words import DECLARATIONS

UNUSED: Final = "NN620"  # an allow that silences nothing
OF_AN_ERROR: Final = "NN621"  # an allow of what is an error
UNREADABLE: Final = "NN622"  # a comment that is meant as an allow, and is none
CODES: Final = frozenset({UNUSED, OF_AN_ERROR, UNREADABLE})

# Comments, and the strings that may hold a `#`.
_COMMENT: Final = re.compile(r'"(?:[^"\\\n]|\\[^\n])*"|(?P<comment>#[^\n]*)|"[^\n]*')
_MARK: Final = re.compile(r"#+\s*nnspec\s*:\s*(?P<word>[A-Za-z_-]*)\s*(?P<codes>.*?)\s*$")
_HINT: Final = re.compile(r"#[ \t#]*nnspec[ \t]*:")  # most files have none, and are not read again
_CODE: Final = re.compile(r"NN[0-9]{3}")
_DECLARATION: Final = re.compile(rf"(?:{'|'.join(DECLARATIONS)})(?![A-Za-z0-9_])")
# Syntax, ONNX files and VNN-LIB have no warnings; other codes may be either, as `--strict` has it.
_ALWAYS_AN_ERROR: Final = re.compile(r"NN[023][0-9]{2}")
_WORDS: Final = ("allow", "allow-file")


@dataclass(slots=True)
class _Allow:
    """One code of one comment; it speaks for the lines from `first` to `last`."""

    code: str
    span: Span
    first: int
    last: int
    is_used: bool = False
    meets_an_error: bool = False


@dataclass(slots=True)
class _Allows:
    """What the comments of a file allow, and what is wrong with them."""

    found: list[_Allow] = field(default_factory=list)
    faults: list[Diagnostic] = field(default_factory=list)


def apply_allows(
    text: str, file: str, diagnostics: Iterable[Diagnostic], looked_for: Collection[str]
) -> tuple[Diagnostic, ...]:
    """What is left of `diagnostics`, those of other files untouched.

    `looked_for` are the codes of the warnings that this run would have found in the file: an allow of another
    code may be needed by a run that looks further, and is not called unused.
    """
    given = tuple(diagnostics)
    if _HINT.search(text) is None:
        return given
    allows = _read(text, file)
    left: list[Diagnostic] = []
    for diagnostic in given:
        span = diagnostic.span
        if span is None or span.file != file or not _silence(allows.found, diagnostic, span):
            left.append(diagnostic)
    own = (*allows.faults, *_idle(allows.found, looked_for))
    return (*left, *(one for one in own if one.span is None or not _silence(allows.found, one, one.span)))


def _silence(allows: Iterable[_Allow], diagnostic: Diagnostic, span: Span) -> bool:
    """Whether some allow is about `diagnostic`, and it is a warning."""
    silenced = False
    for allow in allows:
        if allow.code == diagnostic.code and allow.first <= span.line <= allow.last:
            allow.is_used = True
            allow.meets_an_error = diagnostic.is_error
            silenced = not diagnostic.is_error
    return silenced


def _idle(allows: Iterable[_Allow], looked_for: Collection[str]) -> Iterator[Diagnostic]:
    """A warning for every allow that silences nothing."""
    for allow in allows:
        if allow.meets_an_error or _ALWAYS_AN_ERROR.fullmatch(allow.code):
            problem = f"{allow.code} is an error, and an error cannot be allowed"
            yield _warning(OF_AN_ERROR, problem, allow.span, "correct it, and leave the comment out")
        elif not allow.is_used and allow.code in looked_for:
            problem = f"there is no {allow.code} here to allow"
            yield _warning(UNUSED, problem, allow.span, "leave the comment out")


# -- reading the comments ------------------------------------------------------------------------------


def _read(text: str, file: str) -> _Allows:
    allows, rows = _Allows(), text.split("\n")
    starts = list(accumulate((len(row) + 1 for row in rows), initial=0))
    for match in _COMMENT.finditer(text):
        mark = _MARK.fullmatch(match["comment"] or "")
        if mark is not None:
            row = bisect_right(starts, match.start()) - 1
            column = match.start() - starts[row] + 1
            end = column + len(mark[0].rstrip())
            _read_mark(mark, Span(file, row + 1, column, row + 1, end), rows, allows)
    return allows


def _read_mark(mark: re.Match[str], whole: Span, rows: list[str], allows: _Allows) -> None:
    word, written = mark["word"], mark["codes"].partition("--")[0]
    if word not in _WORDS or not written.strip():
        fix = did_you_mean(word, _WORDS) if word not in _WORDS else None
        problem = "this comment is meant for nnspec, and allows nothing"
        allows.faults.append(_warning(UNREADABLE, problem, whole, fix or "write `# nnspec: allow NN603`"))
        return
    if word == "allow-file" and whole.line > _length_of_head(rows):
        problem = "`allow-file` speaks for the file from its first comments alone"
        allows.faults.append(_warning(UNREADABLE, problem, whole, "move it above the first declaration"))
        return
    first, last = _reach(word, whole, rows)
    for match in re.finditer(r"[^,\s]+", written):
        start = whole.column + mark.start("codes") + match.start()
        span = Span(whole.file, whole.line, start, whole.line, start + len(match[0]))
        if _CODE.fullmatch(match[0]) is None:
            problem = f"`{match[0][:20]}` is no code of a diagnostic"
            allows.faults.append(_warning(UNREADABLE, problem, span, "codes look like `NN603`"))
        else:
            allows.found.append(_Allow(match[0], span, first, last))


def _reach(word: str, whole: Span, rows: list[str]) -> tuple[int, int]:
    """The lines that a comment speaks for, both included."""
    if word == "allow-file":
        return 1, len(rows)
    if rows[whole.line - 1][: whole.column - 1].strip():
        return whole.line, whole.line
    return whole.line, _end_of_declaration(rows, whole.line)


def _length_of_head(rows: list[str]) -> int:
    """How many lines there are before the first that is neither blank nor a comment."""
    for number, row in enumerate(rows):
        if row.strip() and not row.lstrip().startswith("#"):
            return number
    return len(rows)


def _end_of_declaration(rows: list[str], line: int) -> int:
    """The last line of what follows line `line` (from 1): a declaration, or a line inside of one."""
    number = line  # as an index, the line below
    while number < len(rows) and (not rows[number].strip() or rows[number].lstrip().startswith("#")):
        number += 1
    if number >= len(rows) or not _DECLARATION.match(rows[number]):
        return number + 1
    end = number + 1
    while end < len(rows) and not _DECLARATION.match(rows[end]):
        end += 1
    return end


def _warning(code: str, problem: str, span: Span, fix: str) -> Diagnostic:
    return Diagnostic(code, problem, span, fix, Severity.WARNING)
