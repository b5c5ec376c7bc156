"""Laws of records: what is encoded comes back to the last bit, and bad bytes do nothing but say so."""

from __future__ import annotations

import struct
import tracemalloc
import zlib
from collections.abc import Sequence
from contextlib import suppress
from fractions import Fraction
from hashlib import sha256

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from spec_lang.obligations.certificate import BoxProof, Proof
from spec_lang.obligations.outcome import GaveUp, Outcome, Proved, Refuted
from spec_lang.store.codec import HEADER, MAGIC, decode, digest_of, encode
from spec_lang.store.columns import MAX_DECODED, MAX_PIECES, BadRecord, Unkeepable
from tests.store.proofs import STAMP, UNTRIED, bits, every_byte_changed, one_proof, outcomes, witness


def signed(body: bytes) -> bytes:
    """A record whose hash is right, whatever is in it."""
    return MAGIC + sha256(body).digest() + body


@given(st.lists(outcomes, max_size=3))
@example([Proved(STAMP, one_proof()), UNTRIED, Refuted(witness())])
def test_what_is_encoded_comes_back(found: list[Outcome]) -> None:
    record = encode(found)
    decoded = decode(record)
    assert bits(decoded.outcomes) == bits(tuple(found))
    assert decoded.digest == digest_of(record) == f"sha256:{sha256(record[HEADER:]).hexdigest()}"
    assert encode(decoded.outcomes) == record


@given(st.lists(outcomes, max_size=2))
def test_the_same_outcomes_make_the_same_record(found: list[Outcome]) -> None:
    assert encode(found) == encode(list(found))


def test_a_backends_mere_word_is_not_stored() -> None:
    (decoded,) = decode(encode([Proved(STAMP)])).outcomes
    assert isinstance(decoded, GaveUp)


def test_arrays_that_are_read_cannot_be_written_to() -> None:
    (decoded,) = decode(encode([Proved(STAMP, one_proof())])).outcomes
    assert isinstance(decoded, Proved)
    assert isinstance(decoded.proof, Proof)
    with pytest.raises(ValueError, match="read-only"):
        decoded.proof.parts[0].cut[0] = 1.0


# -- bad bytes -----------------------------------------------------------------------------------------


@given(st.binary(max_size=200))
@example(b"")
@example(MAGIC)
@example(signed(b""))
def test_any_bytes_are_a_bad_record(data: bytes) -> None:
    for record in (data, MAGIC + data, signed(data)):
        with pytest.raises(BadRecord):
            decode(record)


def test_every_changed_byte_is_noticed() -> None:
    record = encode([Proved(STAMP, one_proof()), Refuted(witness())])
    for changed in every_byte_changed(record):
        with pytest.raises(BadRecord):
            decode(changed)


def test_every_prefix_is_a_bad_record() -> None:
    record = encode([Proved(STAMP, one_proof())])
    for length in range(len(record)):
        with pytest.raises(BadRecord):
            decode(record[:length])
        with pytest.raises(BadRecord):
            decode(signed(record[HEADER:length]))


@given(st.lists(outcomes, min_size=1, max_size=2), st.data())
def test_changed_bytes_with_a_right_hash_raise_nothing_else(
    found: list[Outcome], data: st.DataObject
) -> None:
    body = bytearray(encode(found)[HEADER:])
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(body) - 1))
        if data.draw(st.booleans()):
            body[place] = data.draw(st.integers(0, 255))
        else:
            del body[place : place + data.draw(st.integers(1, 9))]
    with suppress(BadRecord):
        encode(decode(signed(bytes(body))).outcomes)


# The columns in the order of the format, with the bytes of an element.
SIZES = (8, 1, 4, 8, 1, 4, 4, 4, 4, 4, 1, 4, 4, 4, 4, 1)


def body(*columns: bytes, claims: dict[int, tuple[int, int]] | None = None) -> bytes:
    """Columns as they stand in a record, from their shuffled bytes; `claims` replaces the lengths of some."""
    found = b""
    for place, size in enumerate(SIZES):
        raw = columns[place] if place < len(columns) else b""
        stored = zlib.compress(raw) if raw else b""
        lengths = (claims or {}).get(place, (len(raw) // size, len(stored)))
        found += struct.pack("<II", *lengths) + stored
    return found


def numbers(*values: int) -> bytes:
    """The first column: small numbers."""
    elements = np.array(values, dtype=np.int64)
    elements = (elements << 1) ^ (elements >> 63)
    return elements.view(np.uint8).reshape(-1, 8).T.tobytes()


def test_the_body_that_tests_build_is_the_one_of_the_format() -> None:
    assert decode(signed(body(numbers(1, 0)))).outcomes[0] == decode(encode([UNTRIED])).outcomes[0]
    assert bits(decode(signed(body(numbers(1, 2, 0)))).outcomes) == bits((Refuted(()),))


MALFORMED = {
    "no outcomes are counted": [],
    "a negative count": [-1],
    "more outcomes than there is anything": [5, 0],
    "an outcome of no kind": [1, 3],
    "an outcome of a negative kind": [1, -1],
    "a number too many": [1, 0, 0],
    "a text longer than the column": [1, 1, 3],
    "a text of negative length": [1, 1, -1],
    "an array longer than the column": [1, 1, 0, 0, 0, 1, 0, 7],
    "a matrix of a size that overflows": [1, 1, 0, 0, 0, 1, 0, 0, 0, 2**40, 2**40],
    "a matrix of negative sizes": [1, 1, 0, 0, 0, 1, 0, 0, 0, -1, -1],
    "a point without its numbers": [1, 2, 2],
    "a point of a denominator 0": [1, 2, 1, 0, 0],
}


@pytest.mark.parametrize("values", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_structure_is_a_bad_record(values: Sequence[int]) -> None:
    with pytest.raises(BadRecord):
        decode(signed(body(numbers(*values))))


def test_bytes_that_nobody_reads_are_a_bad_record() -> None:
    with pytest.raises(BadRecord, match="more in it"):
        decode(signed(body(numbers(1, 0), b"left over")))
    with pytest.raises(BadRecord, match="behind its end"):
        decode(signed(body(numbers(1, 0)) + b"x"))


@pytest.mark.parametrize("count", [2**32 - 1, MAX_DECODED // 8 + 1])
def test_a_column_that_says_it_is_huge_allocates_nothing(count: int) -> None:
    bomb = zlib.compress(bytes(1 << 24))
    record = signed(struct.pack("<II", count, len(bomb)) + bomb)
    assert_small_peak(record)


def test_a_column_that_grows_beyond_what_it_says_is_stopped() -> None:
    bomb = zlib.compress(bytes(1 << 26))
    rest = body(numbers(1, 0))
    record = signed(struct.pack("<II", 2, len(bomb)) + bomb + rest[8 + len(zlib.compress(numbers(1, 0))) :])
    assert_small_peak(record)


def test_as_many_numbers_as_are_too_many_are_not_made_objects() -> None:
    assert_small_peak(signed(body(bytes(8 * (MAX_PIECES + 1)))), peak=40 << 20)


def assert_small_peak(record: bytes, peak: int = 1 << 20) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(BadRecord):
            decode(record)
        assert tracemalloc.get_traced_memory()[1] < peak
    finally:
        tracemalloc.stop()


# -- what cannot be kept ---------------------------------------------------------------------------------


def part_with(**fields: object) -> Proof:
    given_ = {
        "box": 0,
        "axis": np.array([-1], dtype=np.int32),
        "cut": np.zeros(0),
        "weights": np.zeros((1, 0), dtype=np.uint8),
    }
    return Proof((BoxProof(**(given_ | fields)),))  # type: ignore[arg-type]


UNKEEPABLE: dict[str, Outcome] = {
    "numbers of another type": Proved(STAMP, part_with(axis=np.array([-1]))),
    "a matrix for a list": Proved(STAMP, part_with(cut=np.zeros((1, 1)))),
    "a list for a matrix": Proved(STAMP, part_with(weights=np.zeros(1, dtype=np.uint8))),
    "a number beyond 64 bits": Proved(STAMP, part_with(box=2**63)),
    "a fraction of more bits than are read": Refuted((Fraction(1, 3**50_000),)),
}


@pytest.mark.parametrize("outcome", UNKEEPABLE.values(), ids=UNKEEPABLE)
def test_what_could_not_be_read_is_not_written(outcome: Outcome) -> None:
    with pytest.raises(Unkeepable):
        encode([outcome])


def test_caps_hold_for_writers_too(monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = Proved(STAMP, one_proof())
    monkeypatch.setattr("spec_lang.store.columns.MAX_DECODED", 200)
    with pytest.raises(Unkeepable, match="MB of numbers"):
        encode([outcome])
    monkeypatch.undo()
    monkeypatch.setattr("spec_lang.store.columns.MAX_PIECES", 20)
    with pytest.raises(Unkeepable, match="pieces"):
        encode([outcome])


def test_a_large_proof_takes_few_bytes_a_node() -> None:
    """Cuts of random mantissas, as they are after boxes were shrunk: eight bytes for every second node."""
    random = np.random.default_rng(1)
    inner = 20_000
    axis = np.full(2 * inner + 1, -1, dtype=np.int32)
    axis[random.permutation(2 * inner)[:inner]] = random.integers(0, 5, inner)
    part = BoxProof(0, axis, random.uniform(-1, 1, inner), np.zeros((2 * inner + 1, 0), dtype=np.uint8))
    assert len(encode([Proved(STAMP, Proof((part,)))])) < 6 * len(axis)
