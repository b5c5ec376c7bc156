"""Files that several processes write: whole or not at all, and one writer at a time where that is asked for.

In: a path and its new content.  Out: the file, flushed to the disk and moved into its place, so that whoever
reads it, and whatever is killed, sees the old content or the new one.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from typing import Final

from spec_lang.store.places import writers

UNFINISHED: Final = ".part"


def replace_file(path: Path, parts: Iterable[bytes], *, private: bool = False) -> None:
    """Puts `parts` in the place of what `path` was; its folder is there.  Only the user reads what is
    `private`.  Raises `OSError`."""
    new = path.parent / f".{path.stem}-{token_hex(8)}{UNFINISHED}"
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if private else 0o666)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            for part in parts:
                stream.write(part)
            stream.flush()
            os.fsync(stream.fileno())
        if not private:
            with suppress(OSError):
                new.chmod(path.stat().st_mode & 0o777)
        new.replace(path)
    except BaseException:  # an interrupt as well
        with suppress(OSError):
            new.unlink()
        raise


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Nobody else who asks for the same is between reading and writing `path`.  Raises `OSError`.

    The system frees what a killed process has held.
    """
    if sys.platform == "win32":  # the last of two writers wins, and each file is whole
        yield
        return
    import fcntl  # noqa: PLC0415 - not on every system

    folder = writers()
    folder.mkdir(parents=True, exist_ok=True)
    name = sha256(os.fsencode(path.absolute())).hexdigest()[:32]
    with (folder / name).open("wb") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
