"""A report as a table for notebooks; everything that comes from a user is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING

from spec_lang.kernel.verdict import Status
from spec_lang.reporters._bracket_text import cut_lines, data_lines, measurement_text
from spec_lang.reporters._drawing_svg import drawing_svg
from spec_lang.reporters._numbers import duration, shown
from spec_lang.reporters._shortened import few, where

if TYPE_CHECKING:
    from spec_lang.diagnostics import Diagnostic
    from spec_lang.reporters.model import ClaimReport, Counterexample, Reading

_HEAD = "<tr><th>verdict</th><th>claim</th><th>evidence or reason</th><th>time</th></tr>"


def html_table(claims: Iterable[ClaimReport], diagnostics: Iterable[Diagnostic] = ()) -> str:
    """The claims as rows, counterexamples below them, the diagnostics as a list."""
    rows = "".join(_row(claim) for claim in claims)
    items = "".join(f"<li>{escape(f'{d.severity.value} {d.code}: {d.problem}')}</li>" for d in diagnostics)
    return (f"<ul>{items}</ul>" if items else "") + f"<table>{_HEAD}{rows}</table>"


def _row(claim: ClaimReport) -> str:
    why = claim.reason or (str(claim.evidence) if claim.evidence is not None else "")
    if claim.measurement is not None:
        why = f"{measurement_text(claim.measurement)}, {why}"
    if claim.region is not None and claim.status in (Status.PROVED, Status.REFUTED):
        why = ", ".join(part for part in (why, where(claim.region)) if part)
    name = claim.name + (f" ({claim.title})" if claim.title else "")
    cells = (claim.status.value, name, why, duration(claim.seconds))
    row = "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
    if claim.counterexample is not None:
        text = escape(_counterexample(claim.counterexample))
        drawn = drawing_svg(claim.counterexample.planes)
        row += f'<tr><td></td><td colspan="3">{text}{"<br>" * bool(drawn)}{drawn}</td></tr>'
    below = [*(() if claim.data is None else data_lines(claim.data)), *_of_cut(claim)]
    if below:
        text = "<br>".join(escape(" ".join(words.split())) for words in below)
        row += f'<tr><td></td><td colspan="3">{text}</td></tr>'
    return row


def _of_cut(claim: ClaimReport) -> Iterator[str]:
    return iter(()) if claim.cut is None else cut_lines(claim.cut)


def _counterexample(found: Counterexample) -> str:
    parts = [f"{part.name}: {_readings(part.readings)}" for part in found.points]
    parts += [f"{part.name}: {_readings(part.readings, found.violates)}" for part in found.results]
    parts += [
        f"{network.name}: {network.changed:,} of {network.total:,} weights changed, "
        f"by at most {100 * network.most:.3g} % each"
        for network in found.networks
    ]
    return "; ".join(parts)


def _readings(readings: Sequence[Reading], said: str = "") -> str:
    kept, left_out = few(readings, said)
    shown_ones = [f"{r.name} = {shown(r.problem)} {r.unit or ''}".rstrip() for r in kept]
    more = [f"and {left_out} more"] if left_out else []
    return ", ".join((*shown_ones, *more))
