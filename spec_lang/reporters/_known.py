"""Where a verdict was found that nobody searched for."""

from __future__ import annotations

from enum import Enum


class Known(Enum):
    """Where a verdict was before."""

    LOCK = "lock"  # in `nnspec.lock`, as it stands there
    CACHE = "cache"  # the kernel has checked the stored proof, or the point, again
