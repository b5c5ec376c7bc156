"""What all JSON documents of ours share: the version of their schema, and diagnostics.

In: diagnostics.  Out: what the standard library writes as JSON.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Any, Final

from spec_lang.diagnostics import Diagnostic, Span

SCHEMA_VERSION: Final = 1
Json = Any  # what the standard library takes


def schema_text() -> str:
    """The JSON Schema of the report, as it is published."""
    return (files(__package__) / "report.schema.json").read_text(encoding="utf-8")


def diagnostic_json(diagnostic: Diagnostic) -> Json:
    """A diagnostic, as every document of ours has it."""
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "problem": diagnostic.problem,
        "fix": diagnostic.fix,
        "place": _place(diagnostic.span),
        "notes": [{"text": note.text, "place": _place(note.span)} for note in diagnostic.notes],
    }


def _place(span: Span | None) -> Json:
    if span is None:
        return None
    return {
        "file": span.file,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
    }
