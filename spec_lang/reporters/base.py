"""What a reporter is: it renders a finished report to a text stream and computes nothing."""

from __future__ import annotations

from typing import Protocol, TextIO, runtime_checkable

from spec_lang.reporters.model import Report


@runtime_checkable
class Reporter(Protocol):
    """An output format, as a module constant `REPORTER`; `name` is what `--output-format` takes."""

    name: str
    summary: str

    def render(self, report: Report, stream: TextIO) -> None:
        """Write the whole report."""
