"""The report as SARIF 2.1.0, for code scanning: what wants attention, within the limits of GitHub.

In: a report.  Out: one log with one run.  What is as expected is counted, and is no result: of GitHub it is
not known that it looks at a result's `kind`.  What is beyond a limit is said in a notification.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Final, TextIO

from spec_lang.diagnostics import Diagnostic
from spec_lang.kernel.verdict import Status
from spec_lang.reporters._documents import Json
from spec_lang.reporters._findings import Finding, findings
from spec_lang.reporters._paths import folder_uri
from spec_lang.reporters._sarif_results import ROOT, message, results, rule_id
from spec_lang.reporters._sarif_rules import rule_of_code, rule_of_kind
from spec_lang.reporters.base import Reporter
from spec_lang.reporters.model import Report

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
# GitHub refuses a run with more than 25,000 results, and of fewer it takes the first 5,000.
_MOST_RESULTS: Final = 5000


class _Sarif:
    name = "sarif"
    summary = "SARIF 2.1.0, for code scanning"

    def render(self, report: Report, stream: TextIO) -> None:
        json.dump(_log(report), stream, indent=2, allow_nan=False)
        stream.write("\n")


def _log(report: Report) -> Json:
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [_run(report)]}


def _run(report: Report) -> Json:
    found = findings(report)
    placed = [finding for finding in found if finding.file is not None]
    shown, left_out = placed[:_MOST_RESULTS], placed[_MOST_RESULTS:]
    rules = _rules(shown)
    loose = [finding for finding in found if finding.file is None]
    root = report.invocation.root
    base: Json = {"description": {"text": "The root of the repository."}}
    return {
        "tool": {"driver": _driver(report.version, rules, loose)},
        "invocations": [_invocation(report, loose, left_out)],
        "originalUriBaseIds": {ROOT: base if root is None else {"uri": folder_uri(root), **base}},
        "columnKind": "unicodeCodePoints",
        "results": results(report, shown, {rule["id"]: place for place, rule in enumerate(rules)}),
        "properties": {
            "summary": {status.value: report.count(status) for status in Status},
            "asExpected": sum(claim.as_expected for claim in report.claims),
            "seconds": round(report.seconds, 3),
        },
    }


def _rules(found: Iterable[Finding]) -> list[Json]:
    made: dict[str, Json] = {}
    for finding in found:
        if isinstance(finding.of, Diagnostic):
            made.setdefault(finding.of.code, rule_of_code(finding.of.code, finding.level.value))
        else:
            made.setdefault(rule_id(finding), rule_of_kind(finding.of.kind))
    return [made[name] for name in sorted(made)]


def _driver(version: str, rules: list[Json], loose: Iterable[Finding]) -> Json:
    driver: Json = {
        "name": "nnspec",
        "version": version,
        "semanticVersion": version,
        "shortDescription": {"text": "States what a neural network must do, and proves or refutes it."},
        "rules": rules,
    }
    notifications = _rules(loose)
    return {**driver, "notifications": notifications} if notifications else driver


def _invocation(report: Report, loose: Sequence[Finding], left_out: Sequence[Finding]) -> Json:
    asked = report.invocation
    told = [
        {"descriptor": {"id": rule_id(f)}, "level": f.level.value, "message": message(f.sentence, f.details)}
        for f in loose
    ]
    if left_out:
        words = f"{len(left_out):,} more results are left out, none worse than those that are here"
        told.append({"level": "warning", "message": message(words, ["`--output-format json` has them all"])})
    if report.interrupted:
        words = "The run was interrupted: claims that it did not come to are unknown."
        told.append({"level": "error", "message": message(words, [])})
    made: Json = {"executionSuccessful": _is_whole(report), "toolExecutionNotifications": told}
    if asked.exit_status is not None:
        made["exitCode"] = asked.exit_status
    if asked.folder is not None:
        made["workingDirectory"] = {"uri": folder_uri(asked.folder)}
    return made


def _is_whole(report: Report) -> bool:
    """Whether every claim has been looked at; what was found then is another matter."""
    crashed = any(claim.status is Status.ERROR for claim in report.claims)
    return not (report.interrupted or crashed or any(d.is_error for d in report.diagnostics))


REPORTER: Final[Reporter] = _Sarif()
