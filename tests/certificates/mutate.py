"""Random changes of proofs, small enough that many of them stay of the right form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from spec_lang.obligations.certificate import (
    BoxProof,
    Lemma,
    NodeSlopes,
    PhaseProof,
    PhaseTree,
    Proof,
    SquareProof,
)

Structure = BoxProof | NodeSlopes | PhaseProof | PhaseTree | Lemma | SquareProof

_FLOATS = (0.0, -0.0, 0.25, 1.0, 1.5, -1.0, 3e38, 5e-324, np.inf, -np.inf, np.nan)
_INTEGERS = (-3, -2, -1, 0, 1, 2, 3, 7)


@st.composite
def mutated(draw: st.DrawFn, proof: Proof) -> Proof:
    """`proof` after up to three changes."""
    for _ in range(draw(st.integers(1, 3))):
        proof = replace(proof, parts=draw(_changed_tuple(proof.parts)))
    return proof


@st.composite
def _changed_tuple(draw: st.DrawFn, members: tuple[Any, ...]) -> tuple[Any, ...]:
    """One member changed, dropped, doubled, or moved to the end."""
    if not members:
        return members
    place = draw(st.integers(0, len(members) - 1))
    before, one, after = members[:place], members[place], members[place + 1 :]
    how = draw(st.sampled_from(["change"] * 6 + ["drop", "double", "move"]))
    if how == "change":
        return (*before, draw(_changed(one)), *after)
    if how == "drop":
        return (*before, *after)
    return (*before, *after, one) if how == "move" else (*before, one, one, *after)


@st.composite
def _changed(draw: st.DrawFn, value: Any) -> Any:  # noqa: ANN401 - any part of a proof
    if isinstance(value, np.ndarray):
        return draw(_changed_array(value))
    if isinstance(value, tuple):
        return draw(_changed_tuple(value))
    if isinstance(value, int):
        return value + draw(st.sampled_from((-1, 1)))
    assert isinstance(value, Structure)
    name = draw(st.sampled_from(_fields_of(value)))
    return replace(value, **{name: draw(_changed(getattr(value, name)))})


def _fields_of(value: Structure) -> Sequence[str]:
    """Its fields; what consists of others comes up more often."""
    names = [field.name for field in fields(value)]
    return [*names, *[name for name in names if isinstance(getattr(value, name), tuple)] * 4]


@st.composite
def _changed_array(draw: st.DrawFn, array: NDArray[Any]) -> NDArray[Any]:
    if not array.size:
        return np.zeros((*array.shape[:-1], array.shape[-1] + 1), dtype=array.dtype)
    how = draw(st.sampled_from(["put"] * 4 + ["drop", "double", "reverse"]))
    row = draw(st.integers(0, len(array) - 1))
    if how == "drop":
        return np.delete(array, row, axis=0)
    if how == "double":
        return np.insert(array, row, array[row], axis=0)
    if how == "reverse":
        return array[::-1].copy()
    values = (
        _FLOATS if array.dtype.kind == "f" else (0, 1, 128, 255) if array.dtype.kind == "u" else _INTEGERS
    )
    changed = array.copy()
    with np.errstate(over="ignore"):
        changed.flat[draw(st.integers(0, array.size - 1))] = draw(st.sampled_from(values))
    return changed
