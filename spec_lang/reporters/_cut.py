"""What came of a cut, for the report of the claim that was proved `@via` an invariant.

In: nothing.  Out: values.  They say what was done, and nothing of what would have been without.
"""

from __future__ import annotations

from spec_lang._values import dataclass


@dataclass(frozen=True, slots=True)
class Reused:
    """A proof that also served a claim `@via` its invariant: what it had taken, and the nodes that served."""

    work: tuple[tuple[str, int], ...]
    seconds: float
    nodes: int


@dataclass(frozen=True, slots=True)
class CutCourse:
    """How a claim `@via` `invariant` was decided: whether the cut led to the verdict; by how much work in the
    case where the invariant's left side fails, and where it holds, by unit; and why it did not, if so.  With
    `alone` the layers up to it show that it fails nowhere; what was `reused`, the case where it holds."""

    invariant: str
    used: bool
    failing: tuple[tuple[str, int], ...] = ()
    holding: tuple[tuple[str, int], ...] = ()
    problem: str | None = None
    alone: bool = False
    reused: Reused | None = None
