"""What only the caller of a run knows, for formats that are read elsewhere.

In: nothing.  Out: values, which the command line fills in from its options and surroundings.  A report
without them says nothing of an exit status, and its file names are those of the run.
"""

from __future__ import annotations

from spec_lang._values import dataclass


@dataclass(frozen=True, slots=True)
class Invocation:
    """Whether an unknown fails the run, with which `exit_status` it ends, the `folder` that file names are
    relative to, and the root of the repository that it is in; both absolute, with `/` between their parts."""

    unknown_fails: bool = True
    exit_status: int | None = None
    folder: str | None = None
    root: str | None = None
