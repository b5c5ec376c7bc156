"""Specs resolved in memory, for tests of the stage itself: no file, no network.

In: the text of a spec, the texts of the files that it imports, and data files by path.  Out: its scope, and
the diagnostics of parsing and resolving.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from spec_lang.data.base import DataFile, Fault
from spec_lang.diagnostics import Diagnostic, DiagnosticLog, Span
from spec_lang.semantics.names.resolve import resolve
from spec_lang.semantics.names.scope import ClaimFamily, Scope
from spec_lang.semantics.names.surroundings import Surroundings
from spec_lang.syntax import ast
from spec_lang.syntax.format import format_expression
from spec_lang.syntax.parse import Parsed, parse_expression, parse_module
from tests.semantics.worlds import FORMS


@dataclass(frozen=True)
class Resolved:
    scope: Scope
    problems: tuple[Diagnostic, ...]

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(problem.code for problem in self.problems)

    def __getitem__(self, name: str) -> ClaimFamily:
        return next(c for c in self.scope.claims if c.declaration.name.text == name)

    def body(self, name: str) -> str:
        """The body of a claim, as text."""
        return format_expression(self[name].body)


def resolved(
    text: str,
    *,
    data: Mapping[str, DataFile | Fault] | None = None,
    parameters: Mapping[str, str] | None = None,
    imports: Mapping[str, str] | None = None,
) -> Resolved:
    """`text` as `spec.nnspec`, which imports all of `imports`, which import nothing."""
    log = DiagnosticLog()
    parsed = parse_module(text, "spec.nnspec")
    others = {name: parse_module(other, name) for name, other in (imports or {}).items()}
    for one in (parsed, *others.values()):
        log.extend(one.diagnostics)
    surroundings = Surroundings(
        modules=tuple(other.module for other in others.values()),
        visible={"spec.nnspec": frozenset(others)},
        broken=frozenset[str]().union(*(other.broken for other in others.values())),
        data=_files((parsed, *others.values()), data or {}),
    )
    given: dict[str, ast.Expr] = {}
    for name, value in (parameters or {}).items():
        expression, problems = parse_expression(value, f"-p {name}")
        log.extend(problems)
        if expression is not None:
            given[name] = expression
    scope = resolve(parsed.module, given, FORMS, parsed.broken, log, surroundings=surroundings)
    return Resolved(scope, tuple(log))


def accepted(
    text: str,
    *,
    data: Mapping[str, DataFile | Fault] | None = None,
    parameters: Mapping[str, str] | None = None,
    imports: Mapping[str, str] | None = None,
) -> Resolved:
    """`resolved`, for a spec without mistakes."""
    found = resolved(text, data=data, parameters=parameters, imports=imports)
    assert found.problems == ()
    return found


def _files(files: tuple[Parsed, ...], data: Mapping[str, DataFile | Fault]) -> dict[Span, DataFile | Fault]:
    declared = [d for file in files for d in file.module.declarations if isinstance(d, ast.DataDecl)]
    return {d.path.span: data[d.path.value] for d in declared if d.path.value in data}
