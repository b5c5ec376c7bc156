"""Obligations about two points, from a claim's text, and what the backend says of them.

In: networks as layers, and claims about them.  Out: obligations, and runs whose every answer was checked.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from spec_lang.backends.base import Budget, Run, Session
from spec_lang.backends.pairs import BACKEND
from spec_lang.engine.options import CheckOptions
from spec_lang.engine.prepare import prepare
from spec_lang.kernel.proof import examine
from spec_lang.kernel.witness import WitnessChecker
from spec_lang.obligations.certificate import Flaw
from spec_lang.obligations.model import Obligation
from spec_lang.obligations.outcome import Certificate, Proved, Refuted
from spec_lang.obligations.two_points import Twofold
from spec_lang.obligations.twofold import twofold
from tests.invertibility.networks import write
from tests.invertibility.pieces import Layers

Pair = tuple[tuple[Fraction, ...], tuple[Fraction, ...]]


def obligations(nets: Sequence[Layers], claims: Sequence[str], folder: Path) -> list[Obligation]:
    """Of claims about networks `f`, `g`, … whose inputs are `a`, `b`, …"""
    lines = ["language 1"]
    for name, layers in zip("fgh", nets, strict=False):
        write(layers, folder / f"{name}.onnx")
        inputs = ", ".join("abc"[: layers[0].weight.shape[1]])
        lines.append(f'network {name} = "{name}.onnx" {{ input {inputs} }}')
    lines += [f"claim c{number}: {claim}" for number, claim in enumerate(claims)]
    spec = folder / "spec.nnspec"
    spec.write_text("\n".join([*lines, ""]), encoding="utf-8")
    prepared, _ = prepare([str(spec)], CheckOptions())
    return [obligation for task in prepared.tasks for obligation in task.goal().obligations]


def seen(obligation: Obligation) -> Twofold:
    found = twofold(obligation)
    assert found is not None
    return found


def run(obligation: Obligation, budget: Budget | None = None, *, nearest: bool = True) -> Run:
    """The backend's answer; a counterexample is one, and a proof is without a flaw."""
    assert BACKEND.supports(obligation) is None
    confirm = WitnessChecker(obligation)
    without_flaw: list[Certificate] = []

    def check(proof: Certificate) -> Flaw | None:
        flaw = examine(obligation, proof).flaw
        if flaw is None:
            without_flaw.append(proof)
        return flaw

    session = Session(
        Budget(deadline=time.monotonic() + 60) if budget is None else budget,
        lambda point: confirm(point) is not None,
        lambda _: None,
        check,
        nearest=nearest,
    )
    found = BACKEND.run(obligation, session)
    match found.outcome:
        case Refuted(point=point):
            assert confirm(point) is not None
        case Proved(proof=proof):
            assert proof is not None
            assert any(proof is one for one in without_flaw)
        case _:
            pass
    return found


def pair_of(obligation: Obligation, outcome: Refuted) -> Pair:
    """The two points of a counterexample."""
    found = seen(obligation)
    x, y = (tuple(outcome.point[i] for i in places) for places in (found.first, found.second))
    return x, y
