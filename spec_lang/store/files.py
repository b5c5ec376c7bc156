"""Proofs and witnesses on disk, named by what their goal means.

In: a folder, goals, and outcomes that the kernel has accepted.  Out: outcomes to ask the kernel with again.
Nothing that a disk, another process or another user does to the folder makes more than a miss with a note: a
record is written beside its place, flushed and moved there, is read against its own hash, and proves nothing
by being there.
"""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import field
from fractions import Fraction
from pathlib import Path
from typing import Final

from spec_lang._values import dataclass
from spec_lang.kernel.judge import is_impossible
from spec_lang.obligations.model import Goal
from spec_lang.obligations.outcome import GaveUp, GaveUpReason, Outcome, Proved, Refuted
from spec_lang.store.codec import decode, digest_of, encode
from spec_lang.store.columns import BadRecord, Unkeepable
from spec_lang.store.ends import decode_ends, encode_ends
from spec_lang.store.keys import Keys
from spec_lang.store.lineages import Member, decode_members, encode_members
from spec_lang.store.writing import UNFINISHED, replace_file

MAX_RECORD: Final = 64 << 20  # bytes of one record
_KEY: Final = 32  # bytes
_IS_KEY: Final = re.compile(f"[0-9a-f]{{{2 * _KEY}}}")
_SUFFIX, _FORM = ".proof", ".form"
# A write takes seconds; a file that is still unfinished after that is what a killed process has left.
_ABANDONED: Final = 3600.0
_UNTOUCHED: Final = GaveUp(GaveUpReason.INTERRUPTED, "not tried")


@dataclass(frozen=True, slots=True)
class Kept:
    """A stored record: its own hash, `sha256:…`, and its size in bytes."""

    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class NotKept:
    """Why a proof could not be stored, for the user."""

    reason: str


@dataclass(frozen=True, slots=True)
class Found:
    """What is stored of a goal: an outcome for every obligation, and the record's hash and size."""

    outcomes: tuple[Outcome, ...]
    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class Damaged:
    """A record is there and of no use, because of `problem`."""

    path: Path
    problem: str


@dataclass(frozen=True, slots=True)
class Trimmed:
    """What `trim` has deleted."""

    records: int
    size: int


@dataclass(frozen=True, slots=True, eq=False)
class Store:
    """The records in `folder`, which is made when first needed; none of more than `max_record` bytes."""

    folder: Path
    max_record: int = MAX_RECORD
    keys: Keys = field(default_factory=Keys)

    def keep(self, goal: Goal, outcomes: Sequence[Outcome]) -> Kept | NotKept | None:
        """Stores what settles `goal`: a proof of every obligation, or a witness.  None when nothing does, or
        when the goal settles itself; a backend's mere word is not stored."""
        worth = _worth_keeping(goal, outcomes)
        if worth is None:
            return None
        try:
            record = encode(worth)
            if len(record) > self.max_record:
                size = f"it takes {len(record):,} bytes, more than {self.max_record:,}"
                return NotKept(f"the proof is not stored: {size}")
            self._write(self.keys.goal(goal), record)
        except Unkeepable as error:
            return NotKept(f"the proof is not stored: {error}")
        except OSError as error:
            return NotKept(f"the proof is not stored: {error.strerror or error}")
        return Kept(digest_of(record), len(record))

    def keep_member(self, form: str, constants: str, goal: Goal) -> None:
        """Remembers that there is a record of `goal`, which has this form and these constants, for those who
        look for one of the form.  Of two processes that do so at once one may be forgotten."""
        new = Member(constants, self.keys.goal(goal))
        known = self.members(form)
        if known[:1] != (new,):
            others = (member for member in known if member.key != new.key)
            with suppress(OSError):
                self._write(form, encode_members((new, *others)), _FORM)

    def members(self, form: str) -> tuple[Member, ...]:
        """The goals of a form of which there were records, the latest first; none where that is unknown."""
        try:
            entry = _read(self._path(form, _FORM), self.max_record)
            if entry[: len(form) // 2] == bytes.fromhex(form):
                return decode_members(entry[len(form) // 2 :])
        except (OSError, BadRecord):
            pass
        return ()

    def find(self, goal: Goal) -> tuple[Outcome, ...] | None:
        """What `judge` can be asked with, or None."""
        found = self.look_up(goal)
        return found.outcomes if isinstance(found, Found) else None

    def look_up(self, goal: Goal) -> Found | Damaged | None:
        """As `find`, with the record's hash and size, or what is wrong with it."""
        return self.record(self.keys.goal(goal), len(goal.obligations))

    def record(self, key: str, obligations: int) -> Found | Damaged | None:
        """The same by the key of a goal with so many obligations."""
        path = self._path(key)
        try:
            entry = _read(path, self.max_record + len(key) // 2)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            return Damaged(path, f"it cannot be read: {error.strerror or error}")
        except BadRecord as error:
            return Damaged(path, str(error))
        name, record = entry[: len(key) // 2], entry[len(key) // 2 :]
        if name != bytes.fromhex(key):
            return Damaged(path, "it is of another goal")
        try:
            decoded = decode(record)
        except BadRecord as error:
            return Damaged(path, str(error))
        if len(decoded.outcomes) != obligations:
            return Damaged(path, "it does not have an outcome for every obligation")
        with suppress(OSError):
            os.utime(path)  # so that `trim` sees that it is used
        return Found(decoded.outcomes, decoded.digest, len(record))

    def keep_ends(self, measure: str, numbers: Sequence[Fraction | None]) -> NotKept | None:
        """Stores where the ends of a measure are; `measure` is its key."""
        try:
            self._write(measure, encode_ends(numbers))
        except OSError as error:
            return NotKept(f"the proof is not stored: {error.strerror or error}")
        return None

    def look_up_ends(self, measure: str) -> tuple[Fraction | None, ...] | Damaged | None:
        """Where the ends of a measure were when they were stored."""
        path = self._path(measure)
        try:
            entry = _read(path, self.max_record)
            if entry[: len(measure) // 2] != bytes.fromhex(measure):
                return Damaged(path, "it is of another goal")
            return decode_ends(entry[len(measure) // 2 :])
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            return Damaged(path, f"it cannot be read: {error.strerror or error}")
        except BadRecord as error:
            return Damaged(path, str(error))

    def entries(self) -> Iterator[tuple[str, bytes]]:
        """All that is stored and can be read, by its keys: for `take_in` of another store."""
        for path in (path for _, _, path in self._records() if path.suffix == _SUFFIX):
            with suppress(OSError, BadRecord):
                yield path.parent.name + path.stem, _read(path, self.max_record + _KEY)[_KEY:]

    def take_in(self, key: str, record: bytes) -> NotKept | None:
        """Stores what another store has by this key, unread: who looks it up finds out what it is worth."""
        if not _IS_KEY.fullmatch(key) or len(record) > self.max_record:
            return NotKept("the proof is not stored: it is no record of ours")
        try:
            self._write(key, record)
        except OSError as error:
            return NotKept(f"the proof is not stored: {error.strerror or error}")
        return None

    def trim(self, size: int) -> Trimmed:
        """Deletes what killed processes have left, and the records that were not used for longest, until the
        rest takes at most `size` bytes."""
        records = sorted(self._records(), key=lambda record: record[0], reverse=True)
        total = count = freed = 0
        for _, length, path in records:
            total += length
            if total > size and _deleted(path):
                count, freed = count + (path.suffix == _SUFFIX), freed + length
        return Trimmed(count, freed)

    def _path(self, key: str, suffix: str = _SUFFIX) -> Path:
        return self.folder / key[:2] / f"{key[2:]}{suffix}"

    def _write(self, key: str, record: bytes, suffix: str = _SUFFIX) -> None:
        path = self._path(key, suffix)
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, [bytes.fromhex(key), record], private=True)

    def _records(self) -> Iterator[tuple[float, int, Path]]:
        """When each was last used, its size, and where it is; what was abandoned is deleted on the way."""
        for path in _files_of(self.folder):
            try:
                status = path.lstat()
            except OSError:
                continue  # another process was quicker
            if path.suffix in (_SUFFIX, _FORM):
                yield status.st_mtime, status.st_size, path
            elif path.suffix == UNFINISHED and time.time() - status.st_mtime > _ABANDONED:
                _deleted(path)


def _worth_keeping(goal: Goal, outcomes: Sequence[Outcome]) -> tuple[Outcome, ...] | None:
    """The outcomes that settle `goal`, and nothing in the place of the others."""
    places = range(len(goal.obligations))
    if goal.conflict is not None or len(outcomes) > len(places):
        return None
    padded = [*outcomes, *([_UNTOUCHED] * (len(places) - len(outcomes)))]
    broken = next((place for place in places if isinstance(padded[place], Refuted)), None)
    if broken is not None:
        return tuple(padded[place] if place == broken else _UNTOUCHED for place in places)
    impossible = [is_impossible(obligation.violation) for obligation in goal.obligations]
    proved = [isinstance(outcome, Proved) and outcome.proof is not None for outcome in padded]
    if all(impossible) or not all(map(max, impossible, proved)):
        return None
    return tuple(_UNTOUCHED if impossible[place] else padded[place] for place in places)


def _read(path: Path, most: int) -> bytes:
    """The content of a plain file.  Raises `OSError`, and `BadRecord` for what is none or too large."""
    # Without waiting for the writer of a pipe that somebody has put there.
    with os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as stream:
        status = os.fstat(stream.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise BadRecord("it is not a file")
        if status.st_size > most:
            raise BadRecord("it is larger than anything that is stored")
        return stream.read(most)


def _files_of(folder: Path) -> Iterator[Path]:
    """The files in the folders of ours below `folder`, and no others."""
    with suppress(OSError):
        for shard in sorted(folder.iterdir()):
            if len(shard.name) == 2 and shard.is_dir():
                with suppress(OSError):
                    yield from list(shard.iterdir())


def _deleted(path: Path) -> bool:
    """Whether it is gone by our doing."""
    try:
        path.unlink()
    except OSError:
        return False
    return True
