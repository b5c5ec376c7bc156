"""The end of a report for people: what ran out of time, a table of the files, and one line that sums up.

In: a report.  Out: lines.  The table is for terminals, where there is a width to lay it out in.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from spec_lang.kernel.verdict import Status
from spec_lang.obligations.denotation import GaveUpReason
from spec_lang.reporters._claim_text import KNOWN_WORDS
from spec_lang.reporters._layout import STATUS_ROLE, Line, Piece, Role, line
from spec_lang.reporters._numbers import count_of, duration
from spec_lang.reporters.model import ClaimReport, Report

_LIMITS: Final = (
    (GaveUpReason.BUDGET, "the budget", "without `--budget`, or with a larger one"),
    (GaveUpReason.TIMEOUT, "the time limit", "with a larger `--timeout`, or `@timeout` in the spec"),
)
_NAMES: Final = 8  # claims that are named
_GLOBS: Final = 3  # `--claim`s that are proposed
_SMALL_FAMILY: Final = 2
_FILES: Final = 24  # rows of the table; what is not as expected always has one
_NARROW: Final = 12  # characters of a file's name: with fewer, its row is two


def summary_lines(report: Report, width: int = 0) -> list[Line]:
    """What a reader looks at first, and the last thing that is printed."""
    lines = [*_undecided(report), *(_table(report, width) if width else ())]
    return [*lines, *([line()] if lines else []), summary_line(report)]


def _undecided(report: Report) -> Iterator[Line]:
    """Which claims a limit has left open, and how they are decided."""
    for reason, limit, how in _LIMITS:
        claims = [claim for claim in report.claims if _gave_up(claim, reason)]
        if claims:
            names = list(dict.fromkeys(_families(claims)))
            more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
            said = ", ".join(names[:_NAMES])
            not_decided = f"{count_of(len(claims), 'claims')} not decided within {limit}"
            yield line((f"{not_decided}: ", Role.OPEN), said + more)
            yield line(f"  to decide {'it' if len(claims) == 1 else 'them'}: `{_command(claims)}` {how}")


def _gave_up(claim: ClaimReport, reason: GaveUpReason) -> bool:
    open_yet = claim.status is Status.UNKNOWN and not claim.as_expected
    return open_yet and (claim.reason or "").startswith(f"{reason.value}:")


def _families(claims: Sequence[ClaimReport]) -> Iterator[str]:
    """Names of claims; of several of a family the family's."""
    for family, members in groupby(claims, key=lambda claim: claim.name.partition("[")[0]):
        names = [claim.name for claim in members]
        yield from names if len(names) <= _SMALL_FAMILY else (family,)


def _command(claims: Sequence[ClaimReport]) -> str:
    files = dict.fromkeys(claim.file for claim in claims)
    names = dict.fromkeys(_families(claims))
    few = len(files) == 1 and len(names) <= _GLOBS
    where = next(iter(files)) if len(files) == 1 else "PATH"
    globs = [f"--claim {shlex.quote(name)}" for name in names] if few else ["--claim NAME"]
    return " ".join(("nnspec check", shlex.quote(where), *globs))


# -- the table -----------------------------------------------------------------------------------------


def _table(report: Report, width: int) -> Iterator[Line]:
    """A row for every file, where there are several; of very many those that have something to tell."""
    files: dict[str, list[ClaimReport]] = {}
    for claim in report.claims:
        files.setdefault(claim.file, []).append(claim)
    if len(files) < 2:
        return
    shown = [file for file, claims in files.items() if not all(claim.as_expected for claim in claims)]
    shown += [file for file in files if file not in shown][: max(0, _FILES - len(shown))]
    present = [status for status in Status if report.count(status)]
    columns = sum(max(len(status.value), 5) + 2 for status in present) + 10
    room = width - columns
    longest = max(map(len, shown))
    if min(longest, _NARROW) <= room:
        names = min(longest, room)
        head: list[str | Piece] = [" " * names]
        head += [(f"  {status.value:>5}", STATUS_ROLE[status]) for status in present]
        yield line(*head, ("      time", Role.DIM))
    for file in (file for file in files if file in shown):
        counts = [(status, sum(c.status is status for c in files[file])) for status in present]
        seconds = sum(claim.seconds for claim in files[file])
        if min(longest, _NARROW) <= room:
            yield _wide_row(_end_of(file, names).ljust(names), counts, seconds)
        else:
            yield from _narrow_row(file, counts, seconds, width)
    if len(files) > len(shown):
        yield line((f"and {len(files) - len(shown)} more files, all as expected", Role.DIM))


def _wide_row(name: str, counts: Sequence[tuple[Status, int]], seconds: float) -> Line:
    pieces: list[str | Piece] = [(name, Role.STRONG)]
    for status, count in counts:
        cell = f"{count:,}" if count else ""
        pieces.append((f"  {cell:>{max(len(status.value), 5)}}", STATUS_ROLE[status]))
    return line(*pieces, (duration(seconds).rjust(10), Role.DIM))


def _narrow_row(
    file: str, counts: Sequence[tuple[Status, int]], seconds: float, width: int
) -> Iterator[Line]:
    yield line((_end_of(file, width), Role.STRONG))
    pieces: list[str | Piece] = ["  "]
    for status, count in counts:
        if count:
            pieces += [(f"{count:,} {status.value}", STATUS_ROLE[status]), ", "]
    yield line(*pieces, (duration(seconds), Role.DIM))


def _end_of(file: str, width: int) -> str:
    """The end of a path tells it from others."""
    return file if len(file) <= width else f"…{file[len(file) - width + 1 :]}"


# -- the last line -------------------------------------------------------------------------------------


def summary_line(report: Report) -> Line:
    """How many claims have each verdict, and what else is to be known of the run."""
    pieces: list[str | Piece] = []
    for status in Status:
        members = [claim for claim in report.claims if claim.status is status]
        if members:
            expected = (
                sum(claim.expected is status for claim in members) if status is not Status.PROVED else 0
            )
            note = f" ({_expected(expected, len(members))})" if expected else ""
            surprise = sum(not claim.as_expected for claim in members) if status is Status.PROVED else 0
            note = f" ({surprise} not expected)" if surprise else note
            pieces += [", "] * bool(pieces) + [(f"{len(members)} {status.value}", STATUS_ROLE[status]), note]
    errors = sum(diagnostic.is_error for diagnostic in report.diagnostics)
    if errors:
        word = "problem above" if errors == 1 else "problems above"
        pieces += [", "] * bool(pieces) + [(f"{errors} {word}", Role.BAD)]
    if not pieces:
        pieces.append("nothing to check")
    if report.interrupted:
        pieces.append((", interrupted", Role.OPEN))
    known = [claim.known for claim in report.claims if claim.known is not None]
    counts = ", ".join(f"{known.count(kind)} {word}" for kind, word in KNOWN_WORDS.items() if kind in known)
    seconds = f" in {duration(report.seconds)}" + (f" ({counts})" if counts else "")
    return line(*pieces, (seconds, Role.DIM))


def _expected(expected: int, total: int) -> str:
    return "as expected" if expected == total else f"{expected} as expected"
