"""The spec that an inference writes: what was proved as invariants, what was not as comments.

In: a subject, rows, and what was asked.  Out: the text in the one layout, which `nnspec check` decides again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from spec_lang.inference.model import Candidate, Decision
from spec_lang.inference.outcome import Row
from spec_lang.inference.subject import Subject
from spec_lang.inference.writing import body, region
from spec_lang.syntax.layout.module import format_module


def text_of(
    subject: Subject, decisions: Sequence[Decision], rows: Sequence[Row], points: int, *, keep: bool
) -> str:
    """With `keep`, what is undecided is declared like the rest."""
    draft = "\n".join(_lines(subject, decisions, rows, (points, keep))) + "\n"
    return format_module(draft, subject.file.name).text or draft


def _lines(
    subject: Subject, decisions: Sequence[Decision], rows: Sequence[Row], of: tuple[int, bool]
) -> Iterator[str]:
    points, keep = of
    yield "language 1"
    yield ""
    yield f"# Inferred from {points} points by `nnspec infer`. Without `on`, an invariant holds over"
    yield f"# {subject.domain_words}. Points outside of it are not counted."
    yield subject.header
    yield ""
    for row in rows:
        declared = _declared(subject, decisions, row, points)
        if not row.is_proved:
            yield f"# undecided: {_one_line(row.finding.reason or 'no reason is given')}"
        else:
            yield f"# {_one_line(row.finding.candidate.note)}"
        yield declared if row.is_proved or keep else f"# {declared}"
        yield ""


def _declared(subject: Subject, decisions: Sequence[Decision], row: Row, points: int) -> str:
    candidate: Candidate = row.finding.candidate
    on = region(subject, candidate)
    title = f'"support {row.support.points} of {points}"'
    formula = body(subject, decisions, candidate)
    return f"invariant {row.name} of {subject.network}{f' on {on}' if on else ''} {title}: {formula}"


def _one_line(text: str) -> str:
    return " ".join(text.split())
