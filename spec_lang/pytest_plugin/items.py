"""Specs and claims as pytest collects and runs them.

In: files and options, as pytest has them.  Out: an item for every claim, and what it says when it fails: the
lines of the plain report.  A file is prepared once, when it is collected: its networks are read once, and an
item decides its own claim alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from spec_lang.diagnostics import Diagnostic, DiagnosticLog, InternalError
from spec_lang.engine.options import DEFAULT_TIMEOUT, CheckOptions
from spec_lang.engine.prepare import Preparation, Spec, parse_source, prepare, texts_of
from spec_lang.engine.run import check_tasks
from spec_lang.engine.sources import read_source
from spec_lang.engine.task import Task
from spec_lang.kernel.verdict import Status
from spec_lang.pytest_plugin.limits import Limits, limits
from spec_lang.reporters._diagnostic_text import diagnostic_lines
from spec_lang.reporters._findings import details, sentence
from spec_lang.reporters._layout import text_of
from spec_lang.reporters.model import ClaimReport
from spec_lang.store.places import proofs

if TYPE_CHECKING:
    from _pytest._code.code import TerminalRepr

Style = Literal["long", "short", "line", "no", "native", "value", "auto"]


class SpecWarning(pytest.PytestWarning):
    """What nnspec warns of: a diagnostic, or a claim that is unknown."""


class Unfulfilled(Exception):
    """A claim has another verdict than is expected; says what there is to say."""


class ClaimFile(pytest.File):
    """A spec.  Its claims are the items; what is wrong with it is an error of the collection."""

    preparation: Preparation
    spec: Spec

    def collect(self) -> Iterator[ClaimItem]:
        """One item for every claim and every member of a family."""
        problems, texts = DiagnosticLog(), dict[str, str]()
        source = read_source(self.path, problems, _name(self.path, self.config))
        if source is not None:
            self.spec = parse_source(source)
            self.preparation, specs = prepare([self.spec], _options(limits(self.config)))
            problems.extend(self.preparation.problems)
            texts = texts_of(self.preparation, specs)
        if problems.has_errors:
            raise self.CollectError("\n".join(line for d in problems for line in _lines(d, texts)))
        for diagnostic in problems:
            self.warn(SpecWarning("\n".join(_lines(diagnostic, texts))))
        for task in self.preparation.tasks:
            item = ClaimItem.from_parent(self, name=task.name)
            item.task = task
            item.add_marker("nnspec")
            yield item

    def needed_by(self, task: Task) -> list[Task]:
        """The claims that are to be decided with `task`, which comes last: a coverage is about verdicts."""
        names = set() if task.shared is None else {support.name for support in task.shared.supports}
        others = [t for t in self.preparation.tasks if t.kind == "invariant" and t.name in names]
        return [*others, task]


class ClaimItem(pytest.Item):
    """A claim."""

    task: Task

    def runtest(self) -> None:
        """Decide it."""
        file = self.getparent(ClaimFile)
        if file is None:
            raise InternalError(f"{self.nodeid} is of no file")
        report = check_tasks(file.preparation, (file.spec,), file.needed_by(self.task))
        if report.interrupted:
            raise KeyboardInterrupt
        known = set(file.preparation.problems)
        for diagnostic in report.diagnostics:
            if diagnostic not in known and diagnostic.span == self.task.span:
                self.warn(SpecWarning("\n".join(_lines(diagnostic, dict(report.sources)))))
        self._judge(report.claims[-1])

    def _judge(self, claim: ClaimReport) -> None:
        """Raises `Unfulfilled`, or skips."""
        self.user_properties.append(("verdict", claim.status.value))
        if claim.evidence is not None:
            self.user_properties.append(("evidence", str(claim.evidence)))
        lines = "\n".join((sentence(claim), *details(claim)))
        if claim.as_expected:
            self.add_report_section("call", "nnspec", lines)
        elif claim.status is Status.UNKNOWN and not limits(self.config).unknown_fails:
            self.warn(SpecWarning(lines))
            raise pytest.skip.Exception(sentence(claim), _use_item_location=True)
        else:
            raise Unfulfilled(lines)

    def repr_failure(
        self, excinfo: pytest.ExceptionInfo[BaseException], style: Style | None = None
    ) -> str | TerminalRepr:
        """What the plain report says; a traceback is of use for nothing but a mistake of ours."""
        if isinstance(excinfo.value, Unfulfilled):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[os.PathLike[str] | str, int | None, str]:
        """Where it stands."""
        span = self.task.span
        return self.path, None if span is None else span.line - 1, self.name


def _options(asked: Limits) -> CheckOptions:
    """With a budget, and as long as no seconds are said, there is no limit of time, as in `check`."""
    timeout = DEFAULT_TIMEOUT if asked.budget is None else None
    timeout = asked.timeout if asked.is_said else timeout
    return CheckOptions(timeout=timeout, budget=asked.budget, store=proofs())


def _lines(diagnostic: Diagnostic, texts: dict[str, str]) -> list[str]:
    return [text_of(pieces) for pieces in diagnostic_lines(diagnostic, texts)]


def _name(path: Path, config: pytest.Config) -> str:
    """The file in messages: as in its items' ids."""
    inside = path.is_relative_to(config.rootpath)
    return (path.relative_to(config.rootpath) if inside else path).as_posix()
