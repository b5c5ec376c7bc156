"""The idx format, in which MNIST is distributed, plain or packed by gzip.

In: a path to a file that begins like one.  Out: its one array.  The header is two zero bytes, a type, a
number of dimensions, and the extents; elements follow, big-endian, row-major.
"""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from math import prod
from pathlib import Path
from typing import IO, Final

from spec_lang._values import dataclass
from spec_lang.data.base import (
    DataFile,
    Fault,
    FaultKind,
    Kind,
    Misfit,
    Request,
    StoredArray,
    exact,
    size_fault,
)

# Type: struct's letter, what the elements are, and the name of the type.
_TYPES: Final = {
    0x08: ("B", Kind.NATURAL, "uint8"),
    0x09: ("b", Kind.INTEGER, "int8"),
    0x0B: ("h", Kind.INTEGER, "int16"),
    0x0C: ("i", Kind.INTEGER, "int32"),
    0x0D: ("f", Kind.REAL, "float32"),
    0x0E: ("d", Kind.REAL, "float64"),
}
_DAMAGE: Final = (OSError, EOFError, zlib.error, struct.error)
_EXPECTED: Final = "data files are `.npz`, `.npy`, `.csv` and idx files"


@dataclass(frozen=True, slots=True)
class _Header:
    shape: tuple[int, ...]
    letter: str
    kind: Kind
    stored: str

    @property
    def start(self) -> int:
        return 4 + 4 * len(self.shape)

    @property
    def width(self) -> int:
        return struct.calcsize(f">{self.letter}")


def open_idx(path: Path) -> DataFile | Fault:
    """The file at `path`; its header is read, and of a plain file the size is checked."""
    try:
        with path.open("rb") as stream:
            packed = stream.read(2) == b"\x1f\x8b"
        with _open(path, packed) as stream:
            header = _header(stream, path)
        size = path.stat().st_size
    except _DAMAGE as error:
        return Fault(FaultKind.FILE, f"`{path}` is damaged: {error}", "copy the file again")
    if isinstance(header, Fault):
        return header
    expected = header.start + prod(header.shape) * header.width
    if not packed and size != expected:
        problem = f"`{path}` has {size} bytes, and its idx header says {expected}"
        return Fault(FaultKind.FILE, problem, "copy the file again")
    return _IdxFile(path, header, _Elements(path, packed, header))


@dataclass(frozen=True, slots=True)
class _IdxFile:
    path: Path
    header: _Header
    elements: _Elements

    def array(self, request: Request) -> StoredArray | Fault:
        if request.name is not None:
            problem = f"`{self.path}` is an idx file: it holds one array, without a name"
            return Fault(FaultKind.ARRAY, problem, f'write `data … = "{self.path.name}": int[…]`')
        return StoredArray(self.header.shape, self.header.kind, self.header.stored, self.elements)


class _Elements:
    """A packed file is unpacked once, a plain one is read where it is used."""

    __slots__ = ("_header", "_packed", "_path", "_unpacked")

    def __init__(self, path: Path, packed: bool, header: _Header) -> None:
        self._path = path
        self._packed = packed
        self._header = header
        self._unpacked: bytes | None = None

    def fractions(self, start: int, stop: int) -> tuple[Fraction, ...]:
        try:
            content = self._content(start, stop)
            values = struct.unpack(f">{stop - start}{self._header.letter}", content)
        except _DAMAGE as error:
            raise Misfit(None, f"`{self._path}` cannot be read: {error}") from None
        return tuple(exact(value, start + i) for i, value in enumerate(values))

    def _content(self, start: int, stop: int) -> bytes:
        width, begin = self._header.width, self._header.start
        if not self._packed:
            with self._path.open("rb") as stream:
                stream.seek(begin + start * width)
                return stream.read((stop - start) * width)
        if self._unpacked is None:
            with _open(self._path, True) as stream:
                stream.read(begin)
                self._unpacked = stream.read(prod(self._header.shape) * width)
        return self._unpacked[start * width : stop * width]


@contextmanager
def _open(path: Path, packed: bool) -> Iterator[IO[bytes] | gzip.GzipFile]:
    with path.open("rb") as raw:
        if not packed:
            yield raw
            return
        with gzip.GzipFile(fileobj=raw) as stream:
            yield stream


def _header(stream: IO[bytes] | gzip.GzipFile, path: Path) -> _Header | Fault:
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\x00\x00" or magic[2] not in _TYPES:
        problem = f"`{path}` is not an idx file: it begins with the bytes {magic.hex(' ')}"
        return Fault(FaultKind.FILE, problem, _EXPECTED)
    extents = stream.read(4 * magic[3])
    if len(extents) < 4 * magic[3]:
        return Fault(FaultKind.FILE, f"`{path}` ends within its idx header", "copy the file again")
    shape = struct.unpack(f">{magic[3]}I", extents)
    header = _Header(shape, *_TYPES[magic[2]])
    return size_fault(shape, header.width, f"`{path}`") or header
