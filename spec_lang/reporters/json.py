"""The report as JSON, for programs: everything, nothing cut.

In: a report.  Out: one JSON document, as `report.schema.json` beside this file describes it.
"""

from __future__ import annotations

import json
from typing import Final, TextIO

from spec_lang.kernel.verdict import Status
from spec_lang.reporters._claim_document import claim_json
from spec_lang.reporters._documents import SCHEMA_VERSION, Json, diagnostic_json
from spec_lang.reporters.base import Reporter
from spec_lang.reporters.model import Report


class _Json:
    name = "json"
    summary = "one document for programs; its schema is versioned"

    def render(self, report: Report, stream: TextIO) -> None:
        json.dump(_report(report), stream, indent=2, allow_nan=False, ensure_ascii=False)
        stream.write("\n")


def _report(report: Report) -> Json:
    return {
        "schema": SCHEMA_VERSION,
        "tool": {"name": "nnspec", "version": report.version},
        "claims": [claim_json(claim) for claim in report.claims],
        "diagnostics": [diagnostic_json(diagnostic) for diagnostic in report.diagnostics],
        "summary": {status.value: report.count(status) for status in Status},
        "interrupted": report.interrupted,
        "seconds": round(report.seconds, 3),
    }


REPORTER: Final[Reporter] = _Json()
