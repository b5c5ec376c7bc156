"""What an explanation of one decision says, in the user's names and units: all that is rendered.

In: what a search has found.  Out: values.  An element is an input or a neuron; what stays has an example of
what happens without it, or the reason why that is not known.
"""

from __future__ import annotations

from fractions import Fraction

from spec_lang._values import dataclass


@dataclass(frozen=True, slots=True)
class Element:
    """An input with its value in problem space, or a neuron with its phase in the place of a unit."""

    name: str
    value: Fraction | None
    unit: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """An element that is otherwise in a counterexample: its values, or phases, before and there."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Stayed:
    """`changes` are what of the elements a counterexample changes, none where there is none; `fails` is the
    clause that it breaks.  Without one, `reason` says what is not known."""

    element: int
    changes: tuple[Change, ...] = ()
    fails: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Explained:
    """`what` are the elements of: `inputs`, or `neurons of r`.  `claim` is the formula that holds when the
    elements that stayed are as they are at the point, and `range` where everything else may be.  `shape` is
    the tensor's.  `evidence` is that of the proof for the set as a whole."""

    name: str
    what: str
    claim: str
    range: str
    elements: tuple[Element, ...]
    shape: tuple[int, ...]
    stayed: tuple[Stayed, ...]
    evidence: str | None
    questions: int
    seconds: float
    interrupted: bool = False

    @property
    def minimal(self) -> bool:
        """Whether none of what stayed can be left out, by a counterexample for each."""
        return all(one.reason is None for one in self.stayed)
