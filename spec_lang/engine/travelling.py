"""Values that travel to other processes: small, with what is large in them by its content.

In: a function without parameters left, or with one.  Out: a `Parcel`, in which networks, data, large arrays
and files stand as hashes, and the `Blob`s behind these.  Whoever gets the same blob for many parcels is sent
it once.  A parcel is a pickle: it is for processes that may run anything that its sender wants.
"""

from __future__ import annotations

import pickle
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from hashlib import sha256
from io import BytesIO
from threading import Lock
from typing import Any, Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.network.graph import Graph
from spec_lang.obligations.model import Obligation
from spec_lang.semantics.model import Support

_LARGE: Final = 512  # bytes, from which on an array or a file is worth a hash
# What a process keeps of what it was sent; what is used least goes first, and is asked for again.
_ROOM: Final = 2 << 30
_LEVEL: Final = 1  # of zlib: weights hardly get smaller, names and fractions by a factor of four


@dataclass(frozen=True, slots=True)
class Parcel:
    """A pickled function; `needs` are the hashes of the blobs in it, those that others are made of first."""

    content: bytes
    needs: tuple[str, ...]


class Packer:
    """Makes parcels; an object is pickled once, however many parcels it is in."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self._known: dict[int, tuple[object, str, tuple[str, ...]]] = {}

    def pack(self, work: Callable[..., object]) -> Parcel:
        content, needs = self._pickled(work, itself=True)
        return Parcel(zlib.compress(content, _LEVEL), needs)

    def _pickled(self, value: object, *, itself: bool) -> tuple[bytes, tuple[str, ...]]:
        needs: dict[str, None] = {}
        stream = BytesIO()
        pickler = pickle.Pickler(stream, pickle.HIGHEST_PROTOCOL)

        def reference(part: object) -> str | None:
            if not _is_apart(part) or (part is value and not itself):
                return None
            name, inner = self._blob(part)
            needs.update(dict.fromkeys((*inner, name)))
            return name

        pickler.persistent_id = reference  # type: ignore[method-assign]
        pickler.dump(value)
        return stream.getvalue(), tuple(needs)

    def _blob(self, part: object) -> tuple[str, tuple[str, ...]]:
        known = self._known.get(id(part))
        if known is None or known[0] is not part:
            content, needs = self._pickled(part, itself=False)
            name = sha256(content).hexdigest()
            self.blobs.setdefault(name, zlib.compress(content, _LEVEL))
            known = self._known[id(part)] = part, name, needs  # which keeps it alive, and its id its own
        return known[1], known[2]


class Warehouse:
    """The blobs of one process, as the values that they are; for several threads."""

    def __init__(self, room: int = _ROOM) -> None:
        self._values: OrderedDict[str, tuple[object, int]] = OrderedDict()
        self._room, self._used, self._lock = room, 0, Lock()

    def missing(self, needs: Sequence[str], sent: Iterable[str]) -> tuple[str, ...]:
        """What is needed and is neither here nor `sent`."""
        with self._lock:
            there = {*self._values, *sent}
        return tuple(name for name in needs if name not in there)

    def unpack(self, parcel: Parcel, sent: Mapping[str, bytes]) -> Callable[..., Any]:
        """The function.  Raises `KeyError` for a blob that is neither here nor `sent`."""
        here: dict[str, object] = {}
        for name in parcel.needs:
            here[name] = self._value(name, sent.get(name), here)
        work: Callable[..., Any] = _unpickled(zlib.decompress(parcel.content), here)
        return work

    def _value(self, name: str, blob: bytes | None, here: Mapping[str, object]) -> object:
        with self._lock:
            if name in self._values:
                self._values.move_to_end(name)
                return self._values[name][0]
        if blob is None:
            raise KeyError(name)
        content = zlib.decompress(blob)
        if sha256(content).hexdigest() != name:
            raise ValueError("what was sent is not what its hash says")
        value = _unpickled(content, here)
        with self._lock:
            kept = self._values.setdefault(name, (value, len(content)))[0]
            self._used += len(content) if kept is value else 0
            while self._used > self._room and len(self._values) > 1:
                self._used -= self._values.popitem(last=False)[1][1]
        return kept


@cache
def warehouse() -> Warehouse:
    """That of this process."""
    return Warehouse()


def _is_apart(part: object) -> bool:
    if isinstance(part, np.ndarray):
        return part.nbytes >= _LARGE and part.dtype != object
    if isinstance(part, bytes):
        return len(part) >= _LARGE
    return isinstance(part, Graph | Obligation | Support)


def _unpickled(content: bytes, blobs: Mapping[str, object]) -> Any:  # noqa: ANN401 - whatever was packed
    unpickler = pickle.Unpickler(BytesIO(content))  # noqa: S301 - from whoever may run anything here
    unpickler.persistent_load = blobs.__getitem__  # type: ignore[method-assign]
    return unpickler.load()
