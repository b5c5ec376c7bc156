"""Invariants over data and claims `@via` an invariant, from a spec to its report."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from fractions import Fraction
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from onnx import helper

from spec_lang.engine import CheckOptions, check
from spec_lang.engine.audit import audit
from spec_lang.engine.explain import explain
from spec_lang.engine.lint import lint
from spec_lang.engine.prepare import prepare
from spec_lang.kernel.verdict import EvidenceKind, Status
from spec_lang.obligations.model import Semantics
from spec_lang.reporters._counts import DataCount
from spec_lang.reporters.json import REPORTER
from spec_lang.reporters.model import Report
from tests.cli.running import run
from tests.reporters.test_reporters import problems
from tests.tiny_networks import onnx_bytes, perceptron

# f(a, b) = relu(W x + c) W' + c', in a problem space that is twice as large as the network's.
HEAD = """network f = "f.onnx" {
    input  a, b
    output p, q
    encode x = x / 2
    domain a in [0, 2], b in [0, 2]
    layer  r = "r"
}
data seen = "seen.npz" { at: real[N, 2]; wide: real[N, 3] }
"""
BUDGET = CheckOptions(budget=2_000)
LOW = "invariant low of f over seen.at: input.a <= 1 => output.p <= 100\n"


def write(folder: Path, *lines: str, head: str = HEAD) -> Path:
    (folder / "f.onnx").write_bytes(perceptron().SerializeToString())
    at = np.array([[0, 0], [1, 1], [1.5, 0.5], [2, 2], [0.5, 3]])
    np.savez(folder / "seen.npz", at=at, wide=np.zeros((5, 3)))
    path = folder / "f.nnspec"
    path.write_text(head + "".join(lines), encoding="utf-8")
    return path


def plain(folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    _, out, _ = run(capsys, "check", folder / "f.nnspec", "--output-format", "plain", "--no-cache")
    return out


def document(report: Report) -> dict[str, object]:
    stream = StringIO()
    REPORTER.render(report, stream)
    found = json.loads(stream.getvalue())
    assert problems(found) == []
    return {claim["name"]: claim for claim in found["claims"]}


def test_the_support_is_counted_in_the_units_of_the_spec(tmp_path: Path) -> None:
    report = check([write(tmp_path, LOW)], BUDGET)
    assert report["low"].status is Status.PROVED
    assert report["low"].data == DataCount("seen.at", 5, 3, 2, 3, 0, 0)


def test_ties_are_decided_exactly(tmp_path: Path) -> None:
    lines = (
        "invariant closed of f over seen.at: input.a <= 3/2 => output.p <= 100\n",
        "invariant open   of f over seen.at: input.a < 3/2 => output.p <= 100\n",
    )
    report = check([write(tmp_path, *lines)], BUDGET)
    counts = [claim.data.support for claim in report if claim.data is not None]
    assert counts == [4, 3]
    exact = check([tmp_path / "f.nnspec"], CheckOptions(budget=2_000, evidence=EvidenceKind.CHECKED))
    assert [claim.data for claim in exact] == [claim.data for claim in report]


def test_a_point_of_the_data_in_the_region_is_a_counterexample(tmp_path: Path) -> None:
    report = check(
        [write(tmp_path, "invariant high of f over seen.at: input.a >= 1 => output.p <= 1\n")], BUDGET
    )
    claim = report["high"]
    assert (claim.status, claim.backend, claim.work) == (Status.REFUTED, None, ())
    assert claim.counterexample is not None
    assert [reading.problem for reading in claim.counterexample.inputs] == [1, 1]
    assert claim.counterexample.replay.exact
    assert claim.data == DataCount("seen.at", 5, 3, 3, 0, 3, 0)


def test_a_point_outside_of_the_region_refutes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = "invariant near of f on box(0, 0.25) over seen.at: input.a >= 0 => output.p <= 2\n"
    claim = check([write(tmp_path, line)], BUDGET)["near"]
    assert claim.status is Status.PROVED
    assert claim.data is not None
    assert (claim.data.inside, claim.data.broken_inside, claim.data.broken_outside > 0) == (1, 0, True)
    assert "outside of the region, which refute nothing" in plain(tmp_path, capsys)


def test_invariants_over_the_same_data_share_the_points(tmp_path: Path) -> None:
    other = LOW.replace("invariant low", "invariant other").replace("<= 1 ", "<= 1.5 ")
    preparation, _ = prepare(
        [write(tmp_path, LOW, other, "measure m = support of low over seen.at\n")], BUDGET
    )
    one, two, share = preparation.tasks
    assert one.support is not None
    assert two.support is not None
    assert share.shared is not None
    assert one.support.rows is two.support.rows is share.shared.supports[0].rows


def test_an_invariant_without_an_implication_speaks_of_every_point(tmp_path: Path) -> None:
    claim = check([write(tmp_path, "invariant all of f over seen.at: r[0] >= 0\n")], BUDGET)["all"]
    assert claim.data == DataCount("seen.at", 5, 5, 4, 5, 0, 0)


@pytest.mark.parametrize(
    ("on", "region", "words"),
    [
        ("", "f.domain", "on f.domain"),
        (" on box(0, 1)", "box(0, 1)", "on box(0, 1)"),
        (" on f.domain & box(0, 1)", "f.domain & box(0, 1)", "on f.domain & box(0, 1)"),
    ],
)
def test_a_verdict_says_where_it_holds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], on: str, region: str, words: str
) -> None:
    on = on if "&" not in on else " on small"
    lines = f"region small = f.domain & box(0, 1)\ninvariant v of f{on}: output.p <= 100\n"
    report = check([write(tmp_path, lines)], BUDGET)
    expected = "small" if "&" in region else region
    assert report["v"].region == expected
    assert document(report)["v"]["region"] == expected  # type: ignore[index]
    assert (f"on {expected}" if "&" in region else words) in plain(tmp_path, capsys)


def test_without_a_region_it_is_every_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    head = 'network f = "f.onnx" { layer r = "r" }\n'
    report = check([write(tmp_path, "invariant v of f: r[0] < 0 => output[0] <= 1\n", head=head)], BUDGET)
    assert report["v"].region == "every input"
    assert "for every input" in plain(tmp_path, capsys)


def test_patterns_are_decided_where_inputs_have_no_bounds(tmp_path: Path) -> None:
    """With r0 = 0.1 + a + 2b on it is q = −1 − r0 + 0.7 r2; where the others are off that is −1 − r0 < −1."""
    head = 'network f = "f.onnx" {\n    input a, b\n    output p, q\n    layer r = "r"\n}\n'
    lines = (
        "invariant strict of f: pattern(r, on: [0], off: [1, 2]) => output.q < -1\n",
        "invariant closed of f: pattern(r, off: [0, 1, 2]) => output.q < -1\n",
        "invariant part of f: pattern(r, on: [0]) => output.p > 0\n",
        "invariant much of f: pattern(r, on: [0]) => output.p < 1000000\n",
    )
    report = check([write(tmp_path, *lines, head=head)], BUDGET)
    found = [claim.status for claim in report]
    assert found == [Status.PROVED, Status.REFUTED, Status.PROVED, Status.REFUTED]
    assert {claim.backend for claim in report} == {"cases"}
    assert {claim.evidence.kind for claim in report if claim.evidence} == {EvidenceKind.CHECKED}
    store = tmp_path / "store"
    check([tmp_path / "f.nnspec"], replace(BUDGET, store=store))
    audited = audit([tmp_path / "f.nnspec"], CheckOptions(store=store, timeout=None)).report
    assert [claim.status for claim in audited] == found


# -- shares ----------------------------------------------------------------------------------------------

SHARES = """invariant part[k in 0..1] of f: input.b <= k and input.a <= 1 => output.p <= 100
invariant wrong of f: input.a >= 3/2 => output.p <= 0
measure size = support of part[1] over seen.at
measure said = coverage of [part, wrong] over seen.at
measure lost = coverage of wrong over seen.at
"""


def test_a_coverage_counts_what_proved_invariants_say(tmp_path: Path) -> None:
    report = check([write(tmp_path, SHARES)], BUDGET)
    assert [claim.status.value for claim in report] == [
        "proved",
        "proved",
        "refuted",
        "proved",
        "proved",
        "proved",
    ]
    shares = document(report)
    low, high = shares["size"]["bracket"]  # type: ignore[index]
    assert low < Fraction(2, 5) <= high < low + 1e-9
    assert shares["lost"]["bracket"] == [0, 0]  # type: ignore[index]
    found = report["said"].measurement
    assert found is not None
    assert found.share is not None
    assert [end.value * 5 for end in found.ends] == [2, 2]
    assert found.share.covered == 4
    assert found.share.verdicts == ("proved", "proved", "refuted")
    exact = check([tmp_path / "f.nnspec"], CheckOptions(budget=2_000, evidence=EvidenceKind.CHECKED))["said"]
    assert exact.evidence is not None
    assert (exact.evidence.kind, exact.status) == (EvidenceKind.CHECKED, Status.PROVED)


def test_an_invariant_that_is_not_decided_leaves_a_coverage_open(tmp_path: Path) -> None:
    path = write(tmp_path, SHARES)
    report = check([path], CheckOptions(budget=2_000, claims=("said",)))
    (claim,) = report
    assert (claim.status, claim.reason) == (Status.UNKNOWN, "not decided here: part[0], part[1], wrong")
    assert claim.measurement is not None
    assert [end.value * 5 for end in claim.measurement.ends] == [0, 4]


def test_shares_are_explained_planned_and_counted_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, SHARES)
    text, _ = explain([path], CheckOptions(claims=("size", "said")))
    assert "the share of the points at which the left side of `part[1]` holds" in text
    assert "at least that of the proved ones, at most that of those that are not refuted" in text
    status, out, _ = run(capsys, "plan", path)
    assert (status, out.count("the kernel counts by itself")) == (0, 3)
    store = tmp_path / "store"
    checked = check([path], CheckOptions(budget=2_000, store=store))
    audited = audit([path], CheckOptions(store=store, timeout=None)).report
    assert [claim.status for claim in audited] == [claim.status for claim in checked]
    assert audited["said"].measurement == checked["said"].measurement


@pytest.mark.parametrize(
    ("line", "code", "problem"),
    [
        ("measure m = support of nobody over seen.at", "NN163", "there is no invariant `nobody`"),
        ("measure m = support of 3 over seen.at", "NN163", "the name of an invariant"),
        ("measure m = support of low[0] over seen.at", "NN106", "is not a family"),
        ("measure m = support of low over seen.wide", "NN119", "has shape [N, 2]"),
        ("measure m = support of low over f.domain", "NN118", ""),
        ("measure m @using(bounds) = support of low over seen.at", "NN111", "no backend takes part"),
        ("measure m @semantics(float32) = support of low over seen.at", "NN143", "in exact arithmetic"),
        ("measure m = support of low over seen.at\nclaim few: m <= 3", "NN161", "a share of data"),
        ("invariant v of f over seen.wide: output.p <= 100", "NN119", "has shape [N, 2]"),
        (
            "invariant v of f over seen.at: forall y in f.domain: f(y).p <= input.a + 100",
            "NN163",
            "more than one point",
        ),
        ("claim c @via(low): forall x in f.domain: f(x).p <= 99", "NN164", "concludes `f(x).p <= 100`"),
        ("claim c @via(low): exists x in f.domain: f(x).p <= 100", "NN164", "every point of a region"),
        ("claim c @via(nobody): forall x in f.domain: f(x).p <= 100", "NN163", "there is no invariant"),
        ("claim c @via(3): forall x in f.domain: f(x).p <= 100", "NN111", "takes the name of an invariant"),
        ("invariant d of f @via(low): output.p <= 100", "NN111", "`@via` is for claims"),
        (
            "invariant e of f: output.p <= 100\nclaim c @via(e): forall x in f.domain: f(x).p <= 100",
            "NN164",
            "no im",
        ),
    ],
)
def test_mistakes_are_diagnosed(tmp_path: Path, line: str, code: str, problem: str) -> None:
    found = check([write(tmp_path, LOW, line + "\n")], BUDGET).diagnostics
    assert [diagnostic.code for diagnostic in found] == [code]
    assert problem in found[0].problem


def test_nothing_is_wrong_with_these(tmp_path: Path) -> None:
    assert lint([write(tmp_path, LOW, SHARES, VIA)], CheckOptions()).report.diagnostics == ()


def test_an_invariant_that_says_nothing_of_its_data_is_warned_of(tmp_path: Path) -> None:
    line = "invariant far of f over seen.at: r[0] >= 100 => output.p <= 100\n"
    (found,) = lint([write(tmp_path, line)], CheckOptions()).report.diagnostics
    assert (found.code, found.is_error) == ("NN609", False)
    assert "none of the 5 points of seen.at" in found.problem


# -- @via ------------------------------------------------------------------------------------------------

VIA = """invariant core of f: r[1] <= 0 => output.p <= 8
claim alone:           forall x in f.domain: f(x).p <= 8
claim cut @via(core):  forall x in f.domain: f(x).p <= 8
"""


def test_a_claim_is_proved_by_both_cases_and_audited(tmp_path: Path) -> None:
    path, store = write(tmp_path, VIA), tmp_path / "store"
    report = check([path], CheckOptions(budget=4_000, store=store))
    cut = report["cut"]
    assert {claim.status for claim in report} == {Status.PROVED}
    assert cut.cut is not None
    assert (cut.cut.invariant, cut.cut.used, cut.cut.problem) == ("core", True, None)
    assert cut.certificate is not None
    assert cut.certificate != report["alone"].certificate
    for evidence in (EvidenceKind.CHECKED_ROUNDED, EvidenceKind.CHECKED):
        audited = audit([path], CheckOptions(store=store, timeout=None, evidence=evidence)).report
        assert {claim.status for claim in audited} == {Status.PROVED}
        assert audited["cut"].certificate == cut.certificate
    via = document(report)["cut"]["via"]  # type: ignore[index]
    assert (via["invariant"], via["used"]) == ("core", True)


def test_a_plan_and_an_explanation_name_the_cut(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, VIA)
    text, _ = explain([path], CheckOptions(claims=("cut",)))
    assert "via core: first in two cases" in text
    status, out, _ = run(capsys, "plan", path)
    assert (status, out.count("via core: first in two cases")) == (0, 1)
    _, out, _ = run(capsys, "plan", path, "--output-format", "json")
    assert [claim.get("via") for claim in json.loads(out)["claims"]] == [None, None, "core"]


def test_a_claim_that_fails_is_refuted_as_without_the_cut(tmp_path: Path) -> None:
    path = write(tmp_path, VIA.replace("<= 8", "<= 2"))
    report = check([path], CheckOptions(budget=4_000))
    assert {claim.status for claim in report} == {Status.REFUTED}
    assert report["cut"].counterexample is not None


def test_a_cut_that_leads_nowhere_is_said(tmp_path: Path) -> None:
    path = write(tmp_path, VIA)
    report = check([path], CheckOptions(budget=1, claims=("cut",)))
    cut = report["cut"].cut
    assert cut is not None
    assert not cut.used
    assert cut.problem is not None
    assert "is open" in cut.problem


def test_families_meet_member_by_member(tmp_path: Path) -> None:
    lines = """invariant core[k in 0..1] of f: r[k] <= 0 => output.p <= 8
claim cut[k in 0..1] @via(core[k]): forall x in f.domain: f(x).p <= 8
"""
    report = check([write(tmp_path, lines)], BUDGET)
    assert [report[f"cut[{k}]"].cut.invariant for k in (0, 1)] == ["core[0]", "core[1]"]  # type: ignore[union-attr]


def test_a_region_that_the_invariant_leaves_out_is_warned_of(tmp_path: Path) -> None:
    lines = """invariant core of f on box(0, 0.5): r[1] <= 0 => output.p <= 8
claim inside @via(core): forall x in box(0, 0.25): f(x).p <= 8
claim beyond @via(core): forall x in f.domain: f(x).p <= 8
"""
    report = check([write(tmp_path, lines)], BUDGET)
    (found,) = report.diagnostics
    assert (found.code, found.is_error) == ("NN164", False)
    assert "`core` does not speak of every point of `beyond`" in found.problem
    assert report["beyond"].status is Status.PROVED


def test_a_claim_of_the_float32_network_may_be_cut(tmp_path: Path) -> None:
    head = HEAD.replace("    encode x = x / 2\n", "")
    path = write(tmp_path, VIA.replace("<= 8", "<= 99"), head=head)
    report = check([path], CheckOptions(budget=4_000, semantics=Semantics.FLOAT32))
    assert {claim.status for claim in report} == {Status.PROVED}
    assert report["cut"].cut is not None
    assert report["cut"].cut.used


# -- the page --------------------------------------------------------------------------------------------


def test_the_page_shows_what_is_printed(
    checkout: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (checkout / "docs" / "invariants.md").read_text(encoding="utf-8")
    spec, *_ = re.findall(r"^```nnspec\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    shown, *_ = re.findall(r"^```console\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    write(tmp_path, head=spec)
    _, out, _ = run(capsys, "check", tmp_path / "f.nnspec", "--output-format", "plain", "--budget", "2000")
    assert [_timeless(row) for row in shown.splitlines()] == [_timeless(r) for r in out.splitlines()[1:-2]]


def _timeless(row: str) -> str:
    """A line without times, sizes of proofs and amounts of work."""
    row = re.sub(r"(\d+ \w+, )*\d+ \w+ (where|in )", r"… \2", row)
    return re.sub(r"\s+[\d.]+ (m?s|k?B)\b", "", row)


def test_an_invariant_speaks_of_one_input(tmp_path: Path) -> None:
    both = onnx_bytes([helper.make_node("Add", ["u", "v"], ["y"])], {"u": [1, 2], "v": [1, 2]})
    (tmp_path / "f.onnx").write_bytes(both)
    (tmp_path / "f.nnspec").write_text('network f = "f.onnx"\ninvariant low of f: output[0] <= 1\n')
    (problem,) = check([tmp_path / "f.nnspec"], BUDGET).diagnostics
    assert (problem.code, problem.problem) == (
        "NN144",
        "`f` has several inputs, and an invariant speaks of one",
    )
    assert problem.fix == "write a claim: `forall x in …, y in …: … f(u: x, v: y) …`"


def test_one_of_something_is_said_of_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = (
        "invariant core of f: pattern(r, on: [0]) => output.p <= 100\n",
        "claim small @via(core): forall x in box(0, 1): f(x).p <= 100\n",
    )
    write(tmp_path, *lines)
    out = plain(tmp_path, capsys)
    assert "via     core: " in out
    assert re.search(r"\b1 (boxes|programs|nodes|attacks)\b", out) is None


def test_a_layer_has_the_shape_of_its_tensor(tmp_path: Path) -> None:
    """What a flatten gives is numbered in one row, and what a pool gives as it stands in the file."""
    nodes = [
        helper.make_node("Relu", ["x"], ["r"]),
        helper.make_node("MaxPool", ["r"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Flatten", ["p"], ["q"]),
        helper.make_node("MatMul", ["q", "w"], ["y"]),
    ]
    weights = {"w": np.array([[1], [1], [1], [1]], np.float32)}
    (tmp_path / "f.onnx").write_bytes(onnx_bytes(nodes, {"x": [1, 1, 4, 4]}, weights=weights))
    head = 'network f = "f.onnx" {\n    layer p = "p"\n    layer q = "q"\n}\n'
    lines = (
        "invariant rows of f on box(0, 1): pattern(q, off: [3]) => output[0] <= 20\n",
        "invariant image of f on box(0, 1): pattern(p, off: [[0, 1, 1]]) => output[0] <= 20\n",
        "invariant alike of f on box(0, 1): p[0, 1, 0] == q[2]\n",
        "invariant other of f on box(0, 1): q[3] > 0 and p[0, 0, 0] <= 0 => output[0] < 3\n",
    )
    (tmp_path / "f.nnspec").write_text(head + "".join(lines))
    report = check([tmp_path / "f.nnspec"], BUDGET)
    assert report.diagnostics == ()
    assert [claim.status for claim in report] == [Status.PROVED] * 3 + [Status.REFUTED]
    found = report["other"].counterexample
    assert found is not None
    assert "q[3]" in {reading.name for reading in found.outputs}
    (tmp_path / "f.nnspec").write_text(head + "invariant one of f on box(0, 1): q[0, 1, 1] >= 0\n")
    assert [d.code for d in check([tmp_path / "f.nnspec"], BUDGET).diagnostics] == ["NN122"]
