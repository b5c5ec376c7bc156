"""NN609: an invariant over data that it says nothing of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from spec_lang.kernel.holding import holding
from spec_lang.lints.base import Finding, Lint, LintContext
from spec_lang.semantics.model import Support

_AT_A_TIME: Final = 4096  # points; most invariants speak of one among the first


def _run(context: LintContext) -> Iterator[Finding]:
    for claim in () if context.typed is None else context.typed.claims:
        support = claim.support
        if support is not None and not _speaks(support):
            count = f"{len(support.points):,} points of {support.words}"
            problem = f"`{claim.name}` speaks of none of the {count}"
            yield Finding(problem, claim.span, "look at its left side, or at the scale of the data")


def _speaks(support: Support) -> bool:
    """Whether the left side holds somewhere, or may."""
    for start in range(0, len(support.points), _AT_A_TIME):
        points = [support.completed(point) for point in support.points[start : start + _AT_A_TIME]]
        found = holding(support.graph, points, support.premise)
        if (found.true | found.open).any():
            return True
    return False


LINT: Final = Lint(
    "NN609", "speaks-of-none", "an invariant over data that it says nothing of", _run, needs_types=True
)
