"""What a lint is, and how all of them are run over one file.

In: a file that has no errors: its module, its scope, and its typed claims where the networks loaded.  Out:
warnings, in the order of the text.  A lint that is not sure keeps silent: a false alarm costs more than one
that is missed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property

from spec_lang._values import dataclass
from spec_lang.diagnostics import Diagnostic, DiagnosticLog, Note, Span
from spec_lang.lints._names import Bound, bound_names
from spec_lang.lints._regions import View, views
from spec_lang.semantics.model import TypedSpec
from spec_lang.semantics.names.scope import Scope
from spec_lang.syntax import ast


@dataclass(frozen=True)  # not slotted: what several lints look at is worked out once, on demand
class LintContext:
    """One file.  `typed` is None where not every claim was type-checked (a network is missing, or a selection
    was asked for); `imported` says that other files use what this one declares."""

    module: ast.Module
    scope: Scope
    typed: TypedSpec | None = None
    imported: bool = False

    @cached_property
    def bound(self) -> tuple[tuple[ast.Declaration, tuple[Bound, ...]], ...]:
        """Every declaration, with the names that it binds."""
        return tuple((declaration, bound_names(declaration)) for declaration in self.module.declarations)

    @cached_property
    def views(self) -> tuple[View, ...]:
        """The typed claims whose regions can be looked at."""
        return tuple(views(self.typed))


@dataclass(frozen=True, slots=True)
class Finding:
    """What a lint has to say about a place; the lint's code and severity are added to it."""

    problem: str
    span: Span
    fix: str | None = None
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Lint:
    """A warning, as a module constant `LINT`.  `run` yields what it finds, in any order.

    `needs_types` says that it looks at typed claims, and finds nothing where there are none.
    """

    code: str
    name: str
    summary: str
    run: Callable[[LintContext], Iterable[Finding]]
    needs_types: bool = False


@dataclass(frozen=True, slots=True)
class Linted:
    """`looked_for` are the codes that would have been found: an allow of another one may be needed."""

    warnings: tuple[Diagnostic, ...]
    looked_for: frozenset[str]


def run_lints(context: LintContext, lints: Sequence[Lint]) -> Linted:
    """What `lints` find in a file without errors; each problem at a place once."""
    log = DiagnosticLog()
    able = [lint for lint in lints if context.typed is not None or not lint.needs_types]
    for lint in able:
        for found in lint.run(context):
            log.warning(lint.code, found.problem, found.span, found.fix, found.notes)
    return Linted(tuple(sorted(log, key=_place)), frozenset(lint.code for lint in able))


def _place(diagnostic: Diagnostic) -> tuple[Span, str]:
    start = diagnostic.span or Span("", 0, 0, 0, 0)
    return start, diagnostic.code
