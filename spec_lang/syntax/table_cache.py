"""The parser's table, kept between runs: building it takes longer than everything else at start-up.

In: a key that names the grammar and the versions that made the table; a table of plain values.  Out:
the table that was stored under that key, or None.  The cache may be absent, unwritable or corrupt: all
of these are a miss.  The file is JSON with its digest, never a pickle, in a folder of the user's own.
"""

from __future__ import annotations

import json
import os
import stat
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import Any

# Plain data, as the parser generator serialises itself; dictionaries may have numbers as keys.
Plain = None | bool | int | str | list["Plain"] | tuple["Plain", ...] | dict[int | str, "Plain"]


def load_table(folder: Path, key: str) -> Plain:
    """What `store_table` has put into `folder` under `key`, or None.  Equal parts of it are one object."""
    try:
        if not _is_private(folder):
            return None
        digest, _, payload = (folder / f"{key}.json").read_bytes().partition(b"\n")
    except OSError:
        return None
    if digest != _digest(payload):
        return None
    return _unpacked(json.loads(payload))


def store_table(folder: Path, key: str, table: Plain) -> bool:
    """Stores `table`, atomically; False when the folder is not ours to write."""
    payload = json.dumps(_packed(table), separators=(",", ":")).encode()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_private(folder):
            return False
        handle, name = tempfile.mkstemp(dir=folder, prefix=key, suffix=".part")
    except OSError:
        return False
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(_digest(payload) + b"\n" + payload)
        Path(name).replace(folder / f"{key}.json")
    except OSError:
        Path(name).unlink(missing_ok=True)
        return False
    return True


def _digest(payload: bytes) -> bytes:
    return sha256(payload).hexdigest().encode()


def _is_private(folder: Path) -> bool:
    """Nobody else may write into `folder`; where the system has no such notion, its profile guards it."""
    status = folder.stat()
    if not hasattr(os, "getuid"):
        return True
    return status.st_uid == os.getuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


class _Packer:
    """Numbers the parts of a value, equal ones alike: nine tenths of a table are repetition."""

    def __init__(self) -> None:
        self.parts: list[Plain] = []
        self._numbers: dict[tuple[object, ...], int] = {}

    def add(self, value: Plain) -> int:
        """The number of `value`, behind those of its parts.

        A list is stored as `[number, …]`, a dictionary, whose keys JSON would turn into texts, as
        `[[key, …], number, …]`, anything else as it is.
        """
        part: Plain
        if isinstance(value, dict):
            part = [list(value), *map(self.add, value.values())]
            key: tuple[object, ...] = (dict, *((type(one), one) for one in value), None, *part[1:])
        elif isinstance(value, list | tuple):
            part = list(map(self.add, value))
            key = (list, *part)
        else:
            part = value
            key = (type(value), value)
        number = self._numbers.setdefault(key, len(self.parts))
        if number == len(self.parts):
            self.parts.append(part)
        return number


def _packed(value: Plain) -> list[Plain]:
    packer = _Packer()
    packer.add(value)
    return packer.parts


def _unpacked(parts: list[Any]) -> Plain:
    """The last of `parts`; equal parts of it are one object."""
    values: list[Plain] = []
    for part in parts:
        if not isinstance(part, list):
            values.append(part)
        elif part and isinstance(part[0], list):
            keys, *numbers = part
            values.append(dict(zip(keys, [values[number] for number in numbers], strict=True)))
        else:
            values.append([values[number] for number in part])
    return values[-1]
