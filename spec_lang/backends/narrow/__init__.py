"""The backend for networks that make a few numbers of many inputs, and all else of these.

In: an obligation.  Out: an outcome and what it cost.  Loaded when first used, so that a command that decides
nothing does not pay for numpy.
"""

from __future__ import annotations

from typing import Final

from spec_lang.backends.base import Backend
from spec_lang.backends.narrow.engine import NarrowBackend

BACKEND: Final[Backend] = NarrowBackend()
