"""Arrays of numbers as columns of bytes, small and safe to read.

In: numbers, blobs and arrays, in any order.  Out: one column for each kind of them, its bytes sorted by
significance and compressed; reading gives them back in the order of writing.  Lengths are compared with what
is there, and sizes with the caps, before anything is allocated; a wrong column raises `BadRecord` alone.
"""

from __future__ import annotations

import struct
import zlib
from enum import Enum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

MAX_DECODED: Final = 1 << 28  # bytes of all columns together
# What is written one by one becomes an object of up to a kilobyte.
MAX_PIECES: Final = 1_000_000
_MAX_ROWS: Final = 1 << 31  # of a matrix, which may be empty for want of columns

_LENGTHS: Final = struct.Struct("<II")  # of a column: its elements, and the bytes that they are stored in
_LEVEL: Final = 6

Array = NDArray[Any]


class BadRecord(Exception):
    """What is wrong with a record: it is not read any further."""


class Unkeepable(Exception):
    """Why something cannot be stored."""


class Columns(Enum):
    """The columns, in their order: the type of the elements, after what tells equal ones apart."""

    NUMBERS = (0, "<i8")
    BLOBS = (1, "<u1")
    AXIS = (2, "<i4")
    CUT = (3, "<f8")
    WEIGHTS = (4, "<u1")
    SPLITS = (5, "<i4")
    MULTIPLIERS = (6, "<f4")
    NEURONS = (7, "<i4")
    SLOPES = (8, "<f4")
    ROWS = (9, "<i4")
    SIDES = (10, "<i1")
    NODES = (11, "<i4")
    CONJUNCTIONS = (12, "<i4")
    COUNTS = (13, "<i4")
    NODE_NEURONS = (14, "<i4")
    NODE_SLOPES = (15, "<u1")

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(self.value[1])


# Ascending numbers, mostly: the differences of neighbours are small.
_DIFFERENCES: Final = frozenset({Columns.NEURONS, Columns.ROWS, Columns.NODES, Columns.NODE_NEURONS})


class ColumnWriter:
    """Collects what is written, and packs it at the end.  Raises `Unkeepable` for what has no place."""

    def __init__(self) -> None:
        self._numbers: list[int] = []
        self._arrays: dict[Columns, list[Array]] = {column: [] for column in Columns}
        self._bytes = 0
        self._pieces = 0

    def number(self, number: int) -> None:
        self._one_more()
        self._bytes += 8
        self._numbers.append(number)

    def blob(self, data: bytes) -> None:
        self.array(Columns.BLOBS, np.frombuffer(data, dtype=np.uint8))

    def array(self, column: Columns, array: Array) -> None:
        if array.ndim != 1:
            raise Unkeepable("it is not of the form of a proof")
        self.number(len(array))
        self._add(column, array)

    def matrix(self, column: Columns, array: Array) -> None:
        if array.ndim != 2:
            raise Unkeepable("it is not of the form of a proof")
        self.number(array.shape[0])
        self.number(array.shape[1])
        self._add(column, array)

    def content(self) -> bytes:
        """All columns."""
        try:
            numbers = np.array(self._numbers, dtype=np.int64)
        except OverflowError:
            raise Unkeepable("a number in it is too large") from None
        self._arrays[Columns.NUMBERS] = [numbers]
        return b"".join(_packed(column, self._arrays[column]) for column in Columns)

    def _add(self, column: Columns, array: Array) -> None:
        if array.dtype != column.dtype:
            raise Unkeepable(f"it has numbers of type {array.dtype} in the place of {column.dtype}")
        self._one_more()
        self._bytes += array.nbytes
        if self._bytes > MAX_DECODED:
            raise Unkeepable(f"it has more than {MAX_DECODED >> 20} MB of numbers")
        self._arrays[column].append(array.reshape(-1))

    def _one_more(self) -> None:
        self._pieces += 1
        if self._pieces > MAX_PIECES:
            raise Unkeepable(f"it consists of more than {MAX_PIECES:,} pieces")


class ColumnReader:
    """Gives back what was written to `content`, in the same order.  Raises `BadRecord`."""

    def __init__(self, content: memoryview) -> None:
        self._rest = content
        self._budget = MAX_DECODED
        self._columns = {column: self._unpacked(column) for column in Columns}
        numbers = self._columns[Columns.NUMBERS]
        if len(self._rest):
            raise BadRecord("there are bytes behind its end")
        if len(numbers) > MAX_PIECES:
            raise BadRecord("it consists of too many pieces")
        self._numbers: list[int] = numbers.tolist()
        self._next = 0
        self._taken = dict.fromkeys(Columns, 0)

    def number(self) -> int:
        if self._next >= len(self._numbers):
            raise BadRecord("it ends too early")
        self._next += 1
        return self._numbers[self._next - 1]

    def count(self) -> int:
        """A number of things that each take a number at least."""
        number = self.number()
        if not 0 <= number <= len(self._numbers) - self._next:
            raise BadRecord("a length is not that of what is there")
        return number

    def blob(self, most: int) -> bytes:
        data = self.array(Columns.BLOBS)
        if len(data) > most:
            raise BadRecord("a text or number in it is too long")
        return data.tobytes()

    def array(self, column: Columns) -> Array:
        return self._take(column, self.number())

    def matrix(self, column: Columns) -> Array:
        rows, width = self.number(), self.number()
        if not (0 <= rows < _MAX_ROWS and 0 <= width < _MAX_ROWS):
            raise BadRecord("a length is not that of what is there")
        return self._take(column, rows * width).reshape(rows, width)

    def finish(self) -> None:
        """To be called at the end: nothing may be left."""
        self._taken[Columns.NUMBERS] = self._next
        if any(len(self._columns[column]) != taken for column, taken in self._taken.items()):
            raise BadRecord("there is more in it than it says")

    def _take(self, column: Columns, count: int) -> Array:
        start = self._taken[column]
        if not 0 <= count <= len(self._columns[column]) - start:
            raise BadRecord("a length is not that of what is there")
        self._taken[column] = start + count
        return self._columns[column][start : start + count]

    def _unpacked(self, column: Columns) -> Array:
        if len(self._rest) < _LENGTHS.size:
            raise BadRecord("it ends too early")
        count, stored = _LENGTHS.unpack_from(self._rest)
        data = self._rest[_LENGTHS.size : _LENGTHS.size + stored]
        self._rest = self._rest[_LENGTHS.size + stored :]
        size = count * column.dtype.itemsize
        self._budget -= size
        if len(data) != stored or self._budget < 0:
            raise BadRecord("a length is not that of what is there")
        return _unshuffled(column, _inflated(data, size))


def _packed(column: Columns, arrays: list[Array]) -> bytes:
    elements = np.concatenate(arrays) if arrays else np.zeros(0, column.dtype)
    data = zlib.compress(_shuffled(column, elements), _LEVEL) if len(elements) else b""
    return _LENGTHS.pack(len(elements), len(data)) + data


def _inflated(data: memoryview, size: int) -> bytes:
    """Exactly `size` bytes; no more are made whatever `data` says."""
    if size == 0 and not len(data):
        return b""
    stream = zlib.decompressobj()
    try:
        found = stream.decompress(data, size + 1)
    except zlib.error as error:
        raise BadRecord(f"it cannot be decompressed: {error}") from None
    if len(found) != size or not stream.eof or stream.unused_data:
        raise BadRecord("a length is not that of what is there")
    return found


def _shuffled(column: Columns, elements: Array) -> bytes:
    """The bytes of all elements, those of equal significance beside each other."""
    if column in _DIFFERENCES:
        elements = np.diff(elements, prepend=elements.dtype.type(0))  # wraps around, and back again
    if elements.dtype.kind == "i":  # small numbers of either sign get zeros in front
        elements = (elements << 1) ^ (elements >> (8 * elements.itemsize - 1))
    return elements.view(np.uint8).reshape(len(elements), -1).T.tobytes()


def _unshuffled(column: Columns, data: bytes) -> Array:
    planes = np.frombuffer(data, dtype=np.uint8).reshape(column.dtype.itemsize, -1)
    elements = np.ascontiguousarray(planes.T).view(column.dtype).reshape(-1)
    if elements.dtype.kind == "i":
        unsigned = elements.view(f"<u{elements.itemsize}")
        elements = (unsigned >> 1).view(elements.dtype) ^ -(elements & 1)
    if column in _DIFFERENCES:
        elements = np.cumsum(elements, dtype=elements.dtype)
    elements.flags.writeable = False
    return elements
