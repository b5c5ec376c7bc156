"""The backend for how much a function changes between two points: by its gradient at one.

In: an obligation of that form.  Out: an outcome and what it cost.  Loaded when first used: numpy and the
searches are imported with this module, so that a command that decides nothing does not pay for them.
"""

from __future__ import annotations

from typing import Final

from spec_lang.backends.base import Backend
from spec_lang.backends.slopes.engine import SlopesBackend

BACKEND: Final[Backend] = SlopesBackend()
