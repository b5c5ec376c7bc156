"""The ends of measures on disk: at which thresholds there are proofs and points to look up.

In: numbers, with None for an end that there is not.  Out: a record and its hash, and back.  The numbers prove
nothing: they say which goals to make, and these have records of their own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from hashlib import sha256
from typing import Final

from spec_lang.store.columns import BadRecord

_MAGIC: Final = b"nnends\x01\n"
_HEADER: Final = len(_MAGIC) + sha256().digest_size
_MOST: Final = 64
_NUMBER: Final = re.compile(rb"-?[0-9a-f]{1,16384}/[0-9a-f]{1,16384}")
_NONE: Final = b"-"


def encode_ends(numbers: Sequence[Fraction | None]) -> bytes:
    """The record of `numbers`."""
    texts = ("-" if n is None else f"{n.numerator:x}/{n.denominator:x}" for n in numbers)
    body = "\n".join(texts).encode()
    return _MAGIC + sha256(body).digest() + body


def decode_ends(record: bytes) -> tuple[Fraction | None, ...]:
    """What `encode_ends` was given.  Raises `BadRecord`."""
    body = record[_HEADER:]
    if record[: len(_MAGIC)] != _MAGIC:
        raise BadRecord("it is not of this version of the format")
    if sha256(body).digest() != record[len(_MAGIC) : _HEADER]:
        raise BadRecord("its content is not what was stored")
    texts = body.split(b"\n")
    if len(texts) > _MOST:
        raise BadRecord("it has more ends than a measure")
    return tuple(map(_decoded, texts))


def _decoded(text: bytes) -> Fraction | None:
    if text == _NONE:
        return None
    if _NUMBER.fullmatch(text) is None:
        raise BadRecord("an end is no number")
    numerator, denominator = (int(part, 16) for part in text.split(b"/"))
    if denominator == 0:
        raise BadRecord("a denominator is not positive")
    return Fraction(numerator, denominator)
