"""NN606: limits that only a single value of an input meets, or a region of a single point."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from spec_lang.diagnostics import Note
from spec_lang.lints._regions import Interval, Side, View
from spec_lang.lints.base import Finding, Lint, LintContext


def _run(context: LintContext) -> Iterator[Finding]:
    seen: set[int] = set()
    for view in context.views:
        key = id(view.claim.declaration)
        found = [] if key in seen else list(_thin(view))
        if found:
            seen.add(key)
            yield found[0]


def _thin(view: View) -> Iterator[Finding]:
    thin = {position: interval for position, interval in view.hull.items() if _is_point(interval)}
    if not thin:
        return
    if len(thin) == len(view.axes) and all(map(_is_one_clause, thin.values())):
        side = next(iter(thin.values())).lower
        if side is not None and side.span is not None and not _is_equation(side):
            problem = f"`{side.source}` is a single point"
            yield Finding(problem, side.span, "widen it, if more points are meant")
        return
    for position, interval in thin.items():
        if not _is_one_clause(interval):
            yield from _meeting(view, position, interval)


def _meeting(view: View, position: int, interval: Interval) -> Iterator[Finding]:
    """Two clauses that meet at one value, neither of which is an equation."""
    low, high = interval.lower, interval.upper
    if low is None or high is None or low.span is None or high.span is None:
        return
    if _is_equation(low) or _is_equation(high):
        return
    first, second = (low, high) if low.span > high.span else (high, low)  # the domain comes first, mostly
    name = view.axes[position].name
    value = low.value if low.value.denominator != 1 else low.value.numerator
    problem = f"only one value of `{name}` meets `{low.source}` and `{high.source}`: {value}"
    fix = f"write `== {value}` if that is meant"
    yield Finding(problem, first.span or view.claim.span, fix, (Note("the other limit", second.span),))


def _is_point(interval: Interval) -> bool:
    low, high = interval.lower, interval.upper
    return low is not None and high is not None and low.value == high.value


def _is_one_clause(interval: Interval) -> bool:
    """Whether both ends come from one `box`, one `ball`, one equation: what is thin there is meant to be."""
    low, high = interval.lower, interval.upper
    if low is None or high is None:
        return False
    return low.words is high.words or (low.span, low.source) == (high.span, high.source)


def _is_equation(side: Side) -> bool:
    return "==" in side.source


LINT: Final = Lint("NN606", "thin-region", "limits that only a single value meets", _run, needs_types=True)
