"""`nnspec.lock`: what is known of every claim, for version control.

In: a file, and what has become of claims.  Out: lines by what their claims mean, and the file with the new
lines in it.  Each line carries its own hash and stands for itself, so that lines of two branches, or of two
processes, can be put together; one that is damaged is a miss, and never a verdict.  Imports no numbers: an
unchanged tree is answered from here.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from spec_lang._values import dataclass
from spec_lang.kernel.verdict import Evidence, EvidenceKind, Status, read_evidence
from spec_lang.store.writing import alone, replace_file

NAME: Final = "nnspec.lock"
MAX_LOCK: Final = 256 << 20  # bytes that are read

_VERSION: Final = "nnspec.lock 1"
_HEAD: Final = f"# {_VERSION}: what is known of each claim. `nnspec check` keeps this file; commit it.\n"
_COMMENT: Final = "#"
_KEPT: Final = frozenset({Status.PROVED, Status.REFUTED, Status.VACUOUS, Status.UNKNOWN})
_HEX: Final = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class Limits:
    """What an `unknown` was given, None for no limit; `by` is the version that gave up."""

    timeout: float | None
    budget: int | None
    memory: int | None
    using: str | None
    evidence: str  # the weakest that would have counted
    by: str

    def cover(self, other: Limits) -> bool:
        """Whether nothing more is offered now: the same would come out."""
        return (
            (self.using, self.evidence, self.by) == (other.using, other.evidence, other.by)
            and _most(other.timeout) <= _most(self.timeout)
            and _most(other.budget) <= _most(self.budget)
            and _most(other.memory) <= _most(self.memory)
        )


@dataclass(frozen=True, slots=True)
class Line:
    """One claim: its id, with the file as seen from the lock's folder; what it means, as a hash; the verdict,
    what vouches for it, the hash of the stored proof and its size in bytes, and the units of work that it
    took."""

    claim: str
    verdict: Status
    key: str
    evidence: Evidence | None = None
    proof: str | None = None
    size: int | None = None
    work: tuple[tuple[str, int], ...] = ()
    reason: str | None = None  # of `vacuous` and `unknown`
    limits: Limits | None = None  # of `unknown`

    def says_as_much_as(self, other: Line) -> bool:
        """Whether `other`, on the same claim, has nothing better to say."""
        if (self.key, self.verdict) != (other.key, other.verdict):
            return False
        if self.limits is not None and other.limits is not None:
            return self.limits.cover(other.limits)
        return _strength(self.evidence) <= _strength(other.evidence)


@dataclass(frozen=True, slots=True)
class Content:
    """The lines of a lock, and the numbers of those that could not be read."""

    lines: tuple[Line, ...] = ()
    damaged: tuple[int, ...] = ()

    @property
    def verdicts(self) -> frozenset[tuple[str, Status]]:
        """What it says of the claims that mean a key."""
        return frozenset((line.key, line.verdict) for line in self.lines)


@dataclass(frozen=True, slots=True)
class Updated:
    """How many lines are new, changed, and gone."""

    added: int
    changed: int
    removed: int

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


def read_lock(path: Path) -> Content:
    """What stands in `path`; nothing where there is none.  Raises `OSError` for one that cannot be read."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_LOCK + 1)
    except (FileNotFoundError, NotADirectoryError):
        return Content()
    if len(data) > MAX_LOCK:
        raise OSError(f"it has more than {MAX_LOCK >> 20} MB")
    return parse_lock(data)


def parse_lock(data: bytes) -> Content:
    """The lines of a lock's text; empty lines and comments say nothing."""
    lines, damaged = [], []
    for number, text in enumerate(data.decode("utf-8", "replace").split("\n"), start=1):
        if text.strip() and not text.startswith(_COMMENT):
            found = _read_line(text)
            if found is None:
                damaged.append(number)
            else:
                lines.append(found)
    return Content(tuple(lines), tuple(damaged))


def update_lock(path: Path, known: Iterable[Line], gone: Collection[str] = ()) -> Updated:
    """Puts `known` into the lock, each in the place of the lines of its claim, and takes out the claims that
    are `gone`.  What others have written meanwhile stays.  Raises `OSError`."""
    with alone(path):
        before = read_lock(path)
        after, count = _merged(before.lines, {line.claim: line for line in known}, gone)
        text = write_lock(after)
        if count or before.damaged:
            replace_file(path, [text])
        return count


def write_lock(lines: Iterable[Line]) -> bytes:
    """The text of a lock: sorted, each line once."""
    texts = sorted({(line.claim, line.key): _text_of(line) for line in lines}.items())
    return "".join([_HEAD, *(f"{text}\n" for _, text in texts)]).encode()


def _merged(
    before: Sequence[Line], known: Mapping[str, Line], gone: Collection[str]
) -> tuple[list[Line], Updated]:
    """The lines, and what has changed."""
    had: dict[str, list[Line]] = {}
    for line in before:
        had.setdefault(line.claim, []).append(line)
    kept: list[Line] = []
    added = changed = removed = 0
    for claim, lines in had.items():
        new = known.get(claim)
        if new is None:
            removed += len(lines) * (claim in gone)
            kept += [] if claim in gone else lines
        elif any(line.says_as_much_as(new) for line in lines):
            same = next(line for line in lines if line.says_as_much_as(new))
            removed += len(lines) - 1  # of two branches that were put together
            kept.append(same)
        else:
            changed += 1
            kept.append(new)
    for claim, new in known.items():
        if claim not in had:
            added += 1
            kept.append(new)
    return kept, Updated(added, changed, removed)


# -- one line ------------------------------------------------------------------------------------------


def _text_of(line: Line) -> str:
    said = _plain(line)
    return _compact({**said, "hash": _hash(said)})


def _plain(line: Line) -> dict[str, Any]:
    said: dict[str, Any] = {
        "claim": line.claim,
        "verdict": line.verdict.value,
        "evidence": None if line.evidence is None else str(line.evidence),
        "key": line.key,
        "proof": line.proof,
        "bytes": line.size,
        "work": dict(line.work),
    }
    if line.reason is not None:
        said["reason"] = line.reason
    if line.limits is not None:
        limits = line.limits
        said["limits"] = {name: getattr(limits, name) for name in _LIMITS}
    return said


_LIMITS: Final = ("timeout", "budget", "memory", "using", "evidence", "by")


def _read_line(text: str) -> Line | None:
    try:
        said = json.loads(text)
        if not isinstance(said, dict) or said.pop("hash", None) != _hash(said):
            return None
        limits, evidence = said.get("limits"), said["evidence"]
        line = Line(
            said["claim"],
            Status(said["verdict"]),
            said["key"],
            None if evidence is None else read_evidence(evidence),
            said["proof"],
            said["bytes"],
            tuple(sorted(said["work"].items())),
            said.get("reason"),
            None if limits is None else Limits(**limits),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return line if _is_sound(line) and _plain(line) == said else None


def _is_sound(line: Line) -> bool:
    """Whether it says what a run can have found."""
    settles = line.verdict is not Status.UNKNOWN
    return (
        line.verdict in _KEPT
        and len(line.key) == 64
        and _HEX.issuperset(line.key)
        and settles is (line.evidence is not None)
        and settles is (line.limits is None)
    )


def _hash(said: Mapping[str, Any]) -> str:
    return sha256(f"{_VERSION}\n{_compact(said)}".encode()).hexdigest()[:16]


_compact = partial(json.dumps, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _strength(evidence: Evidence | None) -> int:
    """The place among the kinds: 0 is the strongest."""
    kinds = tuple(EvidenceKind)
    return len(kinds) if evidence is None else kinds.index(evidence.kind)


def _most(limit: float | None) -> float:
    return float("inf") if limit is None else limit


def by_key(lines: Iterable[Line]) -> Iterator[tuple[str, Line]]:
    """The lines by what their claims mean; of several the one that settles, and with the best evidence."""
    ranked = sorted(lines, key=lambda line: (line.verdict is Status.UNKNOWN, _strength(line.evidence)))
    seen: set[str] = set()
    for line in ranked:
        if line.key not in seen:
            seen.add(line.key)
            yield line.key, line
