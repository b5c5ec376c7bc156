"""The backend for what patterns of neurons leave linear: few phases are open, and the rest is exact.

In: an obligation.  Out: an outcome and what it cost.  Loaded when first used, so that a command that decides
nothing does not pay for numpy.
"""

from __future__ import annotations

from typing import Final

from spec_lang.backends.base import Backend
from spec_lang.backends.cases.engine import CasesBackend

BACKEND: Final[Backend] = CasesBackend()
