"""A network as SVG: its layers from the top down, as wide as they have numbers, with the branches beside
them.

In: the view of a network.  Out: a figure.  An activation stands in the line of what it is applied to, where
nothing else uses that; of very many lines the middle ones are left out, which is said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import log1p, prod
from typing import Final

from spec_lang._values import dataclass
from spec_lang.reporters._html_text import Html, element, number
from spec_lang.reporters._pictures import Layer, NetworkView

_ROW: Final = 30
_BAR: Final = 18
_AXIS: Final = 150  # the middle of the bars
_WIDEST, _LEAST = 200, 14
_TEXT: Final = 270
_WIDTH: Final = 640
_LANE: Final = 9  # between branches
_MOST: Final = 40  # lines
_ACTIVATIONS: Final = ("ReLU", "piecewise linear", "sigmoid", "tanh", "softplus")


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the drawing: its words, what kind it is, how many numbers it has, and the lines before it
    that it is computed of."""

    words: str
    shape: str
    kind: str
    size: int
    sources: tuple[int, ...]
    parameters: int = 0


def network_svg(view: NetworkView) -> Html:
    """The drawing."""
    lines = _lines(view)
    hidden = len(lines) - _MOST
    lanes = _lanes(lines) if hidden <= 0 else {}
    if hidden > 0:
        half = _MOST // 2
        gap = _Line(f"… {hidden + 1:,} more lines", "", "gap", 0, (half - 1,))
        lines = [*lines[:half], gap, *lines[-half + 1 :]]
    widest = max((line.size for line in lines), default=1)
    shapes = [_edge(lane, source, target) for (source, target), lane in lanes.items()]
    shapes.append(element("path", d=f"M{_AXIS} {_ROW / 2}V{number(_middle(len(lines) - 1))}", class_="spine"))
    for place, line in enumerate(lines):
        shapes += _line(line, place, widest)
    return element(
        "svg",
        element("title", f"{len(view.layers)} layers of {', '.join(view.names) or 'the network'}"),
        shapes,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {_WIDTH} {len(lines) * _ROW}",
        role="img",
        class_="plot network",
    )


def _lines(view: NetworkView) -> list[_Line]:
    """Inputs, layers with their activations, and where the outputs are."""
    uses = Counter(o for layer in view.layers for o in layer.operands) + Counter(view.results)
    found = [
        _Line(_named("input", port.name), _shape(port.shape), "input", prod(port.shape), ())
        for port in view.inputs
    ]
    at = list(range(len(found)))  # by value, the line that it stands in
    for layer in view.layers:
        sources = tuple(dict.fromkeys(at[o] for o in layer.operands))
        first = layer.operands[0]
        into = found[at[first]]
        alone = len(layer.operands) == 1 and uses[first] == 1 and first >= len(view.inputs)
        if layer.kind in _ACTIVATIONS and alone and into.kind != "activation":
            found[at[first]] = _joined(into, layer)
            at.append(at[first])
            continue
        found.append(_layer(layer, sources))
        at.append(len(found) - 1)
    outputs = {at[number_]: port.name for number_, port in zip(view.results, view.outputs, strict=False)}
    for place, name in outputs.items():
        line = found[place]
        found[place] = _Line(
            f"{line.words} → {_named('output', name)}",
            line.shape,
            line.kind,
            line.size,
            line.sources,
            line.parameters,
        )
    return found


def _named(what: str, name: str) -> str:
    """A port that is called what it is needs no second word."""
    return name if name.startswith(what) else f"{what} {name}"


def _joined(line: _Line, layer: Layer) -> _Line:
    return _Line(
        f"{line.words}, {layer.kind}", line.shape, "activation", line.size, line.sources, line.parameters
    )


def _layer(layer: Layer, sources: tuple[int, ...]) -> _Line:
    kind = "moves" if layer.kind in ("rearranged", "identity") else "layer"
    kind = "sum" if len(sources) > 1 else kind
    kind = "activation" if layer.kind in _ACTIVATIONS else kind
    return _Line(layer.kind, _shape(layer.shape), kind, prod(layer.shape), sources, layer.parameters)


def _shape(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape)) or "1"


def _lanes(lines: Sequence[_Line]) -> dict[tuple[int, int], int]:
    """The branches, which pass over lines, each in a lane that no other one uses there."""
    taken: list[list[tuple[int, int]]] = []
    found: dict[tuple[int, int], int] = {}
    for target, line in enumerate(lines):
        for source in line.sources:
            if target - source < 2:
                continue
            lane = next(
                (n for n, ends in enumerate(taken) if all(end <= source for _, end in ends)), len(taken)
            )
            if lane == len(taken):
                taken.append([])
            taken[lane].append((source, target))
            found[source, target] = lane
    return found


def _middle(place: int) -> float:
    return place * _ROW + _ROW / 2


def _edge(lane: int, source: int, target: int) -> Html:
    """Down the left side, past all bars."""
    x = max(3, _AXIS - _WIDEST / 2 - 10 - _LANE * lane)
    start, end = _middle(source), _middle(target)
    left, right, top, bottom = map(number, (x, x + 6, start + 2, end - 2))
    path = f"M{_AXIS} {top}H{right}Q{left} {top} {left} {number(start + 8)}"
    path += f"V{number(end - 8)}Q{left} {bottom} {right} {bottom}H{_AXIS}"
    return element("path", d=path, class_="branch")


def _line(line: _Line, place: int, widest: int) -> list[Html]:
    y = _middle(place)
    if line.kind == "gap":
        return [element("text", line.words, x=_TEXT, y=y + 4, class_="axis")]
    width = _LEAST + (_WIDEST - _LEAST) * log1p(line.size) / log1p(widest)
    bar = element(
        "rect",
        x=_AXIS - width / 2,
        y=y - _BAR / 2,
        width=width,
        height=_BAR,
        rx=4,
        class_=f"block {line.kind}",
    )
    size = element("text", line.shape, x=_AXIS, y=y + 4, text_anchor="middle", class_="size")
    said = line.words + (f" · {line.parameters:,} parameters" if line.parameters else "")
    return [bar, size, element("text", said, x=_TEXT, y=y + 4, class_="words")]
