"""What is known of a claim already: by `nnspec.lock`, or by what is stored of it.

In: a task, and the hash of what it means.  Out: its report, without any search.  That a claim is proved, and
that an `unknown` is one, is taken from a line of the lock; whatever can be shown, a counterexample, a
witness, the ends of a measure, is judged again by the kernel.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

from spec_lang import __version__
from spec_lang._companions import Cores
from spec_lang.engine import lift
from spec_lang.engine.checking import allowance
from spec_lang.engine.measure_ends import key_of
from spec_lang.engine.options import CheckOptions
from spec_lang.engine.stored import Shelf
from spec_lang.engine.task import Task
from spec_lang.kernel.proof import OutOfTime
from spec_lang.kernel.verdict import EvidenceKind, Status
from spec_lang.obligations.outcome import Outcome
from spec_lang.reporters.model import ClaimReport, Known
from spec_lang.store.files import Store
from spec_lang.store.keys import Keys
from spec_lang.store.lock import Limits, Line

NOT_LOCKED: Final = "interrupted: `nnspec.lock` has no line for it, and `--locked` decides nothing new"

KEYS: Final = Keys()  # of this process: what it knows of weights serves all claims

_KINDS: Final = tuple(EvidenceKind)


def meaning_of(task: Task) -> str:
    """The key of a task that has a goal."""
    return key_of(task.measure, KEYS) if task.measure is not None else KEYS.goal(task.goal())


def known(
    task: Task, key: str, options: CheckOptions, cores: Cores | None
) -> tuple[ClaimReport, Sequence[Outcome]] | None:
    """The report on a task that means `key`, and the outcomes that were judged for it, if any were."""
    line = options.known.get(key)
    proved = line is not None and line.verdict is Status.PROVED and _is_enough(line, options)
    nothing_to_show = task.measure is None and not task.exists and task.leaves is None
    if line is not None and proved and nothing_to_show:
        return lift.locked(task, line), ()
    found = _judged_again(task, options, cores)
    if found is not None and found[0].status in (Status.PROVED, Status.REFUTED):
        return replace(found[0], key=key, known=Known.CACHE), found[1]
    hopeless = line is not None and _is_repeated(line, limits_of(task, options))
    if line is None or not (proved or hopeless):
        return None
    if task.measure is None:
        return lift.locked(task, line), ()
    if found is None or found[0].measurement is None or found[0].status is not Status.UNKNOWN or not hopeless:
        return None
    return replace(found[0], reason=line.reason, key=key, known=Known.LOCK), ()


def limits_of(task: Task, options: CheckOptions) -> Limits:
    """What a task is given."""
    return Limits(
        timeout=task.timeout,
        budget=options.budget,
        memory=options.memory,
        using=task.using,
        evidence=options.evidence.value,
        by=__version__,
    )


def _is_enough(line: Line, options: CheckOptions) -> bool:
    return line.evidence is not None and _KINDS.index(line.evidence.kind) <= _KINDS.index(options.evidence)


def _is_repeated(line: Line, offered: Limits) -> bool:
    """Whether a search would end as it did before, as `unknown`."""
    return line.verdict is Status.UNKNOWN and line.limits is not None and line.limits.cover(offered)


def _judged_again(
    task: Task, options: CheckOptions, cores: Cores | None
) -> tuple[ClaimReport, Sequence[Outcome]] | None:
    """By what is stored; a record that takes too much to check is no gain."""
    if options.store is None:
        return None
    end = time.monotonic() + allowance(task.timeout)
    with suppress(OutOfTime, MemoryError):
        store = Store(options.store, keys=KEYS)
        return Shelf(store, options.evidence, end, cores, options.pictures).report(task)
    return None
