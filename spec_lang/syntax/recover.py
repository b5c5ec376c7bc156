"""Errors do not hide each other: a file that fails to parse is parsed declaration by declaration.

In: a text, and a function that attempts to parse a piece of it.  Out: the declarations that are right, a
diagnostic for each piece that is not, and the names that the broken pieces would have declared.  A
piece starts at a line that starts with a word for a declaration, as in every spec that people write.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from spec_lang._values import dataclass
from spec_lang.diagnostics import Diagnostic, Span, did_you_mean
from spec_lang.syntax import ast
from spec_lang.syntax.build_leaves import too_deep
from spec_lang.syntax.scan import too_deep_at
from spec_lang.syntax.syntax_errors import Piece, Stop, explain, place
from spec_lang.syntax.words import CODES, DECLARATIONS

# A file with more is not a spec with mistakes but something else, and nobody reads them.
MAX_DIAGNOSTICS: Final = 100

_STARTS: Final = "|".join(DECLARATIONS)
# In the first column the word alone is enough; further in, a name must follow, else it is an argument.
_START: Final = re.compile(rf"^(?:(?:{_STARTS})\b|[ \t]+(?:{_STARTS})[ \t]+[A-Za-z0-9_\"])", re.MULTILINE)
_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NAMED: Final = "|".join(word for word in DECLARATIONS if word not in ("language", "import"))
_DECLARED: Final = re.compile(rf"\s*(?:{_NAMED})\s+([A-Za-z_][A-Za-z0-9_]*)")


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of parsing a piece: a tree, or None and where the parser stopped, if it was the parser."""

    module: ast.Module | None
    problems: tuple[Diagnostic, ...]
    broken: frozenset[str]
    stop: Stop | None = None


@dataclass(frozen=True, slots=True)
class Recovered:
    declarations: tuple[ast.Declaration, ...]
    diagnostics: tuple[Diagnostic, ...]
    broken: frozenset[str]


def recover(text: str, file: str, attempt: Callable[[Piece], Attempt]) -> Recovered:
    """Parses `text` piece by piece."""
    declarations: list[ast.Declaration] = []
    diagnostics: list[Diagnostic] = []
    broken: set[str] = set()
    waiting = _pieces(text, file)
    for piece in waiting:
        for part, outcome in _attempts(piece, attempt):
            diagnostics.extend(outcome.problems)
            broken.update(outcome.broken)
            if outcome.module is not None:
                declarations.extend(outcome.module.declarations)
            elif match := _DECLARED.match(part.text):
                broken.add(match[1])
        if len(diagnostics) > MAX_DIAGNOSTICS:
            diagnostics[MAX_DIAGNOSTICS:] = [_too_many(piece)]
            broken.update(_DECLARED.findall(text))
            break
    return Recovered(tuple(declarations), tuple(diagnostics), frozenset(broken))


def _pieces(text: str, file: str) -> Iterator[Piece]:
    starts = [match.start() for match in _START.finditer(text)]
    line = 1
    for start, end in zip([0, *starts], [*starts, len(text)], strict=True):
        part = text[start:end]
        yield Piece(part, file, line)
        line += part.count("\n")


def _attempts(piece: Piece, attempt: Callable[[Piece], Attempt]) -> Iterator[tuple[Piece, Attempt]]:
    """Parses `piece`; where a declaration in it is whole, what comes behind it is a piece of its own."""
    if (deep := too_deep_at(piece.text)) is not None:
        yield piece, Attempt(None, (too_deep(place(piece, deep)),), frozenset())
        return
    outcome = attempt(piece)
    if outcome.stop is None:
        yield piece, outcome
        return
    line_start = piece.text.rfind("\n", 0, outcome.stop.offset) + 1
    head = Piece(piece.text[:line_start], piece.file, piece.first_line)
    word = _WORD.match(piece.text, outcome.stop.offset)
    begins = word and not piece.text[line_start : word.start()].strip() and line_start
    # In the first column, or all but spelled like one, it was to be a declaration; else the line above
    # may go on here, with an operator missing.
    if begins and word and (word.start() == line_start or did_you_mean(word[0], DECLARATIONS)):
        before = attempt(head)
        if before.module is not None and before.module.declarations:
            yield head, before
            rest = Piece(piece.text[line_start:], piece.file, piece.first_line + head.text.count("\n"))
            yield rest, _explained(rest, attempt(rest))
            return
    yield piece, _explained(piece, outcome)


def _explained(piece: Piece, outcome: Attempt) -> Attempt:
    if outcome.stop is None:
        return outcome
    return Attempt(None, explain(piece, outcome.stop, outcome.problems), outcome.broken)


def _too_many(piece: Piece) -> Diagnostic:
    span = Span(piece.file, piece.first_line, 1, piece.first_line, 2)
    problem = f"more than {MAX_DIAGNOSTICS} errors; the rest of the file has not been read"
    return Diagnostic(CODES["many"], problem, span, "is this an `.nnspec` file?")
