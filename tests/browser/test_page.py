"""The page in Chromium: it asks for nothing, runs nothing of a user's, and fits its window."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.browser.driver import Browser, started
from tests.reporters.pictures import LOOKED_AT, hostile, many
from tests.reporters.rendering import rendered

pytestmark = pytest.mark.browser

_SEEN = (
    "return [...document.querySelectorAll('details.claim')].filter(c => c.checkVisibility()).map(c => c.id)"
)
_TYPE = (
    "const s = document.getElementById('search'); s.value = arguments[0];"
    "s.dispatchEvent(new Event('input', {bubbles: true}));" + _SEEN
)
_WIDTH = "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
_OPEN_ALL = "for (const d of document.querySelectorAll('details')) d.open = true;"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with started(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    for name, report in (("seen", LOOKED_AT), ("hostile", hostile()), ("many", many(400))):
        (folder / f"{name}.html").write_text(rendered("html", report), encoding="utf-8")
    (folder / "notebook.html").write_text(
        f"<!DOCTYPE html><title>n</title>{LOOKED_AT._repr_html_()}", "utf-8"
    )
    return folder


@pytest.mark.parametrize("name", ["seen", "hostile", "many"])
def test_a_page_logs_no_error_and_asks_for_nothing_but_itself(
    browser: Browser, pages: Path, name: str
) -> None:
    browser.logged("browser")
    browser.requests(pages)
    browser.load(pages / f"{name}.html")
    browser.run(_OPEN_ALL)
    assert browser.logged("browser") == []
    assert browser.requests(pages / f"{name}.html") == [(pages / f"{name}.html").as_uri()]


def test_hostile_names_do_nothing(browser: Browser, pages: Path) -> None:
    browser.load(pages / "hostile.html")
    browser.run(_OPEN_ALL)
    assert "broken" not in browser.run("return document.title")
    assert browser.run("return document.scripts.length") == 1
    assert browser.run("return document.querySelectorAll('img:not([src^=\"data:\"])').length") == 0


def test_the_policy_stops_a_script_that_is_not_the_pages_own(
    browser: Browser, pages: Path, tmp_path: Path
) -> None:
    source = (pages / "seen.html").read_text(encoding="utf-8")
    forged = tmp_path / "forged.html"
    forged.write_text(source.replace("</main>", "<script>document.title = 'broken'</script></main>"), "utf-8")
    browser.load(forged)
    assert "broken" not in browser.run("return document.title")
    assert any("Content Security Policy" in entry["message"] for entry in browser.logged("browser"))


def test_search_and_chips_show_the_claims_that_are_asked_for(browser: Browser, pages: Path) -> None:
    browser.load(pages / "seen.html")
    assert len(browser.run(_SEEN)) > 5
    assert browser.run(_TYPE, "STEADY") == ["car.nnspec::steady"]
    assert browser.run("return document.querySelector('[role=status]').textContent").startswith("1 of ")
    assert browser.run(_TYPE, "no such claim") == []
    everything = browser.run(_TYPE, "")
    browser.run("document.querySelector('.chip.refuted').click()")
    refuted = browser.run(_SEEN)
    assert refuted
    assert {name.partition("::")[2] for name in refuted} == {"stops", "drawn", "flaw"}
    browser.run("document.querySelector('.chip.refuted').click()")
    assert browser.run(_SEEN) == everything


def test_a_link_opens_its_claim_and_the_family_around_it(browser: Browser, pages: Path) -> None:
    name = "spec_2.nnspec::claim_12[245]"
    browser.load(pages / "many.html", "#" + quote(name))
    found = "const c = document.getElementById(arguments[0]); const r = c.getBoundingClientRect();"
    assert browser.run(found + "return c.open && c.checkVisibility()", name)
    assert browser.run(found + "return r.top >= 0 && r.top < innerHeight", name)


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("name", ["seen", "hostile", "notebook"])
def test_nothing_is_wider_than_the_window(browser: Browser, pages: Path, name: str, width: int) -> None:
    browser.resize(width, 800)
    browser.load(pages / f"{name}.html")
    browser.run(_OPEN_ALL)
    needed, there = browser.run(_WIDTH)
    assert needed <= there == width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_what_is_behind_them(browser: Browser, pages: Path, scheme: str) -> None:
    """WCAG's contrast of 4.5 to 1, of every colour that words have, against the page and a raised line."""
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.command("Emulation.setEmulatedMedia", {"features": features})
    browser.load(pages / "seen.html")
    ratios = browser.run(_CONTRASTS)
    assert len(ratios) == 16
    assert min(ratios.values()) >= 4.5, ratios


_CONTRASTS = """
const probe = document.createElement('i');
document.body.append(probe);
const canvas = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
const light = (name) => {
  probe.style.color = `var(--${name})`;
  canvas.fillStyle = getComputedStyle(probe).color;
  canvas.fillRect(0, 0, 1, 1);
  const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((v) => {
    v /= 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const found = {};
for (const ground of ['paper', 'raised']) {
  for (const name of ['ink', 'soft', 'accent', 'proved', 'refuted', 'unknown', 'vacuous', 'error']) {
    const [a, b] = [light(ground), light(name)].sort((x, y) => y - x);
    found[`${name} on ${ground}`] = (a + 0.05) / (b + 0.05);
  }
}
return found;
"""


def test_controls_are_reached_by_keys_and_have_names(browser: Browser, pages: Path) -> None:
    browser.load(pages / "seen.html")
    browser.run("document.dispatchEvent(new KeyboardEvent('keydown', {key: '/', bubbles: true}))")
    assert browser.run("return document.activeElement.id") == "search"
    nameless = "return [...document.querySelectorAll('button, input, a, summary, svg')].filter(e => "
    nameless += "!(e.textContent.trim() || e.getAttribute('aria-label'))).map(e => e.outerHTML)"
    assert browser.run(nameless) == []


def test_without_scripts_every_claim_is_there_and_can_be_opened(pages: Path, tmp_path: Path) -> None:
    with started(tmp_path, scripts=False) as browser:
        browser.load(pages / "seen.html")
        element = "element-6066-11e4-a52e-4f735466cecf"
        claims = browser.call(
            "POST", "/elements", {"using": "css selector", "value": "details.claim > summary"}
        )
        assert len(claims) == len(LOOKED_AT.claims)
        assert browser.call("POST", "/elements", {"using": "css selector", "value": "#search"}) == []
        first = claims[0][element]
        assert "steady" in browser.call("GET", f"/element/{first}/text")
        browser.call("POST", f"/element/{first}/click", {})
        plan = browser.call("POST", "/element", {"using": "css selector", "value": "details[open] .plan"})
        assert "it reaches furthest" in browser.call("GET", f"/element/{plan[element]}/text")
