"""The results of a SARIF log.

In: findings.  Out: result objects, each with its rule's id, place, fingerprint and, of a refuted claim, the
counterexample in words and as numbers.  A fingerprint stands for a claim, or for a diagnostic and the line
that it is about: neither a moved line nor a renamed file is a new alert.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Final

from spec_lang.diagnostics import Diagnostic, Span
from spec_lang.kernel.verdict import Status
from spec_lang.reporters._claim_document import counterexample_json
from spec_lang.reporters._documents import Json
from spec_lang.reporters._findings import Finding, Level
from spec_lang.reporters._invocation import Invocation
from spec_lang.reporters._markdown_text import cut, fenced
from spec_lang.reporters._paths import from_root, is_inside, readable, uri
from spec_lang.reporters._sarif_rules import PREFIX
from spec_lang.reporters.model import ClaimReport, Counterexample, Report

ROOT: Final = "%SRCROOT%"
_MOST_NUMBERS: Final = 64  # of a counterexample: GitHub takes 10 MB for all results together
_LONGEST: Final = 4000  # characters of a message


def rule_id(finding: Finding) -> str:
    """`nnspec/claim`, or a code."""
    return finding.of.code if isinstance(finding.of, Diagnostic) else PREFIX + finding.of.kind


def results(report: Report, found: Iterable[Finding], rules: Mapping[str, int]) -> list[Json]:
    """A result for every finding; `rules` are the places of rules by their ids."""
    sources = {file: text.split("\n") for file, text in report.sources}
    seen: Counter[tuple[str | None, str]] = Counter()
    made = []
    for finding in found:
        mark = _identity(finding, sources)
        seen[finding.file, mark] += 1  # consumers put the file beside it
        result = _result(finding, report.invocation, f"{mark}:{seen[finding.file, mark]}")
        made.append({"ruleId": rule_id(finding), "ruleIndex": rules[rule_id(finding)], **result})
    return made


def location(span: Span | None, file: str, invocation: Invocation) -> Json:
    """A place, or a whole file."""
    path = from_root(file, invocation)
    artifact: Json = {"uri": uri(path)}
    if is_inside(path):
        artifact["uriBaseId"] = ROOT
    place: Json = {"artifactLocation": artifact}
    if span is not None:
        place["region"] = {
            "startLine": span.line,
            "startColumn": span.column,
            "endLine": span.end_line,
            "endColumn": span.end_column,
        }
    return {"physicalLocation": place}


def message(text: str, lines: Iterable[str]) -> Json:
    """A sentence, and below it what the plain report has, as text and as Markdown."""
    first, block = cut(text, _LONGEST), cut("\n".join(lines), _LONGEST)
    if not block:
        return {"text": _literal(first)}
    return {"text": _literal(f"{first}\n\n{block}"), "markdown": _literal(f"{first}\n\n{fenced(block)}")}


def _literal(text: str) -> str:
    """What the specification takes for the text itself: neither placeholders (3.11.5) nor links (3.11.6)."""
    return text.replace("{", "{{").replace("}", "}}").replace("](", "] (")


def _result(finding: Finding, invocation: Invocation, fingerprint: str) -> Json:
    """A claim that is open while nobody asked for more is what `open` is for."""
    is_claim, span = isinstance(finding.of, ClaimReport), finding.span
    is_open = is_claim and finding.level is Level.WARNING
    made = {
        "kind": "open" if is_open else "fail",
        "level": "none" if is_open else _level(finding),
        "message": message(finding.sentence, finding.details),
        "locations": [location(span or _TOP, finding.file or "", invocation)],
        "partialFingerprints": {"primaryLocationLineHash": fingerprint},
    }
    if isinstance(finding.of, ClaimReport):
        claim = finding.of
        whole = f"{readable(from_root(claim.file, invocation))}::{claim.name}"
        names = {"name": claim.name, "fullyQualifiedName": whole, "kind": "member"}
        made["locations"][0]["logicalLocations"] = [names]
        made["properties"] = _properties(claim)
    else:
        places = [
            {
                **location(note.span, note.span.file, invocation),
                "id": number,
                "message": {"text": _literal(note.text)},
            }
            for number, note in enumerate(finding.of.notes)
            if note.span is not None
        ]
        if places:
            made["relatedLocations"] = places
    return made


# A query has no line; GitHub shows nothing that has no place.
_TOP: Final = Span("", 1, 1, 1, 1)


def _level(finding: Finding) -> str:
    is_unknown = isinstance(finding.of, ClaimReport) and finding.of.status is Status.UNKNOWN
    return "warning" if is_unknown else finding.level.value


def _identity(finding: Finding, sources: Mapping[str, list[str]]) -> str:
    """What a finding is about, without where that stands."""
    if isinstance(finding.of, ClaimReport):
        words = [finding.of.kind, finding.of.name]
    else:
        span, row = finding.span, ""
        if span is not None and span.line <= len(lines := sources.get(span.file, [])):
            row = "".join(lines[span.line - 1].split())
        words = [finding.of.code, row or finding.of.problem]
    return sha256("\0".join(words).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _properties(claim: ClaimReport) -> Json:
    """What programs want to know of a claim."""
    return {
        "verdict": claim.status.value,
        "expected": claim.expected.value,
        "reason": claim.reason,
        "semantics": claim.semantics,
        "evidence": None if claim.evidence is None else str(claim.evidence),
        "backend": claim.backend,
        "certificate": claim.certificate,
        "counterexample": None if claim.counterexample is None else _numbers(claim.counterexample),
    }


def _numbers(found: Counterexample) -> Json:
    count = len(found.inputs) + len(found.outputs)
    if count > _MOST_NUMBERS:
        left_out = f"{count} numbers; `--output-format json` has them all"
        return {"violates": found.violates, "space": "problem", "leftOut": left_out}
    whole = counterexample_json(found)
    return {name: whole[name] for name in ("inputs", "outputs", "space", "violates", "replay")}
