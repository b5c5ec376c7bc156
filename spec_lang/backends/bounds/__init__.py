"""The bounds engine: linear bounds with branch and bound, batched in numpy, rounded outward.

In: an obligation.  Out: an outcome and what it cost.  Loaded when first used: numpy and the passes are
imported with this module, so that a command that decides nothing does not pay for them.
"""

from __future__ import annotations

from typing import Final

from spec_lang.backends.base import Backend
from spec_lang.backends.bounds.engine import BoundsBackend

BACKEND: Final[Backend] = BoundsBackend()
