"""The latest goals of one form on disk, as a list of their keys: where to look for a proof to begin with.

In: goals of one form, by the hash of their constants and by their keys.  Out: a record with its own hash, and
back.  It names records and says nothing of what is in them; one that is lost or damaged is nobody's loss.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from spec_lang._values import dataclass
from spec_lang.store.columns import BadRecord

MOST: Final = 4  # goals of a form
_MAGIC: Final = b"nnform\x01\n"
_HEADER: Final = len(_MAGIC) + sha256().digest_size
_LINE: Final = re.compile(rb"([0-9a-f]{64}) ([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Member:
    """A goal: the hash of its constants, and the key of its record."""

    constants: str
    key: str


def encode_members(members: Sequence[Member]) -> bytes:
    """The record of the first ones."""
    body = b"\n".join(f"{member.constants} {member.key}".encode() for member in members[:MOST])
    return _MAGIC + sha256(body).digest() + body


def decode_members(record: bytes) -> tuple[Member, ...]:
    """What `encode_members` was given.  Raises `BadRecord`."""
    body = record[_HEADER:]
    if record[: len(_MAGIC)] != _MAGIC:
        raise BadRecord("it is not of this version of the format")
    if sha256(body).digest() != record[len(_MAGIC) : _HEADER]:
        raise BadRecord("its content is not what was stored")
    lines = body.split(b"\n")
    if len(lines) > MOST:
        raise BadRecord("it has more goals than a form keeps")
    return tuple(map(_decoded, lines))


def _decoded(line: bytes) -> Member:
    found = _LINE.fullmatch(line)
    if found is None:
        raise BadRecord("a goal has no key")
    return Member(found[1].decode(), found[2].decode())
