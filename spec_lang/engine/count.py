"""Counts of linear regions: asked of the kernel, once for a check and once more for an audit.

In: a task that counts.  Out: its report, with the bracket that the kernel has proved.  Nothing is stored of
it, as counting anew costs no more than looking at a record would.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Final

from spec_lang.engine import lift
from spec_lang.engine.options import CheckOptions
from spec_lang.engine.task import Task
from spec_lang.kernel.network import Unchecked
from spec_lang.kernel.proof import OutOfTime
from spec_lang.kernel.regions_met import RegionsMet, regions_met
from spec_lang.kernel.verdict import EvidenceKind, Status
from spec_lang.reporters.model import ClaimReport
from spec_lang.semantics.model import Counted

NO_BACKEND: Final = "the kernel counts by itself: no backend is asked"


def count(task: Task, counted: Counted, options: CheckOptions) -> ClaimReport:
    """The report; with `options.evidence` of `checked` no float decides anything."""
    started = time.monotonic()
    end = float("inf") if task.timeout is None else started + task.timeout
    exact = options.evidence is EvidenceKind.CHECKED
    try:
        found = regions_met(
            counted.graph, counted.points, exact=exact, expired=lambda: time.monotonic() > end
        )
    except OutOfTime:
        reason = "timeout: the points were not all looked at"
        return lift.undecided(task, Status.UNKNOWN, reason, time.monotonic() - started)
    except Unchecked as unchecked:
        reason = f"unsupported: {unchecked}"
        return lift.undecided(task, Status.UNKNOWN, reason, time.monotonic() - started)
    units = (("points", found.points), ("points in integers", found.in_integers))
    course = lift.Course(seconds=time.monotonic() - started, units=units)
    report = lift.counted(task, counted, (found.lower, found.upper), found.evidence, course)
    return replace(report, note=_note(found))


def _note(found: RegionsMet) -> str:
    """How the ends were found."""
    where = f"{found.on_facets} of them on facets" if found.on_facets else "none on a facet"
    return f"{found.points} points, {where}; lower: maps that differ, upper: activation patterns"
