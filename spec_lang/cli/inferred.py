"""What `nnspec infer` prints: a table of the invariants, or one JSON document.

In: an outcome.  Out: text on a stream; progress on a terminal alone.
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from spec_lang.cli import outputs

if TYPE_CHECKING:
    from spec_lang.engine.options import Observer
    from spec_lang.inference.outcome import Kind, Outcome, Row

Cells = tuple[str, ...]

_KINDS: Final = ("label", "kind", "proved", "open", "refuted", "largest", "of data", "of domain")
_HEAD: Final = ("invariant", "layer", "neurons", "region", "support", "share", "verdict", "seconds")


def observer() -> Callable[[str, int], Observer] | None:
    """Who hears of each round of candidates."""
    if not outputs.is_watched():
        return None
    from spec_lang.cli.progress import TerminalProgress  # noqa: PLC0415 - start-up

    return lambda _what, _count: TerminalProgress(sys.stderr)


def write_table(outcome: Outcome, file: Path, stream: TextIO, *, rich: bool) -> None:
    """One line for each invariant, and a last one for all."""
    name = shlex.quote(str(file))
    stream.write(f"{name} is written; `nnspec check {name}` proves its invariants again\n")
    points = {share.label: share.points for share in outcome.shares}
    rows = [_cells(row, points) for row in outcome.rows]
    (_draw if rich else _align)(_HEAD, rows, stream)
    proved = sum(row.is_proved for row in outcome.rows)
    if outcome.kinds:
        stream.write("\n")
        (_draw if rich else _align)(_KINDS, [_kind_cells(kind) for kind in outcome.kinds], stream)
    stopped = ", interrupted" if outcome.interrupted else ""
    stream.write(
        f"{proved} proved, {len(outcome.rows) - proved} undecided, {outcome.refuted} refuted on the way, "
        f"in {outcome.seconds:.0f} s{stopped}\n"
    )


def write_coverage(outcome: Outcome, stream: TextIO) -> None:
    """The shares of the data, and of the domain, that are decided."""
    for share in outcome.shares:
        part = f" ({_percent(share.decided / share.points)})" if share.points else ""
        stream.write(f"{share.label}: {share.decided} of {share.points} points are decided{part}\n")
    if outcome.volume is not None:
        stream.write(f"proved boxes have at least {_percent(float(outcome.volume))} of the domain\n")


def _align(head: Cells, rows: Sequence[Cells], stream: TextIO) -> None:
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for cells in (head, *rows):
        padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        stream.write("  ".join(padded).rstrip() + "\n")


def _draw(head: Cells, rows: Sequence[Cells], stream: TextIO) -> None:
    from rich.console import Console  # noqa: PLC0415 - start-up
    from rich.table import Table  # noqa: PLC0415

    table = Table(*head)
    for cells in rows:
        table.add_row(*cells)
    Console(file=stream).print(table)


def _cells(row: Row, points: dict[str, int]) -> Cells:
    candidate = row.finding.candidate
    layers = candidate.layers
    label = row.name.rsplit("_", 2)[0].removeprefix("label_")
    count = points.get(label, 0)
    return (
        row.name,
        "input"
        if not layers
        else str(layers[0] + 1)
        if len(layers) == 1
        else f"{layers[0] + 1}..{layers[-1] + 1}",
        str(len(candidate.literals)),
        "domain" if candidate.box is None else "box",
        str(row.support.points),
        _percent(row.support.pure / count) if count else "-",
        row.finding.status.value,
        f"{row.finding.seconds:.1f}",
    )


def _kind_cells(kind: Kind) -> Cells:
    # Only boxes without conditions have a volume that is known.
    has_volume = kind.kind == "input" and kind.volume is not None
    return (
        kind.label,
        kind.kind,
        str(kind.proved),
        str(kind.undecided),
        str(kind.refuted),
        str(kind.largest),
        _percent(kind.decided / kind.points) if kind.points else "-",
        _percent(float(kind.volume)) if has_volume and kind.volume is not None else "-",
    )


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def write_json(outcome: Outcome, file: Path, stream: TextIO) -> None:
    """Everything that the table says, for programs."""
    document = {
        "schema": 1,
        "file": str(file),
        "invariants": [_document(row) for row in outcome.rows],
        "coverage": [
            {"label": share.label, "points": share.points, "decided": share.decided}
            for share in outcome.shares
        ],
        "kinds": [
            {
                "label": kind.label,
                "kind": kind.kind,
                "proved": kind.proved,
                "undecided": kind.undecided,
                "refuted": kind.refuted,
                "largest": kind.largest,
                "decided": kind.decided,
                "points": kind.points,
            }
            for kind in outcome.kinds
        ],
        "volume": None if outcome.volume is None else float(outcome.volume),
        "refuted": outcome.refuted,
        "candidates": outcome.candidates,
        "interrupted": outcome.interrupted,
        "seconds": outcome.seconds,
        "diagnostics": [
            {"code": d.code, "severity": d.severity.value, "problem": d.problem} for d in outcome.diagnostics
        ],
    }
    json.dump(document, stream, indent=2, allow_nan=False, ensure_ascii=False)
    stream.write("\n")


def _document(row: Row) -> dict[str, object]:
    finding = row.finding
    return {
        "name": row.name,
        "method": finding.candidate.method.value,
        "layers": [layer + 1 for layer in finding.candidate.layers],
        "neurons": len(finding.candidate.literals),
        "region": "domain" if finding.candidate.box is None else "box",
        "support": row.support.points,
        "pure": row.support.pure,
        "verdict": finding.status.value,
        "reason": finding.reason,
        "evidence": finding.evidence,
        "seconds": finding.seconds,
    }
