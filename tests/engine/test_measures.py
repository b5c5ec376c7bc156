"""Laws of measures: brackets hold the number, both ends are proved, and nothing that is proved is lost."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from io import StringIO
from itertools import product
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spec_lang.backends.base import Progress, Run, Session
from spec_lang.backends.bounds import BACKEND as BOUNDS
from spec_lang.engine import CheckOptions, check, decide
from spec_lang.engine.audit import audit
from spec_lang.engine.audit_measure import NOTHING_STORED
from spec_lang.engine.measure_ends import key_of
from spec_lang.engine.prepare import prepare
from spec_lang.engine.settle import Limits, Settled, Settler
from spec_lang.kernel.verdict import EvidenceKind, Status
from spec_lang.kernel.witness import check_witness
from spec_lang.network.onnx_import import load_graph
from spec_lang.obligations.model import Goal, Obligation
from spec_lang.obligations.outcome import GaveUp, GaveUpReason, Refuted, Work
from spec_lang.reporters.json import REPORTER
from spec_lang.reporters.model import ClaimReport, Report
from spec_lang.store.files import Store
from tests.cli.running import run
from tests.engine.fakes import Fake
from tests.engine.specs import write
from tests.engine.test_cores import without_seconds
from tests.reporters.test_reporters import problems
from tests.tiny_networks import perceptron, reference

MAX = "measure most = max f(x).p for x in f.domain, to 1 %\n"
MIN = "measure least = min f(x).q - x.a for x in f.domain, to 0.001\n"
RANGE = "measure spread = range f(x).p for x in f.domain\n"
GAP = "measure gap = max norm(f(x) - f(y), l1) for x in f.domain, y in f.domain, to 5 %\n"
RADIUS = (
    "measure radius = largest r in [0, 1] with forall x in ball([0.5, 0.5], r, linf): f(x).p <= 3, to 0.01\n"
)
LIMIT = "measure limit = smallest r in [0, 50] with forall x in f.domain: f(x).p <= r\n"
ALL = (MAX, MIN, RANGE, GAP, RADIUS, LIMIT)


def measured(path: Path, **options: object) -> Report:
    return check([path], CheckOptions(**options))  # type: ignore[arg-type]  # fields by name


def ends(claim: ClaimReport, which: int = 0) -> tuple[Fraction, Fraction]:
    assert claim.measurement is not None, claim.reason
    bracket = claim.measurement.brackets[which]
    assert bracket.lower is not None
    assert bracket.upper is not None
    return bracket.lower.value, bracket.upper.value


# -- the number lies between the ends ------------------------------------------------------------------


def values_on_grid(steps: int = 24) -> list[tuple[Fraction, Fraction, Fraction, Fraction]]:
    """`a, b, p, q` at points of the domain, exact."""
    graph, _ = load_graph(bytes(perceptron().SerializeToString()), "f", None)
    assert graph is not None
    grid = [Fraction(i, steps) for i in range(steps + 1)]
    found = []
    for a, b in product(grid, grid):
        p, q = reference(graph, (a, b))
        found.append((a, b, p, q))
    return found


def test_no_value_lies_outside_of_a_bracket_and_its_inner_end_is_one(tmp_path: Path) -> None:
    report = measured(write(tmp_path, *ALL))
    assert {claim.status for claim in report} == {Status.PROVED}
    points = values_on_grid()
    most = max(p for _, _, p, _ in points)
    least = min(q - a for a, _, _, q in points)
    lower, upper = ends(report["most"])
    assert most <= upper
    assert upper - lower <= upper / 100
    lower, upper = ends(report["least"])
    assert lower <= least
    assert upper - lower <= Fraction(1, 1000)
    assert ends(report["spread"], 0)[0] <= min(p for _, _, p, _ in points)
    assert ends(report["spread"], 1)[1] >= most
    low, high = ends(report["limit"])
    assert low - high / 100 <= most <= high
    inside = max(
        p for a, b, p, _ in points if max(abs(a - Fraction(1, 2)), abs(b - Fraction(1, 2))) <= Fraction(1, 4)
    )
    assert (inside <= 3) or ends(report["radius"])[0] <= Fraction(1, 4)


def test_the_point_of_an_end_has_the_value_that_is_said(tmp_path: Path) -> None:
    report = measured(write(tmp_path, MAX, MIN))
    for name in ("most", "least"):
        measurement = report[name].measurement
        assert measurement is not None
        (reached,) = (end for end in measurement.ends if end.point is not None)
        point = reached.point
        assert point is not None
        a, _ = (reading.network for reading in point.inputs)
        p, q = (reading.network for reading in point.outputs)
        assert reached.value == (p if name == "most" else q - a)
        assert point.replay.onnxruntime


def test_both_ends_are_verdicts_of_the_kernel(tmp_path: Path) -> None:
    for claim in measured(write(tmp_path, *ALL), evidence=EvidenceKind.CHECKED):
        assert claim.measurement is not None
        kinds = {end.evidence.kind for end in claim.measurement.ends}
        assert kinds == {EvidenceKind.CHECKED}
        assert claim.evidence is not None


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.integers(-8, 8), min_size=3, max_size=3),
    st.sampled_from(["max", "min"]),
    st.sampled_from(
        ["norm([{0} * y[0], {1} * y[1] + {2}], {n})", "abs({0} * y[0] - x.b) + {1} * y[1]", "{0} * y[1]"]
    ),
    st.sampled_from(["linf", "l1"]),
)
def test_measures_of_piecewise_linear_values_hold_them(
    tmp_path: Path, numbers: list[int], word: str, text: str, norm: str
) -> None:
    a, b, c = numbers
    value = text.format(a, b, c, n=norm)
    value = value.replace("y[", "f(x)[")
    text = f"measure m = {word} {value} for x in f.domain, to 2 %\n"
    (claim,) = measured(write(tmp_path, text))
    lower, upper = ends(claim)
    found = []
    for _, x_b, p, q in values_on_grid(8):
        parts = abs(a * p), abs(b * q + c)
        norms = {"linf": max(parts), "l1": sum(parts)}
        found.append(
            norms[norm] if value.startswith("norm") else abs(a * p - x_b) + b * q if "abs" in value else a * q
        )
    if word == "max":
        assert max(found) <= upper
    else:
        assert lower <= min(found)
    assert lower <= upper


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("", "norm(f(x), l2)"),
        ("", "norm(f(x), linf)"),
        (" @semantics(float32)", "norm(f(x), linf)"),
        (" @semantics(float32)", "f(x).p"),
    ],
)
def test_norms_and_float32_are_measured(tmp_path: Path, attribute: str, value: str) -> None:
    lower, upper = ends(one(tmp_path, f"measure m{attribute} = max {value} for x in f.domain, to 2 %\n"))
    found = []
    for _, _, p, q in values_on_grid():
        found.append(
            {"norm(f(x), l2)": p * p + q * q, "norm(f(x), linf)": max(abs(p), abs(q)), "f(x).p": p}[value]
        )
    assert max(found) <= (upper * upper if "l2" in value else upper)
    assert upper - lower <= upper / 50


def test_a_claim_that_compares_a_measure_agrees_with_its_bracket(tmp_path: Path) -> None:
    report = measured(write(tmp_path, MAX, MIN, RADIUS, LIMIT))
    claims: list[str] = []
    for name, holds, fails in (
        ("most", ("<= {1}", ">= {0}"), ("< {0}", "> {1}")),
        ("least", (">= {0}", "<= {1}"), ("> {1}", "< {0}")),
        ("radius", (">= {0}", "< {1}"), ("< {0}", ">= {1}")),
        ("limit", ("<= {1}", "> {0}"), ("> {1}", "<= {0}")),
    ):
        pair = tuple(f"({end.numerator} / {end.denominator})" for end in ends(report[name]))
        for verdict, texts in (("proved", holds), ("refuted", fails)):
            for text in texts:
                number = len(claims)
                said = text.format(*pair)
                claims.append(f"claim c{number} @expect({verdict}): {name} {said}\n")
    compared = measured(write(tmp_path, MAX, MIN, RADIUS, LIMIT, *claims))
    for place, claim in enumerate(claims):
        assert compared[f"c{place}"].as_expected, claim


def test_what_is_determined_differs_by_0(tmp_path: Path) -> None:
    text = "measure m = max abs(x.a - y.a) for x in f.domain, y in { y | y in f.domain and f(y) == f(x) }\n"
    found = one(tmp_path, text.replace("x.a - y.a", "f(x).p - f(y).p"))
    assert ends(found) == (Fraction(0), Fraction(0))


# -- special numbers -----------------------------------------------------------------------------------


def one(folder: Path, text: str, **options: object) -> ClaimReport:
    (claim,) = measured(write(folder, text), **options)
    return claim


def test_a_number_that_is_0_has_the_bracket_0(tmp_path: Path) -> None:
    assert ends(one(tmp_path, "measure m = max norm(f(x) - f(x), linf) for x in f.domain\n")) == (
        Fraction(0),
        Fraction(0),
    )


def test_an_empty_region_is_vacuous(tmp_path: Path) -> None:
    report = measured(write(tmp_path, "measure m = max f(x).p for x in { x | x.a >= 2 }\n"))
    assert (report["m"].status, report["m"].measurement) == (Status.VACUOUS, None)
    assert [d.code for d in report.diagnostics] == ["NN501"]


def test_a_claim_that_holds_in_all_of_the_interval_has_its_end(tmp_path: Path) -> None:
    text = "measure m = largest r in [0, 0.25] with forall x in ball([0.5, 0.5], r, linf): f(x).p <= 100\n"
    assert ends(one(tmp_path, text)) == (Fraction(1, 4), Fraction(1, 4))


def test_an_interval_without_a_number_is_refuted_by_a_point(tmp_path: Path) -> None:
    text = "measure m = largest r in [0.1, 1] with forall x in ball([0.5, 0.5], r, linf): f(x).p <= -1\n"
    claim = one(tmp_path, text)
    assert (claim.status, claim.reason) == (Status.REFUTED, "there is none: the claim fails with 1/10")
    assert claim.counterexample is not None


@pytest.mark.parametrize(
    "claim",
    [
        "forall x in f.domain: f(x).p <= r",
        "forall x in ball([0.5, 0.5], r, linf): f(x).p <= 3 + r",
        "forall x in f.domain: f(x + [r, r]).p <= 3",
        "forall x in f.domain: f(x).p * r <= 3",
        "not (forall x in ball([0.5, 0.5], r, linf): f(x).p <= 3)",
        "forall x in f.domain: norm(f(x), l2) >= r - 1 and norm(f(x), l2) <= r",
        "lipschitz(f, on: f.domain, at_most: r)",
        "forall x in f.domain, y in f.domain: norm(f(x) - f(y), linf) >= norm(x - y, linf) / (1 + r)",
        "forall x in f.domain, y in f.domain: norm(f(x) - f(y), linf) >= r * (f(x).p - f(y).p)",
        "forall x in f.domain, y in f.domain: r * norm(x - y, linf) >= r * norm(f(x) - f(y), linf)",
    ],
)
def test_a_claim_that_may_rise_and_fall_is_not_measured(tmp_path: Path, claim: str) -> None:
    report = measured(write(tmp_path, f"measure m = largest r in [0, 1] with {claim}\n"))
    assert "NN157" in {d.code for d in report.diagnostics}
    assert report["m"].status is Status.UNKNOWN


@pytest.mark.parametrize(
    "claim",
    [
        "forall x in ball([0.5, 0.5], r, linf): f(x).p <= 3",
        "forall x in ball([0.5, 0.5], r, l1): f(x).p <= 3",
        "forall x in f.domain: x.a <= r => f(x).p <= 3",
        "forall x in f.domain: f(x).p >= r",
        "forall x in box([0, 0], [r, r]), y in f.domain: f(x).p <= 3",
        "inverse_lipschitz(f, on: f.domain, at_least: r)",
    ],
)
def test_a_claim_that_falls_is_measured(tmp_path: Path, claim: str) -> None:
    report = measured(write(tmp_path, f"measure m = largest r in [0.01, 1] with {claim}\n"))
    assert [d.code for d in report.diagnostics] == []
    assert report["m"].status in {Status.PROVED, Status.REFUTED}


def test_a_claim_that_rises_is_measured(tmp_path: Path) -> None:
    claim = "lipschitz(f, on: ball([0.5, 0.5], 0.001, linf), at_most: c)"
    report = measured(write(tmp_path, f"measure steep = smallest c in [0, 99] with {claim}, to 10 %\n"))
    assert [d.code for d in report.diagnostics] == []
    assert report["steep"].status is Status.PROVED


BEST = (Fraction(3, 4) + Fraction(1, 10**9), Fraction(5, 8))


def finding_the_best(obligation: Obligation, session: Session) -> Run:
    """The nearest point that breaks the claim, where it is in the region; else what bounds say."""
    if check_witness(obligation, BEST) is not None:
        return Run(Refuted(BEST), Work(0.0))
    return BOUNDS.run(obligation, session)


@pytest.mark.parametrize("norm", ["linf", "l1", "l2"])
def test_a_radius_whose_best_point_is_found_costs_two_claims(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, norm: str
) -> None:
    installed(monkeypatch, finding_the_best)
    tried: list[object] = []
    settle = Settler.settle

    def counted(self: Settler, goal: Goal, limits: Limits) -> Settled:
        tried.append(goal)
        return settle(self, goal, limits)

    monkeypatch.setattr(Settler, "settle", counted)
    claim = f"forall x in ball([0.5, 0.625], r, {norm}): x.a <= 0.75 and f(x).p <= 100"
    found = one(tmp_path, f"measure m = largest r in [0, 3] with {claim}, to 1e-6\n")
    lower, upper = ends(found)
    assert lower < Fraction(1, 4) < upper <= lower + Fraction(1, 10**6)
    assert len(tried) == 2


# -- limits --------------------------------------------------------------------------------------------


def installed(monkeypatch: pytest.MonkeyPatch, behave: Callable[[Obligation, Session], Run]) -> None:
    fake = Fake(behave, capabilities=replace(BOUNDS.capabilities), name="bounds")
    monkeypatch.setattr(decide, "installed_backends", lambda: (fake,))


def refuting_alone(obligation: Obligation, session: Session) -> Run:
    """Finds points, and no proofs."""
    run = BOUNDS.run(obligation, session)
    if isinstance(run.outcome, GaveUp) or not hasattr(run.outcome, "proof"):
        return run
    return Run(GaveUp(GaveUpReason.TIMEOUT, "nothing is proved", -0.5), Work(0.0, (("boxes", 5),)))


@pytest.mark.parametrize("options", [{"timeout": 2.0}, {"budget": 500, "timeout": None}])
def test_what_is_not_proved_leaves_the_bracket_open_on_one_side(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, object]
) -> None:
    installed(monkeypatch, refuting_alone)
    claim = one(tmp_path, MAX, **options)
    assert claim.status is Status.UNKNOWN
    assert claim.measurement is not None
    assert claim.measurement.lower is not None
    assert claim.measurement.upper is None
    assert claim.reason is not None
    assert claim.reason.partition(":")[0] in {"timeout", "budget"}


def test_an_unbounded_region_gives_a_value_and_a_reason(tmp_path: Path) -> None:
    head = 'network f = "f.onnx" {\n    input a, b\n    output p, q\n}\n'
    path = write(tmp_path, "measure m = max f(x).p for x in { x | x.a <= 1 }\n", head=head)
    claim = measured(path, timeout=2.0, using="falsify")["m"]
    assert claim.status is Status.UNKNOWN
    assert claim.measurement is not None
    assert claim.measurement.upper is None
    assert claim.measurement.lower is not None


def document(path: Path, **options: object) -> object:
    stream = StringIO()
    REPORTER.render(check([path], CheckOptions(timeout=None, **options)), stream)  # type: ignore[arg-type]  # fields by name
    return without_seconds(json.loads(stream.getvalue()))


@pytest.mark.parametrize("budget", [3, 200, 20_000])
def test_with_a_budget_the_report_depends_on_no_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, budget: int
) -> None:
    path = write(tmp_path, MAX, GAP, RADIUS)
    plain = document(path, budget=budget)
    real, start = time.monotonic, time.monotonic()
    for factor in (40.0, 0.02):
        with monkeypatch.context() as patch:
            patch.setattr(time, "monotonic", lambda factor=factor: start + (real() - start) * factor)
            assert document(path, budget=budget) == plain
    assert document(path, budget=budget, jobs=2) == plain


def test_a_larger_budget_never_loosens_a_verdict(tmp_path: Path) -> None:
    path = write(tmp_path, MAX, RANGE)
    before = {"most": Status.UNKNOWN, "spread": Status.UNKNOWN}
    for budget in (1, 60, 500, 5000, 50_000):
        found = {claim.name: claim.status for claim in measured(path, timeout=None, budget=budget)}
        assert all(found[name] is status or status is Status.UNKNOWN for name, status in before.items())
        before = found
    assert set(before.values()) == {Status.PROVED}


# -- interrupts and crashes ----------------------------------------------------------------------------


class Interrupting:
    """Presses Ctrl-C when a bracket has two ends."""

    def __init__(self) -> None:
        self.last: ClaimReport | None = None

    def start(self, claims: int) -> None:
        assert claims > 0

    def began(self, claim: str) -> None:
        assert claim

    def progress(self, claim: str, progress: Progress) -> None:
        assert progress.backend, claim
        assert progress.done >= 0

    def narrowed(self, report: ClaimReport) -> None:
        found = report.measurement
        assert found is not None
        self.last = report
        if found.lower is not None and found.upper is not None:
            raise KeyboardInterrupt

    def decided(self, report: ClaimReport) -> None:
        raise AssertionError(f"{report.name} came to its end")

    def close(self) -> None:
        """Nothing to clear."""


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("text", [GAP.replace("5 %", "0.01 %"), RADIUS.replace("0.01", "1e-6")])
def test_an_interrupt_keeps_the_last_bracket(tmp_path: Path, jobs: int, text: str) -> None:
    observer = Interrupting()
    name = text.split()[1]
    path = write(tmp_path, text, text.replace(name, "other"))
    report = check([path], CheckOptions(jobs=jobs), observer)
    assert report.interrupted
    assert observer.last is not None
    found = report[observer.last.name]
    assert (found.status, found.reason) == (Status.UNKNOWN, "interrupted")
    assert found.measurement == observer.last.measurement
    lower, upper = ends(found)
    assert lower < upper


def test_a_crash_keeps_what_was_proved_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = []

    def behave(obligation: Obligation, session: Session) -> Run:
        runs.append(obligation)
        if len(runs) > 2:
            raise ZeroDivisionError("oops")
        return BOUNDS.run(obligation, session)

    installed(monkeypatch, behave)
    claim = one(tmp_path, GAP.replace("5 %", "0.01 %"))
    assert claim.status is Status.ERROR
    assert claim.measurement is not None
    assert claim.measurement.lower is not None


# -- what is stored ------------------------------------------------------------------------------------


def test_an_audit_accepts_both_ends_of_every_measure(tmp_path: Path) -> None:
    path, folder = write(tmp_path, *ALL), tmp_path / "store"
    checked = measured(path, store=folder)
    found = audit([path], CheckOptions(timeout=None, store=folder))
    for claim in checked:
        again = found.report[claim.name]
        assert again.status is Status.PROVED
        assert again.measurement is not None
        assert claim.measurement is not None
        assert [end.value for end in again.measurement.ends] == [end.value for end in claim.measurement.ends]
        assert [e.certificate for e in again.measurement.ends] == [
            e.certificate for e in claim.measurement.ends
        ]
    assert found.accepted == 2 * len(ALL) + 2


def test_an_audit_of_another_network_or_precision_accepts_nothing_false(tmp_path: Path) -> None:
    path, folder = write(tmp_path, MAX), tmp_path / "store"
    assert audit([path], CheckOptions(store=folder)).report["most"].reason == NOTHING_STORED
    measured(path, store=folder)
    write(tmp_path, MAX.replace("1 %", "0.001 %"))
    (claim,) = audit([path], CheckOptions(store=folder)).report
    assert claim.status is Status.UNKNOWN
    assert "further apart" in (claim.reason or "")
    write(tmp_path, MAX.replace("f(x).p", "f(x).p + 1"))
    assert audit([path], CheckOptions(store=folder)).report["most"].reason == NOTHING_STORED


def test_stored_ends_that_are_false_are_an_error_or_nothing(tmp_path: Path) -> None:
    path, folder = write(tmp_path, MAX), tmp_path / "store"
    measured(path, store=folder)
    (task,) = prepare([path], CheckOptions())[0].tasks
    assert task.measure is not None
    store = Store(folder)
    for numbers in ((Fraction(1), Fraction(0)), (Fraction(4), Fraction(100)), (None, None), (Fraction(1),)):
        store.keep_ends(key_of(task.measure, store.keys), numbers)
        (claim,) = audit([path], CheckOptions(store=folder)).report
        assert claim.status in {Status.UNKNOWN, Status.ERROR}


# -- documents -----------------------------------------------------------------------------------------


def test_the_documents_of_measures_follow_the_schema(tmp_path: Path) -> None:
    path = write(tmp_path, *ALL, "measure e = max f(x).p / x[0] for x in f.domain\n")
    stream = StringIO()
    REPORTER.render(measured(path), stream)
    found = json.loads(stream.getvalue())
    assert problems(found) == []
    for claim in found["claims"][:-1]:
        lower, upper = claim["bracket"]
        assert lower <= upper
        for bracket in claim["measure"]["brackets"]:
            for side, sign in (("lower", 1), ("upper", -1)):
                end = bracket[side]
                exact = Fraction(end["exact"] or end["value"])
                assert sign * Fraction(end["value"]) <= sign * exact
    assert found["claims"][-1]["bracket"] is None


def test_the_command_line_measures_plans_explains_and_lints(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, MAX, RADIUS)
    status, out, _ = run(capsys, "check", path, "--no-cache", "--claim", "most")
    assert status == 0
    assert "] to 1 %" in out
    assert "reaches" in out
    status, out, _ = run(capsys, "plan", path)
    assert (status, "a claim for every threshold" in out) == (0, True)
    _, out, _ = run(capsys, "explain", "most", path)
    assert "forall x in f.domain: f(x).p <= upper" in out
    assert run(capsys, "lint", path)[0] == 0
