"""Images in a terminal."""

from __future__ import annotations

import io

import pytest

from spec_lang.reporters._half_blocks import picture_lines
from spec_lang.reporters._layout import Paint, text_of
from spec_lang.reporters._pictures import Picture
from spec_lang.reporters.terminal import REPORTER
from tests.reporters.pictures import LOOKED_AT, image
from tests.reporters.rendering import rendered


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def shown(monkeypatch: pytest.MonkeyPatch, **variables: str) -> str:
    for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in ({"TERM": "xterm-256color", "COLUMNS": "120"} | variables).items():
        monkeypatch.setenv(name, value)
    stream = Terminal()
    REPORTER.render(LOOKED_AT, stream)
    return stream.getvalue()


def test_a_character_has_the_pixel_above_and_the_one_below() -> None:
    picture = Picture("x", (3, 2, 1), (1.0, 0.0, 0.0, 1.0, 0.0, 0.0), beside=None)
    caption, *rows = picture_lines((picture,), 80)
    assert text_of(caption).strip() == "x"
    # Each of the two pixels is enlarged to 24 rows, two of which are a line.
    paints = [{role for _, role in row if isinstance(role, Paint)} for row in rows]
    red, green = (255, 0, 0), (0, 255, 0)
    assert paints == [{Paint(red, red)}] * 12 + [{Paint(green, green)}] * 12


def test_the_last_of_an_odd_number_of_rows_is_there() -> None:
    values = tuple(float(k // 30) for k in range(30 * 31))
    _, *rows = picture_lines((Picture("x", (1, 31, 30), values),), 80)
    assert len(rows) == 16
    last = next(role for _, role in rows[-1] if isinstance(role, Paint))
    assert last == Paint((255, 255, 255), (255, 255, 255))


@pytest.mark.parametrize(
    ("width", "images"), [(200, 3), (8 + 24 * 3 + 6, 3), (8 + 24 * 3 + 5, 2), (32, 1), (31, 0), (0, 0)]
)
def test_as_many_images_stand_beside_each_other_as_there_is_room_for(width: int, images: int) -> None:
    lines = list(picture_lines((image(),), width))
    assert max((len(text_of(line)) for line in lines), default=0) <= max(width, 0)
    cells = [sum(isinstance(role, Paint) for _, role in line) for line in lines[1:]]
    assert set(cells) == ({24 * images} if images else set())


def test_a_terminal_shows_half_blocks_in_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[38;2;255;255;255;48;2;255;255;255m▀" in shown(monkeypatch, COLORTERM="truecolor")


def test_without_colours_there_are_characters_of_grey(monkeypatch: pytest.MonkeyPatch) -> None:
    found = shown(monkeypatch, NO_COLOR="1")
    assert "▀" not in found
    assert "@@@@@@" in found


def test_plain_text_has_no_images() -> None:
    for module in ("plain", "terminal"):
        assert "@@" not in rendered(module, LOOKED_AT)
        assert "▀" not in rendered(module, LOOKED_AT)
