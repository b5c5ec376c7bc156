"""The exact check of an empty region's evidence.

In: an `EmptyRegion`, a non-negative combination of rows that is said to be contradictory, and the region
that it speaks of.  Out: None when it is a proof, otherwise what is wrong with it.  Everything is
rational arithmetic; nothing is assumed of who found the combination.
"""

from __future__ import annotations

from fractions import Fraction

from spec_lang.obligations.model import Box, EmptyRegion, LinearAtom, Region


def flaw_in_emptiness(evidence: EmptyRegion, region: Region) -> str | None:
    """Why `evidence` does not prove that `region` has no point, or None when it does."""
    flaw = flaw_in_combination(evidence)
    if flaw is not None:
        return flaw
    used = (row for row, multiplier in zip(evidence.rows, evidence.multipliers, strict=True) if multiplier)
    if not all(row_is_imposed(row, region) for row in used):
        return "a row is not a constraint of the region"
    return None


def flaw_in_combination(evidence: EmptyRegion) -> str | None:
    """Why the multipliers do not add the rows up to a contradiction, or None when they do.

    Sound because every row `r_i(x) <= 0` with `m_i >= 0` gives `Σ m_i r_i(x) <= 0`; when the sum is the
    constant `c > 0`, or `c >= 0` with a strict row of positive multiplier, no x satisfies all rows.
    """
    if len(evidence.rows) != len(evidence.multipliers):
        return "there are not as many multipliers as rows"
    if any(multiplier < 0 for multiplier in evidence.multipliers):
        return "a multiplier is negative"
    if any(row.outputs for row in evidence.rows):
        return "a row speaks of outputs"
    total = Fraction(0)
    coefficients: dict[int, Fraction] = {}
    strict = False
    for row, multiplier in zip(evidence.rows, evidence.multipliers, strict=True):
        total += multiplier * row.constant
        strict = strict or (row.strict and multiplier > 0)
        for index, coefficient in row.inputs:
            coefficients[index] = coefficients.get(index, Fraction(0)) + multiplier * coefficient
    if any(coefficients.values()):
        return "the rows do not add up to a constant"
    if total > 0 or (strict and total == 0):
        return None
    return f"the rows add up to {total} {'<' if strict else '<='} 0, which is no contradiction"


def row_is_imposed(row: LinearAtom, region: Region) -> bool:
    """Whether every point of `region` satisfies `row`: it is one of the constraints, or the boxes imply it.

    Sufficient, not necessary: what follows only from several constraints together is not found.
    """
    same = any(
        (other.inputs, other.constant) == (row.inputs, row.constant) and (other.strict or not row.strict)
        for other in region.constraints
    )
    return same or all(_implied_by_box(row, box) for box in region.boxes)


def _implied_by_box(row: LinearAtom, box: Box) -> bool:
    greatest = row.constant
    for index, coefficient in row.inputs:
        bound = box.upper[index] if coefficient > 0 else box.lower[index]
        if bound is None:
            return False
        greatest += coefficient * bound
    return greatest < 0 or (greatest == 0 and not row.strict)
