"""Laws of drawings: they are drawn on terminals and in notebooks alone, fit, and show all that there is."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec_lang.reporters import terminal
from spec_lang.reporters._drawing_svg import drawing_svg
from spec_lang.reporters._drawing_text import drawing_lines
from spec_lang.reporters._layout import text_of
from spec_lang.reporters._window import segments, spots, window
from spec_lang.reporters.model import Plane, Report
from tests.reporters.drawings import APART, DIAMOND, NEAR, SQUARE, pair, spot, with_planes
from tests.reporters.rendering import recorded, rendered

NUMBERS = st.fractions() | st.floats(allow_nan=False, allow_infinity=False).map(Fraction)
POINTS = st.tuples(NUMBERS, NUMBERS)
OUTLINES = st.lists(st.lists(POINTS, min_size=1, max_size=5).map(tuple), max_size=2)


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


class AsciiTerminal(Terminal):
    encoding = "ascii"


def on(stream: io.StringIO, report: Report, monkeypatch: pytest.MonkeyPatch, **variables: str) -> str:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in ({"TERM": "xterm", "COLUMNS": "80"} | variables).items():
        monkeypatch.setenv(name, value)
    terminal.REPORTER.render(report, stream)
    return stream.getvalue()


def uncoloured(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def drawn(planes: Sequence[Plane], width: int) -> list[str]:
    return [text_of(pieces) for pieces in drawing_lines(planes, width)]


@pytest.mark.parametrize(
    ("planes", "width", "name"),
    [(APART, 80, "drawing.txt"), (NEAR, 60, "drawing_near.txt"), (APART, 30, "drawing_narrow.txt")],
)
def test_a_drawing_is_what_is_recorded(planes: tuple[Plane, ...], width: int, name: str) -> None:
    assert "\n".join(drawn(planes, width)) + "\n" == recorded(name)


# -- where it is drawn -----------------------------------------------------------------------------------


def test_a_terminal_shows_the_drawing_below_the_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    report = with_planes(APART)
    lines = uncoloured(on(Terminal(), report, monkeypatch)).splitlines()
    plain = rendered("plain", report).splitlines()
    assert [line for line in lines if line not in drawn(APART, 80)] == plain
    assert [line for line in lines if line not in plain] == drawn(APART, 80)


def test_a_pipe_gets_no_drawing_even_in_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    report = with_planes(APART)
    assert rendered("terminal", report) == rendered("plain", report) == rendered("plain", with_planes(()))
    piped = on(io.StringIO(), report, monkeypatch, FORCE_COLOR="1")
    assert "\x1b[" in piped
    assert uncoloured(piped) == rendered("plain", report)


@pytest.mark.parametrize(
    ("stream", "variables"),
    [(Terminal(), {"TERM": "dumb"}), (AsciiTerminal(), {}), (Terminal(), {"COLUMNS": "20"})],
)
def test_a_terminal_that_cannot_show_a_drawing_gets_none(
    stream: io.StringIO, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    report = with_planes(APART)
    shown = uncoloured(on(stream, report, monkeypatch, **variables))
    assert "".join(shown.split()) == "".join(rendered("plain", report).split())


def test_a_drawing_has_no_colours_where_none_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    text = on(Terminal(), with_planes(APART), monkeypatch, NO_COLOR="1")
    assert "● x" in uncoloured(text)
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", text)


# -- what is drawn ---------------------------------------------------------------------------------------


@given(POINTS, POINTS, OUTLINES, st.integers(0, 140))
def test_a_drawing_is_never_wider_than_its_terminal(
    first: tuple[Fraction, Fraction],
    second: tuple[Fraction, Fraction],
    outlines: list[tuple[tuple[Fraction, Fraction], ...]],
    width: int,
) -> None:
    lines = drawn(pair(first, second, outlines), width)
    assert all(len(line) <= width for line in lines)
    assert (lines == []) is (width < 27)
    assert any("●" in line for line in lines) is (width >= 27)


@given(POINTS, POINTS, OUTLINES)
def test_every_point_is_within_the_window_and_so_are_the_outlines(
    first: tuple[Fraction, Fraction],
    second: tuple[Fraction, Fraction],
    outlines: list[tuple[tuple[Fraction, Fraction], ...]],
) -> None:
    plane = pair(first, second, outlines)[0]
    part = window(plane)
    found = spots(plane, part)
    places = [one.at for one in found] + [end for seen in segments(plane, part) for end in seen]
    assert all(0 <= value <= 1 for place in places for value in place)
    assert len(list(segments(plane, part))) == sum(map(len, outlines))
    if len(found) == 2:
        assert [(one.name, one.apart) for one in found] == [("x", None), ("y", None)]
        (x0, y0), (x1, y1) = (one.at for one in found)
        assert max(abs(x1 - x0), abs(y1 - y0)) >= 1 / 24 - 1e-9
    else:
        assert found[0].name == ("x = y" if first == second else "x, y")
        assert (found[0].apart is None) is (first == second)


def test_of_points_that_look_like_one_it_is_said_how_far_they_are_apart() -> None:
    (mark,) = spots(NEAR[0], window(NEAR[0]))
    assert (mark.name, mark.apart) == ("x, y", "x, y: ~1e-13 mol in u apart")


def test_an_outline_is_where_it_is() -> None:
    plane = replace(APART[0], outlines=(SQUARE, DIAMOND))
    seen = list(segments(plane, window(plane)))
    assert ((0.0, 0.0), (1.0, 0.0)) in seen
    assert ((0.5, 0.0), (1.0, 0.5)) in seen
    assert len(seen) == 8


def test_long_names_are_cut_and_numbers_beyond_floats_are_drawn() -> None:
    huge = Fraction(10) ** 400
    planes = (Plane((spot("x" * 200, (huge, -huge)), spot("y", (-huge, huge)))),)
    text = "\n".join(drawn(planes, 60))
    assert "xxx…" in text
    assert "-1e+400 to ~1e+400" in text


# -- SVG -------------------------------------------------------------------------------------------------


@given(POINTS, POINTS, OUTLINES, st.text(max_size=20), st.booleans())
def test_the_svg_is_well_formed_and_says_every_name(
    first: tuple[Fraction, Fraction],
    second: tuple[Fraction, Fraction],
    outlines: list[tuple[tuple[Fraction, Fraction], ...]],
    name: str,
    hostile: bool,
) -> None:
    name = "<script>&\"'" if hostile else "".join(filter(str.isprintable, name))
    planes = (Plane((spot(name, first), spot("y", second)), tuple(outlines)),)
    svg = ElementTree.fromstring(drawing_svg(planes))  # noqa: S314 - our own
    texts = [element.text or "" for element in svg.iter() if element.tag.endswith("text")]
    assert any(text in (name, f"{name} = y", f"{name}, y") for text in texts)
    circles = [element for element in svg.iter() if element.tag.endswith("circle")]
    assert len(circles) == len(spots(planes[0], window(planes[0])))
    assert all(12 <= float(c.get("cx", "nan")) <= 308 for c in circles)


def test_a_notebook_shows_the_drawing_with_the_counterexample() -> None:
    html = with_planes(APART)._repr_html_()
    assert html.count("<svg") == 2
    assert "currentColor" in html
    assert "<svg" not in with_planes(())._repr_html_()
