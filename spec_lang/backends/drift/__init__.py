"""The backend that looks for weights, near those of a network, with which a claim fails.

In: an obligation about networks whose weights may be off.  Out: an outcome and what it cost.  Loaded when
first used, so that a command that decides nothing does not pay for numpy.
"""

from __future__ import annotations

from typing import Final

from spec_lang.backends.base import Backend
from spec_lang.backends.drift.engine import DriftBackend

BACKEND: Final[Backend] = DriftBackend()
