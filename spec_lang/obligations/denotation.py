"""Words of verdicts: which function a network denotes, and why a search gave up.

Imports nothing, so that reports can say them without loading numbers.
"""

from __future__ import annotations

from enum import Enum


class Semantics(Enum):
    """Which function a network denotes; a verdict names the one that it holds for."""

    REAL = "real"
    FLOAT32 = "float32"  # any order of summation, with or without fused operations


class GaveUpReason(Enum):
    """`KINK` says that no time or exactness helps: a choice of slopes breaks the obligation, so that nothing
    proves it, and no point does whatever is chosen, as far as any is known."""

    TIMEOUT = "timeout"
    UNSUPPORTED = "unsupported"
    NUMERICAL = "numerical"
    INTERRUPTED = "interrupted"
    BUDGET = "budget"
    MEMORY = "memory"
    KINK = "kink"
