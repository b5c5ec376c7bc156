"""What a worker of an executor is handed, does, and hands back.

In: a `Job`, made here or on another machine by the same nnspec.  Out: what its function answers, or which
blobs it needs first, or that the worker is not the same nnspec.  A claim's job comes back with the report and
the records that its worker stored, byte for byte.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field, replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from platform import node
from secrets import token_hex
from tempfile import TemporaryDirectory
from typing import Any, Final, Generic, TypeVar

from spec_lang import __version__
from spec_lang._companions import Cores
from spec_lang._values import dataclass
from spec_lang.engine.decide import decide
from spec_lang.engine.options import CheckOptions
from spec_lang.engine.task import Task
from spec_lang.engine.travelling import Parcel, warehouse
from spec_lang.reporters.model import ClaimReport
from spec_lang.store.codec import digest_of
from spec_lang.store.files import Store

_PACKAGE: Final = Path(__file__).parent.parent

Value = TypeVar("Value")
Record = tuple[str, bytes]  # its key, and what is stored by it


@dataclass(frozen=True, slots=True)
class Identity:
    """An nnspec: two are the same if all their source files are."""

    version: str
    sources: str

    def __str__(self) -> str:
        return f"nnspec {self.version} ({self.sources[:8]})"


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """A function in a parcel, with some of its blobs, and the argument that it is called with, if any.
    `serial` tells one try from another: dask takes calls that are alike for one."""

    of: Identity
    parcel: Parcel
    sent: Mapping[str, bytes] = field(default_factory=dict)
    argument: bytes | None = None
    serial: str = field(default_factory=lambda: token_hex(8))


@dataclass(frozen=True, slots=True, eq=False)
class Done(Generic[Value]):
    value: Value


@dataclass(frozen=True, slots=True)
class Needs:
    """The worker has never seen these blobs, or has forgotten them."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """The worker is another nnspec, whose kernel is not ours."""

    worker: Identity
    machine: str


Result = Done[Any] | Needs | Refused


@dataclass(frozen=True, slots=True, eq=False)
class Decided:
    """A claim's report, the records that settle it, and those that are left for claims `@via` it."""

    report: ClaimReport
    records: tuple[Record, ...] = ()
    left: tuple[Record, ...] = ()


@cache
def identity() -> Identity:
    """That of this process."""
    found = sha256()
    for path in sorted(_PACKAGE.rglob("*.py")):
        found.update(path.relative_to(_PACKAGE).as_posix().encode())
        found.update(sha256(path.read_bytes()).digest())
    return Identity(__version__, found.hexdigest())


def perform(job: Job) -> Result:
    """Does a job, if it can be done here."""
    if job.of != identity():
        return Refused(identity(), node())
    if missing := warehouse().missing(job.parcel.needs, job.sent):
        return Needs(missing)
    try:
        work = warehouse().unpack(job.parcel, job.sent)
    except KeyError as error:  # another thread has just made room
        return Needs((str(error.args[0]),))
    if job.argument is None:
        return Done(work())
    return Done(work(pickle.loads(job.argument)))  # noqa: S301 - as the parcel


def portable(task: Task, contents: Callable[[Path], bytes | None]) -> Task:
    """`task` without files of this machine, which `contents` reads; one that it cannot read stays a path."""
    if task.runs is None:
        return task
    sources = [contents(run.source) if isinstance(run.source, Path) else None for run in task.runs]
    runs = zip(task.runs, sources, strict=True)
    return replace(
        task, runs=tuple(run if found is None else replace(run, source=found) for run, found in runs)
    )


def decide_here(
    task: Task, options: CheckOptions, earlier: tuple[Record, ...], cores: Cores | None
) -> Decided:
    """Decides a claim with folders of its own in the place of the sender's; `earlier` are the records of the
    invariant that it is `@via`."""
    with TemporaryDirectory(prefix="nnspec-") as folder:
        store, leaves, before = (Path(folder) / name for name in ("store", "leaves", "earlier"))
        if task.leaves is not None:
            task = replace(task, leaves=leaves)
        if task.earlier is not None:
            for key, entry in earlier:
                Store(before).take_in(key, entry)
            task = replace(task, earlier=replace(task.earlier, folder=before))
        report = decide(task, lambda _: None, cores, replace(options, store=store))
        return Decided(report, tuple(Store(store).entries()), tuple(Store(leaves).entries()))


def earlier_records(task: Task) -> Iterator[Record]:
    """What is stored of the invariant that a claim is `@via`, if it was proved."""
    if task.earlier is not None:
        for key, record in Store(task.earlier.folder).entries():
            if digest_of(record) == task.earlier.digest:
                yield key, record
