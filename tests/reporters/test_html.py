"""The page and its pieces: everything of a report is there, and nothing that could do anything."""

from __future__ import annotations

import re
import struct
import zlib
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from itertools import pairwise
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from hypothesis import strategies as st

from spec_lang.reporters._contours import loops
from spec_lang.reporters._html_images import png
from spec_lang.reporters._html_text import element, text
from spec_lang.reporters._svg_course import course_html
from spec_lang.reporters._svg_network import network_svg
from spec_lang.reporters._svg_slice import slice_html
from spec_lang.reporters.model import Report
from tests.laws import law
from tests.reporters.example import REPORT
from tests.reporters.pictures import COURSE, HOSTILE, LOOKED_AT, NETWORK, SLICE, hostile, many
from tests.reporters.rendering import rendered

_VOID = ("meta", "img", "input", "br")
_NAMESPACE = "http://www.w3.org/2000/svg"


class Page(HTMLParser):
    """The tags of a page, nested as they should be, with their attributes and all text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.words.append(data)

    def all(self, name: str) -> list[str]:
        """The values of an attribute, of whatever tag."""
        return [
            value or "" for _, attributes in self.tags for key, value in attributes.items() if key == name
        ]


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(rendered("html", LOOKED_AT))


def test_every_claim_has_its_verdict_and_all_that_is_known_without_any_script(page: Page) -> None:
    words = " ".join(" ".join(page.words).split())
    for claim in LOOKED_AT.claims:
        assert claim.name in words
        assert claim.id in words
        assert claim.status.value in words
        for step in claim.plan:
            assert step.why in words
        for reading in () if claim.counterexample is None else claim.counterexample.inputs:
            assert reading.name in words
    assert "NN117" in words
    assert "car.onnx" in words
    assert "41 parameters" not in words
    assert "37 parameters" in words


def test_a_page_asks_for_nothing_and_runs_nothing_but_its_own_script(page: Page) -> None:
    linked = [*page.all("src"), *page.all("href"), *page.all("action"), *page.all("srcset")]
    assert linked
    assert all(link.startswith(("#", "data:image/png;base64,")) for link in linked)
    assert not [key for _, attributes in page.tags for key in attributes if key.startswith("on")]
    assert page.all("style") == []  # the policy would not let it
    assert [tag for tag, _ in page.tags].count("script") == 1
    source = rendered("html", LOOKED_AT)
    assert set(re.findall(r"https?://[^\"' )<]+", source)) <= {_NAMESPACE}
    assert "url(" not in source
    assert "@import" not in source


def test_the_policy_names_the_script_and_the_style_by_their_hashes() -> None:
    source = rendered("html", LOOKED_AT)
    (policy,) = (
        attributes["content"] or ""
        for tag, attributes in Page(source).tags
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    )
    for kind in ("script", "style"):
        (content,) = re.findall(rf"<{kind}>(.*?)</{kind}>", source, re.DOTALL)
        digest = b64encode(sha256(content.encode("utf-8")).digest()).decode("ascii")
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")


def test_hostile_names_are_text(page: Page) -> None:
    found = Page(rendered("html", hostile()))
    assert {tag for tag, _ in found.tags} <= {tag for tag, _ in page.tags}
    assert [tag for tag, _ in found.tags].count("script") == 1
    assert not [key for _, attributes in found.tags for key in attributes if key.startswith("on")]
    assert all(
        link.startswith(("#", "data:image/png;base64,")) for link in found.all("href") + found.all("src")
    )
    words = " ".join(found.words)
    for name in HOSTILE[:4]:
        assert name in words
    assert "a\\u0000\\u0007\\u001b[2Jb\\u202ec\\u2028d\\ud800e" in words
    rendered("html", hostile()).encode("utf-8")


def test_ids_are_unique_and_every_link_leads_to_one() -> None:
    report = replace(hostile(), claims=(*hostile().claims, *many(60).claims))
    for source in (rendered("html", report), rendered("html", LOOKED_AT)):
        found = Page(source)
        ids = found.all("id")
        assert len(ids) == len(set(ids))
        assert all(not re.search(r"\s", name) for name in ids)
        links = [link[1:] for link in found.all("href")]
        assert set(map(unquote, links)) <= set(map(unquote, ids))


def test_headings_ascend_and_tables_have_headers(page: Page) -> None:
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    assert all(attributes.get("scope") in ("row", "col") for tag, attributes in page.tags if tag == "th")
    assert all(attributes.get("alt") for tag, attributes in page.tags if tag == "img")
    assert [tag for tag, _ in page.tags].count("caption") == [tag for tag, _ in page.tags].count("table")


def test_what_is_not_as_expected_is_open_and_the_rest_is_closed(page: Page) -> None:
    names = {claim.id: claim.as_expected for claim in LOOKED_AT.claims}
    claims = [a for tag, a in page.tags if tag == "details" and (a.get("class") or "").startswith("claim")]
    assert len(claims) == len(names)
    assert all(("open" in a) is not names[a["id"] or ""] for a in claims)


def test_a_report_of_nothing_is_a_page() -> None:
    assert "Nothing was checked" in " ".join(Page(rendered("html", Report("0.1.0", (), ()))).words)


def test_a_claim_among_thousands_takes_little_room() -> None:
    sizes = [len(rendered("html", many(count))) for count in (100, 600)]
    assert (sizes[1] - sizes[0]) / 500 < 2_500


def test_a_notebook_has_the_pieces_of_the_page_and_no_script() -> None:
    notebook, source = LOOKED_AT._repr_html_(), rendered("html", LOOKED_AT)
    found = Page(notebook)
    assert "script" not in {tag for tag, _ in found.tags}
    for kind in ("plot", "pixels", "plan", "facts"):
        assert notebook.count(f'class="{kind}') <= source.count(f'class="{kind}')
        assert notebook.count(f'class="{kind}') > 0
    assert "id" not in {key for _, attributes in found.tags for key in attributes}


def test_the_page_is_what_the_method_of_a_report_gives() -> None:
    assert REPORT.html() == rendered("html", REPORT)


# -- text ----------------------------------------------------------------------------------------------


@law(100, 3000, words=st.text(max_size=60))
def test_text_reads_back_and_ends_no_element(words: str) -> None:
    found = Page(element("p", words, title=words))
    (tag, attributes), *others = found.tags
    assert (tag, others) == ("p", [])
    expected = "".join(c if c.isprintable() or c in "\n\t" else f"\\u{ord(c):04x}" for c in words)
    assert "".join(found.words) == expected
    assert attributes["title"] == expected
    text(words).encode("utf-8")


# -- drawings ------------------------------------------------------------------------------------------


def svg_of(figure: str) -> ElementTree.Element:
    (found,) = re.findall(r"<svg.*?</svg>", figure, re.DOTALL)[:1]
    return ElementTree.fromstring(found)  # noqa: S314 - our own


def numbers_of(svg: ElementTree.Element, kind: str) -> list[float]:
    paths = [e.get("d", "") for e in svg.iter() if e.get("class") == kind]
    return [float(n) for path in paths for n in re.findall(r"-?\d+(?:\.\d+)?", path)]


GRIDS = st.integers(2, 6).flatmap(
    lambda n: st.lists(
        st.lists(st.sampled_from((-2.0, -1.0, 0.0, 1.0, 3.0)), min_size=n, max_size=n), min_size=n, max_size=n
    )
)


def winding(loop: Sequence[tuple[float, float]], place: tuple[float, float]) -> bool:
    """Whether a ray to the right crosses the loop an odd number of times."""
    x, y = place
    crossed = False
    for (x0, y0), (x1, y1) in zip(loop, [*loop[1:], *loop[:1]], strict=True):
        if (y0 > y) != (y1 > y) and x < x0 + (y - y0) / (y1 - y0) * (x1 - x0):
            crossed = not crossed
    return crossed


@law(80, 3000, grid=GRIDS)
def test_loops_go_around_the_middles_of_cells_whose_corners_are_inside(grid: list[list[float]]) -> None:
    found = list(loops(grid))
    for y, row in enumerate(grid[:-1]):
        for x in range(len(row) - 1):
            corners = [grid[y][x], grid[y][x + 1], grid[y + 1][x], grid[y + 1][x + 1]]
            # A little off the middle, where no corner of a loop is.
            inside = sum(winding(loop, (x + 0.503, y + 0.507)) for loop in found) % 2 == 1
            if all(value < 0 for value in corners):
                assert inside
            if all(value > 0 for value in corners):
                assert not inside


def test_a_disc_is_one_loop_of_about_its_area() -> None:
    (loop,) = loops(SLICE.margins)
    doubled = sum(a * d - b * c for (a, b), (c, d) in zip(loop, [*loop[1:], *loop[:1]], strict=True))
    scale = 4 / (len(SLICE.margins) - 1)
    assert 2.7 < doubled / 2 * scale * scale < 3.2


def test_a_slice_stays_in_its_frame_and_names_its_axes() -> None:
    svg = svg_of(slice_html(SLICE))
    words = [e.text or "" for e in svg.iter()]
    assert "↑ speed" in words
    assert "gap, m →" in words
    assert "counterexample" in words
    drawn = numbers_of(svg, "broken")
    assert drawn
    assert min(drawn) >= 28
    assert max(drawn) <= 426
    caption = slice_html(SLICE)
    assert "The other 2 inputs keep" in caption
    assert "9 by 9 points" in caption


def test_a_course_of_few_moments_is_not_drawn() -> None:
    assert course_html(replace(COURSE, moments=COURSE.moments[:2], ends=COURSE.ends[:1])) is None


def test_a_course_shows_a_line_a_search_and_a_band_for_a_bracket() -> None:
    found = course_html(COURSE)
    assert found is not None
    assert found.count('class="bound"') == 2 + 2  # two searches, and two ends
    assert found.count('class="between"') == 1
    for figure in re.findall(r"<svg.*?</svg>", found, re.DOTALL):
        ys = [float(n) for n in re.findall(r"V(-?[\d.]+)", figure)]
        assert all(12 <= y <= 138 for y in ys)


def test_a_network_shows_its_layers_its_branch_and_its_parameters() -> None:
    svg = svg_of(network_svg(NETWORK))
    words = [e.text or "" for e in svg.iter()]
    assert "dense, ReLU · 12 parameters" in words
    assert "dense → output · 5 parameters" in words
    assert sum(e.get("class") == "branch" for e in svg.iter()) == 1
    assert sum((e.get("class") or "").startswith("block") for e in svg.iter()) == 5


def test_a_deep_network_leaves_out_its_middle_and_says_so() -> None:
    layers = tuple(replace(NETWORK.layers[0], operands=(k,)) for k in range(200))
    svg = svg_of(network_svg(replace(NETWORK, layers=layers, results=(200,))))
    assert sum((e.get("class") or "").startswith("block") for e in svg.iter()) == 39
    assert any("162 more lines" in (e.text or "") for e in svg.iter())


# -- images --------------------------------------------------------------------------------------------


def pixels_of(data: bytes) -> tuple[int, int, bytes]:
    """A PNG file of RGB rows without filters, read by its definition."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    place, chunks = 8, {}
    while place < len(data):
        (length,) = struct.unpack(">I", data[place : place + 4])
        kind, content = data[place + 4 : place + 8], data[place + 8 : place + 8 + length]
        assert struct.unpack(">I", data[place + 8 + length : place + 12 + length]) == (
            zlib.crc32(kind + content),
        )
        chunks[kind] = content
        place += 12 + length
    width, height = struct.unpack(">II", chunks[b"IHDR"][:8])
    rows = zlib.decompress(chunks[b"IDAT"])
    line = 3 * width + 1
    return width, height, b"".join(rows[y * line + 1 : (y + 1) * line] for y in range(height))


@law(30, 500, width=st.integers(1, 9), height=st.integers(1, 9), seed=st.binary(min_size=243, max_size=243))
def test_an_image_reads_back_as_its_pixels(width: int, height: int, seed: bytes) -> None:
    data = seed[: 3 * width * height]
    assert pixels_of(png((width, height, data))) == (width, height, data)


def test_a_picture_stands_beside_what_it_is_compared_with_and_the_difference(page: Page) -> None:
    sources = [a["src"] or "" for tag, a in page.tags if tag == "img"]
    assert len(sources) == 3
    given, point, difference = (pixels_of(b64decode(source.partition(",")[2])) for source in sources)
    grey = [round(255 * i / 15) for i in range(16)]
    assert list(point[2][::3]) == grey
    assert list(given[2][::3]) == grey[::-1]
    # The first value is the least of the point and the greatest of what was given, the last the other way.
    assert difference[2][:3] == bytes((0x1D, 0x4E, 0xD8))
    assert difference[2][-3:] == bytes((0xC2, 0x41, 0x0C))
