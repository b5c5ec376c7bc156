"""How a diagnostic is shown: the line, what is underlined, what is beside it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec_lang.diagnostics import Diagnostic, Note, Span
from spec_lang.reporters._diagnostic_text import diagnostic_lines
from spec_lang.reporters._layout import Role, text_of
from tests.reporters.rendering import recorded

FILE = "braking.nnspec"


def place(line: int, column: int, end_column: int, end_line: int | None = None) -> Span:
    return Span(FILE, line, column, end_line or line, end_column)


def shown(text: str, diagnostic: Diagnostic) -> str:
    rows = [text_of(pieces) for pieces in diagnostic_lines(diagnostic, {FILE: text})]
    return "".join(f"{row}\n" for row in rows)


PRODUCT = "claim c: forall x in near: 2 * x.gap * f(x).accel <= 0\n"
NOTES = (Note("`x.gap` varies", place(1, 32, 37)), Note("`f(x).accel` varies", place(1, 40, 50)))
WIDE = 'claim c "速度 ≤ 30": x.gap <= 1 && x.gap >= 0\n'
LONG = "region r = box([" + "0.125, " * 40 + "NaN, " + "0.125, " * 40 + "1], 2)\n"
CLAIM = "claim c:\n    forall x in near:\n        f(x).accel <= 0\n        and f(x).accel >= 1\n"

CASES = {
    "two notes in one line": (
        PRODUCT,
        Diagnostic("NN120", "not linear", place(1, 28, 50), None, notes=NOTES),
    ),
    "a note above, and one without a place": (
        CLAIM,
        Diagnostic(
            "NN608",
            "twice",
            place(3, 9, 24),
            "leave it out",
            notes=(Note("so"), Note("here", place(1, 7, 8))),
        ),
    ),
    "a note that covers it": (
        PRODUCT,
        Diagnostic(
            "NN012", "not closed", place(1, 32, 33), notes=(Note("it begins here", place(1, 28, 50)),)
        ),
    ),
    "a tab": ("\tclaim\tc: x &&\ty\n", Diagnostic("NN005", "`&&` is written `and`", place(1, 13, 15))),
    "wide characters": (WIDE, Diagnostic("NN005", "`&&` is written `and`", place(1, 31, 33))),
    "a combining character": (
        "# cafe\u0301 &&\n",
        Diagnostic("NN005", "`&&` is written `and`", place(1, 9, 11)),
    ),
    "a long line": (LONG, Diagnostic("NN102", "`NaN` is not declared", place(1, 297, 300))),
    "two lines": (CLAIM, Diagnostic("NN501", "says nothing", place(1, 7, 22, 2))),
    "three lines": (CLAIM, Diagnostic("NN501", "says nothing", place(2, 5, 12, 4))),
    "all lines": (CLAIM, Diagnostic("NN501", "says nothing", place(1, 1, 28, 4))),
    "behind the end": ("claim c: x <=", Diagnostic("NN019", "a value is missing", place(1, 14, 15))),
    "a line that is not there": ("claim", Diagnostic("NN019", "a value is missing", place(7, 1, 2))),
}


def test_diagnostics_are_shown_as_recorded() -> None:
    parts = (f"== {name}\n{shown(text, diagnostic)}" for name, (text, diagnostic) in CASES.items())
    assert "\n".join(parts) == recorded("diagnostics.txt")


def carets(text: str, span: Span) -> tuple[str, str]:
    """The line as it is shown, and the signs below it, both without the margin."""
    rows = shown(text, Diagnostic("NN001", "wrong", span)).split("\n")
    return rows[2].partition(" | ")[2], rows[3].partition("| ")[2]


@given(st.text("ab \t", max_size=300), st.integers(0, 299), st.integers(1, 5))
def test_carets_stand_below_what_they_mean(before: str, column: int, length: int) -> None:
    text = before[:column] + "X" * length + before[column:]
    start = len(before[:column])
    row, signs = carets(text, place(1, start + 1, start + 1 + length))
    assert [position for position, sign in enumerate(signs) if sign == "^"] == [
        position for position, character in enumerate(row) if character == "X"
    ]


@given(st.text(max_size=300), st.integers(1, 400), st.integers(1, 400))
def test_no_line_is_much_wider_than_a_window(text: str, column: int, end: int) -> None:
    for row in shown(text, Diagnostic("NN001", "wrong", place(1, column, end))).split("\n"):
        assert len(row) <= 4 * 120 + 20


@given(
    st.lists(st.tuples(st.integers(1, 60), st.integers(0, 20)), max_size=4),
    st.integers(1, 60),
    st.integers(0, 20),
)
def test_every_note_is_said_once(places: list[tuple[int, int]], column: int, length: int) -> None:
    notes = tuple(
        Note(f"<note {number}>", place(1, start, start + size)) for number, (start, size) in enumerate(places)
    )
    text = "x" * 70
    found = shown(text, Diagnostic("NN001", "wrong", place(1, column, column + length), notes=notes))
    for note in notes:
        assert found.count(note.text) == 1


@pytest.mark.parametrize(("sign", "role"), [("^", Role.BAD), ("-", Role.DIM)])
def test_signs_have_the_role_of_what_they_mark(sign: str, role: Role) -> None:
    lines = diagnostic_lines(CASES["two notes in one line"][1], {FILE: PRODUCT})
    assert {found for pieces in lines for text, found in pieces if text and set(text) == {sign}} == {role}
