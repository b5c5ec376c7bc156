"""Laws of the stored ends of measures: exact, and nothing that is damaged is read."""

from __future__ import annotations

from fractions import Fraction
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec_lang.store.columns import BadRecord
from spec_lang.store.ends import decode_ends, encode_ends
from spec_lang.store.files import Damaged, Store

KEY = "5e" * 32
ENDS = (Fraction(1, 3), None, Fraction(-7, 10**30), Fraction(0))


@given(st.lists(st.none() | st.fractions(), min_size=1, max_size=4))
def test_ends_read_back_as_the_same_numbers(numbers: list[Fraction | None]) -> None:
    assert decode_ends(encode_ends(numbers)) == tuple(numbers)


@given(st.integers(0, 80), st.integers(1, 255))
def test_a_changed_byte_is_noticed(place: int, change: int) -> None:
    record = bytearray(encode_ends(ENDS))
    record[place % len(record)] ^= change
    with pytest.raises(BadRecord):
        decode_ends(bytes(record))


@pytest.mark.parametrize("record", [b"", b"nnends", b"garbage" * 20])
def test_garbage_is_no_record(record: bytes) -> None:
    with pytest.raises(BadRecord):
        decode_ends(record)


@pytest.mark.parametrize("text", [b"1/0", b"1", b"x/1", b"1/1\n" * 100])
def test_what_has_a_good_hash_and_is_no_number_is_refused(text: bytes) -> None:
    magic = encode_ends(())[: -sha256().digest_size]
    record = magic + sha256(text).digest() + text
    with pytest.raises(BadRecord):
        decode_ends(record)


def test_ends_are_found_by_their_key_alone(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert store.look_up_ends(KEY) is None
    assert store.keep_ends(KEY, ENDS) is None
    assert store.look_up_ends(KEY) == ENDS
    (path,) = tmp_path.glob("*/*.proof")
    path.write_bytes(b"\0" * 40)
    assert isinstance(store.look_up_ends(KEY), Damaged)
    other = "6f" * 32
    store.keep_ends(other, ENDS)
    moved = store._path(KEY)
    moved.write_bytes(store._path(other).read_bytes())
    assert isinstance(store.look_up_ends(KEY), Damaged)
