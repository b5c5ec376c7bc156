"""The locks of a run: which files they are, what they know, and what the run puts into them.

In: the specs of a run, and its reports.  Out: lines by the keys of claims; afterwards new lines in the files,
and diagnostics for what a lock should say and does not.  A spec's lock is the nearest `nnspec.lock` in a
folder above it, in its repository; where there is none, one is made at the repository's root, or, outside
version control, in the folder that was named.
"""

from __future__ import annotations

import os.path
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import field
from pathlib import Path
from typing import Final

from spec_lang._values import dataclass
from spec_lang.diagnostics import Diagnostic, Severity
from spec_lang.engine import codes
from spec_lang.engine.known import limits_of
from spec_lang.engine.options import CheckOptions
from spec_lang.engine.prepare import Spec
from spec_lang.engine.task import Task
from spec_lang.kernel.verdict import Status
from spec_lang.obligations.outcome import GaveUpReason
from spec_lang.reporters._numbers import count_of
from spec_lang.reporters.model import ClaimReport
from spec_lang.store.lock import NAME, Content, Limits, Line, by_key, read_lock, update_lock

# An `unknown` for another reason may come out otherwise the next time, whatever it is given.
_REPEATED: Final = (GaveUpReason.TIMEOUT, GaveUpReason.BUDGET, GaveUpReason.UNSUPPORTED, GaveUpReason.KINK)
_NAMED: Final = 5  # claims that a message lists


@dataclass(slots=True)
class Locks:
    """`files` are the specs that have a lock, by their names in reports: where each is, and its lock."""

    files: dict[str, tuple[Path, Path]]
    contents: dict[Path, Content] = field(default_factory=dict)
    problems: list[Diagnostic] = field(default_factory=list)

    def lines(self) -> dict[str, Line]:
        """All lines by key."""
        return dict(by_key(line for content in self.contents.values() for line in content.lines))

    def claim(self, file: str, name: str) -> tuple[Path, str] | None:
        """The lock of a claim, and how it is called there."""
        found = self.files.get(file)
        if found is None:
            return None
        spec, lock = found
        return lock, f"{self._relative(spec, lock)}::{name}"

    # -- after the run -----------------------------------------------------------------------------------

    def update(self, found: Sequence[tuple[Task, ClaimReport]], options: CheckOptions, *, whole: bool) -> str:
        """Writes what has become of claims; `whole` says that these are all claims of their files.  What was
        done, in words, if anything was."""
        limits = {report.id: limits_of(task, options) for task, report in found}
        words = []
        for lock, claims in self._by_lock(report for _, report in found).items():
            made = (line_of(claim, report, limits[report.id]) for claim, report in claims.items())
            lines = [line for line in made if line is not None]
            gone = set(self._gone(lock, claims, whole=whole))
            if not lines and not gone and not self.contents[lock].damaged:
                continue
            try:
                updated = update_lock(lock, lines, gone)
            except OSError as error:
                problem = f"`{_named(lock)}` cannot be written: {error.strerror or error}"
                self.problems.append(
                    _warning(codes.NO_LOCK, problem, "make the folder writable, or say `--no-lock`")
                )
                continue
            counts = (updated.added, "new"), (updated.changed, "changed"), (updated.removed, "gone")
            said = ", ".join(f"{number} {word}" for number, word in counts if number)
            words += [f"{_named(lock)}: {said}"] if said else []
        return "; ".join(words)

    def _by_lock(self, reports: Iterable[ClaimReport]) -> dict[Path, dict[str, ClaimReport]]:
        """The reports of each lock, by how their claims are called there."""
        found: dict[Path, dict[str, ClaimReport]] = {lock: {} for _, lock in self.files.values()}
        for report in reports:
            place = self.claim(report.file, report.name)
            if place is not None:
                lock, claim = place
                found[lock][claim] = report
        return found

    def _gone(self, lock: Path, seen: Container[str], *, whole: bool) -> Iterator[str]:
        """The claims of a lock that are no longer there."""
        mine = {self._relative(spec, lock) for spec, of in self.files.values() if of == lock}
        for line in self.contents[lock].lines:
            file = line.claim.rpartition("::")[0]
            is_lost = file not in mine and not (lock.parent / file).exists()
            if is_lost or (whole and file in mine and line.claim not in seen):
                yield line.claim

    def _relative(self, spec: Path, lock: Path) -> str:
        return Path(os.path.relpath(spec, lock.parent)).as_posix()

    def out_of_date(self, reports: Sequence[ClaimReport], *, whole: bool) -> Iterator[Diagnostic]:
        """What `--locked` finds: claims that a lock does not have as they are, and those that are gone."""
        for lock, claims in self._by_lock(reports).items():
            known = self.contents[lock].verdicts
            missing = (r.name for r in claims.values() if r.key and (r.key, r.status) not in known)
            names = [*missing, *self._gone(lock, claims, whole=whole)]
            if names:
                what = _listed(names)
                problem = f"`{_named(lock)}` is out of date: {what}"
                yield Diagnostic(codes.OUT_OF_DATE, problem, None, "run `nnspec check`, and commit the lock")

    def contradictions(self, reports: Sequence[ClaimReport]) -> Iterator[Diagnostic]:
        """Claims of which a lock says another thing than the kernel, by what is stored of them."""
        lines = self.lines()
        for report in reports:
            line = None if report.key is None else lines.get(report.key)
            settled = report.status is not Status.UNKNOWN
            if line is not None and settled and line.verdict not in (report.status, Status.UNKNOWN):
                said, found = line.verdict.value, report.status.value
                problem = f"the lock says that `{report.name}` is {said}, what is stored says {found}"
                fix = "run `nnspec check --no-cache`, and look at who has written the line"
                yield Diagnostic(codes.OUT_OF_DATE, problem, report.span, fix)


def locks_of(paths: Sequence[object], specs: Iterable[Spec], given: Path | None) -> Locks:
    """The locks of `specs`, which `paths` named; `given` is one for all of them."""
    folders = [path.resolve() for path in paths if isinstance(path, Path) and path.is_dir()]
    locks = Locks({})
    for spec in specs:
        path = spec.source.path
        if path is not None and not spec.source.is_query:
            whole = path.resolve()
            locks.files[spec.source.file] = whole, given or _lock_above(whole, folders)
    for lock in dict.fromkeys(lock for _, lock in locks.files.values()):
        content = _read(lock, locks.problems)
        if content is not None:
            locks.contents[lock] = content
    locks.files = {name: (spec, lock) for name, (spec, lock) in locks.files.items() if lock in locks.contents}
    return locks


def line_of(claim: str, report: ClaimReport, limits: Limits) -> Line | None:
    """What a lock says of a report, if it says anything."""
    settled = report.status in (Status.PROVED, Status.REFUTED, Status.VACUOUS)
    repeated = report.status is Status.UNKNOWN and _reason(report) in {reason.value for reason in _REPEATED}
    if report.key is None or not (settled or repeated) or (settled and report.evidence is None):
        return None
    return Line(
        claim,
        report.status,
        report.key,
        report.evidence if settled else None,
        report.certificate if settled else None,
        report.proof_bytes if settled else None,
        tuple(sorted(report.work)),
        None if report.status in (Status.PROVED, Status.REFUTED) else report.reason,
        None if settled else limits,
    )


def _reason(report: ClaimReport) -> str:
    return (report.reason or "").partition(":")[0]


def _lock_above(spec: Path, folders: Sequence[Path]) -> Path:
    for folder in spec.parents:
        if (folder / NAME).is_file() or (folder / ".git").exists():
            return folder / NAME
    named = (folder for folder in folders if spec.is_relative_to(folder))
    return next(named, spec.parent) / NAME


def _read(lock: Path, problems: list[Diagnostic]) -> Content | None:
    """None for a lock that cannot be had."""
    try:
        content = read_lock(lock)
    except OSError as error:
        problem = f"`{_named(lock)}` cannot be read: {error.strerror or error}"
        problems.append(_warning(codes.NO_LOCK, problem, "name another with `--lock`, or say `--no-lock`"))
        return None
    if content.damaged:
        number, first = count_of(len(content.damaged), "lines"), content.damaged[0]
        problem = f"{number} of `{_named(lock)}` cannot be read, the first is line {first}"
        fix = (
            "nothing is lost: what they spoke of is decided anew; commit the file that `nnspec check` writes"
        )
        problems.append(_warning(codes.DAMAGED_LOCK, problem, fix))
    return content


def _named(lock: Path) -> str:
    """As seen from here, if it lies below."""
    return str(lock.relative_to(Path.cwd())) if lock.is_relative_to(Path.cwd()) else str(lock)


def _warning(code: str, problem: str, fix: str) -> Diagnostic:
    return Diagnostic(code, problem, None, fix, Severity.WARNING)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:_NAMED])
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"it does not have {shown}{more} as {'it is' if len(names) == 1 else 'they are'} now"
