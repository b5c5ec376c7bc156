"""What the replays of a counterexample say, in a line.

In: a counterexample and the semantics of its claim.  Out: text, for every reporter.
"""

from __future__ import annotations

from spec_lang.obligations.denotation import Semantics
from spec_lang.reporters.model import Counterexample


def replay_text(found: Counterexample, semantics: str) -> str:
    """Who has evaluated the point, and what came of it."""
    replay, arithmetic = found.replay, f"exact {semantics}"
    if semantics == Semantics.REAL.value:
        arithmetic = "rational enclosures" if found.error else "exact rationals"
    exact = f"{arithmetic}: confirmed" if replay.exact else f"{arithmetic}: not confirmed"
    opinion = {None: "not asked", True: "agrees", False: "disagrees"}[replay.onnxruntime]
    note = f" ({replay.note})" if replay.note else ""
    return f"{exact}; onnxruntime: {opinion}{note}"
