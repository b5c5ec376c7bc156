"""The table of a benchmark run, as text.

In: measured instances.  Out: one line for each, and the totals.
"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.decide import Measured


def line(measured: Measured, width: int) -> str:
    """`name  answer  expected  seconds  work`, with a mark where the answer contradicts."""
    work = " ".join(f"{name}={count}" for name, count in measured.work)
    mark = "  CONTRADICTS" if measured.wrong else ""
    reason = f"  {measured.reason}" if measured.reason and not measured.decided else ""
    return (
        f"{measured.instance.name:<{width}}  {measured.answer:<7}  {measured.instance.expected:<7}"
        f"  {measured.seconds:7.2f} s  {work}{mark}{reason}"
    )


def totals(rows: Sequence[Measured], wall_seconds: float) -> str:
    if not rows:
        return "nothing decided"
    decided = [row for row in rows if row.decided]
    wrong = [row for row in rows if row.wrong]
    confirmed = [row for row in decided if row.answer == row.instance.expected]
    answers = sorted({row.answer for row in rows})
    counts = ", ".join(f"{sum(row.answer == answer for row in rows)} {answer}" for answer in answers)
    new = len(decided) - len(confirmed) - len(wrong)
    seconds = [row.seconds for row in rows]
    peak = max(row.peak_bytes for row in rows) / 2**20
    verdicts = f"{len(confirmed)} as expected, {len(wrong)} contradict, {new} with no expectation"
    time = f"{sum(seconds):.1f} s in all, {max(seconds):.1f} s the longest, {wall_seconds:.1f} s of wall time"
    memory = f"{peak:.0f} MiB at most a process"
    return f"{len(decided)} of {len(rows)} decided ({counts}): {verdicts}\n{time}, {memory}"
