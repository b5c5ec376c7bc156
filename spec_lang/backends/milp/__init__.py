"""Mixed-integer programs by HiGHS, and proofs by ReLU phases that make its word unnecessary.

In: an obligation.  Out: an outcome and what it cost.  numpy and the solver are imported when an obligation is
run: to know of this backend costs next to nothing.
"""

from __future__ import annotations

from typing import Final

from spec_lang.backends.base import Backend
from spec_lang.backends.milp.engine import MilpBackend

BACKEND: Final[Backend] = MilpBackend()
