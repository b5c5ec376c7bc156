"""Which function a network denotes; imports nothing, so that reports can say it without numbers."""

from __future__ import annotations

from enum import Enum


class Semantics(Enum):
    """Which function a network denotes; a verdict names the one that it holds for."""

    REAL = "real"
    FLOAT32 = "float32"  # any order of summation, with or without fused operations
