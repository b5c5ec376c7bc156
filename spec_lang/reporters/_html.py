"""Reports in notebooks: the pieces of the page, with its style beside them.

In: claims and diagnostics.  Out: markup that stands alone, without scripts; everything that comes from a user
is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.resources import files
from typing import TYPE_CHECKING

from spec_lang.kernel.verdict import Status
from spec_lang.reporters._html_claim import badge, claim_html
from spec_lang.reporters._html_text import Html, element

if TYPE_CHECKING:
    from spec_lang.diagnostics import Diagnostic
    from spec_lang.reporters.model import ClaimReport


def style() -> Html:
    """The style sheet of the page and of notebooks."""
    return Html(resource("report.css"))


def resource(name: str) -> str:
    """A file of the page's."""
    return (files("spec_lang.reporters") / "_page" / name).read_text(encoding="utf-8")


def notebook_html(
    claims: Sequence[ClaimReport],
    diagnostics: Iterable[Diagnostic] = (),
    sources: Iterable[tuple[str, str]] = (),
) -> str:
    """The claims, each with what is known of it; a single one, and those that are not as expected, are
    open."""
    lines = {file: written.splitlines() for file, written in sources}
    shown = [
        claim_html(claim, None, lines, opened=len(claims) == 1 or not claim.as_expected) for claim in claims
    ]
    items = [element("li", f"{d.severity.value} {d.code}: {d.problem}") for d in diagnostics]
    problems = element("ul", items, class_="problems") if items else None
    return element("div", Html(f"<style>{style()}</style>"), problems, counts(claims), shown, class_="nnspec")


def counts(claims: Sequence[ClaimReport]) -> Html | None:
    """How many there are of each verdict, where there are several."""
    if len(claims) < 2:
        return None
    found = [(status, sum(claim.status is status for claim in claims)) for status in Status]
    return element("p", [element("span", f"{n} ", badge(s)) for s, n in found if n], class_="counts")
