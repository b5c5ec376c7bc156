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
from spec_lang.obligations.outcome import Attestation, GaveUp, GaveUpReason, Outcome, Proved, Refuted
from spec_lang.store.certificates import (
    kind_of,
    read_certificate,
    read_fraction,
    write_certificate,
    write_fraction,
)
from spec_lang.store.columns import BadRecord, ColumnReader, Columns, ColumnWriter

# The name of the format, and its version: one that is changed is another.
MAGIC: Final = b"nnproof\x02"
HEADER: Final = len(MAGIC) + sha256().digest_size

_NOTHING, _POINT, _LONG_POINT = 0, 2, 8  # other numbers are those of certificates
_NOT_STORED: Final = GaveUp(GaveUpReason.INTERRUPTED, "nothing is stored of this obligation")

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
        case Proved(stamp, proof) if proof is not None:
            writer.number(kind_of(proof))
            _write_stamp(writer, stamp)
            write_certificate(writer, proof)
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
    if kind in (_POINT, _LONG_POINT):
        fractions = tuple(read_fraction(reader) for _ in range(reader.count()))
        return Refuted(fractions if kind == _POINT else (*fractions, *_read_floats(reader)))
    return Proved(_read_stamp(reader), read_certificate(reader, kind))


def _write_stamp(writer: ColumnWriter, stamp: Attestation) -> None:
    for text in (stamp.backend, stamp.version, stamp.method):
        writer.blob(text.encode("utf-8", "replace")[:_MAX_TEXT])


def _read_stamp(reader: ColumnReader) -> Attestation:
    return Attestation(_read_text(reader), _read_text(reader), _read_text(reader))


def _read_text(reader: ColumnReader) -> str:
    try:
        return str(reader.blob(_MAX_TEXT), "utf-8")
    except UnicodeDecodeError:
        raise BadRecord("a text is not UTF-8") from None


def _write_fractions(writer: ColumnWriter, numbers: Sequence[Fraction]) -> None:
    writer.number(len(numbers))
    for value in numbers:
        write_fraction(writer, value)


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
