"""What the store has of a claim's earlier networks, and what it is to know of this one.

In: a task with its goal.  Out: outcomes that settled the same claim about other weights, one for every
obligation, as places to begin.  With a budget there are none: its verdict must not depend on what was checked
before.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from spec_lang.engine.known import KEYS
from spec_lang.engine.options import CheckOptions
from spec_lang.engine.task import QUERY, Task
from spec_lang.obligations.model import Goal
from spec_lang.obligations.outcome import Outcome
from spec_lang.store.files import Found, Store
from spec_lang.store.shapes import constants_of, form_of


def earlier_outcomes(task: Task, options: CheckOptions, goal: Goal) -> Sequence[Outcome]:
    """Those of the latest goal with the same region and violation, or else of the latest of the same form."""
    if options.store is None or not options.earlier or options.budget is not None or _is_apart(task, goal):
        return ()
    store = Store(options.store, keys=KEYS)
    own, constants = store.keys.goal(goal), constants_of(goal)
    members = [member for member in store.members(form_of(goal, _owner(task))) if member.key != own]
    for member in sorted(members, key=lambda member: member.constants != constants):
        found = store.record(member.key, len(goal.obligations))
        if isinstance(found, Found):
            return found.outcomes
    return ()


def remember(task: Task, store: Store, goal: Goal) -> None:
    """That there is a record of the goal now."""
    if not _is_apart(task, goal):
        store.keep_member(form_of(goal, _owner(task)), constants_of(goal), goal)


def _is_apart(task: Task, goal: Goal) -> bool:
    """Whether what is stored of the goal serves no other."""
    return goal.conflict is not None or task.measure is not None or task.cut is not None


def _owner(task: Task) -> str:
    """What tells a claim from others of the same form: its name, and that of its file; of a query those of
    the networks, too, that it is asked about."""
    names = [Path(task.file).name, task.name]
    if task.kind == QUERY:
        sources = (run.source for run in task.runs or ())
        names += [source.name for source in sources if isinstance(source, Path)]
    return "\n".join(names)
