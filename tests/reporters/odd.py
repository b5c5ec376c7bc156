"""Reports that a format may trip over: hostile names, bytes that are no text, nothing at all, too much."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from spec_lang.diagnostics import Diagnostic, Span
from spec_lang.kernel.verdict import Status
from spec_lang.reporters.model import Reading, Readings, Report
from tests.reporters.example import COUNTEREXAMPLE, PROVED, REFUTED, REPORT, variant

HOSTILE = (
    "<script>alert(1)</script>",
    "a|b`c`*d*_e_[f](g){0}{{h}}",
    "::error file=x,line=1::owned",
    "%0A::warning::owned%25",
    "]]>&amp;\"'",
    "\x00\x01\x0b\x1b[2J\x7f\ufffe",
    "\u202eevil\u2066",
    "line\nbreak\r\n::error::owned\ttab",
    "```\n</details>",
    "größe-网络-🚗",
    "https://example.org/@mention#1",
)
NOT_TEXT = "sub dir/sp\udcffc#?%ü,:.nnspec"  # a file name with a byte that is no UTF-8


def _named(number: int, name: str) -> tuple[object, ...]:
    reading = Reading(name, name, Fraction(1, 3), Fraction(1))
    found = replace(COUNTEREXAMPLE, points=(Readings(name, (reading,)),), violates=name)
    file = f"{name}.nnspec"
    where = Span(file, 1, 1, 2, 3)
    refuted = replace(REFUTED, id=f"{file}::{name}", name=name, title=name, file=file, counterexample=found)
    return (
        replace(refuted, span=where),
        replace(variant(name, Status.UNKNOWN, reason=name), span=None, kind="query", file=NOT_TEXT),
        Diagnostic("NN117", f"{number} {name}", where, name),
    )


def hostile() -> Report:
    """Claims, files, points and diagnostics with such names."""
    parts = [part for number, name in enumerate(HOSTILE) for part in _named(number, name)]
    diagnostics = tuple(part for part in parts if isinstance(part, Diagnostic))
    claims = tuple(part for part in parts if not isinstance(part, Diagnostic))
    sources = tuple((f"{name}.nnspec", f"{name}\n") for name in HOSTILE)
    return replace(REPORT, claims=claims, diagnostics=diagnostics, sources=sources)  # type: ignore[arg-type]


def many(count: int) -> Report:
    """So many refuted claims, and as many unknown ones before them."""
    unknown = (
        replace(variant(f"u[{i}]", Status.UNKNOWN, reason="timeout: 1 s"), seconds=0.0) for i in range(count)
    )
    refuted = (replace(REFUTED, name=f"r[{i}]", id=f"car.nnspec::r[{i}]") for i in range(count))
    return replace(REPORT, claims=(*unknown, *refuted), diagnostics=())


def wide(count: int, step: int = 1) -> Report:
    """A counterexample with so many numbers, others for each step."""
    values = [Fraction(i * step * 7919, 104_729) for i in range(1, count + 1)]
    readings = tuple(Reading(f"x[{i}]", None, value, value) for i, value in enumerate(values))
    found = replace(COUNTEREXAMPLE, points=(Readings("x", readings),))
    return replace(REPORT, claims=(replace(REFUTED, counterexample=found),), diagnostics=())


REPORTS = {
    "example": REPORT,
    "empty": Report(version="0.1.0", claims=(), diagnostics=()),
    "interrupted": replace(
        REPORT, claims=(variant("late", Status.UNKNOWN, reason="interrupted"),), interrupted=True
    ),
    "as expected": replace(REPORT, claims=(PROVED,), diagnostics=()),
    "hostile": hostile(),
    "many": many(30),
    "wide": wide(784),
}
