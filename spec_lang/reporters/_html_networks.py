"""The networks of a run for the page, one drawing each.

In: views of networks, and the ids that claims have in the page.  Out: a section, or nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from spec_lang.reporters._html_text import Html, element
from spec_lang.reporters._pictures import NetworkView, Port
from spec_lang.reporters._svg_network import network_svg

_FEW: Final = 12  # elements, or claims, that are named


def networks_html(views: Sequence[NetworkView], anchors: Mapping[str, str]) -> Html:
    """A card for each network; the first few are open."""
    if not views:
        return Html("")
    cards = [_card(view, anchors, opened=len(views) <= 2) for view in views]
    return element("section", element("h2", "Networks"), cards, class_="networks")


def _card(view: NetworkView, anchors: Mapping[str, str], *, opened: bool) -> Html:
    name = element("bdi", ", ".join(view.names) or "the network of a query", class_="name")
    summary = element(
        "summary",
        element("span", name, class_="what"),
        element("span", view.file or "a model in memory", class_="note"),
        element("span", f"{view.parameters:,} parameters", class_="time"),
    )
    claims = [
        element("a", claim.rpartition("::")[2], href=f"#{anchors[claim]}")
        for claim in view.claims[:_FEW]
        if claim in anchors
    ]
    linked = Html(
        ", ".join(claims) + (f" and {len(view.claims) - _FEW:,} more" if len(view.claims) > _FEW else "")
    )
    facts = [
        ("inputs", _ports(view.inputs)),
        ("outputs", _ports(view.outputs)),
        ("digest", view.digest),
        ("claims", linked),
    ]
    pairs = [element("div", element("dt", key), element("dd", value)) for key, value in facts if value]
    body = element("div", network_svg(view), element("dl", pairs, class_="facts"), class_="body")
    return element("details", summary, body, open=opened, class_="card")


def _ports(ports: Sequence[Port]) -> str:
    return "; ".join(map(_port, ports))


def _port(port: Port) -> str:
    shape = " × ".join(map(str, port.shape)) or "1"
    if not port.elements:
        return f"{port.name}, {shape}"
    named = [f"{name} in {unit}" if unit else name for name, unit in port.elements[:_FEW]]
    more = [f"and {len(port.elements) - _FEW:,} more"] if len(port.elements) > _FEW else []
    return f"{port.name}, {shape}: {', '.join([*named, *more])}"
