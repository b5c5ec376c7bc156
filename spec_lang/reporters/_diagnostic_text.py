"""Diagnostics for people: code, place, the source line underlined, the problem, the fix.

In: diagnostics and the texts they point into.  Out: lines.  A place whose text is not at hand is named
without its line.
"""

from __future__ import annotations

from collections.abc import Mapping

from spec_lang.diagnostics import Diagnostic, Note, Span
from spec_lang.reporters._layout import Line, Role, line

# Wider than most editors' windows; generated files have lines of megabytes.
_WINDOW = 120


def diagnostic_lines(diagnostic: Diagnostic, sources: Mapping[str, str]) -> list[Line]:
    """The whole diagnostic, notes included."""
    role = Role.BAD if diagnostic.is_error else Role.OPEN
    head = (f"{diagnostic.severity.value}[{diagnostic.code}]", role)
    lines = [line(head, (f": {diagnostic.problem}", Role.STRONG))]
    if diagnostic.span is not None:
        lines += _place(diagnostic.span, sources, role)
    if diagnostic.fix is not None:
        lines.append(line("  ", ("fix: ", Role.GOOD), diagnostic.fix))
    for note in diagnostic.notes:
        lines += _note(note, sources)
    return lines


def _note(note: Note, sources: Mapping[str, str]) -> list[Line]:
    lines = [line("  ", ("note: ", Role.DIM), note.text)]
    return lines if note.span is None else [*lines, *_place(note.span, sources, Role.DIM)]


def _place(span: Span, sources: Mapping[str, str], role: Role) -> list[Line]:
    lines = [line((f"  at {span.file}:{span.line}:{span.column}", Role.DIM))]
    text = sources.get(span.file)
    if text is None:
        return lines
    rows = text.split("\n")  # as the parser counts; not at other line separators
    if not 1 <= span.line <= len(rows):
        return lines
    row = rows[span.line - 1]
    start = min(span.column - 1, len(row))
    end = span.end_column - 1 if span.end_line == span.line else len(row)
    first = max(0, start - _WINDOW // 2) if len(row) > _WINDOW else 0
    shown = row[first : first + _WINDOW]
    width = max(1, min(end, first + _WINDOW) - start)
    blank = " " * (start - first)
    gutter = f"{span.line:>5} | "
    lines.append(line((gutter, Role.DIM), shown))
    lines.append(line((" " * (len(gutter) - 2) + "| ", Role.DIM), blank, ("^" * width, role)))
    return lines
