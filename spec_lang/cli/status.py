"""What a command's exit status says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from spec_lang._values import dataclass

if TYPE_CHECKING:
    from spec_lang.reporters.model import Report

OK: Final = 0
REFUTED: Final = 1
CHANGES: Final = 1  # of `fmt --check`: a file is not in the canonical layout
ERROR: Final = 2
UNKNOWN: Final = 3
INTERRUPTED: Final = 130


@dataclass(frozen=True, slots=True)
class Ended:
    """An exit status, and what of the report is the reason for it, in words."""

    status: int
    why: str | None = None


def exit_status(report: Report, *, unknown_fails: bool) -> int:
    """The worst of what `report` says."""
    return ended_with(report, unknown_fails=unknown_fails).status


def ended_with(report: Report, *, unknown_fails: bool) -> Ended:
    """The worst of what `report` says: an error, then a refutation, then an unknown.

    A verdict that `@expect` foresees is none of these; a proof where another verdict was expected counts
    as a refutation, since a claim about the spec itself has turned out false.
    """
    from spec_lang.kernel.verdict import Status  # noqa: PLC0415 - start-up

    surprises = [claim.status for claim in report.claims if not claim.as_expected]
    refuted = surprises.count(Status.REFUTED)
    false = surprises.count(Status.PROVED) + surprises.count(Status.VACUOUS)
    unknown = surprises.count(Status.UNKNOWN)
    problems = sum(d.is_error for d in report.diagnostics)
    if report.interrupted:
        return Ended(INTERRUPTED)
    if problems or Status.ERROR in surprises:
        failed = surprises.count(Status.ERROR)
        return Ended(ERROR, _and(_of(problems, "problem"), _of(failed, "claim", "ended with an error")))
    if refuted or false:
        said = "not what `@expect` says"
        return Ended(REFUTED, _and(_of(refuted, "claim", "refuted"), _of(false, "verdict", said)))
    if unknown and unknown_fails:
        why = f"{_of(unknown, 'claim', 'unknown')}; with `--unknown warn` that is no failure"
        return Ended(UNKNOWN, why)
    return Ended(OK)


def _of(number: int, thing: str, what: str = "") -> str:
    """`2 claims refuted`; nothing for 0."""
    words = f"{number:,} {thing}{'s' * (number != 1)} {what}".rstrip()
    return words if number else ""


def _and(*parts: str) -> str:
    return ", ".join(part for part in parts if part)
