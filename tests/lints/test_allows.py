"""`# nnspec: allow`: what it silences, where, and what is said when it does nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec_lang.diagnostics import Diagnostic, Severity, Span
from spec_lang.lints._allows import apply_allows

FILE = "spec.nnspec"
LOOKED_FOR = frozenset({"NN603", "NN608"})


def warning(code: str, line: int, file: str = FILE) -> Diagnostic:
    return Diagnostic(code, "odd", Span(file, line, 1, line, 2), None, Severity.WARNING)


def error(code: str, line: int) -> Diagnostic:
    return Diagnostic(code, "wrong", Span(FILE, line, 1, line, 2))


def left(text: str, *given: Diagnostic) -> list[tuple[str, int]]:
    """The codes and lines of what is left."""
    found = apply_allows(text, FILE, given, LOOKED_FOR)
    return [(one.code, one.span.line if one.span else 0) for one in found]


SPEC = """network f = "f.onnx"
param unused = 1{first}
{above}claim c:
    forall x in f.domain:
        f(x)[0] <= 1{inside}
param last = 1
"""


def spec(first: str = "", above: str = "", inside: str = "") -> str:
    return SPEC.format(first=first, above=above and f"{above}\n", inside=inside)


def test_at_the_end_of_a_line_it_speaks_for_the_line() -> None:
    text = spec(first="  # nnspec: allow NN603")
    assert left(text, warning("NN603", 2), warning("NN603", 6)) == [("NN603", 6)]


def test_above_a_declaration_it_speaks_for_all_of_it() -> None:
    text = spec(above="# nnspec: allow NN608")
    assert left(text, warning("NN608", 4), warning("NN608", 6), warning("NN608", 7)) == [("NN608", 7)]


def test_above_a_line_of_a_declaration_it_speaks_for_the_line() -> None:
    text = "claim c:\n    # nnspec: allow NN608\n    a and a\n    and b\n"
    assert left(text, warning("NN608", 3), warning("NN608", 4)) == [("NN608", 4)]


def test_comments_and_blank_lines_may_stand_between() -> None:
    text = "# nnspec: allow NN603\n\n## The limit.\nparam p = 1\n"
    assert left(text, warning("NN603", 4)) == []


def test_for_the_file_it_stands_in_the_first_comments() -> None:
    text = "# What this is about.\n\n# nnspec: allow-file NN603\n" + spec()
    assert left(text, warning("NN603", 5), warning("NN603", 9), warning("NN608", 5)) == [("NN608", 5)]
    late = spec() + "# nnspec: allow-file NN603\n"
    assert left(late, warning("NN603", 2)) == [("NN603", 2), ("NN622", 7)]


def test_several_codes_and_a_reason() -> None:
    text = spec(first="  # nnspec: allow NN603, NN608 -- for the tutorial")
    assert left(text, warning("NN603", 2), warning("NN608", 2)) == []


def test_an_error_is_never_silenced() -> None:
    text = spec(first="  # nnspec: allow NN102, NN012")
    assert left(text, error("NN102", 2)) == [("NN102", 2), ("NN621", 2), ("NN621", 2)]


def test_one_that_silences_nothing_is_reported_where_it_stands() -> None:
    (found,) = apply_allows(spec(first="  # nnspec: allow NN603"), FILE, (), LOOKED_FOR)
    assert (found.code, found.severity, found.problem) == (
        "NN620",
        Severity.WARNING,
        "there is no NN603 here to allow",
    )
    assert found.span == Span(FILE, 2, 35, 2, 40)


def test_one_of_a_code_that_was_not_looked_for_may_be_needed_elsewhere() -> None:
    assert left(spec(first="  # nnspec: allow NN501")) == []


def test_even_its_own_warnings_can_be_allowed() -> None:
    assert left(spec(first="  # nnspec: allow NN603, NN620")) == []


@pytest.mark.parametrize(
    "comment",
    ["# nnspec: alow NN603", "# nnspec:", "# nnspec: allow", "# nnspec: allow 603", "#nnspec: allow NN6033"],
)
def test_a_comment_that_is_meant_and_not_understood_is_reported(comment: str) -> None:
    assert left(spec(first=f"  {comment}"), warning("NN603", 2)) == [("NN603", 2), ("NN622", 2)]


def test_a_misspelt_word_is_put_right() -> None:
    (found,) = apply_allows("# nnspec: alow NN603\n", FILE, (), LOOKED_FOR)
    assert found.fix == "did you mean `allow`?"


@pytest.mark.parametrize(
    "text",
    [
        'claim c "# nnspec: allow NN608": a and a\n',
        'claim c "a \\" # nnspec: allow NN608": a and a\n',
        "claim c: a and a  # see nnspec: allow NN608\n",
        "claim c: a and a  # nnspec is strict\n",
    ],
)
def test_strings_and_other_comments_allow_nothing(text: str) -> None:
    assert left(text, warning("NN608", 1)) == [("NN608", 1)]


def test_other_files_are_left_alone() -> None:
    text = spec(first="  # nnspec: allow NN603")
    elsewhere = warning("NN603", 2, "other.nnspec")
    assert apply_allows(text, FILE, [warning("NN603", 2), elsewhere], LOOKED_FOR) == (elsewhere,)


@given(
    st.lists(st.sampled_from(["# nnspec: allow NN603", "param p = 1", '"', "#", "", "  x  # nnspec: allow"])),
    st.lists(st.tuples(st.sampled_from(["NN603", "NN608", "NN102"]), st.integers(1, 9))),
)
def test_errors_stay_and_order_is_kept(rows: list[str], places: list[tuple[str, int]]) -> None:
    given_ones = [error(c, n) if c == "NN102" else warning(c, n) for c, n in places]
    found = apply_allows("\n".join(rows), FILE, given_ones, LOOKED_FOR)
    kept = [one for one in found if one in given_ones]
    assert kept == [one for one in given_ones if one in found]
    assert [one for one in kept if one.is_error] == [one for one in given_ones if one.is_error]
