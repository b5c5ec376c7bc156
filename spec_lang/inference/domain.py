"""Where inferred invariants hold: a box that was said, the network's own domain, or the range of the data.

In: what is declared, what the command line says, and the data.  Out: the `Subject` with its domain, whose
numbers are those that the engine reads in the header.  Sound because a domain is text like any other: what
is proved is proved over the region that the file names.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Final

from spec_lang.diagnostics import Diagnostic
from spec_lang.inference import codes
from spec_lang.inference.model import F64
from spec_lang.inference.numbers import decimal, plain
from spec_lang.inference.subject import Declared, Refused, Subject, box_of, layers_of, probed
from spec_lang.obligations.model import Goal

SEEN: Final = "inferred_over"  # the region's name where the network has no names to put limits on
_NUMBER: Final = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?"
_INTERVAL: Final = re.compile(rf"\[\s*({_NUMBER})\s*,\s*({_NUMBER})\s*\]")

Limits = tuple[tuple[Fraction, Fraction], ...]


def subject(found: Declared, file: Path, said: str | None, points: F64) -> Subject:
    """The network with the domain to infer over.  `points` are in the spec's own units.  Raises `Refused`."""
    goal = probed(found, "", file)
    obligation = next(iter(goal.obligations))
    size = obligation.graph.input_size
    if said is None and box_of(obligation) is not None:
        return _subject(found, file, "", "the domain that the network declares", goal)
    if said is not None:
        limits, words = parsed(said, size), f"--domain {said}"
    else:
        limits = range_of(points)
        words = "the range of the data: nothing is said of inputs outside of it"
    header, region = _limited(found, limits, obligation.graph.inputs[0].shape)
    known = Declared(header, found.network, found.layers, found.inputs)
    return _subject(known, file, region, words, probed(known, region, file))


def _subject(found: Declared, file: Path, region: str, words: str, goal: Goal) -> Subject:
    domain = box_of(goal.obligations[0]) if goal.obligations else None
    if domain is None:
        raise Refused(Diagnostic(codes.PROPERTY, "the domain has no points", fix="give it as `[low, high]`"))
    graph = goal.obligations[0].graph
    layers = layers_of(graph, found.layers)
    return Subject(file, found.header, found.network, graph, goal.frame, layers, domain, words, region)


def parsed(said: str, size: int) -> Limits:
    """The limits of every input: `[low, high]` for all, or one for each.  Raises `Refused`."""
    intervals = _INTERVAL.findall(said)
    rest = _INTERVAL.sub("", said).replace(",", "").strip()
    limits = tuple((Fraction(low), Fraction(high)) for low, high in intervals)
    if rest or len(limits) not in (1, size) or any(low > high for low, high in limits):
        problem = f"`--domain {said}` does not give limits to {size} inputs"
        fix = "say `[low, high]` for all of them, or one such pair for each, with commas between"
        raise Refused(Diagnostic(codes.PROPERTY, problem, fix=fix))
    return limits * size if len(limits) == 1 else limits


def range_of(points: F64) -> Limits:
    """The range of every column, rounded outward to short decimals."""
    ends = zip(points.min(axis=0).tolist(), points.max(axis=0).tolist(), strict=True)
    return tuple(
        (Fraction(decimal(Fraction(low), up=False)), Fraction(decimal(Fraction(high), up=True)))
        for low, high in ends
    )


def _limited(found: Declared, limits: Limits, shape: tuple[int, ...]) -> tuple[str, str]:
    """The header with the domain, and what follows `on`."""
    if found.inputs:
        items = ", ".join(
            f"{name} in [{plain(low)}, {plain(high)}]"
            for name, (low, high) in zip(found.inputs, limits, strict=True)
        )
        head, _, _ = found.header.rpartition("}")
        return f"{head}    domain {items}\n}}", ""
    lower, upper = ([end[side] for end in limits] for side in (0, 1))
    region = f"region {SEEN} on {found.network} = {box_text(lower, upper, shape)}"
    return f"{found.header}\n{region}", SEEN


def box_text(lower: Sequence[Fraction], upper: Sequence[Fraction], shape: tuple[int, ...]) -> str:
    """A box as the language writes it; the ends are decimals."""
    return f"box({_tensor(lower, shape)}, {_tensor(upper, shape)})"


def _tensor(values: Sequence[Fraction], shape: tuple[int, ...]) -> str:
    if len(set(values)) == 1:
        return plain(values[0])
    if len(shape) <= 1:
        return f"[{', '.join(map(plain, values))}]"
    step = len(values) // shape[0]
    rows = (_tensor_of(values[i * step : (i + 1) * step], shape[1:]) for i in range(shape[0]))
    return f"[{', '.join(rows)}]"


def _tensor_of(values: Sequence[Fraction], shape: tuple[int, ...]) -> str:
    """A part of a tensor, written out."""
    if len(shape) <= 1:
        return f"[{', '.join(map(plain, values))}]"
    step = len(values) // shape[0]
    rows = (_tensor_of(values[i * step : (i + 1) * step], shape[1:]) for i in range(shape[0]))
    return f"[{', '.join(rows)}]"
