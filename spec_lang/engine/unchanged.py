"""A run in which nothing has changed: answered without reading a network.

In: the paths and options of a run.  Out: the report of the last run that had the same, if every file that it
read has the bytes that it had then, and `nnspec.lock` still says of each claim what was found.  What a claim
means depends on nothing else, so each verdict is the lock's.  Loads neither numbers nor stages: a hook that
has nothing to do is done in a moment.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import fields, replace
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Final

from spec_lang import __version__
from spec_lang._values import dataclass
from spec_lang.engine.options import CheckOptions, Locking
from spec_lang.engine.spec_files import specs_below
from spec_lang.kernel.verdict import Status
from spec_lang.reporters.model import ClaimReport, Known, Report
from spec_lang.store.lock import Content, read_lock
from spec_lang.store.places import runs
from spec_lang.store.plain import Unfit, from_plain, to_plain
from spec_lang.store.writing import replace_file

_VERSION: Final = "nnspec run 1"
_MOST: Final = 64 << 20  # bytes of a remembered run
_MANY: Final = 64  # runs that are remembered
_SUFFIX: Final = ".run"
# They say nothing of what is found: who decides, where proofs are, what is known anyway.
_IRRELEVANT: Final = frozenset({"jobs", "store", "known", "debug", "executor"})
# A file that was written in the last moments before a run may have been read before that.
_GRAIN: Final = 0.05  # seconds


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a run has read: the files, as they were named, and the locks; since when, as `time.time()` says
    it."""

    files: tuple[Path, ...]
    locks: tuple[Path, ...]
    began: float


def recall(paths: Sequence[object], options: CheckOptions, locking: Locking) -> Report | None:
    """The report of an unchanged run, with every verdict as the lock has it; None where anything is new."""
    started = time.monotonic()
    asked = _asked(paths, options, locking)
    if asked is None:
        return None
    try:
        with _place(asked).open("rb") as stream:
            digest, _, payload = stream.read(_MOST).partition(b"\n")
        if digest != sha256(payload).hexdigest().encode():
            return None
        said = json.loads(payload)
        if said["asked"] != asked or said["listed"] != _listed(paths) or not _are_same(said["files"]):
            return None
        report = from_plain(Report, said["report"])
        contents = [read_lock(Path(path)) for path in said["locks"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, Unfit, RecursionError):
        return None
    if any(content.damaged for content in contents) or not _agree(report.claims, contents):
        return None
    claims = tuple(_as_known(claim) for claim in report.claims)
    return replace(report, claims=claims, seconds=time.monotonic() - started)


def remember(
    paths: Sequence[object], options: CheckOptions, locking: Locking, report: Report, inputs: Inputs
) -> None:
    """Keeps `report`, if it is one that a lock can answer again, and no file was changed since the run began:
    it may have been read before that, or after."""
    asked = _asked(paths, options, locking)
    if (
        asked is None
        or report.interrupted
        or any(d.is_error for d in report.diagnostics)
        or not report.claims
    ):
        return
    with suppress(OSError, Unfit, ValueError):
        contents = [read_lock(path) for path in inputs.locks]
        if any(content.damaged for content in contents) or not _agree(report.claims, contents):
            return
        if any(max(s.st_mtime, s.st_ctime) > inputs.began - _GRAIN for s in map(os.stat, inputs.files)):
            return
        said = {
            "asked": asked,
            "listed": _listed(paths),
            # Not resolved: a link may lead to another file the next time.
            "files": {str(path.absolute()): _digest(path) for path in inputs.files},
            "locks": [str(path) for path in inputs.locks],
            "report": to_plain(report),
        }
        payload = json.dumps(said, separators=(",", ":")).encode()
        place = _place(asked)
        place.parent.mkdir(parents=True, exist_ok=True)
        replace_file(place, [sha256(payload).hexdigest().encode(), b"\n", payload], private=True)
        _forget_old(place.parent)


def _asked(paths: Sequence[object], options: CheckOptions, locking: Locking) -> str | None:
    """All that the command line says, as a hash; None where that cannot be said again."""
    if not all(isinstance(path, Path) for path in paths):
        return None
    if any(isinstance(source, bytes) for _, source in options.networks):
        return None
    said = [f"{f.name}={getattr(options, f.name)!r}" for f in fields(options) if f.name not in _IRRELEVANT]
    parts = (
        _VERSION,
        __version__,
        str(Path.cwd()),
        repr([str(path) for path in paths]),
        repr(locking),
        *said,
    )
    return sha256("\n".join(parts).encode()).hexdigest()


def _listed(paths: Iterable[object]) -> list[list[str]]:
    """The specs in each folder that is named."""
    folders = (path for path in paths if isinstance(path, Path) and path.is_dir())
    return [[str(found) for found in specs_below(folder)] for folder in folders]


def _are_same(files: dict[str, str]) -> bool:
    return all(_digest(Path(path)) == digest for path, digest in files.items())


def _digest(path: Path) -> str:
    """Raises `OSError`."""
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def _agree(claims: Iterable[ClaimReport], contents: Sequence[Content]) -> bool:
    """Whether the locks say of every claim what its report does."""
    known = frozenset[tuple[str, Status]]().union(*(content.verdicts for content in contents))
    return all(
        _is_final(claim) if claim.key is None else (claim.key, claim.status) in known for claim in claims
    )


def _is_final(claim: ClaimReport) -> bool:
    """Whether a claim that no lock has would come out the same again."""
    if claim.status is Status.UNKNOWN:
        return (claim.reason or "").startswith("unsupported")
    return claim.status is not Status.ERROR


def _as_known(claim: ClaimReport) -> ClaimReport:
    return replace(claim, known=Known.CACHE if claim.key is None else Known.LOCK, seconds=0.0)


def _place(asked: str) -> Path:
    return runs() / f"{asked}{_SUFFIX}"


def _forget_old(folder: Path) -> None:
    """All but the latest."""
    for _, path in sorted(_ages(folder), reverse=True)[_MANY:]:
        with suppress(OSError):
            path.unlink()


def _ages(folder: Path) -> Iterator[tuple[float, Path]]:
    for path in folder.iterdir():
        with suppress(OSError):
            if path.suffix == _SUFFIX or path.name.startswith("."):
                yield path.stat().st_mtime, path
