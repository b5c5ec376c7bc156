"""From paths to a report: the stages in order.

In: files, folders or parsed specs, the options, and an observer.  Out: a `Report` with the claims in the
order of the files, whatever order they were decided in.  An interrupt ends the run early: what was decided
is kept, the rest is `unknown`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from spec_lang import __version__
from spec_lang.diagnostics import Diagnostic, Severity
from spec_lang.engine.data_counts import with_verdicts
from spec_lang.engine.decide import decide, installed_backends
from spec_lang.engine.earlier import left_for_claims
from spec_lang.engine.known import KEYS
from spec_lang.engine.locks import locks_of
from spec_lang.engine.network_views import network_views
from spec_lang.engine.options import CheckOptions, Locking, Observer, Silent
from spec_lang.engine.originals import with_originals
from spec_lang.engine.prepare import Preparation, Spec, prepare, texts_of
from spec_lang.engine.selection import family_of
from spec_lang.engine.sweep import Crew, sweep
from spec_lang.engine.task import Task
from spec_lang.engine.unchanged import Inputs, remember
from spec_lang.kernel.verdict import Status
from spec_lang.lints._allows import apply_allows
from spec_lang.reporters.model import ClaimReport, Report
from spec_lang.semantics.codes import EMPTY_REGION
from spec_lang.semantics.forms.library import built_in_forms

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from spec_lang.engine.workers import Run

_DEFAULTS = CheckOptions()


def check(  # noqa: PLR0913 - named options
    paths: Sequence[str | Path | Spec],
    options: CheckOptions = _DEFAULTS,
    observer: Observer | None = None,
    locking: Locking | None = None,
    *,
    executor: Executor | None = None,
    cancel: Event | None = None,
) -> Report:
    """Check every claim that `options` select; without `locking` there is no lock.  The workers of `executor`
    decide, if there is one; whoever sets `cancel` ends the run."""
    began, started = time.time(), time.monotonic()
    preparation, specs = prepare(paths, options)
    locks = None if locking is None else locks_of(paths, specs, locking.file)
    if locks is not None and locking is not None and not locking.afresh:
        options = replace(options, known=locks.lines(), locked=locking.locked)
    crew = Crew(options.jobs, None if executor is None else _elsewhere(executor, options), cancel)
    tasks, reports, interrupted = _decided(preparation.tasks, options, observer, crew)
    diagnostics = (*preparation.problems, *_vacuous(reports))
    aside = ""
    if locks is not None and locking is not None:
        whole = not (options.claims or interrupted or preparation.problems.has_errors)
        if locking.locked:
            diagnostics = (*diagnostics, *locks.out_of_date(reports, whole=whole))
        elif locking.writes and not (options.parameters or options.networks):
            aside = locks.update(tuple(zip(tasks, reports, strict=True)), options, whole=whole)
        diagnostics = (*diagnostics, *locks.problems)
    report = replace(
        _reported(preparation, specs, reports, diagnostics),
        interrupted=interrupted,
        seconds=time.monotonic() - started,
        aside=aside,
    )
    if locks is not None and locking is not None and not locking.afresh and not _foreign(preparation):
        inputs = Inputs(_read(preparation), tuple(locks.contents), began)
        remember(paths, options, locking, replace(report, aside=""), inputs)
    return report


def check_tasks(preparation: Preparation, specs: Sequence[Spec], chosen: Sequence[Task]) -> Report:
    """Check some of the claims that have been prepared; there is no lock."""
    options = preparation.options
    _, reports, interrupted = _decided(chosen, options, None, Crew(options.jobs))
    diagnostics = (*preparation.problems, *_vacuous(reports))
    return replace(_reported(preparation, specs, reports, diagnostics), interrupted=interrupted)


def _decided(
    chosen: Sequence[Task], options: CheckOptions, observer: Observer | None, crew: Crew
) -> tuple[Sequence[Task], tuple[ClaimReport, ...], bool]:
    """The tasks, their reports, and whether that was cut short."""
    if chosen:
        installed_backends()  # imported before workers are forked, which share it then
    one = partial(decide, options=options)
    with left_for_claims(chosen) as (tasks, waiting):
        reports, interrupted = sweep(tasks, one, crew, observer or Silent(), waiting)
    KEYS.forget()
    return tasks, with_verdicts(reports), interrupted


def _reported(
    preparation: Preparation,
    specs: Sequence[Spec],
    reports: tuple[ClaimReport, ...],
    diagnostics: tuple[Diagnostic, ...],
) -> Report:
    """The report, with the diagnostics that the specs do not allow, and the texts that they are about."""
    for spec in specs:
        diagnostics = apply_allows(spec.source.text, spec.source.file, diagnostics, frozenset())
    if preparation.options.strict:
        diagnostics = tuple(map(_strictly, diagnostics))
    named = {d.span.file for d in diagnostics if d.span is not None}
    texts = texts_of(preparation, specs).items()
    looked_at = preparation.options.pictures
    sources = tuple((file, text) for file, text in texts if file in named or looked_at)
    report = Report(version=__version__, claims=reports, diagnostics=diagnostics, sources=sources)
    if not looked_at:
        return report
    return replace(
        report,
        claims=with_originals(reports, preparation),
        networks=network_views(preparation, reports),
    )


def _read(preparation: Preparation) -> tuple[Path, ...]:
    """Every file that the run depends on."""
    return (*preparation.imports.files, *preparation.networks.files)


def _foreign(preparation: Preparation) -> bool:
    """Whether packages have a say in what claims mean."""
    return preparation.forms.keys() != built_in_forms().keys()


def _elsewhere(executor: Executor, options: CheckOptions) -> Run:
    from spec_lang.engine.executors import Elsewhere  # noqa: PLC0415 - start-up

    return Elsewhere(executor, options).run


def _strictly(diagnostic: Diagnostic) -> Diagnostic:
    """A claim that says nothing is an error then."""
    return replace(diagnostic, severity=Severity.ERROR) if diagnostic.code == EMPTY_REGION else diagnostic


def _vacuous(reports: Iterable[ClaimReport]) -> tuple[Diagnostic, ...]:
    """One diagnostic for every family that holds for want of a single point, unless that is expected."""
    families: dict[tuple[str, str, str | None], list[ClaimReport]] = {}
    for report in reports:
        if report.status is Status.VACUOUS and report.expected is not Status.VACUOUS:
            families.setdefault((report.file, family_of(report.name), report.reason), []).append(report)
    return tuple(
        Diagnostic(
            EMPTY_REGION,
            f"`{first.name}`{_and_more(len(rest))} says nothing: {reason}",
            first.span,
            "widen the region, or say `@expect(vacuous)`",
            Severity.WARNING,
        )
        for (_, _, reason), (first, *rest) in families.items()
    )


def _and_more(rest: int) -> str:
    return f" and {rest} more of its family" if rest else ""
