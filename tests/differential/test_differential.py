"""Random obligations through every backend and the kernel, against exact enumeration: none answered wrongly.

In: numbered cases; `python -m benchmarks.differential --first N --cases 1` has one again.  Out: nothing but
failures, and a table of what each backend decides (`-rP` or `-s` shows it).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import pytest

from benchmarks.differential import main
from spec_lang.backends.base import Capabilities, Run, Session
from spec_lang.obligations.model import LinearAtom, Obligation
from spec_lang.obligations.outcome import Attestation, GaveUp, GaveUpReason, Proved, Refuted, Work
from tests.backends.enumeration import counterexample
from tests.backends.oracle import violates
from tests.differential import shrink, tally
from tests.differential.cases import Case, case
from tests.differential.examine import Limits, answer, loosened
from tests.differential.shrink import describe, report
from tests.differential.tally import Series, Tally, installed, run_chunk, run_series, table

QUICK = Limits(seconds=0.15, work=100)
ORDINARY = Capabilities()
SLOW = Limits(seconds=0.25, work=1000)
PATIENT = ("smt",)  # starts a process for every question


def shown(total: Tally, limits: Limits) -> list[str]:
    """Prints the table; the findings, with what is left of the first few after shrinking."""
    for line in table(total, [backend.name for backend in installed()]):
        print(line)  # noqa: T201 - the table is what the test is for, besides failures
    return [report(finding, limits) for finding in total.findings[:3]] + [
        str(finding) for finding in total.findings[3:]
    ]


def takers(total: Tally) -> list[str]:
    """The backends that take some of the cases; those for two points of one network take none."""
    names = [backend.name for backend in installed()]
    return [name for name in names if any(said == name and word != "not taken" for said, word in total.words)]


def test_a_sample_is_answered_rightly_by_everybody() -> None:
    total = run_series(Series(range(50), limits=QUICK, patient=PATIENT, every=5))
    assert shown(total, QUICK) == []
    assert total.cases == 50
    assert {"bounds", "falsify", "milp", "smt"} <= set(takers(total))
    for taker in takers(total):
        assert any(name == taker for name, _ in total.evidence), f"{taker} decides nothing"


@pytest.mark.slow
@pytest.mark.long
def test_ten_thousand_are_answered_rightly_by_everybody(
    record_property: Callable[[str, object], None],
) -> None:
    total = run_series(Series(range(50, 10_050), limits=SLOW, patient=PATIENT, every=5), jobs=2)
    assert shown(total, SLOW) == []
    assert total.cases == 10_000
    for taker in takers(total):
        decided = sum(count for (name, _), count in total.evidence.items() if name == taker)
        asked = sum(count for (name, _), count in total.words.items() if name == taker)
        record_property(f"decided by {taker}", decided / asked)
        assert decided


# -- the cases -----------------------------------------------------------------------------------------


def test_a_number_is_always_the_same_case() -> None:
    for number in range(30):
        first, _, second = case(number), case(number + 1000), case(number)
        assert describe(first.obligation) == describe(second.obligation)
        assert first.witness == second.witness
    assert describe(case(3).obligation) != describe(case(3, seed=2).obligation)


def test_cases_are_balanced_and_tight() -> None:
    cases = [case(number) for number in range(300)]
    holding = [one for one in cases if one.holds]
    assert 100 < len(holding) < 200
    for one in cases:
        if one.witness is not None:
            assert violates(one.obligation, one.witness)
    # Many hold by a hair: with thresholds moved by a millionth they do not.
    loose = [
        replace(o, violation=loosened(o.violation, Fraction(1, 10**6)))
        for o in (c.obligation for c in holding)
    ]
    assert sum(counterexample(obligation) is not None for obligation in loose) > len(holding) / 5


# -- that mistakes are noticed -------------------------------------------------------------------------


@dataclass(frozen=True)
class Liar:
    """Answers as it is told to."""

    behaviour: Callable[[Obligation, Session], Any]
    name: str = "liar"
    version: str = "1"
    summary: str = "lies"
    capabilities: Capabilities = ORDINARY

    def availability(self) -> str | None:
        return None

    def supports(self, obligation: Obligation) -> str | None:
        return None if obligation.region.boxes else "no box"

    def run(self, obligation: Obligation, session: Session) -> Run:
        return self.behaviour(obligation, session)  # type: ignore[no-any-return]


def fails(_obligation: Obligation, _session: Session) -> Run:
    raise ZeroDivisionError("in the liar")


FALSE, TRUE = (next(c for c in map(case, range(50)) if c.holds is truth) for truth in (False, True))
PROVES = Run(Proved(Attestation("liar", "1", "by fiat")), Work())
REFUTES = Run(Refuted((Fraction(0),)), Work())


@pytest.mark.parametrize(
    ("one", "behaviour", "problem"),
    [
        (FALSE, lambda _o, _s: PROVES, "proved what is false"),
        (FALSE, lambda _o, _s: PROVES, "verdict `proved` of what is false"),
        (TRUE, lambda _o, _s: REFUTES, "refuted by a point that breaks nothing"),
        (TRUE, fails, "raised ZeroDivisionError: in the liar"),
        (TRUE, lambda _o, _s: None, "answered with None"),
        (TRUE, lambda _o, _s: Run(GaveUp(GaveUpReason.TIMEOUT, ""), Work()), "gave up without a word why"),
    ],
)
def test_a_wrong_answer_is_a_finding(
    one: Case, behaviour: Callable[[Obligation, Session], Run], problem: str
) -> None:
    assert problem in answer(Liar(behaviour), one.obligation, one.witness, QUICK).wrong


def test_a_right_answer_is_none() -> None:
    assert answer(Liar(lambda _o, _s: PROVES), TRUE.obligation, None, QUICK).wrong == ()
    assert FALSE.witness is not None
    refuted = Run(Refuted(FALSE.witness), Work())
    found = answer(Liar(lambda _o, _s: refuted), FALSE.obligation, FALSE.witness, QUICK)
    assert (found.wrong, found.word, found.evidence) == ((), "refuted", "checked")


def lies(monkeypatch: pytest.MonkeyPatch) -> None:
    """A backend that proves everything is the only one that there is."""
    backends = (Liar(lambda _o, _s: PROVES),)
    monkeypatch.setattr(tally, "installed", lambda: backends)
    monkeypatch.setattr(shrink, "installed", lambda: backends)


def test_a_finding_is_made_small(monkeypatch: pytest.MonkeyPatch) -> None:
    lies(monkeypatch)
    found = run_chunk(Series(range(4)), range(4))
    assert found.failing
    assert len(found.findings) >= found.failing
    text = report(found.findings[0], QUICK)
    assert "proved what is false" in text
    assert len(text) < len(describe(case(found.findings[0].number).obligation))
    assert "not so when it is run again" not in text


def test_a_shrunk_atom_is_still_an_atom() -> None:
    smaller = shrink.shrunk(FALSE.obligation, lambda candidate: counterexample(candidate) is not None)
    assert counterexample(smaller) is not None
    assert isinstance(smaller.violation, LinearAtom) or not smaller.violation.parts


def test_the_command_prints_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    name = installed()[0].name
    assert main(["--cases", "4", "--jobs", "1", "--seconds", "0.5", "--work", "50", "--using", name]) == 0
    out = capsys.readouterr().out
    assert "4 obligations:" in out
    assert f"{name} " in out
    assert "wrong: 0" in out
    assert main(["--using", "nobody"]) == 2
