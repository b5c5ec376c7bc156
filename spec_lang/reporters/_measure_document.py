"""Measures as JSON: the bracket, and what each of its ends stands on.

In: a measurement.  Out: parts of the report's document.  A lower end is the nearest double that is not above
it, an upper one the nearest that is not below; beside it stands the exact rational where it is another.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import inf, isfinite, nextafter

from spec_lang.reporters._counts import DataCount, ShareCount
from spec_lang.reporters._cut import CutCourse, Reused
from spec_lang.reporters._documents import Json
from spec_lang.reporters._numbers import as_float
from spec_lang.reporters.model import (
    Bracket,
    Counterexample,
    End,
    Measurement,
)

Point = Callable[[Counterexample], Json]


def bracket(found: Measurement) -> Json:
    """`[lower, upper]`, null where nothing is proved."""
    return [_below(found.lower), _above(found.upper)]


def measure(found: Measurement, point: Point) -> Json:
    """Everything about a measure."""
    return {
        "asked": found.asked,
        "of": found.words,
        "unit": found.unit,
        "precision": _precision(found),
        "reached": found.reached,
        "brackets": [_bracket(one, point) for one in found.brackets],
        **({} if found.share is None else {"share": _share(found.share)}),
    }


def _share(share: ShareCount) -> Json:
    verdicts = share.verdicts or (None,) * len(share.names)
    return {
        "points": share.points,
        "covered": share.covered,
        "undecided": share.undecided,
        "invariants": [
            {"name": name, "points": share.of((place,)), "verdict": verdict}
            for place, (name, verdict) in enumerate(zip(share.names, verdicts, strict=True))
        ],
        "proved": share.of([i for i, verdict in enumerate(verdicts) if verdict in ("proved", "vacuous")])
        if share.verdicts
        else None,
    }


def data_count(found: DataCount) -> Json:
    """An invariant at its data."""
    return {
        "of": found.data,
        "points": found.points,
        "support": found.support,
        "share": as_float(Fraction(found.support, found.points)),
        "in_region": found.inside,
        "holding": found.holding,
        "broken": {"in_region": found.broken_inside, "outside": found.broken_outside},
        "undecided": found.undecided,
    }


def cut_course(found: CutCourse) -> Json:
    """What came of `@via`."""
    return {
        "invariant": found.invariant,
        "used": found.used,
        "work": {"where_it_fails": dict(found.failing), "where_it_holds": dict(found.holding)},
        "problem": found.problem,
        "layers_alone": found.alone,
        "reused": None if found.reused is None else _reused(found.reused),
    }


def _reused(found: Reused) -> Json:
    return {"work": dict(found.work), "seconds": round(found.seconds, 3), "nodes": found.nodes}


def _precision(found: Measurement) -> Json:
    if found.precision is None:
        return None
    return {
        "width": as_float(found.precision),
        "exact": str(found.precision),
        "relative": found.relative,
        "said": found.said,
    }


def _bracket(one: Bracket, point: Point) -> Json:
    return {
        "of": one.name,
        "bracket": [_below(one.lower), _above(one.upper)],
        "lower": _end(one.lower, _below(one.lower), point),
        "upper": _end(one.upper, _above(one.upper), point),
    }


def _end(end: End | None, value: float | None, point: Point) -> Json:
    if end is None:
        return None
    same = value is not None and Fraction(value) == end.value
    return {
        "value": value,
        "exact": None if same else str(end.value),
        "evidence": str(end.evidence),
        "certificate": end.certificate,
        "proof_bytes": end.proof_bytes,
        "witness": None if end.point is None else point(end.point),
    }


def _below(end: End | None) -> float | None:
    """The greatest double that is not above an end."""
    if end is None:
        return None
    value = as_float(end.value)
    if value == inf or (isfinite(value) and Fraction(value) > end.value):
        value = nextafter(value, -inf)
    return value if isfinite(value) else None


def _above(end: End | None) -> float | None:
    if end is None:
        return None
    value = as_float(end.value)
    if value == -inf or (isfinite(value) and Fraction(value) < end.value):
        value = nextafter(value, inf)
    return value if isfinite(value) else None
