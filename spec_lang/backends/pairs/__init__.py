"""The backend for two points of one function: whether it takes a value twice.

In: an obligation of that form.  Out: an outcome and what it cost.  Loaded when first used: numpy and the
searches are imported with this module, so that a command that decides nothing does not pay for them.
"""

from __future__ import annotations

from typing import Final

from spec_lang.backends.base import Backend
from spec_lang.backends.pairs.engine import PairsBackend

BACKEND: Final[Backend] = PairsBackend()
