"""The page around the claims: what came of the run, the problems, the claims by file, the networks.

In: a report.  Out: the parts of an HTML document, one after the other.  Each claim has an id of its own, made
of its name, by which a link leads to it.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import groupby
from typing import Final

from spec_lang.kernel.verdict import Status
from spec_lang.reporters._diagnostic_text import diagnostic_lines
from spec_lang.reporters._html import resource, style
from spec_lang.reporters._html_claim import badge, claim_html
from spec_lang.reporters._html_networks import networks_html
from spec_lang.reporters._html_text import Html, element
from spec_lang.reporters._layout import Piece, Role
from spec_lang.reporters._numbers import count_of, duration
from spec_lang.reporters.model import ClaimReport, Report

_SMALL_FAMILY: Final = 3  # members that stand by themselves
_MANY_FILES: Final = 3  # from which on they are listed at the top
_MEANINGS: Final = (
    (Status.PROVED, "It holds for every point of the region, in the arithmetic that is named."),
    (Status.REFUTED, "There is a point that breaks it; it is shown, and was evaluated again exactly."),
    (Status.UNKNOWN, "Neither has been found within the limits; the reason is said."),
    (Status.VACUOUS, "It holds, because it speaks of no point at all."),
    (Status.ERROR, "It was not decided, for a reason that is no property of the network."),
)
_EVIDENCE: Final = (
    ("checked", "A small kernel has checked the proof in exact arithmetic."),
    ("checked-rounded", "The kernel has checked it in floats that are rounded outward."),
    ("trusted", "It rests on the word of a solver, which is named."),
)


def page_parts(report: Report) -> Iterator[str]:
    """The document."""
    script = resource("report.js")
    yield from _head(report, script)
    anchors = _anchors(report.claims)
    links = {claim.id: anchor for claim, anchor in zip(report.claims, anchors, strict=True)}
    yield element("header", _header(report, links))
    yield '<main id="main">'
    yield element("div", class_="tools", id="tools")
    yield from _problems(report)
    lines = {file: written.splitlines() for file, written in report.sources}
    placed = zip(report.claims, anchors, strict=True)
    for file, claims in groupby(placed, key=lambda pair: pair[0].file):
        yield from _file(file, tuple(claims), lines)
    yield networks_html(report.networks, links)
    yield _legend()
    yield "</main>"
    yield element("footer", f"nnspec {report.version}. This page loads nothing from elsewhere.")
    yield f"<script>{script}</script></body></html>\n"


def _head(report: Report, script: str) -> Iterator[str]:
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style())}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    yield '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
    yield element("meta", http_equiv="Content-Security-Policy", content=policy)
    yield element("meta", name="viewport", content="width=device-width, initial-scale=1")
    yield element("meta", name="generator", content=f"nnspec {report.version}")
    yield element("meta", name="color-scheme", content="light dark")
    yield element("title", f"{_sentence(report)} – nnspec")
    yield f'<style>{style()}</style></head><body class="nnspec page">'
    yield element("a", "Skip to the claims", href="#main", class_="skip")


def _hash(content: str) -> str:
    return f"sha256-{b64encode(sha256(content.encode('utf-8')).digest()).decode('ascii')}"


def _anchors(claims: Iterable[ClaimReport]) -> tuple[str, ...]:
    """For each claim an id in the page, which has no blanks, and that no other element has."""
    taken = {"main": None, "tools": None, "search": None}
    for claim in claims:
        plain = "".join(c if c.isprintable() and not c.isspace() else "_" for c in claim.id)
        anchor, count = plain, 1
        while anchor in taken:
            count += 1
            anchor = f"{plain}~{count}"
        taken[anchor] = None
    return tuple(taken)[3:]


# -- the head ------------------------------------------------------------------------------------------


def _sentence(report: Report) -> str:
    parts = [f"{n:,} {status.value}" for status in Status if (n := report.count(status))]
    return ", ".join(parts) or "Nothing was checked"


def _header(report: Report, links: Mapping[str, str]) -> Iterator[Html]:
    yield element("p", element("span", "nnspec", class_="mark"), " report", class_="brand")
    total = len(report.claims)
    counted = [(status, report.count(status)) for status in Status if report.count(status)]
    words = [element("span", f"{n:,} {s.value}", class_=f"word {s.value}") for s, n in counted]
    yield element("h1", _listed(words) if words else "Nothing was checked")
    yield element("p", _subtitle(report), class_="lead")
    bar = [element("span", class_=f"part {s.value}", title=f"{n:,} {s.value}") for s, n in _shares(counted)]
    said = _sentence(report)
    if total:
        yield element("div", bar, class_="bar", role="img", aria_label=said)
    odd = [claim for claim in report.claims if not claim.as_expected]
    if odd and len(odd) < total:
        first = [element("li", _link(claim, links)) for claim in odd[:12]]
        more = [element("li", f"and {len(odd) - 12:,} more")] if len(odd) > 12 else []
        listed = element("ul", first, more)
        yield element("nav", listed, class_="odd", aria_label="Claims that are not as expected")


def _shares(counted: Sequence[tuple[Status, int]]) -> Iterator[tuple[Status, int]]:
    """Fortieths of the bar, of which everything that there is has one at least."""
    total = sum(n for _, n in counted)
    for status, n in counted:
        for _ in range(max(1, round(40 * n / total))):
            yield status, n


def _listed(words: Sequence[Html]) -> Html:
    return Html(", ".join(words))


def _subtitle(report: Report) -> str:
    files = len({claim.file for claim in report.claims})
    odd = sum(not claim.as_expected for claim in report.claims)
    parts = [f"{count_of(len(report.claims), 'claims')} in {count_of(files, 'files')}"]
    parts.append(f"{duration(report.seconds)}")
    if report.claims:
        parts.append("all of them as expected" if not odd else f"{odd:,} not as expected")
    if report.interrupted:
        parts.append("interrupted")
    errors = sum(d.is_error for d in report.diagnostics)
    if errors:
        parts.append(f"{count_of(errors, 'problems')} in the specs")
    return " · ".join(parts)


def _link(claim: ClaimReport, links: Mapping[str, str]) -> Html:
    return element("a", badge(claim.status), element("bdi", claim.name), href=f"#{links[claim.id]}")


# -- what is below -------------------------------------------------------------------------------------


def _problems(report: Report) -> Iterator[Html]:
    if not report.diagnostics:
        return
    sources = dict(report.sources)
    yield element("h2", "Problems")
    for diagnostic in report.diagnostics:
        lines = [Html("".join(map(_piece, pieces))) for pieces in diagnostic_lines(diagnostic, sources)]
        yield element("pre", Html("\n".join(lines)), class_=f"diagnostic {diagnostic.severity.value}")


def _piece(piece: Piece) -> Html:
    words, role = piece
    return element("span", words, class_=f"r-{role.value}" if isinstance(role, Role) else None)


def _file(
    file: str, claims: Sequence[tuple[ClaimReport, str]], lines: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    counted = [(s, sum(c.status is s for c, _ in claims)) for s in Status]
    counts = [element("span", f"{n:,} {s.value}", class_=f"word {s.value}") for s, n in counted if n]
    yield '<section class="file">'
    yield element("h2", element("bdi", file), " ", element("span", _listed(counts), class_="counts"))
    for _, members in groupby(claims, key=lambda pair: pair[0].name.partition("[")[0]):
        pairs = tuple(members)
        family = [claim for claim, _ in pairs]
        shown = [claim_html(c, anchor, lines, opened=not c.as_expected) for c, anchor in pairs]
        if len(family) <= _SMALL_FAMILY:
            yield from shown
        else:
            yield _family(family, shown)
    yield "</section>"


def _family(family: Sequence[ClaimReport], shown: Sequence[Html]) -> Html:
    """Its members in one line, to be opened; open where one of them is not as expected."""
    statuses = [status for status in Status if any(c.status is status for c in family)]
    counts = ", ".join(f"{sum(c.status is s for c in family):,} {s.value}" for s in statuses)
    name = family[0].name.partition("[")[0]
    title = element("bdi", family[0].title, class_="title") if family[0].title else None
    summary = element(
        "summary",
        badge(statuses[0]) if len(statuses) == 1 else element("span", "mixed", class_="badge mixed"),
        element("span", element("bdi", f"{name}[…]", class_="name"), title, class_="what"),
        element("span", f"{len(family):,} members: {counts}", class_="note"),
        element("span", duration(sum(c.seconds for c in family)), class_="time"),
    )
    opened = any(not c.as_expected for c in family)
    return element("details", summary, element("div", shown, class_="members"), open=opened, class_="family")


def _legend() -> Html:
    verdicts = [element("div", element("dt", badge(s)), element("dd", words)) for s, words in _MEANINGS]
    evidence = [element("div", element("dt", name), element("dd", words)) for name, words in _EVIDENCE]
    return element(
        "details",
        element("summary", "How to read this page"),
        element("dl", verdicts, evidence, class_="legend"),
        class_="how",
    )
