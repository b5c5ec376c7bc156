"""Diagnostics for people: code, place, the source line underlined, the problem, the fix.

In: diagnostics and the texts they point into.  Out: lines.  A place whose text is not at hand is named
without its line.  A note about the same line is said below it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from spec_lang.diagnostics import Diagnostic, Note, Span
from spec_lang.reporters._layout import Line, Role, line
from spec_lang.reporters._source_lines import Mark, excerpt

# A note farther off than this could lie outside of what is shown of a long line.
_NEAR: Final = 50


def diagnostic_lines(diagnostic: Diagnostic, sources: Mapping[str, str]) -> list[Line]:
    """The whole diagnostic, notes included."""
    role = Role.BAD if diagnostic.is_error else Role.OPEN
    head = (f"{diagnostic.severity.value}[{diagnostic.code}]", role)
    lines = [line(head, (f": {diagnostic.problem}", Role.STRONG))]
    beside: list[Note] = []
    if diagnostic.span is not None:
        text = sources.get(diagnostic.span.file)
        beside = [] if text is None else _beside(diagnostic.span, diagnostic.notes)
        lines += _place(diagnostic.span, text, [_mark(note) for note in beside], role)
    if diagnostic.fix is not None:
        lines.append(line("  ", ("fix: ", Role.GOOD), diagnostic.fix))
    for note in diagnostic.notes:
        if note not in beside:
            lines += _note(note, sources)
    return lines


def _beside(span: Span, notes: tuple[Note, ...]) -> list[Note]:
    """The notes that can be drawn into the line of `span`: close to it, apart from each other, and none that
    would cover what `span` underlines."""
    taken: list[tuple[Span, Note]] = []
    for note in notes:
        place = note.span
        if place is None or (place.file, place.line, place.end_line) != (span.file, span.line, span.line):
            continue
        is_far = abs(place.column - span.column) > _NEAR or len(note.text) > _NEAR
        covers = (
            place.column <= span.column and span.end_line == span.line and span.end_column <= place.end_column
        )
        if not is_far and not covers and all(_apart(place, other) for other, _ in taken):
            taken.append((place, note))
    return [note for _, note in taken]


def _apart(a: Span, b: Span) -> bool:
    return a.end_column <= b.column or b.end_column <= a.column


def _mark(note: Note) -> Mark:
    span = note.span or Span("", 1, 1, 1, 1)
    return Mark(span.column - 1, max(span.column, span.end_column - 1), "-", Role.DIM, note.text)


def _note(note: Note, sources: Mapping[str, str]) -> list[Line]:
    lines = [line("  ", ("note: ", Role.DIM), note.text)]
    if note.span is None:
        return lines
    return [*lines, *_place(note.span, sources.get(note.span.file), [], Role.DIM)]


def _place(span: Span, text: str | None, marks: list[Mark], role: Role) -> list[Line]:
    lines = [line((f"  at {span.file}:{span.line}:{span.column}", Role.DIM))]
    return lines if text is None else [*lines, *excerpt(text, span, marks, role)]
