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

from spec_lang import __version__
from spec_lang.diagnostics import Diagnostic, Severity
from spec_lang.engine.data_counts import with_verdicts
from spec_lang.engine.decide import decide, installed_backends
from spec_lang.engine.earlier import left_for_claims
from spec_lang.engine.options import CheckOptions, Observer, Silent
from spec_lang.engine.prepare import Spec, prepare, texts_of
from spec_lang.engine.selection import family_of
from spec_lang.engine.sweep import sweep
from spec_lang.kernel.verdict import Status
from spec_lang.lints._allows import apply_allows
from spec_lang.reporters.model import ClaimReport, Report
from spec_lang.semantics.codes import EMPTY_REGION

_DEFAULTS = CheckOptions()


def check(
    paths: Sequence[str | Path | Spec], options: CheckOptions = _DEFAULTS, observer: Observer | None = None
) -> Report:
    """Check every claim that `options` select."""
    started = time.monotonic()
    preparation, specs = prepare(paths, options)
    if preparation.tasks:
        installed_backends()  # imported before workers are forked, which share it then
    one = partial(decide, options=options)
    with left_for_claims(preparation.tasks) as (tasks, waiting):
        reports, interrupted = sweep(tasks, one, options.jobs, observer or Silent(), waiting)
    reports = with_verdicts(reports)
    diagnostics = (*preparation.problems, *_vacuous(reports))
    for spec in specs:
        diagnostics = apply_allows(spec.source.text, spec.source.file, diagnostics, frozenset())
    if options.strict:
        diagnostics = tuple(map(_strictly, diagnostics))
    named = {d.span.file for d in diagnostics if d.span is not None}
    return Report(
        version=__version__,
        claims=reports,
        diagnostics=diagnostics,
        sources=tuple((file, text) for file, text in texts_of(preparation, specs).items() if file in named),
        interrupted=interrupted,
        seconds=time.monotonic() - started,
    )


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
