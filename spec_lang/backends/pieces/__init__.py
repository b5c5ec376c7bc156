"""The backend for what holds because all is affine on the region, or fails at the nearest kink.

In: an obligation about several points of networks.  Out: an outcome and what it cost.  Loaded when first
used, so that a command that decides nothing does not pay for numpy.
"""

from __future__ import annotations

from typing import Final

from spec_lang.backends.base import Backend
from spec_lang.backends.pieces.engine import PiecesBackend

BACKEND: Final[Backend] = PiecesBackend()
