"""Every kind of wrong input, with the exact place, code, words and fix: `mistakes.txt` is the table.

In: blocks of one wrong line and what must be said about it.  Out: equality, so that a message that gets
worse is seen.  A block that lacks its diagnostics, or has too many, fails as well.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from spec_lang.diagnostics import Diagnostic
from spec_lang.syntax.parse import parse_module
from spec_lang.syntax.words import CODES

BLOCKS = (Path(__file__).parent / "mistakes.txt").read_text(encoding="utf-8").strip("\n").split("\n\n")


def rendered(diagnostic: Diagnostic) -> str:
    span = diagnostic.span
    assert span is not None
    assert (span.line, span.end_line) == (1, 1)
    lines = [f"{' ' * (span.column - 1)}{'^' * (span.end_column - span.column)} {diagnostic.code}"]
    lines.append(f"    {diagnostic.problem}")
    lines.append(f"    fix: {diagnostic.fix}")
    for note in diagnostic.notes:
        assert note.span is not None
        lines.append(f"    note at column {note.span.column}: {note.text}")
    return "\n".join(lines)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.partition("\n")[0])
def test_a_mistake_is_described_in_the_users_words(block: str) -> None:
    source, _, expected = block.partition("\n")
    found = parse_module(source, "test.nnspec").diagnostics
    assert expected == "\n".join(rendered(diagnostic) for diagnostic in found)


def test_every_syntax_code_but_those_of_whole_files_has_an_example() -> None:
    shown = {code for code in CODES.values() if any(f"^ {code}\n" in block for block in BLOCKS)}
    assert {CODES[kind] for kind in ("encoding", "size", "depth", "many")} == set(CODES.values()) - shown
