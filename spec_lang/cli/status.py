"""What a command's exit status says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from spec_lang.reporters.model import Report

OK: Final = 0
REFUTED: Final = 1
CHANGES: Final = 1  # of `fmt --check`: a file is not in the canonical layout
ERROR: Final = 2
UNKNOWN: Final = 3
INTERRUPTED: Final = 130


def exit_status(report: Report, *, unknown_fails: bool) -> int:
    """The worst of what `report` says: an error, then a refutation, then an unknown.

    A verdict that `@expect` foresees is none of these; a proof where another verdict was expected counts
    as a refutation, since a claim about the spec itself has turned out false.
    """
    from spec_lang.kernel.verdict import Status  # noqa: PLC0415 - start-up

    surprises = {claim.status for claim in report.claims if not claim.as_expected}
    if report.interrupted:
        return INTERRUPTED
    if any(d.is_error for d in report.diagnostics) or Status.ERROR in surprises:
        return ERROR
    if surprises & {Status.REFUTED, Status.PROVED, Status.VACUOUS}:
        return REFUTED
    return UNKNOWN if unknown_fails and Status.UNKNOWN in surprises else OK
