"""Rendering to text, and comparing with what is recorded in `tests/snapshots`."""

from __future__ import annotations

import io
from importlib import import_module
from pathlib import Path

from spec_lang.reporters.model import Report

SNAPSHOTS = Path(__file__).resolve().parent.parent / "snapshots"


def rendered(module: str, report: Report) -> str:
    """What the reporter of `module` writes."""
    stream = io.StringIO()
    import_module(f"spec_lang.reporters.{module}").REPORTER.render(report, stream)
    return stream.getvalue()


def recorded(name: str) -> str:
    """The snapshot `name`.  To change one, look at what is rendered now, and write that file."""
    return (SNAPSHOTS / name).read_text(encoding="utf-8")
