"""Every misuse of a form gets exactly its diagnostics, at the place of the mistake (`misuses.txt`).

`python -m tests.claims.test_misuses` writes the file's expectations anew; read the difference.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from spec_lang.semantics.forms.library import built_in_forms
from tests.claims.calls import HEAD, expand_file

FILE = Path(__file__).parent / "misuses.txt"


def diagnostics(call: str) -> list[str]:
    """One line a diagnostic."""
    before = "claim c: "
    lines = []
    for problem in expand_file(f"{HEAD}{before}{call}\n").problems:
        span = problem.span
        assert span is not None
        words = call[span.column - 1 - len(before) : span.end_column - 1 - len(before)]
        place = "all of it" if words == call else f"`{words}`"
        fix = f"; {problem.fix}" if problem.fix else ""
        lines.append(f"    {problem.code} at {place}: {problem.problem}{fix}")
    return lines


def _cases() -> list[tuple[str, list[str]]]:
    cases: list[tuple[str, list[str]]] = []
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith(" "):
            cases[-1][1].append(line)
        elif line and not line.startswith("#"):
            cases.append((line, []))
    return cases


CASES = _cases()


@pytest.mark.parametrize(("call", "expected"), CASES, ids=[call for call, _ in CASES])
def test_a_misuse_gets_its_diagnostics(call: str, expected: list[str]) -> None:
    assert expected
    assert diagnostics(call) == expected


def test_every_form_is_misused() -> None:
    assert [
        name for name in built_in_forms() if not any(call.startswith(f"{name}(") for call, _ in CASES)
    ] == []


def _written_anew() -> str:
    lines = []
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if not line.startswith(" "):
            lines += [line] if not line or line.startswith("#") else [line, *diagnostics(line)]
    return "".join(f"{line}\n" for line in lines)


if __name__ == "__main__":
    FILE.write_text(_written_anew(), encoding="utf-8")
