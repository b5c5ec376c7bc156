"""`nnspec plan`: which backends every claim would be given to, for how long, and why; nothing is decided.

In: the specs and the options of a check.  Out: the plans as text or as a JSON document, and a report that
carries the diagnostics.  Members of a family with the same plan are shown once.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from itertools import groupby
from pathlib import Path
from typing import Final

from spec_lang import __version__
from spec_lang._values import dataclass
from spec_lang.engine.count import NO_BACKEND
from spec_lang.engine.decide import installed_backends
from spec_lang.engine.measure import first_part
from spec_lang.engine.options import CheckOptions
from spec_lang.engine.prepare import Spec, prepare, texts_of
from spec_lang.engine.selection import family_of
from spec_lang.engine.task import Task
from spec_lang.kernel.judge import is_impossible
from spec_lang.obligations.differential import differential
from spec_lang.obligations.lower import TooManyCases
from spec_lang.obligations.model import Goal
from spec_lang.planning.plan import Attempt, Plan, Wishes, plan
from spec_lang.reporters._documents import SCHEMA_VERSION, Json, diagnostic_json
from spec_lang.reporters._numbers import duration
from spec_lang.reporters.model import Report
from spec_lang.semantics.model import Cut

_MANY: Final = 8  # obligations whose plans are written out; JSON has them all


@dataclass(frozen=True, slots=True, eq=False)
class Planned:
    """A claim and the plan of each of its obligations, or why there is none."""

    task: Task
    plans: tuple[Plan, ...]
    obstacle: str | None = None


def plans_of(paths: Sequence[str | Path | Spec], options: CheckOptions) -> tuple[tuple[Planned, ...], Report]:
    """The plans of every claim that `options` select."""
    started = time.monotonic()
    preparation, specs = prepare(paths, options)
    found = tuple(_planned(task, options) for task in preparation.tasks)
    texts = tuple(texts_of(preparation, specs).items())
    diagnostics = tuple(preparation.problems)
    return found, Report(__version__, (), diagnostics, texts, seconds=time.monotonic() - started)


def planned(goal: Goal, task: Task, options: CheckOptions, parts: int = 1) -> Iterator[Plan]:
    """The plan of every obligation, each for an equal part of the time, or of the budget; of a goal that gets
    one of so many `parts`."""
    available = installed_backends()
    todo = parts * sum(not is_impossible(obligation.violation) for obligation in goal.obligations)
    seconds = None if task.timeout is None else task.timeout / max(1, todo)
    units = None if options.budget is None else -(-options.budget // max(1, todo))
    wishes = Wishes(task.using, options.evidence, seconds, units)
    for obligation in goal.obligations:
        found = plan(differential(obligation), available, wishes)
        decided = is_impossible(obligation.violation)
        yield replace(found, attempts=(), refusals=()) if decided else found


def plan_lines(found: Plan) -> Iterator[str]:
    """The plan as lines of text."""
    for attempt in found.attempts:
        yield f"{attempt.backend}, {_share(attempt)}: {attempt.reason}"
    if not found.attempts:
        yield "no backend takes it" if found.refusals else "none is needed: what it denies is impossible"
    for refusal in found.refusals:
        yield f"not {refusal.backend}: {refusal.reason}"


def cut_text(cut: Cut) -> str:
    """What `@via` an invariant does to a plan."""
    failing = f"where `{cut.name}` says nothing, first by the layers up to it alone"
    holding = "where its left side holds, by its own proof if this run has one that says as much"
    return f"via {cut.name}: first in two cases, each in half of the time: {failing}; and {holding}"


def text_of(found: Sequence[Planned]) -> str:
    """What people read."""
    lines: list[str] = []
    for _, members in groupby(found, key=lambda one: (one.task.file, family_of(one.task.name), _body(one))):
        first, *rest = members
        more = f" and {len(rest)} more of its family" if rest else ""
        title = f'  "{first.task.title}"' if first.task.title else ""
        place = first.task.file if first.task.span is None else f"{first.task.file}:{first.task.span.line}"
        lines += [f"{first.task.name}{more}{title}  ({place})", *_body(first), ""]
    return "".join(f"{line}\n" for line in lines)


def document_of(found: Sequence[Planned], report: Report) -> Json:
    """What programs read."""
    return {
        "schema": SCHEMA_VERSION,
        "tool": {"name": "nnspec", "version": report.version},
        "claims": [_claim(one) for one in found],
        "diagnostics": [diagnostic_json(diagnostic) for diagnostic in report.diagnostics],
        "seconds": round(report.seconds, 3),
    }


def _planned(task: Task, options: CheckOptions) -> Planned:
    if task.beyond is not None:
        return Planned(task, (), task.beyond)
    if task.by_kernel:
        return Planned(task, (), NO_BACKEND)
    try:
        goal = task.goal()
    except TooManyCases as error:
        return Planned(task, (), str(error))
    if goal.conflict is not None:
        return Planned(task, (), "vacuous: the region is empty, and no backend is asked")
    if task.measure is not None:
        return Planned(task, tuple(planned(goal, task, options, first_part(task.measure))))
    return Planned(task, tuple(planned(goal, task, options)))


def _share(attempt: Attempt) -> str:
    if attempt.units is not None:
        return f"{attempt.units:,} units of work" if attempt.units else "what the others leave"
    if attempt.seconds is None:
        return "without a limit"
    return duration(attempt.seconds) if attempt.seconds else "what the others leave"


def _body(one: Planned) -> tuple[str, ...]:
    lines: list[str] = []
    total = len(one.plans)
    if one.task.measure is not None and one.plans:
        lines.append("  a measure: a claim for every threshold that is tried, each with such a plan")
    if one.task.cut is not None and one.plans:
        lines.append(f"  {cut_text(one.task.cut)}")
    for number, found in enumerate(one.plans[:_MANY], start=1):
        lines.append(f"  obligation {number} of {total}: {found.about.describe()}")
        lines += [f"    {line}" for line in plan_lines(found)]
    if total > _MANY:
        lines.append(f"  … and {total - _MANY} more obligations (all in `--output-format json`)")
    return (*lines, f"  {one.obstacle}") if one.obstacle else tuple(lines)


def _claim(one: Planned) -> Json:
    task = one.task
    return {
        "id": task.id,
        "name": task.name,
        "title": task.title,
        "file": task.file,
        "line": None if task.span is None else task.span.line,
        "kind": task.kind,
        "semantics": task.semantics.value,
        "timeout": task.timeout,
        "obstacle": one.obstacle,
        "obligations": [_obligation(found) for found in one.plans],
        **({} if task.cut is None else {"via": task.cut.name}),
    }


def _obligation(found: Plan) -> Json:
    return {
        "features": asdict(found.about) | {"semantics": found.about.semantics.value},
        "attempts": [
            {"backend": attempt.backend, "why": attempt.reason, "seconds": attempt.seconds}
            | ({} if attempt.units is None else {"units": attempt.units})
            for attempt in found.attempts
        ],
        "refusals": [{"backend": refusal.backend, "why": refusal.reason} for refusal in found.refusals],
    }
