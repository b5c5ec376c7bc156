"""Laws of a frame of progress: it fits the screen, and says what matters as long as there is room."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from spec_lang.cli.frame import Moment, Row, Screen, clock, frame_lines, middle_cut
from spec_lang.kernel.verdict import Status
from spec_lang.reporters._layout import Role, text_of

texts = st.text(max_size=60)
seconds = st.floats(0, 10**7)
rows = st.builds(Row, st.just("running"), st.just(Role.DIM), texts, seconds, texts)
counts = st.lists(st.tuples(st.sampled_from(Status), st.integers(1, 10**6)), max_size=5)
moments = st.builds(Moment, *[st.lists(rows, max_size=12)] * 3, counts, st.integers(0, 10**7), seconds)
screens = st.builds(Screen, st.integers(1, 200), st.integers(1, 20), st.booleans())


def row(name: str, note: str = "") -> Row:
    return Row("running", Role.DIM, name, 1.0, note)


def texts_of(
    decided: list[Row],
    running: list[Row],
    screen: Screen,
    counts: tuple[tuple[Status, int], ...] = (),
    surprises: tuple[Row, ...] = (),
) -> list[str]:
    return [
        text_of(pieces)
        for pieces in frame_lines(Moment(surprises, decided, running, counts, 300, 75.0), screen)
    ]


@given(moments, screens)
def test_a_frame_fits_the_screen_and_leaves_a_line_for_the_cursor(moment: Moment, screen: Screen) -> None:
    lines = frame_lines(moment, screen)
    assert (moment.total > 1) <= len(lines) <= max(1, screen.height - 1)
    for pieces in lines:
        text = "".join(text for text, _ in pieces)
        assert sum(cell_len(text) for text, _ in pieces) <= screen.width
        assert text.isprintable()


@given(st.text(max_size=60), st.integers(0, 70))
def test_a_name_is_cut_in_its_middle_and_only_where_it_has_to_be(text: str, width: int) -> None:
    cut = middle_cut(text, width)
    assert cell_len(cut) <= width
    if cell_len(text) <= width:
        assert cut == text
    elif width > 0:
        left, _, right = cut.partition("…")
        assert text.startswith(left)
        assert text.endswith(right)


def test_both_ends_of_a_long_name_are_seen() -> None:
    name = "a_property_with_a_long_name_of_a_family[123,45]"
    (line, bar) = texts_of([], [row(name)], Screen(40, 24))
    assert line.startswith("  running  a_property")
    assert "ly[123,45]" in line
    assert bar == "  ────────── 0/300 1:15 min"


def test_every_line_of_a_wide_screen_says_what_is_done_and_what_is_open() -> None:
    lines = texts_of([], [row("a", "bounds 95 done, 3 open"), row("b" * 100, "x" * 100)], Screen(80, 24))
    assert lines[0].endswith("bounds 95 done, 3 open")
    assert lines[1].endswith("xxx…")
    assert "bbb…bbb" in lines[1]


def test_of_more_claims_than_lines_the_oldest_are_shown_and_the_others_counted() -> None:
    lines = texts_of([row("done")], [row(f"c{i}") for i in range(64)], Screen(80, 6))
    assert [line.split()[1] for line in lines[:3]] == ["c0", "c1", "c2"]
    assert lines[3] == "  and 61 more"
    assert len(lines) == 5


def test_what_is_not_as_expected_stays_while_proofs_pass_by() -> None:
    decided = [row(f"p{i}") for i in range(100)]
    lines = texts_of(decided, [row("now")], Screen(80, 24), surprises=(row("broken"),))
    names = [line.split()[1] for line in lines[:-1]]
    assert names == ["broken", *(f"p{i}" for i in range(93, 100)), "now"]


def test_the_bar_counts_by_verdict() -> None:
    counts = ((Status.PROVED, 118), (Status.REFUTED, 1), (Status.UNKNOWN, 31))
    (bar,) = texts_of([], [], Screen(80, 24), counts)
    assert bar == f"  {'━' * 10}{'─' * 10} 150/300 1:15 min  118 proved, 1 refuted, 31 unknown"
    (plain,) = texts_of([], [], Screen(80, 24, unicode=False), counts)
    assert plain.startswith(f"  {'=' * 10}{'-' * 10} ")


def test_times_are_read_at_a_glance() -> None:
    assert [clock(s) for s in (0.4, 59.9, 65, 3599, 7380)] == [
        "0 s",
        "59 s",
        "1:05 min",
        "59:59 min",
        "2:03 h",
    ]
