"""What a claim stands for, how it would be decided, and why so; nothing is decided.

In: the claims that a glob selects, and the specs, or the name of a claim form.  Out: text, and for claims a
report that carries the diagnostics.  Regions are shown in the user's units; a box that is unbounded on a
side says so.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from spec_lang import __version__
from spec_lang.claims.base import Claim
from spec_lang.diagnostics import DiagnosticLog, InternalError
from spec_lang.engine.count import NO_BACKEND
from spec_lang.engine.measure import first_part
from spec_lang.engine.obligation_text import MANY, obligation_lines
from spec_lang.engine.options import CheckOptions
from spec_lang.engine.plans import cut_text, plan_lines, planned
from spec_lang.engine.prepare import Spec, prepare, texts_of
from spec_lang.engine.task import Task
from spec_lang.network.primitives import Affine
from spec_lang.reporters.model import Report
from spec_lang.semantics.forms.library import bodies, called_names, find_form
from spec_lang.semantics.forms.page import form_lines, formula_lines
from spec_lang.semantics.model import Counted, Shared, TypedClaim
from spec_lang.syntax import ast
from spec_lang.syntax.format import format_expression


def explain(paths: Sequence[str | Path | Spec], options: CheckOptions) -> tuple[str, Report]:
    """The explanation of every claim that `options.claims` select."""
    started = time.monotonic()
    preparation, specs = prepare(paths, options)
    texts = texts_of(preparation, specs)
    lines: list[str] = []
    for task in preparation.tasks:
        typed = preparation.typed.get(task.id)
        lines += [*_claim(task, typed, texts, preparation.forms, options), ""]
    diagnostics = tuple(preparation.problems)
    seconds = time.monotonic() - started
    report = Report(__version__, (), diagnostics, tuple(texts.items()), seconds=seconds)
    return "".join(line + "\n" for line in lines), report


def explain_form(name: str) -> str | None:
    """The page of the claim form `name`; None when there is none, built in or installed."""
    problems = DiagnosticLog()
    form = find_form(name, problems)
    if form is None:
        faults = [problem.problem for problem in problems if problem.is_error]
        return "".join(f"{fault}\n" for fault in faults) or None
    try:
        return "".join(f"{line}\n" for line in form_lines(form))
    except InternalError as broken:
        if form.package is None:
            raise
        return f"the form `{name}` of the package `{form.package}` cannot be explained: {broken}\n"


def _claim(
    task: Task,
    typed: TypedClaim | None,
    texts: Mapping[str, str],
    forms: Mapping[str, Claim],
    options: CheckOptions,
) -> Iterator[str]:
    place = task.file if task.span is None else f"{task.file}:{task.span.line}"
    title = f'  "{task.title}"' if task.title else ""
    yield f"{task.name}{title}  ({place})"
    if typed is not None:
        yield "  as written"
        yield from _source_lines(typed, texts)
        yield from _forms(typed.declaration, forms)
        if typed.counted is not None:
            yield from _counted(typed.counted)
            return
        if typed.shared is not None:
            yield from _shared(typed.shared)
            return
        yield "  stands for"
        yield f"    {format_expression(typed.formula)}"
    if task.beyond is not None:
        yield f"  {task.beyond}"
        return
    goal = task.goal()
    if task.measure is not None:
        yield "  every threshold that is tried is a claim of its own; this is the first"
    if goal.conflict is not None:
        clauses = dict.fromkeys(row.source for row in goal.conflict.rows if row.source)
        yield "  the region is empty; these clash: " + ", ".join(f"`{clause}`" for clause in clauses)
    if task.cut is not None:
        yield f"  {cut_text(task.cut)}"
    total = len(goal.obligations)
    plans = planned(goal, task, options, 1 if task.measure is None else first_part(task.measure))
    for number, (obligation, plan) in enumerate(zip(goal.obligations, plans, strict=True), start=1):
        yield f"  obligation {number} of {total}: no point of the region makes the violation true"
        yield f"    size: {plan.about.describe()}"
        yield from obligation_lines(obligation, goal.frame)
        yield "    plan"
        yield from (f"      {line}" for line in plan_lines(plan))


def _counted(counted: Counted) -> Iterator[str]:
    relus = sum(not isinstance(node.primitive, Affine) for node in counted.graph.nodes)
    yield "  stands for"
    yield "    how many complete linear regions it takes to contain all of the points; between"
    yield "    how many of their affine maps certainly differ, and how many activation patterns they have"
    inputs = counted.graph.input_size
    yield f"  size: {len(counted.points):,} points of {inputs:,} inputs, {relus} layers of ReLUs"
    yield f"  {NO_BACKEND}"


def _shared(shared: Shared) -> Iterator[str]:
    yield "  stands for"
    left, size = "the left side of", len(shared.supports[0].points)
    if shared.asked is ast.Sharing.SUPPORT:
        yield f"    the share of the points at which {left} `{shared.supports[0].name}` holds"
    else:
        yield f"    the share of the points in the region of an invariant at which {left} it holds:"
        yield "    at least that of the proved ones, at most that of those that are not refuted"
        yield f"    invariants: {', '.join(support.name for support in shared.supports)}"
    yield f"  size: {size:,} points of {shared.supports[0].graph.input_size:,} inputs"
    yield f"  {NO_BACKEND}"


def _source_lines(typed: TypedClaim, texts: Mapping[str, str]) -> Iterator[str]:
    span = typed.span
    rows = texts.get(span.file, "").split("\n")[span.line - 1 : span.end_line]
    for row in rows[:MANY]:
        yield f"    {row.rstrip()}"
    if len(rows) > MANY:
        yield f"    … and {len(rows) - MANY} more lines"


def _forms(declaration: ast.Declaration, forms: Mapping[str, Claim]) -> Iterator[str]:
    """The definitions of the forms that the declaration calls, each once."""
    called = dict.fromkeys(name.text for body in bodies(declaration) for name in called_names(body))
    for form in (forms[name] for name in called if name in forms):
        yield f"  the form `{form.name}`: {form.summary}"
        yield from (f"    {row}" for row in formula_lines(form))
