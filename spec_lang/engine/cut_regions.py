"""Whether an invariant speaks of all points of a claim that is proved `@via` it.

In: a typed claim with a cut.  Out: a warning where the claim's region is not seen to lie in the invariant's.
The proof is one of the claim's own region either way: the invariant's verdict would not carry over, and that
is worth saying.
"""

from __future__ import annotations

from spec_lang.diagnostics import Diagnostic, DiagnosticLog, Severity
from spec_lang.obligations.cases import has_outputs
from spec_lang.obligations.lower import TooManyCases, lower_condition
from spec_lang.obligations.model import All
from spec_lang.semantics.codes import VIA
from spec_lang.semantics.model import TypedClaim


def check_cut(typed: TypedClaim, problems: DiagnosticLog) -> None:
    """Logs it once for a family."""
    cut, statement = typed.cut, typed.statement
    if cut is None or statement is None or any(p.code == VIA and p.span == cut.span for p in problems):
        return
    both = All((statement.region, cut.outside))
    if has_outputs(both):
        return
    try:
        goal = lower_condition(statement.graph, both, statement.frame, typed.name)
    except TooManyCases:
        return
    if goal.conflict is None:
        problem = f"`{cut.name}` does not speak of every point of `{typed.name}`"
        fix = "widen the region of the invariant, or leave out `@via`"
        problems.add(Diagnostic(VIA, problem, cut.span, fix, Severity.WARNING))
