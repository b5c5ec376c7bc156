"""Everything that can be said of specs without deciding anything: mistakes, warnings, empty regions.

In: files, folders or parsed specs, and the options.  Out: a `Report` without claims, whose diagnostics are
the errors and warnings, and what was looked at.  No backend is asked and none is imported: what is empty or
settled is so by exact simplification, and only the kernel says it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from spec_lang import __version__, _registry, lints
from spec_lang._values import dataclass
from spec_lang.diagnostics import Diagnostic, Severity
from spec_lang.engine.options import CheckOptions
from spec_lang.engine.prepare import Preparation, Spec, prepare, texts_of
from spec_lang.engine.selection import family_of
from spec_lang.engine.task import Task
from spec_lang.kernel.judge import judge
from spec_lang.kernel.verdict import Status
from spec_lang.lints._allows import CODES as ALLOW_CODES
from spec_lang.lints._allows import apply_allows
from spec_lang.lints.base import Lint, LintContext, run_lints
from spec_lang.obligations.cases import TooManyCases, has_outputs
from spec_lang.obligations.model import Goal
from spec_lang.reporters.model import Report
from spec_lang.semantics.codes import EMPTY_REGION, TOO_MANY_CASES

HOLDS_ANYWAY: Final = "NN420"  # a claim that holds whatever the networks compute
FAILS_ANYWAY: Final = "NN421"  # a claim that fails whatever the networks compute
_OWN: Final = frozenset({HOLDS_ANYWAY, FAILS_ANYWAY, EMPTY_REGION})


@dataclass(frozen=True, slots=True)
class Linted:
    """`report` has the diagnostics; `claims` is how many members of claims were understood."""

    report: Report
    specs: int
    claims: int

    @property
    def errors(self) -> int:
        return sum(diagnostic.is_error for diagnostic in self.report.diagnostics)

    @property
    def warnings(self) -> int:
        return len(self.report.diagnostics) - self.errors


@dataclass(frozen=True, slots=True)
class _Finding:
    """What one member of a claim's family is told; `words` come behind its name."""

    task: Task
    code: str
    words: str
    fix: str
    severity: Severity = Severity.WARNING


def lint(paths: Sequence[str | Path | Spec], options: CheckOptions) -> Linted:
    """Lint every claim that `options` select; with `options.strict`, a warning is an error."""
    started = time.monotonic()
    preparation, specs = prepare(paths, options)
    found = (finding for task in preparation.tasks for finding in _findings(task))
    diagnostics = (*preparation.problems, *_one_a_family(found))
    diagnostics = _with_lints(specs, preparation, diagnostics)
    if options.strict:
        diagnostics = tuple(replace(one, severity=Severity.ERROR) for one in diagnostics)
    report = Report(
        version=__version__,
        claims=(),
        diagnostics=diagnostics,
        sources=tuple(texts_of(preparation, specs).items()),
        seconds=time.monotonic() - started,
    )
    return Linted(report, len(specs), len(preparation.tasks))


def _with_lints(
    specs: Sequence[Spec], preparation: Preparation, diagnostics: tuple[Diagnostic, ...]
) -> tuple[Diagnostic, ...]:
    """`diagnostics`, and the warnings of files without errors; less what the files allow."""
    known = _registry.discover(lints, "LINT", Lint)
    looked_for: dict[str, frozenset[str]] = {}
    imported = preparation.imports.imported
    for file in preparation.files:
        is_imported = file.source.file in imported
        linted = run_lints(LintContext(file.module, file.scope, file.typed, is_imported), known)
        looked_for[file.source.file] = linted.looked_for | _OWN | ALLOW_CODES
        diagnostics += linted.warnings
    for spec in specs:
        name = spec.source.file
        diagnostics = apply_allows(spec.source.text, name, diagnostics, looked_for.get(name, frozenset()))
    return tuple(sorted(diagnostics, key=partial(_place, [spec.source.file for spec in specs])))


def _place(files: Sequence[str], diagnostic: Diagnostic) -> tuple[int, int, int]:
    """Where a reader looks for it: what has no place first, then file by file, from top to bottom."""
    span = diagnostic.span
    if span is None or span.file not in files:
        return -1, 0, 0
    return files.index(span.file), span.line, span.column


def _findings(task: Task) -> Iterator[_Finding]:
    if task.beyond is not None or task.by_kernel:
        return  # nothing is lowered of what no backend takes; the type checker says where that is
    try:
        goal = task.goal()
    except TooManyCases as error:
        yield _Finding(task, TOO_MANY_CASES, f"cannot be decided: {error}", "split it", Severity.ERROR)
        return
    verdict = judge(replace(goal, exists=False), ())
    holds, fails = (_FAILS, _HOLDS) if goal.exists else (_HOLDS, _FAILS)
    if verdict.status is Status.VACUOUS and task.expected is not Status.VACUOUS:
        fix = "widen the region, or say `@expect(vacuous)`"
        yield _Finding(task, EMPTY_REGION, f"says nothing: {verdict.reason}", fix)
    elif task.measure is not None:
        return  # what is settled of one threshold is nothing to complain about
    elif verdict.status is Status.PROVED:
        yield from _settled(task, holds)
    elif _is_broken_by_inputs(goal):
        yield from _settled(task, fails)


_HOLDS: Final = (
    HOLDS_ANYWAY,
    "holds by its form alone, whatever the network computes",
    "say something of the network's output, or leave it out",
    Status.VACUOUS,
)
_FAILS: Final = (
    FAILS_ANYWAY,
    "fails, whatever the network computes: some point of its region breaks what it asks of inputs",
    "narrow the region, or say `@expect(refuted)`",
    Status.REFUTED,
)


def _settled(task: Task, what: tuple[str, str, str, Status]) -> Iterator[_Finding]:
    """What the inputs alone settle, unless that is what the spec expects."""
    code, words, fix, expected = what
    if task.expected is not expected:
        yield _Finding(task, code, words, fix)


def _is_broken_by_inputs(goal: Goal) -> bool:
    """Whether an obligation asks of inputs alone: lowering keeps it only where some point meets it."""
    return goal.conflict is None and any(not has_outputs(o.violation) for o in goal.obligations)


def _one_a_family(findings: Iterable[_Finding]) -> Iterator[Diagnostic]:
    """One diagnostic for all members of a family of which the same is to be said."""
    families: dict[tuple[str, str, str], list[_Finding]] = {}
    for finding in findings:
        key = (finding.task.file, family_of(finding.task.name), finding.words)
        families.setdefault(key, []).append(finding)
    for first, *rest in families.values():
        more = f" and {len(rest)} more of its family" if rest else ""
        problem = f"`{first.task.name}`{more} {first.words}"
        yield Diagnostic(first.code, problem, first.task.span, first.fix, first.severity)
