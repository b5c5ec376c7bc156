"""A counterexample's second opinion: what onnxruntime computes at the nearest float32 input.

In: a task, the obligation that was broken, and the kernel's witness.  Out: a `Replay` to print beside the
exact one.  It decides nothing: a disagreement is said, and the exact evaluation stands.  Under float32 the
note says whose execution breaks the claim: everybody's, or that of who sums from left to right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from spec_lang.engine.task import Task
from spec_lang.kernel.exact import evaluate_exact
from spec_lang.kernel.verdict import Witness
from spec_lang.kernel.witness import check_witness, holds
from spec_lang.network.graph import Graph
from spec_lang.network.onnx_replay import replay
from spec_lang.network.transform.claim_part import claim_part
from spec_lang.obligations.model import All, Condition, LinearAtom, Obligation, Semantics, atoms
from spec_lang.reporters.model import Replay

_DISAGREES = "rounded to float32, input and network no longer break the claim; the exact network does"
_OTHER_ORDER = "onnxruntime sums in another order, which does not break the claim"
_EVERY_ORDER = "in float32, whatever the order of summation"
_LEFT_TO_RIGHT = "in float32, from left to right without fused operations; another order may not break it"
_COMPOSED = "a network is applied to the outputs of another, which onnxruntime is not asked to do"
_CHANGED = "onnxruntime runs the weights of the file, of which some are changed here"
_HIDDEN = "the claim speaks of a hidden tensor, which onnxruntime does not show"


def replay_witness(task: Task, broken: Obligation, witness: Witness) -> Replay:
    """What onnxruntime says of `witness`, which breaks `broken`."""
    found = _replayed(task, broken, witness)
    if broken.semantics is Semantics.REAL:
        return found
    every = check_witness(broken, witness.point, every=True) is not None
    notes = (_EVERY_ORDER if every else _LEFT_TO_RIGHT, found.note)
    return replace(found, note="; ".join(note for note in notes if note))


def _replayed(task: Task, broken: Obligation, witness: Witness) -> Replay:
    if any(witness.changes):
        return Replay(exact=True, onnxruntime=None, note=_CHANGED)
    if task.runs is None:
        return Replay(exact=True, onnxruntime=None, note=_COMPOSED)
    outputs: dict[int, float] = {}
    note: str | None = None
    for run in task.runs:
        point = [
            float(sum((c * witness.point[i] for i, c in terms), constant)) for terms, constant in run.point
        ]
        result = replay(run.source, run.network, point)
        if result.outputs is None:
            return Replay(exact=True, onnxruntime=None, note=result.note)
        outputs.update(enumerate(result.outputs, start=run.output))
        note = note or result.note
    found = tuple(outputs.values())
    nearest = [Fraction(float(np.float32(float(value)))) for value in witness.point]
    values = _with_claim(broken.graph, nearest, {index: Fraction(y) for index, y in outputs.items()})
    read = [index for atom in atoms(broken.violation) for index, _ in atom.outputs]
    if any(index not in values for index in read):
        return Replay(exact=True, onnxruntime=None, onnxruntime_outputs=found, note=_HIDDEN)
    dense = [values.get(index, Fraction(0)) for index in range(max(values, default=-1) + 1)]
    agrees = _holds(broken.violation, nearest, dense)
    if not agrees:
        note = note or (_DISAGREES if broken.semantics is Semantics.REAL else _OTHER_ORDER)
    return Replay(exact=True, onnxruntime=agrees, onnxruntime_outputs=found, note=note)


def _with_claim(graph: Graph, x: Sequence[Fraction], outputs: dict[int, Fraction]) -> dict[int, Fraction]:
    """Outputs of networks, with what the claim itself makes of them; exact."""
    part = claim_part(graph)
    if part is None or any(index not in outputs for index in part.read):
        return outputs
    found = evaluate_exact(part.graph, (*x, *(outputs[index] for index in part.read)))
    return outputs | dict(zip(part.given, found, strict=True))


def _holds(condition: Condition, x: Sequence[Fraction], y: Sequence[Fraction]) -> bool:
    """Whether `condition` is true at these inputs and outputs; exact."""
    if isinstance(condition, LinearAtom):
        return holds(condition, x, y)
    if isinstance(condition, All):
        return all(_holds(part, x, y) for part in condition.parts)
    return any(_holds(part, x, y) for part in condition.parts)
