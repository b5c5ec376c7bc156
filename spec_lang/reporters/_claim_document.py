"""A claim as JSON: everything, nothing cut.

In: the report of a claim.  Out: its part of the document that `report.schema.json` describes.  A number is
the nearest double; beside it stands the exact rational, as text, where that is another number.  The ends
of measures are rounded outward.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import islice
from math import isfinite

from spec_lang.kernel.verdict import Status
from spec_lang.reporters._documents import Json
from spec_lang.reporters._measure_document import bracket, cut_course, data_count, measure
from spec_lang.reporters._numbers import as_float
from spec_lang.reporters.model import ChangedNetwork, ClaimReport, Counterexample, Readings, Step


def claim_json(claim: ClaimReport) -> Json:
    """Everything about a claim."""
    found, proof = claim.counterexample, claim.status is Status.PROVED  # of `exists`, the point is the proof
    return {
        "id": claim.id,
        "name": claim.name,
        "title": claim.title,
        "file": claim.file,
        "line": None if claim.span is None else claim.span.line,
        "kind": claim.kind,
        "verdict": claim.status.value,
        "expected": claim.expected.value,
        "as_expected": claim.as_expected,
        "reason": claim.reason,
        "semantics": claim.semantics,
        "evidence": None if claim.evidence is None else str(claim.evidence),
        "backend": claim.backend,
        "plan": [_step(step) for step in claim.plan],
        "seconds": round(claim.seconds, 3),
        "work": dict(claim.work),
        "bound": claim.bound if claim.bound is not None and isfinite(claim.bound) else None,
        "bracket": None if claim.measurement is None else bracket(claim.measurement),
        "measure": None if claim.measurement is None else measure(claim.measurement, counterexample_json),
        "counterexample": None if found is None or proof else counterexample_json(found),
        "witness": counterexample_json(found) if found is not None and proof else None,
        "certificate": claim.certificate,
        "proof_bytes": claim.proof_bytes,
        "key": claim.key,
        "known": None if claim.known is None else claim.known.value,
        "note": claim.note,
        **_of_invariant(claim),
    }


def _of_invariant(claim: ClaimReport) -> dict[str, Json]:
    """What only an invariant has: where it holds, and what was counted at its data; or a claim `@via` one."""
    parts: dict[str, Json] = {}
    if claim.region is not None:
        parts["region"] = claim.region
    if claim.data is not None:
        parts["data"] = data_count(claim.data)
    if claim.cut is not None:
        parts["via"] = cut_course(claim.cut)
    return parts


def _step(step: Step) -> Json:
    return {
        "backend": step.backend,
        "why": step.why,
        "outcomes": dict(step.outcomes),
        "seconds": round(step.seconds, 3),
    }


def counterexample_json(found: Counterexample) -> Json:
    """A point, in both spaces, with what the networks make of it."""
    replay = found.replay
    outputs = replay.onnxruntime_outputs
    return {
        "names": {
            "inputs": [reading.name for reading in found.inputs],
            "outputs": [reading.name for reading in found.outputs],
        },
        "units": {
            "inputs": [reading.unit for reading in found.inputs],
            "outputs": [reading.unit for reading in found.outputs],
        },
        **_point(found, [r.problem for r in found.inputs], [r.problem for r in found.outputs]),
        "space": "problem",
        "network_space": _point(found, [r.network for r in found.inputs], [r.network for r in found.outputs]),
        "violates": found.violates,
        "replay": {
            "exact": replay.exact,
            "outputs_within": as_float(found.error) if found.error else None,
            "onnxruntime": replay.onnxruntime,
            "onnxruntime_outputs": None if outputs is None else [_finite(value) for value in outputs],
            "note": replay.note,
        },
        **({"networks": [_network(network) for network in found.networks]} if found.networks else {}),
    }


def _network(found: ChangedNetwork) -> Json:
    """Changes are floats, exactly."""
    return {
        "name": found.name,
        "changed": found.changed,
        "weights": found.total,
        "at_most": found.most,
        "arrays": [
            {"name": array.name, "shape": list(array.shape), "changes": [float(c) for c in array.changes]}
            for array in found.arrays
        ],
    }


def _point(found: Counterexample, inputs: Sequence[Fraction], outputs: Sequence[Fraction]) -> dict[str, Json]:
    return {
        "inputs": _by_name(found.points, map(_number, inputs)),
        "outputs": _by_name(found.results, map(_number, outputs)),
        "exact": {
            "inputs": _by_name(found.points, map(_exact, inputs)),
            "outputs": _by_name(found.results, map(_exact, outputs)),
        },
    }


def _by_name(parts: Sequence[Readings], values: Iterator[Json]) -> dict[str, list[Json]]:
    """The values of all parts, one after the other, as a list for each."""
    return {part.name: list(islice(values, len(part.readings))) for part in parts}


def _number(value: Fraction) -> float | None:
    return _finite(as_float(value))


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None


def _exact(value: Fraction) -> str | None:
    """The rational, where the nearest double is another number."""
    nearest = as_float(value)
    return None if isfinite(nearest) and Fraction(nearest) == value else str(value)
