"""Lints on texts: with tiny networks, or on the syntax alone.

In: the text of a spec.  Out: what is found, as the code and the text that is underlined.
"""

from __future__ import annotations

from spec_lang import _registry, lints
from spec_lang.diagnostics import Diagnostic, DiagnosticLog, Span
from spec_lang.lints.base import Lint, LintContext, run_lints
from spec_lang.semantics.names.resolve import resolve
from spec_lang.semantics.names.scope import Scope
from spec_lang.semantics.typecheck import typecheck
from spec_lang.syntax.parse import parse_module
from tests.semantics.worlds import FORMS, network

LINTS = _registry.discover(lints, "LINT", Lint)
FILE = "spec.nnspec"

# f has 3 inputs and 2 outputs.
HEAD = """network f = "f.onnx" {
    input  a, b, c
    output p, q
    domain a in [0, 1], b in [0, 2], c in [-1, 1]
}
"""


def underlined(text: str, span: Span | None) -> str:
    """What `span` marks, on its first line."""
    assert span is not None
    row = text.split("\n")[span.line - 1]
    return row[span.column - 1 : span.end_column - 1 if span.end_line == span.line else len(row)]


def of_syntax(text: str, *, imported: bool = False) -> list[tuple[str, str]]:
    """What is found without a scope or types."""
    parsed = parse_module(text, FILE)
    assert parsed.diagnostics == ()
    scope = Scope(FILE, {}, {}, (), {}, frozenset())
    found = run_lints(LintContext(parsed.module, scope, None, imported), LINTS)
    return [(warning.code, underlined(text, warning.span)) for warning in found.warnings]


def diagnostics(text: str) -> tuple[Diagnostic, ...]:
    """What is found in a spec without errors, its networks `tests.semantics.worlds.network()`."""
    parsed = parse_module(text, FILE)
    log = DiagnosticLog()
    log.extend(parsed.diagnostics)
    scope = resolve(parsed.module, {}, FORMS, parsed.broken, log)
    spec = typecheck(scope, {use.label: network() for use in scope.networks}, log)
    assert not log.has_errors, tuple(log)
    return run_lints(LintContext(parsed.module, scope, spec), LINTS).warnings


def found_in(claims: str) -> list[tuple[str, str]]:
    """What is found behind `HEAD`."""
    text = HEAD + claims
    return [(warning.code, underlined(text, warning.span)) for warning in diagnostics(text)]
