"""Points of claims for a page: their elements in both spaces, what networks make of them, and their pictures.

In: a counterexample, or the point of a measure's end.  Out: markup.  Long tensors show their first elements;
the rest is in the JSON report, which is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from spec_lang.reporters._drawing_svg import drawing_svg
from spec_lang.reporters._html_images import picture_html
from spec_lang.reporters._html_text import Html, element
from spec_lang.reporters._numbers import shown
from spec_lang.reporters._replay_text import replay_text
from spec_lang.reporters._shortened import clause, few
from spec_lang.reporters._svg_slice import BROKEN, slice_html
from spec_lang.reporters.model import Counterexample, Reading, Readings


def point_html(found: Counterexample, verb: str, said: str, semantics: str) -> Html:
    """A point: `verb` is what it does, to what is `said`."""
    meets = verb in ("holds", "meets", "reaches")
    heading = element("p", element("b", verb), " ", element("code", clause(said)), class_="breaks")
    sight = element("div", _looks(found, meets=meets), _tables(found), class_="sight")
    return element("div", heading, sight, *_changes(found), _replay(found, semantics), class_="point")


def _looks(found: Counterexample, *, meets: bool) -> Html | None:
    parts = [picture_html(picture) for picture in found.pictures]
    if found.slice is not None:
        parts.append(slice_html(found.slice, "the condition is met" if meets else BROKEN))
    if found.planes:
        parts.append(element("div", Html(drawing_svg(found.planes)), class_="planes"))
    return element("div", parts, class_="looks") if parts else None


def _tables(found: Counterexample) -> Html:
    alone = len(found.results) == len(found.points) == 1
    seen = {picture.name for picture in found.pictures}
    tables = [_at(point, seen=point.name in seen) for point in found.points]
    for result in found.results:
        applied = f"{result.name}({found.points[0].name})" if alone else result.name
        tables.append(_table(applied, result, found.violates))
    return element("div", tables, class_="tables")


def _changes(found: Counterexample) -> Iterator[Html]:
    for network in found.networks:
        off = f"{network.changed:,} of {network.total:,} weights changed"
        most = f"by at most {100 * network.most:.3g} % each"
        yield element("p", element("b", network.name), f" has {off}, {most}.")


def _at(point: Readings, *, seen: bool) -> Html:
    """The elements of a point; those of an image are there for who asks."""
    table = _table(f"at {point.name}", point)
    if not seen:
        return table
    return element(
        "div", element("details", element("summary", f"values of {point.name}"), table, class_="more")
    )


def _table(name: str, part: Readings, said: str = "") -> Html:
    kept, more = few(part.readings, said)
    scaled = any(reading.problem != reading.network for reading in part.readings)
    heads = ["", "value", *(["network space"] if scaled else [])]
    body = [_row(reading, scaled=scaled) for reading in kept]
    words = f"and {more:,} more, all of them in the JSON report"
    rest = element("p", words, class_="caption") if more else None
    table = element(
        "table",
        element("caption", name),
        element("thead", element("tr", [element("th", head, scope="col") for head in heads])),
        element("tbody", body),
    )
    return element("div", table, rest)


def _row(reading: Reading, *, scaled: bool) -> Html:
    value = f"{shown(reading.problem)} {reading.unit or ''}".rstrip()
    network = element("td", shown(reading.network), class_="soft") if scaled else None
    return element("tr", element("th", reading.name, scope="row"), element("td", value), network)


def _replay(found: Counterexample, semantics: str) -> Html:
    return element("p", f"replay: {replay_text(found, semantics)}", class_="caption")


def lines_html(lines: Sequence[str], kind: str) -> Html | None:
    """Lines of text whose columns are aligned."""
    return element("pre", "\n".join(lines), class_=kind) if lines else None
