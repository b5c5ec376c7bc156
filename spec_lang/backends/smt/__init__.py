"""The SMT backend: z3 over exact rationals, in a process of its own.

In: an obligation.  Out: an outcome and what it cost.  Discovery imports neither z3 nor numpy.
"""

from __future__ import annotations

from typing import Final

from spec_lang.backends.base import Backend
from spec_lang.backends.smt.engine import SmtBackend

BACKEND: Final[Backend] = SmtBackend()
