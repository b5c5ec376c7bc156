"""What a run is asked to do, and who listens to it.

In: what the command line or the Python caller says.  Out: one frozen object that every stage reads, and the
protocol of the observer that hears of progress.  Nothing here touches a file or the environment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from spec_lang._values import dataclass
from spec_lang.kernel.verdict import EvidenceKind
from spec_lang.obligations.denotation import Semantics

if TYPE_CHECKING:
    from spec_lang.backends.base import Progress
    from spec_lang.reporters.model import ClaimReport
    from spec_lang.store.lock import Line

NetworkSource = Path | bytes

# Long enough for what the bounds backend decides at all, short enough for a build server.
DEFAULT_TIMEOUT = 60.0


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """`claims`: globs that select (none selects all).  `parameters`: values by name, as text.
    `networks`: files or ONNX bytes by name, in place of those that a spec names; the empty name stands for
    the only network.  `timeout`: seconds a claim, None for no limit.  `budget`: units of work a claim, None
    for no limit; with it, and no timeout, `@timeout` does not count either.  `jobs`: processes that are
    busy at any time, 1 for none but this one.  `memory`: bytes that a claim may take beyond what was loaded
    before, None for no limit.  `evidence`: the weakest that counts as a proof.  `semantics`: which function
    a network denotes where a claim does not say.  `store`: the folder that keeps proofs and witnesses, None
    for nowhere: what it holds is not searched for again, and, with `earlier` and without a budget, where
    searches for other weights begin.  `known`: the lines of `nnspec.lock`, by the keys of claims; with
    `locked` a claim that has none is not decided.  `strict`: a vacuous claim is an error.  `pictures`: the
    report is looked at, and not only read.  `debug`: a crash tells its traceback.
    """

    claims: tuple[str, ...] = ()
    parameters: tuple[tuple[str, str], ...] = ()
    networks: tuple[tuple[str, NetworkSource], ...] = ()
    timeout: float | None = DEFAULT_TIMEOUT
    budget: int | None = None
    jobs: int = 1
    using: str | None = None
    memory: int | None = None
    evidence: EvidenceKind = EvidenceKind.TRUSTED
    semantics: Semantics = Semantics.REAL
    store: Path | None = None
    earlier: bool = True
    known: Mapping[str, Line] = field(default_factory=dict)
    locked: bool = False
    strict: bool = False
    pictures: bool = False
    debug: bool = False

    def seconds(self, said: Fraction | None) -> float | None:
        """The limit of time of a claim whose `@timeout` says so."""
        budget_alone = self.budget is not None and self.timeout is None
        return self.timeout if said is None or budget_alone else float(said)


@dataclass(frozen=True, slots=True)
class Locking:
    """`file` is the lock of all specs, None for the nearest of each.  It is read, unless all is to be decided
    `afresh`, and takes what the run finds, if it `writes`, and the run has no networks and parameters of its
    own.  If it is `locked`, it has to say of each claim what comes out, and nothing new is decided."""

    file: Path | None = None
    afresh: bool = False
    writes: bool = True
    locked: bool = False


@dataclass(frozen=True, slots=True)
class Narrowed:
    """The ends of a measure have come nearer to each other: the report as it would be if all ended now."""

    report: ClaimReport


@dataclass(frozen=True, slots=True)
class Checking:
    """A proof is about to be checked, for which a claim has this many seconds beyond its time limit."""

    seconds: float


Listener = Callable[["Progress | Checking | Narrowed"], None]


class Observer(Protocol):
    """Hears of a run while it goes on; a `claim` is an id.  `close` comes once, also after an interrupt."""

    def start(self, claims: int) -> None: ...

    def began(self, claim: str) -> None: ...

    def progress(self, claim: str, progress: Progress) -> None: ...

    def narrowed(self, report: ClaimReport) -> None: ...

    def decided(self, report: ClaimReport) -> None: ...

    def close(self) -> None: ...


class Silent:
    """The observer that does nothing."""

    def start(self, claims: int) -> None:
        """Nothing to show."""

    def began(self, claim: str) -> None:
        """Nothing to show."""

    def progress(self, claim: str, progress: Progress) -> None:
        """Nothing to show."""

    def narrowed(self, report: ClaimReport) -> None:
        """Nothing to show."""

    def decided(self, report: ClaimReport) -> None:
        """Nothing to show."""

    def close(self) -> None:
        """Nothing to clear."""
