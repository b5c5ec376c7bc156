"""What a backend is.  A backend reads an obligation and says `Proved`, `Refuted` or `GaveUp`.

It never makes a verdict: a `Refuted` point has been confirmed by the exact replay that it was handed,
and a `Proved` carries what the kernel needs to label it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction
from typing import Protocol, runtime_checkable

from spec_lang._companions import Cores
from spec_lang._values import dataclass
from spec_lang.kernel.verdict import EvidenceKind
from spec_lang.obligations.certificate import Flaw, Unclosed
from spec_lang.obligations.model import Obligation, Semantics
from spec_lang.obligations.outcome import Certificate, Outcome, Proved, Refuted, Work

Point = tuple[Fraction, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """A moment of a search: units done, units open, the worst proved bound so far, if any.  Who runs the
    backend adds its name."""

    done: int
    open: int
    bound: float | None = None
    backend: str = ""


@dataclass(frozen=True, slots=True)
class Budget:
    """`deadline` is a `time.monotonic()` moment or None; `work` a cap on the units of `Work.units`, all
    together, or None; `memory` what a solver's own process may take, in bytes, or None.

    With a cap on work, the deadline ends a run and decides nothing else: what is done, and in which order,
    is the same on a machine of any speed.
    """

    deadline: float | None = None
    work: int | None = None
    memory: int | None = None

    def expired(self) -> bool:
        """Whether the deadline has passed."""
        return is_past(self.deadline)


def is_past(deadline: float | None) -> bool:
    """Whether there is one, and it has passed."""
    return deadline is not None and time.monotonic() > deadline


@dataclass(frozen=True, slots=True)
class Earlier:
    """Where to begin: what settled another obligation of the same form, about other weights, and proves
    nothing of this one.  `unclosed` are the leaves of its proof that the kernel does not find closed here;
    without any it has not been asked yet, and need not be if a first look finds a counterexample."""

    outcome: Proved | Refuted
    unclosed: tuple[Unclosed, ...] = ()


@dataclass(frozen=True, slots=True)
class Session:
    """What a run is handed besides the obligation: limits, and the callbacks of its surroundings.

    `confirm` replays a point exactly (the kernel's witness check) and says whether it is a
    counterexample; `observe` hears of progress.  Both are cheap and never raise.  `examine` is the kernel's
    check of a proof, which says what is wrong with it or None; who is told of unclosed leaves may refine
    them and ask again.  Without it nobody checks before the verdict.  `cores` are those that a search may
    use besides its own, with none if it is to do the same on every machine.  `nearest` says that of two
    counterexamples the one nearer to the middle of the region is worth more, since it tells a measure how
    large that may be; for a reader it is the one whose points are further apart.  `checks` makes what
    `examine` is for obligations that a backend puts in place of its own; what was accepted then is not
    examined again as a part of the whole.  With something `earlier` a run goes on from there, or gives up.
    """

    budget: Budget
    confirm: Callable[[Point], bool]
    observe: Callable[[Progress], None]
    examine: Callable[[Certificate], Flaw | None] | None = None
    cores: Cores | None = None
    nearest: bool = False
    checks: Callable[[Obligation], Callable[[Certificate], Flaw | None]] | None = None
    earlier: Earlier | None = None


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a backend is good for, as data: the planner chooses by this and names no backend.

    `proves` and `refutes` say which outcomes it can have, `attacks` that it looks for counterexamples before
    it starts to prove, `exact` that rounding never keeps it from an answer, `unbounded` that it takes boxes
    with infinite sides, `specialist` that it is made for whatever it takes, and goes before all others,
    `resumes` that it can go on from what is `Earlier`; others are never handed any.
    `evidence` is the strongest that the kernel can grant its proofs.  It is worth a share of the time up to
    `neurons` elements of non-linear nodes (None: always), and from `inputs` inputs on; what it takes at all,
    `supports` says.
    """

    proves: bool = True
    refutes: bool = True
    attacks: bool = False
    exact: bool = False
    unbounded: bool = False
    specialist: bool = False
    resumes: bool = False
    semantics: tuple[Semantics, ...] = (Semantics.REAL,)
    evidence: EvidenceKind = EvidenceKind.TRUSTED
    neurons: int | None = None
    inputs: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    outcome: Outcome
    work: Work


@runtime_checkable
class Backend(Protocol):
    """A decision procedure, as a module constant `BACKEND`."""

    @property
    def name(self) -> str:
        """What `--using` and `@using` call it."""

    @property
    def version(self) -> str: ...

    @property
    def summary(self) -> str: ...

    @property
    def capabilities(self) -> Capabilities: ...

    def availability(self) -> str | None:
        """None when it can run here, otherwise the reason why not."""

    def supports(self, obligation: Obligation) -> str | None:
        """None when it takes this obligation, otherwise the reason why not."""

    def run(self, obligation: Obligation, session: Session) -> Run:
        """Decide, within the session's budget."""
