"""NN602: a `box` or `ball` that reaches outside of the domain that its network declares."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from spec_lang._values import dataclass
from spec_lang.diagnostics import Note
from spec_lang.lints._regions import ALL, Domain, Side, View, domain
from spec_lang.lints.base import Finding, Lint, LintContext
from spec_lang.semantics.formulas.clauses import clause_text
from spec_lang.syntax import ast


@dataclass(frozen=True, slots=True)
class _Excess:
    """An input whose values in the region, `low` to `high`, are not all in its domain."""

    name: str
    low: Side
    high: Side
    domain: ast.DomainItem
    is_whole: bool  # none of them is


def _run(context: LintContext) -> Iterator[Finding]:
    seen: set[int] = set()
    domains: dict[str, Domain] = {}
    for view in context.views:
        key, label = id(view.claim.declaration), view.network.label
        if label not in domains:
            domains[label] = domain(view, context.scope)
        found = [] if key in seen else list(_excesses(view, domains[label]))
        if found:
            seen.add(key)  # one member of a family is enough
            yield _finding(view, found)


def _excesses(view: View, domain_of: Domain) -> Iterator[_Excess]:
    for position, (limits, item) in domain_of.items():
        interval = view.hull.get(position, ALL)
        low, high, least, most = interval.lower, interval.upper, limits.lower, limits.upper
        if low is None or high is None or least is None or most is None:
            continue  # the region does not speak of this input
        if low.value < least.value or high.value > most.value:
            is_whole = high.value < least.value or low.value > most.value
            yield _Excess(view.axes[position].name, low, high, item, is_whole)


def _finding(view: View, found: list[_Excess]) -> Finding:
    worst = next((excess for excess in found if excess.is_whole), found[0])
    item = worst.domain
    limits = f"`{item.component.text} in [{clause_text(item.lower)}, {clause_text(item.upper)}]`"
    reach = "lies" if worst.is_whole else "reaches"
    problem = f"the region {reach} outside of the domain {limits}: it has `{worst.name}` from "
    problem += f"{_number(worst.low.value)} to {_number(worst.high.value)}"
    if len(found) > 1:
        problem += f"; so it is with {len(found) - 1} more of its inputs"
    cut = f"cut it: `… & {view.network.label}.domain`"
    place = worst.low.span or worst.high.span or view.claim.span
    notes = (Note("the domain", item.span),)
    return Finding(problem, place, "check the numbers, and their units" if worst.is_whole else cut, notes)


def _number(value: Fraction) -> str:
    return str(value) if value.denominator == 1 else f"{float(value):.6g}"


LINT: Final = Lint(
    "NN602", "outside-domain", "a region that reaches outside of the domain", _run, needs_types=True
)
