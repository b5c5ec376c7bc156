"""`.npy` and `.npz` files: headers first, elements when they are used, pickles never.

In: a path to a file that begins like one.  Out: its arrays.  Sizes are taken from the headers and checked
before anything is allocated; an archive's member is read no further than its header says.
"""

from __future__ import annotations

import zipfile
import zlib
from fractions import Fraction
from math import prod
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from numpy.lib import format as npy_format

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
from spec_lang.diagnostics import did_you_mean

# An honest header says a type and a few extents; numpy evaluates it as a Python literal.
_MAX_HEADER: Final = 2000
# What an archive can be damaged by, as its readers put it.
_DAMAGE: Final = (
    OSError,
    EOFError,
    ValueError,
    RuntimeError,
    NotImplementedError,
    zipfile.BadZipFile,
    zlib.error,
)
_KINDS: Final = {"b": Kind.NATURAL, "u": Kind.NATURAL, "i": Kind.INTEGER, "f": Kind.REAL}


def open_numpy(path: Path, head: bytes) -> DataFile | Fault:
    """The file at `path`, which begins with `head`."""
    if head.startswith(b"\x93NUMPY"):
        return _Single(path)
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
    except _DAMAGE as error:
        return _damaged(path, error)
    if not names:
        problem = f"`{path}` is a zip archive without arrays, where a `.npz` file was expected"
        return Fault(FaultKind.FILE, problem, "write it with `numpy.savez`")
    return _Archive(path, tuple(dict.fromkeys(names)))


@dataclass(frozen=True, slots=True)
class _Layout:
    """How the elements of an array lie behind its header, which ends at `start`."""

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]
    start: int

    @property
    def bytes(self) -> int:
        return prod(self.shape) * self.dtype.itemsize


@dataclass(frozen=True, slots=True)
class _Single:
    path: Path

    def array(self, request: Request) -> StoredArray | Fault:
        if request.name is not None:
            problem = f"`{self.path}` holds one array, without a name"
            return Fault(FaultKind.ARRAY, problem, f'write `data … = "{self.path.name}": real[…]`')
        try:
            size = self.path.stat().st_size
            with self.path.open("rb") as stream:
                layout = _layout(stream, size, f"`{self.path}`")
        except _DAMAGE as error:
            return _damaged(self.path, error)
        return layout if isinstance(layout, Fault) else _stored(layout, _Elements(layout, self.path, None))


@dataclass(frozen=True, slots=True)
class _Archive:
    path: Path
    names: tuple[str, ...]

    def array(self, request: Request) -> StoredArray | Fault:
        name = self._name(request)
        if isinstance(name, Fault):
            return name
        what = f"the array `{name}` of `{self.path}`"
        try:
            with zipfile.ZipFile(self.path) as archive:
                info = archive.getinfo(f"{name}.npy")
                with archive.open(info) as stream:
                    layout = _layout(stream, info.file_size, what)
        except _DAMAGE as error:
            return _damaged(self.path, error)
        return (
            layout
            if isinstance(layout, Fault)
            else _stored(layout, _Elements(layout, self.path, info.filename))
        )

    def _name(self, request: Request) -> str | Fault:
        listed = ", ".join(f"`{name}`" for name in self.names[:8])
        if request.name is None:
            if len(self.names) == 1:
                return self.names[0]
            problem = f"`{self.path}` holds {len(self.names)} arrays: {listed}"
            fix = f'say which: `data … = "{self.path.name}" {{ {self.names[0]}: real[…] }}`'
            return Fault(FaultKind.ARRAY, problem, fix)
        if request.name in self.names:
            return request.name
        fix = did_you_mean(request.name, self.names) or f"it holds {listed}"
        return Fault(FaultKind.ARRAY, f"`{self.path}` has no array `{request.name}`", fix)


class _Elements:
    """The elements of one array.  An archive's member is unpacked once, a file is read where it is used."""

    __slots__ = ("_layout", "_member", "_path", "_unpacked")

    def __init__(self, layout: _Layout, path: Path, member: str | None) -> None:
        self._layout = layout
        self._path = path
        self._member = member
        self._unpacked: np.ndarray[Any, Any] | None = None

    def fractions(self, start: int, stop: int) -> tuple[Fraction, ...]:
        try:
            values = self._values(start, stop)
        except _DAMAGE as error:
            raise Misfit(None, f"`{self._path}` cannot be read: {error}") from None
        return tuple(exact(value, start + i) for i, value in enumerate(values.tolist()))

    def _values(self, start: int, stop: int) -> np.ndarray[Any, Any]:
        layout = self._layout
        if self._unpacked is not None:
            return self._unpacked[start:stop]
        if self._member is None and not layout.fortran:
            with self._path.open("rb") as stream:
                stream.seek(layout.start + start * layout.dtype.itemsize)
                return self._read(stream, stop - start)
        if self._member is None:
            with self._path.open("rb") as stream:
                stream.seek(layout.start)
                whole = self._read(stream, prod(layout.shape))
        else:
            with zipfile.ZipFile(self._path) as archive, archive.open(self._member) as stream:
                stream.read(layout.start)
                whole = self._read(stream, prod(layout.shape))
        if layout.fortran:
            whole = whole.reshape(layout.shape, order="F").ravel(order="C")
        self._unpacked = whole
        return whole[start:stop]

    def _read(self, stream: IO[bytes], count: int) -> np.ndarray[Any, Any]:
        content = stream.read(count * self._layout.dtype.itemsize)
        if len(content) != count * self._layout.dtype.itemsize:
            raise EOFError("the file ends before its last element")
        return np.frombuffer(content, self._layout.dtype)


def _layout(stream: IO[bytes], size: int, what: str) -> _Layout | Fault:
    """The header at the beginning of `stream`, which holds `size` bytes; nothing behind it is read."""
    try:
        version = npy_format.read_magic(stream)
        read = npy_format.read_array_header_1_0 if version == (1, 0) else npy_format.read_array_header_2_0
        shape, fortran, dtype = read(stream, max_header_size=_MAX_HEADER)
        start = stream.tell()
    except zipfile.BadZipFile:
        raise
    except Exception as error:  # noqa: BLE001 - numpy evaluates the header, and raises whatever that raises
        reason = (str(error).strip() or type(error).__name__).split("\n")[0]
        problem = f"{what} does not begin with a header of numpy's: {reason[:100]}"
        return Fault(FaultKind.FILE, problem, "write it again with `numpy.save` or `numpy.savez`")
    if dtype.hasobject:
        problem = f"{what} holds Python objects, which are never unpickled"
        return Fault(FaultKind.TYPE, problem, "store numbers: `array.astype(float)`")
    if dtype.kind not in _KINDS or (dtype.kind == "f" and dtype.itemsize > 8):
        problem = f"{what} is stored as {dtype}, which is no type of numbers that nnspec reads"
        return Fault(FaultKind.TYPE, problem, "store it as integers, `float32` or `float64`")
    if any(extent < 0 for extent in shape):
        return Fault(FaultKind.FILE, f"{what} has the impossible shape {list(shape)}", "write it again")
    layout = _Layout(tuple(map(int, shape)), bool(fortran) and len(shape) > 1, dtype, start)
    fault = size_fault(layout.shape, dtype.itemsize, what)
    if fault is None and layout.start + layout.bytes > size:
        problem = f"{what} has {size - start} bytes of elements, and its header says {layout.bytes}"
        return Fault(FaultKind.FILE, problem, "it is cut off; copy the file again")
    return fault or layout


def _stored(layout: _Layout, elements: _Elements) -> StoredArray:
    return StoredArray(layout.shape, _KINDS[layout.dtype.kind], str(layout.dtype), elements)


def _damaged(path: Path, error: Exception) -> Fault:
    return Fault(FaultKind.FILE, f"`{path}` is damaged: {error}", "copy the file again")
