"""idx files: the format of MNIST, packed or not, whatever the file is called."""

from __future__ import annotations

import gzip
import struct
from fractions import Fraction
from pathlib import Path

import pytest

from spec_lang.data.base import FaultKind, Kind, Misfit
from tests.data.arrays import elements, fault, stored


def idx(shape: tuple[int, ...], letter: str = "B", code: int = 8, first: int = 0, count: int = -1) -> bytes:
    number = 1
    for extent in shape:
        number *= extent
    number = number if count < 0 else count
    head = struct.pack(f">HBB{len(shape)}I", 0, code, len(shape), *shape)
    return head + struct.pack(f">{number}{letter}", *range(first, first + number))


@pytest.mark.parametrize("name", ["images-idx3-ubyte", "images.idx", "images.dat", "images.gz"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_the_content_says_what_the_file_is(tmp_path: Path, name: str, pack: type[bytes]) -> None:
    (tmp_path / name).write_bytes(pack(idx((2, 2, 3))))
    found = stored(tmp_path / name, None, 3)
    assert (found.shape, found.kind) == ((2, 2, 3), Kind.NATURAL)
    assert elements(found) == tuple(map(Fraction, range(12)))
    assert found.elements.fractions(4, 6) == (Fraction(4), Fraction(5))


@pytest.mark.parametrize(
    ("letter", "code", "kind"),
    [
        ("b", 9, Kind.INTEGER),
        ("h", 11, Kind.INTEGER),
        ("i", 12, Kind.INTEGER),
        ("f", 13, Kind.REAL),
        ("d", 14, Kind.REAL),
    ],
)
def test_every_type_of_the_format_is_read(tmp_path: Path, letter: str, code: int, kind: Kind) -> None:
    (tmp_path / "a").write_bytes(idx((5,), letter, code, first=-2))
    found = stored(tmp_path / "a")
    assert found.kind is kind
    assert elements(found) == tuple(map(Fraction, range(-2, 3)))


def test_a_plain_file_of_another_length_is_a_fault(tmp_path: Path) -> None:
    for content in (idx((4,))[:-1], idx((4,)) + b"\0"):
        (tmp_path / "a").write_bytes(content)
        assert "its idx header says 12" in fault(tmp_path / "a").problem


def test_a_packed_file_that_is_too_short_says_so_when_it_is_used(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(idx((4,), count=3)))
    with pytest.raises(Misfit, match="cannot be read") as misfit:
        elements(stored(tmp_path / "a.gz"))
    assert misfit.value.position is None


def test_a_packed_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(idx((2**31, 1000), count=0) + b"\0" * 1_000_000))
    assert fault(tmp_path / "a.gz", None, 2).kind is FaultKind.SIZE


@pytest.mark.parametrize(
    "content",
    [
        b"\0\0\x07\x01\0\0\0\x01\0",
        b"\0\0\x08",
        b"\0\0\x08\x03\0\0\0\x01",
        gzip.compress(b"hello", mtime=0),
        gzip.compress(b"", mtime=0)[:5],
    ],
)
def test_what_is_no_idx_file_is_a_fault(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    assert fault(tmp_path / "a").kind is FaultKind.FILE


def test_its_array_has_no_name(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(idx((4,)))
    assert fault(tmp_path / "a", "images").kind is FaultKind.ARRAY
