"""Outcomes as bytes, and back: what a stored record consists of.

In: what backends said of a goal's obligations.  Out: a record with the proofs and witness points in it,
exactly, and its own hash; nothing else is kept.  A record is not trusted: sizes are looked at before anything
is made of them, and whatever is wrong with one is a `BadRecord`.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from hashlib import sha256
from typing import Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.obligations.certificate import Proof
from spec_lang.obligations.cut_certificate import CutProof
from spec_lang.obligations.mean_value_certificate import MeanValueProof
from spec_lang.obligations.narrow_certificate import Directions, NarrowProof
from spec_lang.obligations.outcome import Attestation, GaveUp, GaveUpReason, Outcome, Proved, Refuted
from spec_lang.obligations.pair_certificate import DegreeProof, PairProof
from spec_lang.obligations.piece_certificate import PieceProof
from spec_lang.store.box_proofs import has_squares, read_proof, write_proof
from spec_lang.store.columns import BadRecord, ColumnReader, Columns, ColumnWriter, Unkeepable
from spec_lang.store.conditions import read_condition, write_condition

# The name of the format, and its version: one that is changed is another.
MAGIC: Final = b"nnproof\x02"
HEADER: Final = len(MAGIC) + sha256().digest_size

# What has neither squares nor pairs is written as it was before there were any.
_NOTHING, _PROOF, _POINT, _PROOF_BY_SQUARES, _BY_PAIRS, _BY_DEGREE, _BY_PIECES, _BY_MEANS = range(8)
_LONG_POINT, _BY_CUT, _BEHIND = 8, 9, 10
_NOT_STORED: Final = GaveUp(GaveUpReason.INTERRUPTED, "nothing is stored of this obligation")

# Bytes of one numerator or denominator: a thousand times what a float needs, and still quick to reduce.
_MAX_INTEGER: Final = 8192
_MAX_TEXT: Final = 1024
_LONG: Final = 1024  # numbers of a point from which on floats are written as such: changed weights are


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
            writer.number(_PROOF_BY_SQUARES if has_squares(proof) else _PROOF)
            _write_stamp(writer, stamp)
            write_proof(writer, proof)
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
        case Proved(stamp, PieceProof() as proof):
            writer.number(_BY_PIECES)
            _write_stamp(writer, stamp)
            writer.matrix(Columns.CUT, proof.anchors)
        case Proved(stamp, MeanValueProof(parts)):
            writer.number(_BY_MEANS)
            _write_stamp(writer, stamp)
            writer.number(len(parts))
            for part in parts:
                _write_one(writer, part)
        case Proved(stamp, CutProof(condition, parts)):
            writer.number(_BY_CUT)
            _write_stamp(writer, stamp)
            write_condition(writer, condition, _write_fraction)
            for part in parts:
                _write_one(writer, part)
        case Proved(stamp, NarrowProof(value, directions, part)):
            writer.number(_BEHIND)
            _write_stamp(writer, stamp)
            writer.number(value)
            writer.matrix(Columns.CUT, directions.weights)
            writer.matrix(Columns.CUT, directions.multipliers)
            _write_one(writer, part)
        case Refuted(point) if len(point) < _LONG:
            writer.number(_POINT)
            _write_fractions(writer, point)
        case Refuted(point):
            floats = _floats_at_the_end(point)
            writer.number(_LONG_POINT)
            _write_fractions(writer, point[: len(point) - len(floats)])
            writer.array(Columns.CUT, np.array(floats, dtype=np.float64))
        case Proved() | GaveUp():
            writer.number(_NOTHING)


def _read_outcome(reader: ColumnReader) -> Outcome:
    kind = reader.number()
    if kind == _NOTHING:
        return _NOT_STORED
    if kind in (_BY_PAIRS, _BY_DEGREE):
        stamp = _read_stamp(reader)
        return Proved(stamp, _read_pairs(reader) if kind == _BY_PAIRS else _read_degree(reader))
    if kind == _BY_PIECES:
        stamp = _read_stamp(reader)
        return Proved(stamp, PieceProof(reader.matrix(Columns.CUT)))
    if kind == _BY_MEANS:
        stamp = _read_stamp(reader)
        return Proved(stamp, MeanValueProof(tuple(_read_one(reader) for _ in range(reader.count()))))
    if kind == _BY_CUT:
        stamp = _read_stamp(reader)
        condition = read_condition(reader, _read_fraction)
        return Proved(stamp, CutProof(condition, (_read_one(reader), _read_one(reader))))
    if kind == _BEHIND:
        stamp, value = _read_stamp(reader), reader.number()
        directions = Directions(reader.matrix(Columns.CUT), reader.matrix(Columns.CUT))
        return Proved(stamp, NarrowProof(value, directions, _read_one(reader)))
    if kind in (_PROOF, _PROOF_BY_SQUARES):
        stamp = _read_stamp(reader)
        return Proved(stamp, read_proof(reader, with_squares=kind == _PROOF_BY_SQUARES))
    if kind in (_POINT, _LONG_POINT):
        fractions = tuple(_read_fraction(reader) for _ in range(reader.count()))
        return Refuted(fractions if kind == _POINT else (*fractions, *_read_floats(reader)))
    raise BadRecord(f"there is no outcome of kind {kind}")


def _write_one(writer: ColumnWriter, proof: Proof) -> None:
    """One of several proofs."""
    writer.number(_PROOF_BY_SQUARES if has_squares(proof) else _PROOF)
    write_proof(writer, proof)


def _read_one(reader: ColumnReader) -> Proof:
    """One of several proofs."""
    kind = reader.number()
    if kind not in (_PROOF, _PROOF_BY_SQUARES):
        raise BadRecord(f"there is no proof of kind {kind}")
    return read_proof(reader, with_squares=kind == _PROOF_BY_SQUARES)


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


def _read_text(reader: ColumnReader) -> str:
    try:
        return str(reader.blob(_MAX_TEXT), "utf-8")
    except UnicodeDecodeError:
        raise BadRecord("a text is not UTF-8") from None


def _write_fraction(writer: ColumnWriter, value: Fraction) -> None:
    _write_integer(writer, value.numerator)
    _write_integer(writer, value.denominator)


def _write_fractions(writer: ColumnWriter, numbers: Sequence[Fraction]) -> None:
    writer.number(len(numbers))
    for value in numbers:
        _write_fraction(writer, value)


def _floats_at_the_end(point: Sequence[Fraction]) -> list[float]:
    """As many of the last numbers as are floats, exactly."""
    found: list[float] = []
    for value in reversed(point):
        try:
            near = value.numerator / value.denominator
        except OverflowError:
            break
        if near.as_integer_ratio() != (value.numerator, value.denominator):
            break
        found.append(near)
    return found[::-1]


def _read_floats(reader: ColumnReader) -> tuple[Fraction, ...]:
    found = reader.array(Columns.CUT)
    if not np.isfinite(found).all():
        raise BadRecord("a number of a point is none")
    return tuple(map(Fraction, found.tolist()))


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
