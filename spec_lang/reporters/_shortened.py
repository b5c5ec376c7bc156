"""What is long, for a reader who wants to know which: regions, patterns, and layers of a counterexample.

In: texts and readings of a report.  Out: shorter ones, with an ellipsis where something is left out; JSON has
it all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from typing import Final

from spec_lang.reporters.model import Reading

_REGION: Final = 60  # characters
_CLAUSE: Final = 160
_CONDITIONS: Final = 3  # of an antecedent that is too long
MANY: Final = 16  # readings: nobody reads 784 pixels


def where(region: str) -> str:
    """Of which inputs a verdict is: `on f.domain`."""
    if region == "every input":
        return f"for {region}"
    return f"on {region}" if len(region) <= _REGION else f"on {region[: _REGION - 1].rstrip(', ')}…"


def clause(text: str) -> str:
    """A clause with the first conditions of a long antecedent, and how many more there are."""
    left, arrow, right = text.rpartition(" => ")
    conditions = left.split(" and ")
    if len(text) <= _CLAUSE or not arrow or " or " in left or len(conditions) <= _CONDITIONS:
        return text
    more = f"… ({len(conditions) - _CONDITIONS} more conditions)"
    return f"{' and '.join(conditions[:_CONDITIONS])} and {more} => {right}"


def few(readings: Sequence[Reading], said: str) -> tuple[tuple[Reading, ...], int]:
    """The readings that are shown, and how many are not.

    Where there are more than a few, and several tensors, a tensor with many elements shows those that the
    clause `said` names, but the first tensor, which is what a network gives, is not cut for others.
    """
    tensors = [tuple(group) for _, group in groupby(readings, key=_tensor)]
    if len(readings) > MANY and 1 < len(tensors) < len(readings):
        first, *others = tensors
        named = [reading for tensor in others for reading in tensor if _is_named(reading, said)]
        kept = (*first[:MANY], *named[:MANY])
    else:
        kept = tuple(readings[:MANY])
    return kept, len(readings) - len(kept)


def _tensor(reading: Reading) -> str:
    """What a reading is an element of; elements with names are those of one tensor."""
    tensor, bracket, _ = reading.name.partition("[")
    return tensor if bracket else ""


def _is_named(reading: Reading, said: str) -> bool:
    """Whether a clause speaks of `h[3]` as `f.h(x)[3]`."""
    tensor, bracket, index = reading.name.partition("[")
    return re.search(rf"\b{re.escape(tensor)}\([^()]*\){re.escape(bracket + index)}", said) is not None
