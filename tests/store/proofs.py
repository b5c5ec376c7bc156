"""Proofs and goals drawn at random, for tests of what is stored of them.

In: Hypothesis.  Out: values of the right types, mostly no proofs of anything; arrays hold NaN, infinities and
signed zeros as well.  Equality of proofs is equality of their bits.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
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
from spec_lang.obligations.outcome import Attestation, GaveUp, GaveUpReason, Outcome, Proved, Refuted

STAMP = Attestation("tester", "1.0", "by hand")
UNTRIED = GaveUp(GaveUpReason.INTERRUPTED, "not tried")


@st.composite
def arrays(draw: st.DrawFn, dtype: type[np.generic], *shape: int) -> NDArray[Any]:
    """Any bits: NaN with its payload, too."""
    kind = np.dtype(dtype)
    size = int(np.prod(shape)) * kind.itemsize
    return np.frombuffer(draw(st.binary(min_size=size, max_size=size)), dtype=kind).reshape(shape)


@st.composite
def ascending(draw: st.DrawFn) -> NDArray[np.int32]:
    values = draw(st.sets(st.integers(0, 2**31 - 1), max_size=6))
    return np.array(sorted(values), dtype=np.int32)


sizes = st.integers(0, 5)


@st.composite
def lemmas(draw: st.DrawFn) -> Lemma:
    rows, leaves, columns = draw(sizes), draw(sizes), draw(ascending())
    return Lemma(
        draw(arrays(np.int32, rows)),
        draw(arrays(np.int8, rows)),
        draw(arrays(np.int32, draw(sizes))),
        draw(arrays(np.float32, leaves, draw(sizes))),
        columns,
        draw(arrays(np.float32, leaves, len(columns))),
    )


@st.composite
def trees(draw: st.DrawFn) -> PhaseTree:
    leaves, columns = draw(sizes), draw(ascending())
    return PhaseTree(
        draw(st.integers(-3, 100)),
        draw(arrays(np.int32, draw(sizes))),
        draw(arrays(np.float32, leaves, draw(sizes))),
        columns,
        draw(arrays(np.float32, leaves, len(columns))),
        tuple(draw(st.lists(lemmas(), max_size=2))),
    )


@st.composite
def squares(draw: st.DrawFn) -> SquareProof:
    neuron = draw(arrays(np.int32, draw(sizes)))
    tilt, below, bend, slope = (draw(arrays(np.float32, len(neuron))) for _ in range(4))
    mix, shares = (draw(arrays(np.float32, draw(sizes))) for _ in range(2))
    return SquareProof(draw(st.integers(0, 9)), mix, neuron, tilt, below, bend, slope, shares)


@st.composite
def slopes(draw: st.DrawFn) -> NodeSlopes:
    entries, numbers = draw(sizes), draw(sizes)
    return NodeSlopes(
        draw(arrays(np.int32, entries)),
        draw(arrays(np.int32, entries)),
        draw(arrays(np.int32, entries)),
        draw(arrays(np.int32, numbers)),
        draw(arrays(np.uint8, numbers)),
    )


@st.composite
def parts(draw: st.DrawFn) -> BoxProof:
    nodes = draw(sizes)
    phases = st.builds(
        lambda one, two, three: PhaseProof(tuple(one), tuple(two), tuple(three)),
        st.lists(lemmas(), max_size=2),
        st.lists(trees(), max_size=2),
        st.lists(squares(), max_size=2),
    )
    return BoxProof(
        draw(st.integers(0, 9)),
        draw(arrays(np.int32, nodes)),
        draw(arrays(np.float64, draw(sizes))),
        draw(arrays(np.uint8, nodes, draw(sizes))),
        phases=tuple(draw(st.lists(phases, max_size=2))),
        slopes=draw(slopes()),
    )


Structure = Proof | BoxProof | NodeSlopes | PhaseProof | PhaseTree | Lemma | SquareProof
proofs = st.builds(lambda found: Proof(tuple(found)), st.lists(parts(), max_size=3))
stamps = st.builds(Attestation, *[st.text(st.characters(codec="utf-8"), max_size=8)] * 3)
points = st.lists(st.fractions(), max_size=4).map(tuple)
outcomes: st.SearchStrategy[Outcome] = st.one_of(
    st.builds(Proved, stamps, proofs), st.builds(Refuted, points), st.just(UNTRIED)
)


def bits(value: object) -> object:
    """A value that is equal for what is the same to the last bit."""
    if isinstance(value, np.ndarray):
        return str(value.dtype), value.shape, value.tobytes()
    if isinstance(value, tuple):
        return tuple(map(bits, value))
    if isinstance(value, Proved | Refuted | Structure):
        return type(value).__name__, *(bits(getattr(value, name)) for name in value.__dataclass_fields__)
    if isinstance(value, GaveUp):
        return "nothing"
    return value


def one_proof() -> Proof:
    """A proof of three nodes: slopes at two of them, phases and squares at one, a lemma for these and one for
    a tree."""
    lemma = Lemma(
        np.array([3, 4], dtype=np.int32),
        np.array([1, -1], dtype=np.int8),
        np.array([-1, 0, -1, -1], dtype=np.int32),
        np.array([[0.0], [0.25], [0.5]], dtype=np.float32),
        np.array([0], dtype=np.int32),
        np.array([[0.5], [1], [0]], dtype=np.float32),
    )
    tree = PhaseTree(
        0,
        np.array([0, -1, -1], dtype=np.int32),
        np.ones((2, 1), dtype=np.float32),
        np.array([0, 3, 4], dtype=np.int32),
        np.linspace(0, 1, 6, dtype=np.float32).reshape(2, 3),
        (lemma,),
    )
    given = NodeSlopes(
        np.array([0, 0, 1], dtype=np.int32),
        np.array([0, 1, 0], dtype=np.int32),
        np.array([2, 0, 1], dtype=np.int32),
        np.array([0, 2, 1], dtype=np.int32),
        np.array([0, 128, 17], dtype=np.uint8),
    )
    numbers = np.array([0.5, 2], dtype=np.float32)
    square = SquareProof(
        1, numbers[:1], np.array([2, 5], dtype=np.int32), numbers, numbers, numbers, numbers, numbers
    )
    part = BoxProof(
        0,
        np.array([0, -1, -2], dtype=np.int32),
        np.array([0.3]),
        np.arange(6, dtype=np.uint8).reshape(3, 2),
        phases=(PhaseProof((lemma,), (tree,), (square,)),),
        slopes=given,
    )
    return Proof((part,))


def witness() -> tuple[Fraction, ...]:
    return Fraction(1, 3), Fraction(-7, 2**1074), Fraction(0)


def every_byte_changed(data: bytes) -> Iterator[bytes]:
    """`data` with one bit of one byte changed, for every byte."""
    for place in range(len(data)):
        yield data[:place] + bytes([data[place] ^ 1 << place % 8]) + data[place + 1 :]
