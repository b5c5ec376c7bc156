"""From a path to an open data file, whatever its name says it is.

In: a path, resolved.  Out: a `DataFile`, or the `Fault` that says what is there instead.  The content
decides; the name only tells a table of text from a text.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from spec_lang.data.base import DataFile, Fault, FaultKind
from spec_lang.diagnostics import did_you_mean

_LFS_MARK: Final = b"version https://git-lfs"
_SUFFIXES: Final = (".npz", ".npy", ".csv", ".tsv", ".idx", ".gz")
_TABLES: Final = (".csv", ".tsv", ".txt")
_FORMATS: Final = "data files are `.npz`, `.npy`, `.csv` and idx files"


def open_data(path: Path) -> DataFile | Fault:
    """The file at `path`; its elements are not read."""
    try:
        absent = _path_fault(path)
        if absent is not None:
            return absent
        with path.open("rb") as stream:
            head = stream.read(64)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        return Fault(FaultKind.FILE, f"the data file `{path}` cannot be read: {reason}", "check the path")
    return _by_content(path, head)


def _by_content(path: Path, head: bytes) -> DataFile | Fault:
    if not head:
        return Fault(FaultKind.FILE, f"the data file `{path}` is empty (0 bytes)", "copy the file again")
    if head.startswith(_LFS_MARK):
        problem = f"`{path}` is a Git-LFS pointer, not the data that it stands for"
        return Fault(FaultKind.FILE, problem, "run `git lfs pull` to fetch the data")
    if head.startswith((b"\x93NUMPY", b"PK\x03\x04", b"PK\x05\x06")):
        from spec_lang.data.numpy_files import open_numpy  # noqa: PLC0415 - numpy only where it is used

        return open_numpy(path, head)
    if head.startswith((b"\x1f\x8b", b"\x00\x00")):
        from spec_lang.data.idx import open_idx  # noqa: PLC0415 - one format of several

        return open_idx(path)
    if path.suffix.lower() in _TABLES:
        from spec_lang.data.table import open_table  # noqa: PLC0415 - one format of several

        return open_table(path)
    return Fault(FaultKind.FILE, f"`{path}` is {_what(head)}, not a data file", _FORMATS)


def _what(head: bytes) -> str:
    printable = all(32 <= byte < 127 or byte in b"\n\r\t" for byte in head)
    if not printable:
        return f"a binary file that begins with the bytes {head[:4].hex(' ')}"
    first = head.decode("ascii").strip().split("\n")[0]
    return f"a text that begins with `{first[:30].strip()}`"


def _path_fault(path: Path) -> Fault | None:
    if path.is_file():
        return None
    if path.is_dir():
        return Fault(FaultKind.FILE, f"`{path}` is a folder, where a data file was expected", _nearby(path))
    if path.exists():
        return Fault(FaultKind.FILE, f"`{path}` is not a regular file", _FORMATS)
    return Fault(FaultKind.FILE, f"there is no data file `{path}`", _nearest(path))


def _nearest(path: Path) -> str:
    folder = path.parent
    if not folder.is_dir():
        return f"there is no folder `{folder}`; paths are relative to the file that names them"
    return did_you_mean(path.name, _names(folder)) or _nearby(folder)


def _nearby(folder: Path) -> str:
    names = _names(folder)
    if not names:
        return f"there are no data files in `{folder}`"
    return f"`{folder}` holds " + ", ".join(f"`{name}`" for name in names[:3])


def _names(folder: Path) -> list[str]:
    try:
        return sorted(p.name for p in folder.iterdir() if p.suffix.lower() in _SUFFIXES and p.is_file())
    except OSError:
        return []
