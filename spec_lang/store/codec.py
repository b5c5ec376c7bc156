"""Outcomes as bytes, and back: what a stored record consists of.

In: what backends said of a goal's obligations.  Out: a record with the proofs and witness points in it,
exactly, and its own hash; nothing else is kept.  A record is not trusted: sizes are looked at before anything
is made of them, and whatever is wrong with one is a `BadRecord`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from hashlib import sha256
from typing import Final

from spec_lang._values import dataclass
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
from spec_lang.obligations.pair_certificate import DegreeProof, PairProof
from spec_lang.store.columns import BadRecord, ColumnReader, Columns, ColumnWriter, Unkeepable

# The name of the format, and its version: one that is changed is another.
MAGIC: Final = b"nnproof\x02"
HEADER: Final = len(MAGIC) + sha256().digest_size

# What has neither squares nor pairs is written as it was before there were any.
_NOTHING, _PROOF, _POINT, _PROOF_BY_SQUARES, _BY_PAIRS, _BY_DEGREE = range(6)
_NOT_STORED: Final = GaveUp(GaveUpReason.INTERRUPTED, "nothing is stored of this obligation")

# Bytes of one numerator or denominator: a thousand times what a float needs, and still quick to reduce.
_MAX_INTEGER: Final = 8192
_MAX_TEXT: Final = 1024


@dataclass(frozen=True, slots=True)
class Decoded:
    """`outcomes` are one an obligation; `digest` is the hash that the record carries, and has."""

    outcomes: tuple[Outcome, ...]
    digest: str


def encode(outcomes: Sequence[Outcome]) -> bytes:
    """The record of `outcomes`.  Raises `Unkeepable` for what a reader would refuse."""
    writer = ColumnWriter()
    writer.number(len(outcomes))
    for outcome in outcomes:
        _write_outcome(writer, outcome)
    body = writer.content()
    return MAGIC + sha256(body).digest() + body


def digest_of(record: bytes) -> str:
    """The hash that a record of ours carries."""
    return f"sha256:{record[len(MAGIC) : HEADER].hex()}"


def decode(record: bytes) -> Decoded:
    """What `encode` was given, without the words of outcomes that settle nothing.  Raises `BadRecord`."""
    if record[: len(MAGIC)] != MAGIC:
        raise BadRecord("it is not of this version of the format")
    body = memoryview(record)[HEADER:]
    if len(record) < HEADER or sha256(body).digest() != record[len(MAGIC) : HEADER]:
        raise BadRecord("its content is not what was stored")
    reader = ColumnReader(body)
    outcomes = tuple(_read_outcome(reader) for _ in range(reader.count()))
    reader.finish()
    return Decoded(outcomes, digest_of(record))


def _write_outcome(writer: ColumnWriter, outcome: Outcome) -> None:
    match outcome:
        case Proved(stamp, Proof() as proof):
            by_squares = any(phases.squares for part in proof.parts for phases in part.phases)
            writer.number(_PROOF_BY_SQUARES if by_squares else _PROOF)
            _write_stamp(writer, stamp)
            writer.number(len(proof.parts))
            for part in proof.parts:
                _write_part(writer, part)
                if by_squares:
                    _write_squares(writer, part)
        case Proved(stamp, PairProof() as proof):
            writer.number(_BY_PAIRS)
            _write_stamp(writer, stamp)
            writer.array(Columns.WEIGHTS, proof.axes)
            writer.array(Columns.NODE_SLOPES, proof.codes)
            writer.matrix(Columns.CUT, proof.tangents)
        case Proved(stamp, DegreeProof() as proof):
            writer.number(_BY_DEGREE)
            _write_stamp(writer, stamp)
            writer.matrix(Columns.CUT, proof.weights)
            writer.number(proof.sign)
            writer.array(Columns.SIDES, proof.axis)
            writer.matrix(Columns.CUT, proof.tangents)
        case Refuted(point):
            writer.number(_POINT)
            writer.number(len(point))
            for value in point:
                _write_integer(writer, value.numerator)
                _write_integer(writer, value.denominator)
        case Proved() | GaveUp():
            writer.number(_NOTHING)


def _read_outcome(reader: ColumnReader) -> Outcome:
    kind = reader.number()
    if kind == _NOTHING:
        return _NOT_STORED
    if kind in (_BY_PAIRS, _BY_DEGREE):
        stamp = _read_stamp(reader)
        return Proved(stamp, _read_pairs(reader) if kind == _BY_PAIRS else _read_degree(reader))
    if kind in (_PROOF, _PROOF_BY_SQUARES):
        stamp = _read_stamp(reader)
        read = _read_part if kind == _PROOF else _read_part_by_squares
        return Proved(stamp, Proof(tuple(read(reader) for _ in range(reader.count()))))
    if kind == _POINT:
        return Refuted(tuple(_read_fraction(reader) for _ in range(reader.count())))
    raise BadRecord(f"there is no outcome of kind {kind}")


def _write_stamp(writer: ColumnWriter, stamp: Attestation) -> None:
    for text in (stamp.backend, stamp.version, stamp.method):
        writer.blob(text.encode("utf-8", "replace")[:_MAX_TEXT])


def _read_stamp(reader: ColumnReader) -> Attestation:
    return Attestation(_read_text(reader), _read_text(reader), _read_text(reader))


def _read_pairs(reader: ColumnReader) -> PairProof:
    return PairProof(
        axes=reader.array(Columns.WEIGHTS),
        codes=reader.array(Columns.NODE_SLOPES),
        tangents=reader.matrix(Columns.CUT),
    )


def _read_degree(reader: ColumnReader) -> DegreeProof:
    return DegreeProof(
        weights=reader.matrix(Columns.CUT),
        sign=reader.number(),
        axis=reader.array(Columns.SIDES),
        tangents=reader.matrix(Columns.CUT),
    )


def _write_part(writer: ColumnWriter, part: BoxProof) -> None:
    writer.number(part.box)
    writer.array(Columns.AXIS, part.axis)
    writer.array(Columns.CUT, part.cut)
    writer.matrix(Columns.WEIGHTS, part.weights)
    writer.array(Columns.NODES, part.slopes.node)
    writer.array(Columns.CONJUNCTIONS, part.slopes.conjunction)
    writer.array(Columns.COUNTS, part.slopes.count)
    writer.array(Columns.NODE_NEURONS, part.slopes.neuron)
    writer.array(Columns.NODE_SLOPES, part.slopes.slope)
    writer.number(len(part.phases))
    for proof in part.phases:
        writer.number(len(proof.lemmas))
        for lemma in proof.lemmas:
            _write_lemma(writer, lemma)
        writer.number(len(proof.trees))
        for tree in proof.trees:
            writer.number(tree.conjunction)
            writer.number(len(tree.lemmas))
            for lemma in tree.lemmas:
                _write_lemma(writer, lemma)
            writer.array(Columns.SPLITS, tree.neuron)
            writer.matrix(Columns.MULTIPLIERS, tree.multipliers)
            writer.array(Columns.NEURONS, tree.columns)
            writer.matrix(Columns.SLOPES, tree.slopes)


def _write_squares(writer: ColumnWriter, part: BoxProof) -> None:
    for proof in part.phases:
        writer.number(len(proof.squares))
        for square in proof.squares:
            writer.number(square.conjunction)
            writer.array(Columns.MULTIPLIERS, square.multipliers)
            writer.array(Columns.NEURONS, square.neuron)
            for numbers in (square.tilt, square.below, square.bend, square.slope, square.shares):
                writer.array(Columns.SLOPES, numbers)


def _write_lemma(writer: ColumnWriter, lemma: Lemma) -> None:
    writer.array(Columns.ROWS, lemma.neuron)
    writer.array(Columns.SIDES, lemma.side)
    writer.array(Columns.SPLITS, lemma.tree)
    writer.matrix(Columns.MULTIPLIERS, lemma.multipliers)
    writer.array(Columns.NEURONS, lemma.columns)
    writer.matrix(Columns.SLOPES, lemma.slopes)


def _read_part(reader: ColumnReader) -> BoxProof:
    return BoxProof(
        box=reader.number(),
        axis=reader.array(Columns.AXIS),
        cut=reader.array(Columns.CUT),
        weights=reader.matrix(Columns.WEIGHTS),
        slopes=NodeSlopes(
            node=reader.array(Columns.NODES),
            conjunction=reader.array(Columns.CONJUNCTIONS),
            count=reader.array(Columns.COUNTS),
            neuron=reader.array(Columns.NODE_NEURONS),
            slope=reader.array(Columns.NODE_SLOPES),
        ),
        phases=tuple(_read_phases(reader) for _ in range(reader.count())),
    )


def _read_part_by_squares(reader: ColumnReader) -> BoxProof:
    part = _read_part(reader)
    phases = [
        replace(proof, squares=tuple(_read_squares(reader) for _ in range(reader.count())))
        for proof in part.phases
    ]
    return replace(part, phases=tuple(phases))


def _read_squares(reader: ColumnReader) -> SquareProof:
    return SquareProof(
        conjunction=reader.number(),
        multipliers=reader.array(Columns.MULTIPLIERS),
        neuron=reader.array(Columns.NEURONS),
        tilt=reader.array(Columns.SLOPES),
        below=reader.array(Columns.SLOPES),
        bend=reader.array(Columns.SLOPES),
        slope=reader.array(Columns.SLOPES),
        shares=reader.array(Columns.SLOPES),
    )


def _read_phases(reader: ColumnReader) -> PhaseProof:
    lemmas = tuple(_read_lemma(reader) for _ in range(reader.count()))
    return PhaseProof(lemmas, tuple(_read_tree(reader) for _ in range(reader.count())))


def _read_lemma(reader: ColumnReader) -> Lemma:
    return Lemma(
        neuron=reader.array(Columns.ROWS),
        side=reader.array(Columns.SIDES),
        tree=reader.array(Columns.SPLITS),
        multipliers=reader.matrix(Columns.MULTIPLIERS),
        columns=reader.array(Columns.NEURONS),
        slopes=reader.matrix(Columns.SLOPES),
    )


def _read_tree(reader: ColumnReader) -> PhaseTree:
    return PhaseTree(
        conjunction=reader.number(),
        lemmas=tuple(_read_lemma(reader) for _ in range(reader.count())),
        neuron=reader.array(Columns.SPLITS),
        multipliers=reader.matrix(Columns.MULTIPLIERS),
        columns=reader.array(Columns.NEURONS),
        slopes=reader.matrix(Columns.SLOPES),
    )


def _read_text(reader: ColumnReader) -> str:
    try:
        return str(reader.blob(_MAX_TEXT), "utf-8")
    except UnicodeDecodeError:
        raise BadRecord("a text is not UTF-8") from None


def _write_integer(writer: ColumnWriter, value: int) -> None:
    size = (value.bit_length() + 8) // 8  # and a bit for the sign
    if size > _MAX_INTEGER:
        raise Unkeepable(f"a number of the point has more than {8 * _MAX_INTEGER:,} bits")
    writer.blob(value.to_bytes(size, "little", signed=True))


def _read_fraction(reader: ColumnReader) -> Fraction:
    numerator = int.from_bytes(reader.blob(_MAX_INTEGER), "little", signed=True)
    denominator = int.from_bytes(reader.blob(_MAX_INTEGER), "little", signed=True)
    if denominator <= 0:
        raise BadRecord("a denominator is not positive")
    return Fraction(numerator, denominator)
