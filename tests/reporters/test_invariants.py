"""What only invariants have, in the formats for people: region, data, cut, and long patterns cut short."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec_lang.kernel.verdict import Status
from spec_lang.reporters import json as json_reporter
from spec_lang.reporters import plain
from spec_lang.reporters._counts import DataCount
from spec_lang.reporters._cut import CutCourse
from spec_lang.reporters._shortened import MANY, clause, few, where
from spec_lang.reporters.model import (
    ClaimReport,
    Counterexample,
    Reading,
    Readings,
    Replay,
    Report,
)
from tests.reporters.example import PROVED

PATTERN = " and ".join(f"f.h(x)[{i}] {'>' if i % 2 else '<='} 0" for i in range(20))
COUNT = DataCount("d.at", 300, 7, 7, 7, 0, 0)
BOX = "box([" + ", ".join(["-0.12345678"] * 40) + "])"


def readings(word: str, count: int) -> tuple[Reading, ...]:
    return tuple(Reading(f"{word}[{i}]", None, Fraction(i), Fraction(i)) for i in range(count))


REFUTED: ClaimReport = replace(
    PROVED,
    kind="invariant",
    status=Status.REFUTED,
    evidence=None,
    region=BOX,
    data=COUNT,
    counterexample=Counterexample(
        points=(Readings("x", readings("x", 3)),),
        results=(Readings("f", (*readings("y", 10), *readings("h", 50))),),
        violates=f"{PATTERN} => argmax(f(x)) == 4",
        replay=Replay(exact=True, onnxruntime=None),
    ),
)
CUT = replace(PROVED, cut=CutCourse("calm", used=True, failing=(("boxes", 3),), holding=(("boxes", 1),)))


def report(*claims: ClaimReport) -> Report:
    return Report("0", claims, ())


def test_a_long_pattern_and_its_layer_are_cut_short_and_json_has_all() -> None:
    stream, document = io.StringIO(), io.StringIO()
    plain.REPORTER.render(report(REFUTED), stream)
    json_reporter.REPORTER.render(report(REFUTED), document)
    text = stream.getvalue()
    assert all(len(line) < 200 for line in text.splitlines())
    assert "fails   f.h(x)[0] <= 0 and f.h(x)[1] > 0 and f.h(x)[2] <= 0 and … (17 more conditions) =>" in text
    assert "=> argmax(f(x)) == 4" in text
    assert re.search(r"y\[9\] +9$", text, re.MULTILINE), "all outputs of the network"
    assert "… and 34 more (all in `--output-format json`)" in text
    assert "h[15]" in text
    assert "h[16]" not in text
    assert "on box([-0.12345678, " in text
    (claim,) = json.loads(document.getvalue())["claims"]
    assert claim["region"] == BOX
    assert claim["counterexample"]["violates"].startswith(PATTERN)
    assert len(claim["counterexample"]["outputs"]["f"]) == 60


def test_a_share_that_is_no_short_decimal_is_rounded() -> None:
    stream = io.StringIO()
    plain.REPORTER.render(report(REFUTED), stream)
    assert "7 of 300 points of d.at (~2.33 %)" in stream.getvalue()


def test_notebooks_show_region_data_and_cut() -> None:
    html = " ".join(report(REFUTED, CUT)._repr_html_().split())
    assert "on box([-0.12345678" in html
    assert "data speaks of 7 of 300 points of d.at (~2.33 %)" in html
    assert "via calm: 3 boxes where it says nothing," in html
    assert html.count("h[") < 20


@pytest.mark.parametrize(
    "text",
    [
        "f(x)[0] <= 1",
        f"{'very ' * 60}long => b",
        f"{PATTERN} or f.h(x)[3] > 1 => b",
        PATTERN,
    ],
)
def test_what_is_no_long_conjunction_stays(text: str) -> None:
    assert clause(text) == text


def test_every_input_is_said_so() -> None:
    assert where("every input") == "for every input"
    assert where("f.domain") == "on f.domain"


@given(sizes=st.lists(st.integers(1, 40), min_size=1, max_size=4), said=st.sampled_from(["", PATTERN]))
def test_what_is_shown_is_in_order_and_what_is_not_is_counted(sizes: list[int], said: str) -> None:
    every = tuple(reading for n, size in enumerate(sizes) for reading in readings("yhgk"[n], size))
    kept, more = few(every, said)
    assert len(kept) + more == len(every)
    assert len(kept) <= 2 * MANY
    places = [every.index(reading) for reading in kept]
    assert places == sorted(set(places))
    assert kept[0] == every[0]
    if len(every) <= MANY:
        assert more == 0


def test_outputs_with_names_are_shown_whole() -> None:
    outputs = tuple(Reading(name, None, Fraction(0), Fraction(0)) for name in ("coc", "left", "right"))
    kept, more = few((*outputs, *readings("h", 50)), "f.h(x)[3] <= 2 => f(x).coc >= f(x).left")
    assert tuple(reading.name for reading in kept) == ("coc", "left", "right", "h[3]")
    assert more == 49
