"""Where a run takes place: what reports that are read elsewhere have to know of it.

In: the environment and the current folder.  Out: an `Invocation`, and the summary of a GitHub job.  The root
is that of the checkout: GitHub's workspace, or the nearest folder above that Git keeps, or this folder.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from spec_lang.cli.status import exit_status
from spec_lang.cli.usage import UsageError

if TYPE_CHECKING:
    from spec_lang.cli.outputs import Output, Render
    from spec_lang.reporters.model import Report


def invoked(report: Report, *, unknown_fails: bool, status: int | None = None) -> Report:
    """The report, with what this run knows beside it; `status` is its exit status where that is another than
    a check's."""
    from spec_lang.reporters._invocation import Invocation  # noqa: PLC0415 - start-up

    folder = Path.cwd()
    ends = exit_status(report, unknown_fails=unknown_fails) if status is None else status
    invocation = Invocation(unknown_fails, ends, folder.as_posix(), _root(folder).as_posix())
    return replace(report, invocation=invocation)


def write_summary(targets: list[Output], render: Render) -> None:
    """Append the report to the summary of the GitHub job that this is a step of, where annotations are asked
    for."""
    file = os.environ.get("GITHUB_STEP_SUMMARY")
    if not file or all(name != "github" for name, _ in targets):
        return
    try:
        with Path(file).open("a", encoding="utf-8", errors="backslashreplace") as stream:
            render("markdown", stream)
    except OSError as error:
        raise UsageError(f"the job's summary `{file}` cannot be written: {error.strerror or error}") from None


def _root(folder: Path) -> Path:
    workspace = os.environ.get("GITHUB_WORKSPACE")
    if workspace and folder.is_relative_to(workspace):
        return Path(workspace)
    return next((above for above in (folder, *folder.parents) if (above / ".git").exists()), folder)
