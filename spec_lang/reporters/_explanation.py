"""Explanations of one decision, for people and for programs.

In: what was found.  Out: lines with roles, or a JSON document; in a document everything is said, in lines
what a reader has room for.
"""

from __future__ import annotations

from typing import Final

from spec_lang.explanations.model import Explained, Stayed
from spec_lang.reporters._documents import SCHEMA_VERSION, Json
from spec_lang.reporters._layout import Line, Role, line, table
from spec_lang.reporters._numbers import as_float, count_of, duration, shown

_MOST_CHANGES: Final = 3
_MOST_WORDS: Final = 100  # characters of a formula or a region
_PLANE: Final = 2
_WIDEST: Final = 32  # of a drawing


def explanation_lines(found: Explained) -> list[Line]:
    """The set, what is promised of it, and what happens without each of its elements."""
    total, kept = len(found.elements), len(found.stayed)
    head = f"{kept} of {total} {found.what} {'is' if kept == 1 else 'are'} enough"
    evidence = f"  {found.evidence}" if found.evidence else ""
    lines = [
        line((found.name, Role.STRONG), "   ", (head, Role.GOOD), f"   {duration(found.seconds)}{evidence}"),
        line("      implied  ", _short(found.claim)),
        line("      else in  ", _short(found.range)),
    ]
    if not found.stayed:
        lines.append(line("      nothing of the point is needed: it holds wherever all else may be"))
    lines += _drawing(found)
    rows = [(*_element(found, one), _why(one)) for one in found.stayed]
    lines += table(rows, (Role.TEXT, Role.TEXT, Role.DIM), indent=6)
    open_ones = sum(one.reason is not None for one in found.stayed)
    if found.stayed:
        words = f"minimal: each of the {kept} has a counterexample without it, replayed exactly"
        if kept == 1:
            words = "minimal: without it there is a counterexample, replayed exactly"
        if open_ones:
            words = f"maybe not minimal: {open_ones} of the {kept} stayed because it is not known what"
            words += " happens without them"
        role = Role.OPEN if open_ones else Role.GOOD
        lines.append(line("      ", (words, role), f" ({count_of(found.questions, 'questions')})"))
    if found.interrupted:
        lines.append(line("      ", ("interrupted: what was not asked about stayed", Role.OPEN)))
    return lines


def explanation_json(found: Explained, version: str) -> Json:
    """The document; `version` is nnspec's."""
    return {
        "schema": SCHEMA_VERSION,
        "tool": {"name": "nnspec", "version": version},
        "explanation": {
            "claim": found.name,
            "implied": found.claim,
            "range": found.range,
            "of": found.what,
            "shape": list(found.shape),
            "elements": [
                {
                    "name": one.name,
                    "value": None if one.value is None else as_float(one.value),
                    "unit": one.unit if one.value is not None else None,
                    "phase": one.unit if one.value is None else None,
                }
                for one in found.elements
            ],
            "enough": [_stayed(one) for one in found.stayed],
            "minimal": found.minimal,
            "evidence": found.evidence,
            "questions": found.questions,
            "seconds": round(found.seconds, 3),
            "interrupted": found.interrupted,
        },
    }


def _stayed(one: Stayed) -> Json:
    changes = [{"name": c.name, "before": c.before, "after": c.after} for c in one.changes]
    counterexample = None if one.reason is not None else {"changes": changes, "fails": one.fails}
    return {"element": one.element, "counterexample": counterexample, "unknown": one.reason}


def _element(found: Explained, stayed: Stayed) -> tuple[str, str]:
    one = found.elements[stayed.element]
    if one.value is None:
        return one.name, one.unit or ""
    return one.name, f"{shown(one.value)} {one.unit or ''}".rstrip()


def _why(one: Stayed) -> str:
    if one.reason is not None:
        return f"not known: {_short(one.reason)}"
    first = ", ".join(f"{c.name} {c.before} → {c.after}" for c in one.changes[:_MOST_CHANGES])
    more = len(one.changes) - _MOST_CHANGES
    return f"else {first}" + (f", … and {more} more changes" if more > 0 else "")


def _drawing(found: Explained) -> list[Line]:
    """A picture's elements in their rows, where that is what they are."""
    if len(found.shape) != _PLANE or found.shape[1] > _WIDEST or not found.stayed:
        return []
    kept = {one.element for one in found.stayed}
    rows, columns = found.shape
    return [
        line("        ", *(_cell(row * columns + column in kept) for column in range(columns)))
        for row in range(rows)
    ]


def _cell(kept: bool) -> tuple[str, Role]:
    return ("# ", Role.STRONG) if kept else (". ", Role.DIM)


def _short(text: str) -> str:
    first = text.splitlines()[0] if text else ""
    return first if len(first) <= _MOST_WORDS else first[: _MOST_WORDS - 1] + "…"
