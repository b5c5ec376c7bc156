"""Names of invariants where they are no part of a formula: `@via(core)`, `support of core[1] over …`.

In: an expression, and the invariants of the file.  Out: the invariant, and which of its members is meant.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from spec_lang.diagnostics import DiagnosticLog, did_you_mean
from spec_lang.semantics import codes
from spec_lang.semantics.names.scope import ClaimFamily, ReferredInvariant
from spec_lang.semantics.rejection import Rejected
from spec_lang.syntax import ast


def refer(
    written: ast.Expr,
    invariants: Mapping[str, ast.InvariantDecl],
    family_of: Callable[[str], ClaimFamily | None],
    log: DiagnosticLog,
) -> ReferredInvariant:
    """What `written` refers to.  Raises `Rejected`."""
    name = written.base if isinstance(written, ast.Index) else written
    if not isinstance(name, ast.Name):
        problem = "the name of an invariant is needed here"
        log.error(codes.SUPPORT, problem, written.span, "write `core`, or `core[1]` for a member of a family")
        raise Rejected
    if name.text not in invariants:
        fix = did_you_mean(name.text, invariants) or "declare it: `invariant … of f: …`"
        log.error(codes.SUPPORT, f"there is no invariant `{name.text}` in this file", name.span, fix)
        raise Rejected
    indices = written.indices if isinstance(written, ast.Index) else ()
    plain = tuple(index for index in indices if not isinstance(index, ast.Slice))
    if len(plain) < len(indices):
        log.error(
            codes.MEMBER, "an index is one number", written.span, f"write `{name.text}` for all members"
        )
        raise Rejected
    found = family_of(name.text)
    if found is None:
        raise Rejected  # what is wrong with it has been reported
    return ReferredInvariant(found, plain, written.span)
