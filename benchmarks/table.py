"""The table of a benchmark run, as text.

In: measured instances and the family's figures.  Out: one line for each, and the totals; a verdict that
contradicts the expected one is shouted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import geometric_mean, median

from benchmarks.figures import Family, Peer
from benchmarks.measured import Measured
from benchmarks.processes import Usage

# A process of the clock's resolution has no ratio that means anything.
_LEAST_SECONDS = 1e-3


def line(measured: Measured, width: int, family: Family | None = None) -> str:
    """`name  answer  expected  seconds  work and rate  memory  evidence  peers`."""
    instance = measured.instance
    parts = [
        f"{instance.name:<{width}}",
        f"{measured.answer:<7}",
        f"{instance.expected:<7}",
        f"{measured.seconds:7.2f} s",
        *([] if measured.cpu is None else [f"{measured.cpu:7.2f} s cpu"]),
        *_work(measured),
        *([] if measured.peak_bytes is None else [f"{measured.peak_bytes / 1e6:.0f} MB"]),
        *_proof(measured),
    ]
    if family is not None and measured.decided:
        parts += [f"{peer.tool} {peer}{_ratio(measured, peer)}" for peer in family.peers_of(instance.name)]
    parts += ["WRONG"] if measured.wrong else []
    parts += [measured.reason] if measured.reason and not measured.decided else []
    return "  ".join(parts)


def _work(measured: Measured) -> Iterator[str]:
    if not measured.work:
        return
    names = ", ".join(f"{count:,} {name}" for name, count in measured.work if count)
    rate = f" ({measured.parts / max(measured.seconds, _LEAST_SECONDS):,.0f}/s)" if measured.parts else ""
    yield f"{names or 'no search'}{rate}"


def _proof(measured: Measured) -> Iterator[str]:
    if measured.evidence is not None:
        size = "" if measured.proof_bytes is None else f" {size_text(measured.proof_bytes)}"
        yield f"{measured.evidence}{size}"


def size_text(size: float) -> str:
    for unit, factor in (("MB", 1e6), ("kB", 1e3)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size:.0f} B"


def _ratio(measured: Measured, peer: Peer) -> str:
    """Ours over theirs; less than that, where they had not finished."""
    if not peer.seconds:
        return ""
    return f" ({'' if peer.finished else '<'}{measured.seconds / peer.seconds:.2g}×)"


def totals(rows: Sequence[Measured], usage: Usage, family: Family | None = None) -> Iterator[str]:
    """`usage` is that of the run: its wall time, and all processes together."""
    if not rows:
        yield "nothing measured"
        return
    decided = [row for row in rows if row.decided]
    right, wrong = [row for row in rows if row.right], [row for row in rows if row.wrong]
    counts = ", ".join(
        f"{count} {answer}" for answer, count in sorted(Counter(r.answer for r in rows).items())
    )
    new = len(decided) - len(right) - len(wrong)
    yield (
        f"{len(decided)} of {len(rows)} decided ({counts}): {len(right)} as expected, {len(wrong)} wrong, "
        f"{new} with no expectation"
    )
    seconds = [row.seconds for row in rows]
    yield (
        f"{sum(seconds):.1f} s in all, {median(seconds):.2f} s the median, {max(seconds):.1f} s the longest; "
        f"{usage.seconds:.1f} s of wall time, {usage.cpu:.1f} s of processor time; "
        f"{usage.peak_bytes / 1e6:.0f} MB at the peak"
    )
    yield from _all_work(rows)
    yield from _all_proofs(rows)
    if family is not None:
        yield from _peers(rows, family)
        yield from (f"recorded: {total}" for total in family.totals)


def _all_work(rows: Sequence[Measured]) -> Iterator[str]:
    units: Counter[str] = Counter()
    seconds = sum(row.seconds for row in rows if row.work)
    for row in rows:
        units.update(dict(row.work))
    if units:
        each = ", ".join(f"{count:,} {name}" for name, count in sorted(units.items()) if count)
        parts = sum(row.parts for row in rows)
        yield f"work: {each}; {parts / max(seconds, _LEAST_SECONDS):,.0f} sub-problems a second"


def _all_proofs(rows: Sequence[Measured]) -> Iterator[str]:
    kinds = Counter(row.evidence for row in rows if row.evidence is not None)
    sizes = [row.proof_bytes for row in rows if row.evidence is not None and row.proof_bytes is not None]
    if kinds:
        each = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
        stored = f"; {size_text(sum(sizes))} in all, {size_text(median(sizes))} the median" if sizes else ""
        yield f"proofs: {each}{stored}"


def _peers(rows: Sequence[Measured], family: Family) -> Iterator[str]:
    """Of every tool: the instances that both have decided, the sums, and the geometric mean of the ratios."""
    found: dict[str, list[tuple[float, float]]] = {}
    beyond: Counter[str] = Counter()
    for row in rows:
        for peer in family.peers_of(row.instance.name) if row.decided else ():
            found.setdefault(peer.tool, [])
            if peer.finished and peer.seconds:
                found[peer.tool].append((max(row.seconds, _LEAST_SECONDS), peer.seconds))
            else:
                beyond[peer.tool] += 1
    for tool, pairs in found.items():
        more = f"; {beyond[tool]} more that it did not finish" if beyond[tool] else ""
        if pairs:
            ours, theirs = (sum(side) for side in zip(*pairs, strict=True))
            ratio = geometric_mean([mine / other for mine, other in pairs])
            both = (
                f"{ours:.1f} s against {theirs:.1f} s on {len(pairs)}, geometric mean of ratios {ratio:.2f}"
            )
        else:
            both = "nothing that both decided"
        yield f"{tool}: {both}{more}"
