"""S-expressions with their places, as VNN-LIB writes them.

In: text.  Out: the top-level forms, each a list of words and lists that knows where it starts and ends, and
the places where parentheses do not match.  Reading is a loop, so that depth costs no stack; what is nested
deeper than `MAX_DEPTH` is a problem and not a form.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import field
from typing import Final

from spec_lang._values import dataclass

# Those who walk a form recurse once or twice a level; queries in use are nested five deep.
MAX_DEPTH: Final = 200

_TOKEN: Final = re.compile(r';[^\n]*|"[^"]*"|\|[^|]*\||[()]|[^\s();"|]+')


@dataclass(slots=True)
class Form:
    """`( … )` from offset `start` to `end`; words are plain strings."""

    start: int
    end: int = -1
    items: list[str | Form] = field(default_factory=list)

    @property
    def head(self) -> str | None:
        """The first word, which says what the form means."""
        return self.items[0] if self.items and isinstance(self.items[0], str) else None


@dataclass(frozen=True, slots=True)
class Misplaced:
    """A parenthesis, or a word outside of them, that does not belong at `offset`."""

    offset: int
    problem: str
    fix: str | None = None


def read_forms(text: str) -> tuple[list[Form], list[Misplaced]]:
    """The complete top-level forms in order, and what is out of place."""
    forms: list[Form] = []
    problems: list[Misplaced] = []
    open_forms: list[Form] = []
    skipped = 0  # how many levels below the deepest one that is kept
    for match in _TOKEN.finditer(text):
        word = match.group()
        if word == "(":
            if len(open_forms) == MAX_DEPTH:
                if not skipped:
                    problem = f"this is nested deeper than {MAX_DEPTH} levels"
                    problems.append(Misplaced(match.start(), problem, "write it with fewer parentheses"))
                skipped += 1
                continue
            form = Form(match.start())
            if open_forms:
                open_forms[-1].items.append(form)
            open_forms.append(form)
        elif word == ")":
            if skipped:
                skipped -= 1
            elif open_forms:
                form = open_forms.pop()
                form.end = match.end()
                if not open_forms:
                    forms.append(form)
            else:
                problems.append(Misplaced(match.start(), "this `)` closes nothing", "remove it"))
        elif skipped or word[0] == ";":
            continue
        elif open_forms:
            open_forms[-1].items.append(word)
        else:
            problems.append(Misplaced(match.start(), f"`{word[:40]}` stands outside of any command"))
    if open_forms:
        problems.append(Misplaced(open_forms[0].start, "this `(` is never closed", "add the missing `)`"))
    return forms, problems


class Places:
    """Lines and columns of offsets."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def of(self, offset: int) -> tuple[int, int]:
        """Line and column, from 1."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1
