"""`python -m benchmarks.soak`: many claims while workers are killed, memory is short, and the run itself is.

In: how many claims, how often something is killed, a seed.  Out: a table: what a calm run and a stormy one
come to, what the audit says of what both have stored, and the files, processes and bytes that the process had
before and after.  Exits 1 when a verdict differs, a stored proof is not accepted, or something accumulates.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol

from benchmarks.generated import write_many
from spec_lang.engine import CheckOptions, check
from spec_lang.engine.audit import audit
from spec_lang.kernel.verdict import Status
from spec_lang.reporters.model import Report

_HOG: Final = 256 << 20  # bytes, for a moment
_MOST_GROWTH: Final = 256 << 20  # bytes that a run may leave in the caches of this process
_SHARES: Final = (0.2, 0.3, 0.4)  # of the seconds of a calm run, after which runs are killed
# A claim that loses its worker every time is an error: more kills than these would make one of a good claim.
_CLAIMS_A_KILL: Final = 25
_MEMORY: Final = 2 << 30


class _Counted(Protocol):
    """A number that two processes share."""

    value: int


@dataclass(frozen=True, slots=True)
class Held:
    """What this process has open, has started, and has in memory."""

    files: int
    processes: int
    size: int


@dataclass(frozen=True, slots=True)
class Storm:
    """A worker is killed every so many seconds, about, at most so many; every fourth time there is a hog as
    well."""

    seconds: float
    most: int
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Soaked:
    """Verdicts by claim, of runs and of audits, and what was held before and after the stormy run."""

    calm: Mapping[str, Status]
    stormy: Mapping[str, Status]
    audited: Mapping[str, Status]
    after_kills: Mapping[str, Status]  # by an audit of what runs have stored that were killed themselves
    kills: int
    before: Held
    after: Held

    def flaws(self) -> Iterator[str]:
        """What must not be."""
        for name, status in self.calm.items():
            if self.stormy[name] is not status:
                yield f"{name}: {status.value} when it is calm, {self.stormy[name].value} in the storm"
            if self.audited[name] is not status:
                yield f"{name}: {status.value}, and the audit says {self.audited[name].value}"
            if self.after_kills[name] not in (status, Status.UNKNOWN):
                yield f"{name}: what a killed run left is {self.after_kills[name].value} to the audit"
        if self.after.files > self.before.files or self.after.processes > self.before.processes:
            yield f"{self.before} became {self.after}"
        if self.after.size - self.before.size > _MOST_GROWTH:
            yield f"{self.before.size:,} bytes became {self.after.size:,}"


def soak(folder: Path, claims: int, storm: Storm, jobs: int = 2) -> Soaked:
    """A calm run, a stormy one, and runs that are killed, of as many generated claims."""
    path = write_many(folder, claims)
    options = CheckOptions(budget=5000, timeout=None, jobs=jobs, memory=_MEMORY)
    report = check([path], options)
    calm = _statuses(report)
    kills = multiprocessing.get_context("fork").Value("i", 0)
    before = held()
    with _raging(storm, kills):
        stormy = _statuses(check([path], replace(options, store=folder / "stormy")))
    after = held()
    audited = _statuses(audit([path], replace(options, store=folder / "stormy")).report)
    shot = replace(options, store=folder / "shot")
    for share in _SHARES:
        _killed_run(path, shot, share * report.seconds)
    left = _statuses(audit([path], shot).report)
    return Soaked(calm, stormy, audited, left, kills.value, before, after)


def held() -> Held:
    """What this process holds now."""
    statm = Path("/proc/self/statm").read_text(encoding="ascii").split()
    files = len(list(Path("/proc/self/fd").iterdir()))
    return Held(files, len(_children(os.getpid())), int(statm[1]) * os.sysconf("SC_PAGE_SIZE"))


def _statuses(report: Report) -> dict[str, Status]:
    return {claim.name: claim.status for claim in report}


def _children(parent: int) -> list[int]:
    """The processes that a process has started."""
    try:
        text = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii")
    except OSError:
        return []
    return [int(number) for number in text.split()]


@contextmanager
def _raging(storm: Storm, kills: _Counted) -> Iterator[None]:
    """A process that kills workers of this one as long as the block lasts."""
    context = multiprocessing.get_context("fork")
    killer = context.Process(target=_rage, args=(os.getpid(), storm, kills), daemon=True)
    killer.start()
    try:
        yield
    finally:
        killer.kill()
        killer.join()
        killer.close()


def _rage(parent: int, storm: Storm, kills: _Counted) -> None:
    rng = random.Random(storm.seed)  # noqa: S311 - for a storm
    while os.getppid() == parent and kills.value < storm.most:
        time.sleep(rng.expovariate(1 / storm.seconds))
        workers = [number for number in _children(parent) if number != os.getpid()]
        if rng.random() < 0.25:
            bytearray(_HOG)
        if workers:
            with suppress(OSError):
                os.kill(rng.choice(workers), signal.SIGKILL)
                kills.value += 1


def _killed_run(path: Path, options: CheckOptions, seconds: float) -> None:
    """A run in a process of its own, killed after so many seconds wherever it is."""
    run = multiprocessing.get_context("fork").Process(target=check, args=([path], options))
    run.start()
    run.join(seconds)
    run.kill()
    run.join()
    run.close()


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__.split("\n")[0])
    parser.add_argument("--claims", type=int, default=2000, metavar="N")
    parser.add_argument("--every", type=float, default=1.0, metavar="S", help="seconds between two kills (1)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2, metavar="N")
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="nnspec-soak-") as folder:
        storm = Storm(arguments.every, arguments.claims // _CLAIMS_A_KILL, arguments.seed)
        soaked = soak(Path(folder), arguments.claims, storm, arguments.jobs)
    for name, found in (("calm", soaked.calm), ("stormy", soaked.stormy), ("audited", soaked.audited)):
        print(f"{name:12}", _counts(found))
    print(f"{'killed runs':12}", _counts(soaked.after_kills))
    print(f"{'kills':12} {soaked.kills}")
    for name, what in (("before", soaked.before), ("after", soaked.after)):
        print(f"{name:12} {what.files} files, {what.processes} processes, {what.size / 2**20:.0f} MiB")
    flaws = list(soaked.flaws())
    print("\n".join(flaws) or "nothing was lost")
    return 1 if flaws else 0


def _counts(found: Mapping[str, Status]) -> str:
    counted = Counter(status.value for status in found.values())
    return ", ".join(f"{count} {word}" for word, count in sorted(counted.items()))


if __name__ == "__main__":
    sys.exit(main())
