"""One claim for a page or a notebook: a line that says what became of it, and below it everything that is
known.

In: a claim's report and, for its source lines, the texts of the specs.  Out: a `details` element, closed
where all is as expected: it works without any script.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from spec_lang.kernel.verdict import Status
from spec_lang.reporters._bracket_text import (
    bracket_lines,
    cut_lines,
    data_lines,
    measurement_text,
    reached,
    share_lines,
)
from spec_lang.reporters._html_point import lines_html, point_html
from spec_lang.reporters._html_text import Html, element, text
from spec_lang.reporters._numbers import amount, count_of, duration
from spec_lang.reporters._shortened import where
from spec_lang.reporters._svg_course import course_html
from spec_lang.reporters.model import ClaimReport, Known, Step

_MARKS: Final = {
    Status.PROVED: "∎",
    Status.REFUTED: "✕",
    Status.UNKNOWN: "?",
    Status.VACUOUS: "∅",
    Status.ERROR: "!",
}
_VERBS: Final = {"query": "meets"}
_KNOWN: Final = {
    Known.LOCK: "in `nnspec.lock`, as it stood there",
    Known.CACHE: "in the cache, and judged again by the kernel",
}
_MOST_LINES: Final = 40  # of a claim's source

Sources = Mapping[str, Sequence[str]]  # the lines of a file


def badge(status: Status) -> Html:
    """A verdict, told apart by its mark and its word as well as by its colour."""
    mark = element("span", _MARKS[status], class_="mark", aria_hidden="true")
    return element("span", mark, status.value, class_=f"badge {status.value}")


def claim_html(claim: ClaimReport, anchor: str | None, sources: Sources, *, opened: bool = False) -> Html:
    """The claim; `anchor` is its id in the page."""
    name = element("bdi", claim.name, class_="name")
    title = element("bdi", claim.title, class_="title") if claim.title else None
    summary = element(
        "summary",
        badge(claim.status),
        element("span", name, title, class_="what"),
        element("span", _note(claim), class_="note"),
        element("span", duration(claim.seconds), class_="time"),
    )
    kind = f"claim {claim.status.value}" + ("" if claim.as_expected else " surprise")
    body = element("div", _body(claim, anchor, sources), class_="body")
    return element("details", summary, body, id=anchor, open=opened, class_=kind)


def _note(claim: ClaimReport) -> str:
    """What vouches for it, or why nobody does."""
    parts = [(claim.reason or "").partition("\n")[0]]
    if claim.status is Status.PROVED and claim.evidence is not None:
        parts = [claim.evidence.kind.value]
    if claim.measurement is not None:
        parts = [measurement_text(claim.measurement), *parts]
    if claim.expected is not Status.PROVED:
        parts.append("as expected" if claim.as_expected else f"but {claim.expected.value} was expected")
    return ", ".join(part for part in parts if part)


def _body(claim: ClaimReport, anchor: str | None, sources: Sources) -> Iterator[Html | None]:
    yield _source(claim, sources)
    if claim.reason and "\n" in claim.reason:
        yield lines_html(claim.reason.splitlines(), "reason")
    if claim.counterexample is not None:
        verb = "holds" if claim.status is Status.PROVED else _VERBS.get(claim.kind, "fails")
        yield point_html(claim.counterexample, verb, claim.counterexample.violates, claim.semantics)
    yield from _measured(claim)
    lines = [] if claim.data is None else list(data_lines(claim.data))
    lines += [] if claim.cut is None else list(cut_lines(claim.cut))
    yield lines_html(lines, "counts")
    yield None if claim.course is None else course_html(claim.course)
    yield _plan(claim.plan)
    yield _facts(claim, anchor)


def _source(claim: ClaimReport, sources: Sources) -> Html | None:
    """The lines of the claim, as they were written."""
    lines = sources.get(claim.file, ())
    if claim.span is None or not lines:
        return None
    shown = list(lines[claim.span.line - 1 : claim.span.end_line])
    cut = ["…"] if len(shown) > _MOST_LINES else []
    return lines_html([*shown[:_MOST_LINES], *cut], "source")


def _measured(claim: ClaimReport) -> Iterator[Html | None]:
    found = claim.measurement
    if found is None:
        return
    yield lines_html([*bracket_lines(found), *share_lines(found)], "counts")
    for bracket in found.brackets:
        for end in (bracket.lower, bracket.upper):
            if end is not None and end.point is not None:
                verb, said = reached(found, end, end.point)
                yield point_html(end.point, verb, said, claim.semantics)


def _plan(plan: Sequence[Step]) -> Html | None:
    if not plan:
        return None
    heads = [element("th", head, scope="col") for head in ("tried", "because", "answers", "time")]
    rows = [
        element(
            "tr",
            element("th", step.backend, scope="row"),
            element("td", step.why),
            element(
                "td", ", ".join(f"{count} × {word}" if count > 1 else word for word, count in step.outcomes)
            ),
            element("td", duration(step.seconds), class_="number"),
        )
        for step in plan
    ]
    head = element("thead", element("tr", heads))
    return element("table", element("caption", "plan"), head, element("tbody", rows), class_="plan")


def _facts(claim: ClaimReport, anchor: str | None) -> Html:
    place = claim.file if claim.span is None else f"{claim.file}:{claim.span.line}"
    link = text(claim.id) if anchor is None else element("a", claim.id, href=f"#{anchor}")
    facts: list[tuple[str, str | Html | None]] = [
        ("id", link),
        ("stands in", place),
        ("evidence", None if claim.evidence is None else str(claim.evidence)),
        ("decided by", claim.backend),
        ("found", None if claim.known is None else _KNOWN[claim.known]),
        ("semantics", {"real": "real numbers"}.get(claim.semantics, claim.semantics)),
        ("where", None if claim.region is None else where(claim.region)),
        ("work", ", ".join(count_of(n, unit) for unit, n in claim.work if n)),
        (
            "bound",
            None if claim.bound is None or claim.status is not Status.UNKNOWN else f"{claim.bound:.4g}",
        ),
        ("proof", None if claim.proof_bytes is None else amount(claim.proof_bytes)),
        ("digest", claim.certificate),
        ("note", claim.note),
    ]
    pairs = [element("div", element("dt", name), element("dd", value)) for name, value in facts if value]
    return element("dl", pairs, class_="facts")
