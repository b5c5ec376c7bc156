"""A report as a table for notebooks; everything that comes from a user is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

from spec_lang.reporters._bracket_text import measurement_text
from spec_lang.reporters._drawing_svg import drawing_svg
from spec_lang.reporters._numbers import duration, shown

if TYPE_CHECKING:
    from spec_lang.diagnostics import Diagnostic
    from spec_lang.reporters.model import ClaimReport, Counterexample, Reading

_HEAD = "<tr><th>verdict</th><th>claim</th><th>evidence or reason</th><th>time</th></tr>"
_MANY = 16  # readings; a notebook's cell is no place for 784 pixels


def html_table(claims: Iterable[ClaimReport], diagnostics: Iterable[Diagnostic] = ()) -> str:
    """The claims as rows, counterexamples below them, the diagnostics as a list."""
    rows = "".join(_row(claim) for claim in claims)
    items = "".join(f"<li>{escape(f'{d.severity.value} {d.code}: {d.problem}')}</li>" for d in diagnostics)
    return (f"<ul>{items}</ul>" if items else "") + f"<table>{_HEAD}{rows}</table>"


def _row(claim: ClaimReport) -> str:
    why = claim.reason or (str(claim.evidence) if claim.evidence is not None else "")
    if claim.measurement is not None:
        why = f"{measurement_text(claim.measurement)}, {why}"
    name = claim.name + (f" ({claim.title})" if claim.title else "")
    cells = (claim.status.value, name, why, duration(claim.seconds))
    row = "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
    if claim.counterexample is not None:
        text = escape(_counterexample(claim.counterexample))
        drawn = drawing_svg(claim.counterexample.planes)
        row += f'<tr><td></td><td colspan="3">{text}{"<br>" * bool(drawn)}{drawn}</td></tr>'
    return row


def _counterexample(found: Counterexample) -> str:
    parts = [f"{part.name}: {_readings(part.readings)}" for part in (*found.points, *found.results)]
    parts += [
        f"{network.name}: {network.changed:,} of {network.total:,} weights changed, "
        f"by at most {100 * network.most:.3g} % each"
        for network in found.networks
    ]
    return "; ".join(parts)


def _readings(readings: Sequence[Reading]) -> str:
    shown_ones = [f"{r.name} = {shown(r.problem)} {r.unit or ''}".rstrip() for r in readings[:_MANY]]
    more = [f"and {len(readings) - _MANY} more"] if len(readings) > _MANY else []
    return ", ".join((*shown_ones, *more))
