"""Tables of text: comma-, semicolon- or tab-separated values, with or without a header.

In: a path.  Out: columns, by name, by number where there is no header, or by a pattern such as `pixel*`.
Rows are split when they are used; a number is the exact decimal that is written.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from fractions import Fraction
from pathlib import Path
from typing import Final

from spec_lang._values import dataclass
from spec_lang.data.base import (
    MAX_TEXT_BYTES,
    DataFile,
    Fault,
    FaultKind,
    Kind,
    Misfit,
    Request,
    StoredArray,
    size_fault,
)
from spec_lang.diagnostics import did_you_mean

_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)
_NO_NUMBER: Final = frozenset(
    {"", "nan", "na", "n/a", "null", "none", "inf", "+inf", "-inf", "infinity", "-infinity"}
)
_RANGE: Final = re.compile(r"(\d+)\.\.(\d+)", re.ASCII)
# Room for every binary64 number written out; `1e999999999` would fill the memory.
_MAX_NUMBER: Final = 2000
_MAX_COLUMNS: Final = 1_000_000


def open_table(path: Path) -> DataFile | Fault:
    """The table at `path`; rows of different lengths are reported."""
    if path.stat().st_size > MAX_TEXT_BYTES:
        problem = f"`{path}` is larger than {MAX_TEXT_BYTES >> 20} MB, the most that is read of a table"
        return Fault(FaultKind.SIZE, problem, "store it as `.npz`, or the part that the spec speaks of")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        return Fault(FaultKind.FILE, f"`{path}` cannot be read: {error.strerror or error}", "check the path")
    except UnicodeDecodeError as error:
        problem = f"`{path}` is not UTF-8 text: byte 0x{error.object[error.start]:02x} at {error.start}"
        return Fault(FaultKind.FILE, problem, "save the table as UTF-8 text")
    try:
        return _table(path, text)
    except csv.Error as error:
        return Fault(FaultKind.FILE, f"`{path}` is not a table: {error}", "write one row on each line")


def _table(path: Path, text: str) -> DataFile | Fault:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    start = text[:1000].partition("\n")[0]
    separator = next((sign for sign in "\t;" if sign in start), ",")
    if '"' in text:
        split = [row for row in csv.reader(io.StringIO(text), delimiter=separator, strict=True) if any(row)]
        rows: list[str] | list[list[str]] = split
        widths = [len(row) for row in split]
    else:
        rows = [line for line in text.split("\n") if line.strip()]
        widths = [line.count(separator) + 1 for line in rows]
    if not rows:
        return Fault(FaultKind.FILE, f"the table `{path}` has no rows", "copy the file again")
    ragged = next((number for number, width in enumerate(widths) if width != widths[0]), None)
    if ragged is not None:
        problem = f"row {ragged + 1} of `{path}` has {widths[ragged]} values, the first row {widths[0]}"
        return Fault(FaultKind.FILE, problem, "every row needs a value for each column")
    first = _cells(rows[0], separator)
    if len(first) > _MAX_COLUMNS:
        return Fault(
            FaultKind.SIZE, f"`{path}` has {len(first):,} columns", f"at most {_MAX_COLUMNS:,} are read"
        )
    word = next((cell.strip() for cell in first if not _is_value(cell)), None)
    number = next((cell.strip() for cell in first if _is_measured(cell)), None)
    if word is not None and number is not None:  # taken for a header, it would be a row less
        problem = f"the first row of `{path}` has the word `{word[:30]}` and the number `{number[:30]}`"
        return Fault(FaultKind.FILE, problem, "give numbers alone, or a header of names alone")
    header = None if word is None else tuple(cell.strip() for cell in first)
    return _Table(path, rows if header is None else rows[1:], separator, header, len(first))


@dataclass(frozen=True, slots=True)
class _Table:
    path: Path
    rows: Sequence[str] | Sequence[list[str]]
    separator: str
    header: tuple[str, ...] | None
    width: int

    def array(self, request: Request) -> StoredArray | Fault:
        if request.rank not in (1, 2):
            problem = f"`{self.path}` is a table; a column has the shape `[N]`, several `[N, k]`"
            return Fault(FaultKind.SHAPE, problem, "store tensors of more dimensions as `.npz`")
        columns = self._columns(request)
        if isinstance(columns, Fault):
            return columns
        if request.rank == 1 and len(columns) != 1:
            problem = f"these are {len(columns)} columns of `{self.path}`, and a tensor `[N]` is one"
            return Fault(FaultKind.SHAPE, problem, f"name one column, or write `[N, {len(columns)}]`")
        shape = (len(self.rows),) if request.rank == 1 else (len(self.rows), len(columns))
        fault = size_fault(shape, 8, f"the table `{self.path}`")
        return fault or StoredArray(shape, Kind.DECIMAL, "text", _Elements(self, columns))

    def _columns(self, request: Request) -> tuple[int, ...] | Fault:
        everything = tuple(range(self.width))
        if request.name is None:
            return everything
        if not request.written and (request.rank == 2 or (self.width == 1 and self.header is None)):
            if self.header is None:
                return everything
            fix = f'write them behind the name: `{request.name} "{", ".join(self.header[:2])}": real[…]`'
            return Fault(FaultKind.ARRAY, f"it is not said which columns `{request.name}` takes", fix)
        if not request.written and self.header is None:
            problem = f"`{self.path}` has no header, so it has no column `{request.name}`"
            return Fault(FaultKind.ARRAY, problem, f'give its number: `{request.name} "0": real[N]`')
        names = [request.name] if request.name in (self.header or ()) else request.name.split(",")
        found: list[int] = []
        for name in names:
            columns = self._named(name.strip())
            if isinstance(columns, Fault):
                return columns
            found += columns
        return tuple(found)

    def _named(self, name: str) -> Sequence[int] | Fault:
        if self.header is None:
            return self._numbered(name)
        matching = [i for i, column in enumerate(self.header) if column == name]
        if not matching and "*" in name:
            matching = [i for i, column in enumerate(self.header) if fnmatchcase(column, name)]
            if matching:
                return matching
        if len(matching) == 1:
            return matching
        if matching:
            problem = f"`{self.path}` has {len(matching)} columns `{name}`"
            return Fault(FaultKind.ARRAY, problem, "give them different names in its first row")
        listed = ", ".join(f"`{column}`" for column in self.header[:8])
        fix = did_you_mean(name, self.header) or f"its columns are {listed}"
        return Fault(FaultKind.ARRAY, f"`{self.path}` has no column `{name}`", fix)

    def _numbered(self, name: str) -> Sequence[int] | Fault:
        match = _RANGE.fullmatch(name) or re.fullmatch(r"((\d+))", name, re.ASCII)
        if match is None or len(name) > 20:
            problem = f"`{self.path}` has no header, so it has no column `{name}`"
            return Fault(FaultKind.ARRAY, problem, f"its columns are numbered: `0`, `1..{self.width - 1}`")
        first, last = int(match[1]), int(match[2])
        if not first <= last < self.width:
            problem = f"`{self.path}` has no columns `{name}`"
            return Fault(FaultKind.ARRAY, problem, f"its columns are 0 to {self.width - 1}")
        return range(first, last + 1)


class _Elements:
    """The numbers in some columns of a table."""

    __slots__ = ("_columns", "_table")

    def __init__(self, table: _Table, columns: tuple[int, ...]) -> None:
        self._table = table
        self._columns = columns

    def fractions(self, start: int, stop: int) -> tuple[Fraction, ...]:
        found: list[Fraction] = []
        width = len(self._columns)
        row, cells = -1, list[str]()
        for position in range(start, stop):
            number, column = divmod(position, width)
            if number != row:
                row, cells = number, _cells(self._table.rows[number], self._table.separator)
            found.append(_number(cells[self._columns[column]].strip(), position))
        return tuple(found)


def _cells(row: str | list[str], separator: str) -> list[str]:
    return row.split(separator) if isinstance(row, str) else row


def _is_value(cell: str) -> bool:
    text = cell.strip()
    return _NUMBER.fullmatch(text) is not None or text.lower() in _NO_NUMBER


def _is_measured(cell: str) -> bool:
    """Whether this is a number that no column is called by, unlike `7`."""
    text = cell.strip()
    return _NUMBER.fullmatch(text) is not None and not text.isdigit()


def _number(text: str, position: int) -> Fraction:
    if _NUMBER.fullmatch(text) is None:
        raise Misfit(position, f"`{text[:30]}`, not a number" if text else "empty, not a number")
    _, _, exponent = text.lower().partition("e")
    if len(text) > _MAX_NUMBER or abs(int(exponent or 0)) > _MAX_NUMBER:
        raise Misfit(position, f"a number of more than {_MAX_NUMBER} digits")
    return Fraction(text)
