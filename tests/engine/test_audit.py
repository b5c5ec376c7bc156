"""Laws of `audit`: it says what the kernel makes of what is stored, and searches for nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from spec_lang.engine import CheckOptions, check
from spec_lang.engine.audit import Audit, audit
from spec_lang.engine.audit_measure import NOTHING_STORED
from spec_lang.engine.prepare import prepare
from spec_lang.kernel.verdict import EvidenceKind, Status
from spec_lang.obligations.certificate import CLOSED, BoxProof, Proof
from spec_lang.obligations.model import Goal, Obligation
from spec_lang.obligations.outcome import Outcome, Proved, Refuted
from spec_lang.store.files import Kept, Store
from tests.cli.running import run
from tests.engine.specs import EMPTY, FAILS, FAMILY, FLAW, HOLDS, LUCK, write
from tests.store.proofs import STAMP

# The bounds of the whole box decide all claims of these specs.
AXIS = np.array([CLOSED], dtype=np.int32)
TRIVIAL = Proof((BoxProof(0, AXIS, np.zeros(0), np.zeros((1, 0), dtype=np.uint8)),))
CORNER = Refuted((Fraction(0), Fraction(0)))


def goals(path: Path, *arguments: tuple[str, str]) -> dict[str, Goal]:
    preparation, _ = prepare([path], CheckOptions(parameters=arguments))
    assert not preparation.problems.has_errors
    return {task.name: task.goal() for task in preparation.tasks}


def keep(folder: Path, path: Path, what: dict[str, Outcome]) -> dict[str, Kept]:
    """Stores one outcome for each of these claims."""
    kept = {}
    for name, goal in goals(path).items():
        if name in what:
            found = Store(folder).keep(goal, [what[name]])
            assert isinstance(found, Kept)
            kept[name] = found
    return kept


def audited(path: Path, folder: Path, **options: object) -> Audit:
    return audit([path], replace(CheckOptions(timeout=None, store=folder), **options))  # type: ignore[arg-type]


def statuses(found: Audit) -> dict[str, Status]:
    return {claim.name: claim.status for claim in found.report}


PROVED = Proved(STAMP, TRIVIAL)


def test_a_stored_proof_and_a_stored_counterexample_are_accepted(tmp_path: Path) -> None:
    path = write(tmp_path, HOLDS, FAILS)
    kept = keep(tmp_path / "store", path, {"holds": PROVED, "fails": CORNER})
    found = audited(path, tmp_path / "store")
    assert statuses(found) == {"holds": Status.PROVED, "fails": Status.REFUTED}
    holds, fails = found.report
    assert holds.evidence is not None
    assert holds.evidence.kind is EvidenceKind.CHECKED
    assert (holds.certificate, holds.proof_bytes) == (kept["holds"].digest, kept["holds"].size)
    assert holds.backend == STAMP.backend
    assert fails.counterexample is not None
    assert [reading.network for reading in fails.counterexample.inputs] == [0, 0]
    assert found.accepted == 2
    assert found.size == sum(one.size for one in kept.values())


def test_what_has_no_record_is_unknown_and_says_what_to_do(tmp_path: Path) -> None:
    path = write(tmp_path, HOLDS, FAILS)
    keep(tmp_path / "store", path, {"holds": PROVED})
    found = audited(path, tmp_path / "store")
    assert statuses(found) == {"holds": Status.PROVED, "fails": Status.UNKNOWN}
    assert found.report["fails"].reason == NOTHING_STORED
    assert found.accepted == 1


def test_what_a_check_has_settled_an_audit_accepts(tmp_path: Path) -> None:
    path = write(tmp_path, HOLDS, FAILS, FAMILY, EMPTY, LUCK)
    checked = check([path], CheckOptions(store=tmp_path / "store"))
    for evidence in (EvidenceKind.CHECKED, EvidenceKind.CHECKED_ROUNDED):
        found = audited(path, tmp_path / "store", evidence=evidence)
        assert statuses(found) == {claim.name: claim.status for claim in checked}
        for before, after in zip(checked, found.report, strict=True):
            assert (before.certificate, before.proof_bytes) == (after.certificate, after.proof_bytes)
            assert before.counterexample == after.counterexample


def test_an_empty_region_needs_no_record(tmp_path: Path) -> None:
    assert statuses(audited(write(tmp_path, EMPTY), tmp_path / "none")) == {"empty": Status.VACUOUS}


def test_a_renamed_claim_keeps_its_proof_and_another_claim_has_none(tmp_path: Path) -> None:
    path = write(tmp_path, HOLDS)
    keep(tmp_path / "store", path, {"holds": PROVED})
    renamed = write(tmp_path, HOLDS.replace("holds", "other"), name="other.nnspec")
    assert statuses(audited(renamed, tmp_path / "store")) == {"other": Status.PROVED}
    tighter = write(tmp_path, HOLDS.replace("-100", "-99"), name="tighter.nnspec")
    assert statuses(audited(tighter, tmp_path / "store")) == {"holds": Status.UNKNOWN}


def test_a_changed_weight_leaves_nothing_stored(tmp_path: Path) -> None:
    path = write(tmp_path, HOLDS)
    keep(tmp_path / "store", path, {"holds": PROVED})
    onnx = tmp_path / "f.onnx"
    weight = np.float32(0.7).tobytes()
    assert onnx.read_bytes().count(weight) == 1
    onnx.write_bytes(onnx.read_bytes().replace(weight, np.float32(0.75).tobytes()))
    assert audited(path, tmp_path / "store").report["holds"].reason == NOTHING_STORED


def wrong_proof(_: Obligation) -> Outcome:
    tree = BoxProof(0, np.array([5], dtype=np.int32), np.zeros(1), np.zeros((1, 0), dtype=np.uint8))
    return Proved(STAMP, Proof((tree,)))


def proof_of_what_is_false(_: Obligation) -> Outcome:
    return PROVED


def wrong_point(_: Obligation) -> Outcome:
    return Refuted((Fraction(7), Fraction(0)))


@pytest.mark.parametrize(
    ("claim", "forge"),
    [(HOLDS, wrong_proof), (FAILS, proof_of_what_is_false), (HOLDS, wrong_point), (FAILS, wrong_point)],
)
@pytest.mark.parametrize("evidence", [EvidenceKind.CHECKED, EvidenceKind.CHECKED_ROUNDED])
def test_a_record_that_proves_nothing_is_an_error_and_no_verdict(
    tmp_path: Path, claim: str, forge: Callable[[Obligation], Outcome], evidence: EvidenceKind
) -> None:
    path = write(tmp_path, claim)
    ((name, goal),) = goals(path).items()
    kept = keep(tmp_path / "store", path, {name: forge(goal.obligations[0])})
    found = audited(path, tmp_path / "store", evidence=evidence)
    assert statuses(found) == {name: Status.ERROR}
    reason = found.report[name].reason
    assert reason is not None
    assert f"the stored proof {kept[name].digest} proves nothing" in reason
    assert found.accepted == 0


def test_a_damaged_record_is_unknown_and_names_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, HOLDS)
    keep(tmp_path / "store", path, {"holds": PROVED})
    (file,) = (tmp_path / "store").rglob("*.proof")
    file.write_bytes(file.read_bytes()[:-1])
    found = audited(path, tmp_path / "store")
    assert statuses(found) == {"holds": Status.UNKNOWN}
    reason = found.report["holds"].reason
    assert reason is not None
    assert reason.startswith("the stored proof is lost: its content is not what was stored")
    assert str(file) in reason


def test_the_whole_folder_may_be_anything(tmp_path: Path) -> None:
    path = write(tmp_path, HOLDS)
    (tmp_path / "file").write_text("", encoding="utf-8")
    for folder in (tmp_path / "file", tmp_path / "none", tmp_path):
        assert audited(path, folder).report["holds"].reason == NOTHING_STORED


def test_a_check_without_time_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, HOLDS)
    keep(tmp_path / "store", path, {"holds": PROVED})
    monkeypatch.setattr("spec_lang.kernel.proof._timer", _expired)
    found = audited(path, tmp_path / "store", timeout=5.0)
    assert statuses(found) == {"holds": Status.UNKNOWN}
    assert "did not end in time" in str(found.report["holds"].reason)


def _expired(_: object) -> Callable[[], None]:
    from spec_lang.kernel.proof import OutOfTime  # noqa: PLC0415 - for one test

    def check_time() -> None:
        raise OutOfTime

    return check_time


def test_a_crash_costs_one_claim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, HOLDS, FAILS)
    keep(tmp_path / "store", path, {"holds": PROVED, "fails": CORNER})
    monkeypatch.setattr("spec_lang.engine.stored.examine", lambda *_, **__: 1 / 0)
    found = audited(path, tmp_path / "store")
    assert statuses(found) == {"holds": Status.ERROR, "fails": Status.REFUTED}
    assert "ZeroDivisionError" in str(found.report["holds"].reason)


def test_weaker_evidence_than_was_asked_for_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proof that floats accept and the exact check does not is no forgery."""
    path = write(tmp_path, HOLDS)
    keep(tmp_path / "store", path, {"holds": PROVED})
    monkeypatch.setattr("spec_lang.kernel.proof.EXACT_PRODUCTS", 0)
    found = audited(path, tmp_path / "store")
    assert str(found.report["holds"].evidence) == "checked-rounded"
    exact = audited(path, tmp_path / "store", evidence=EvidenceKind.CHECKED)
    assert str(exact.report["holds"].evidence) == "checked"


def test_workers_find_what_one_process_finds(tmp_path: Path) -> None:
    path = write(tmp_path, HOLDS, FAILS, FAMILY)
    keep(tmp_path / "store", path, {"holds": PROVED, "fails": CORNER, "every[1]": PROVED})
    alone, together = audited(path, tmp_path / "store"), audited(path, tmp_path / "store", jobs=2)
    assert statuses(alone) == statuses(together)
    proved = {name for name, status in statuses(alone).items() if status is Status.PROVED}
    assert proved == {"holds", "every[0]", "every[1]"}, "`every[0]` means what `holds` means"
    assert (alone.accepted, alone.size) == (together.accepted, together.size)


def test_what_a_spec_expects_is_held_against_the_audit(tmp_path: Path) -> None:
    path = write(tmp_path, FLAW, LUCK)
    keep(tmp_path / "store", path, {"flaw": CORNER, "luck": PROVED})
    found = audited(path, tmp_path / "store")
    assert {claim.name: claim.as_expected for claim in found.report} == {"flaw": True, "luck": False}


# -- on the command line -------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _store_of_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command looks for proofs where the tests keep them, not in the user's cache."""
    monkeypatch.setattr("spec_lang.store.places.proofs", lambda: tmp_path / "store")


def test_the_command_reports_and_sums_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, HOLDS)
    kept = keep(tmp_path / "store", path, {"holds": PROVED})
    status, out, err = run(capsys, "audit", path)
    assert status == 0
    assert "proved" in out
    assert err.startswith(f"1 stored proof accepted, {kept['holds'].size} B, in 0.")
    arguments = ("--exact", "--output-format", "json")
    status, out, _ = run(capsys, "audit", path, *arguments)
    assert status == 0
    (claim,) = json.loads(out)["claims"]
    assert (claim["verdict"], claim["evidence"], claim["plan"]) == ("proved", "checked", [])
    assert (claim["certificate"], claim["proof_bytes"]) == (kept["holds"].digest, kept["holds"].size)


STATUSES: list[tuple[str, dict[str, Outcome], int]] = [
    (HOLDS, {"holds": PROVED}, 0),
    (FLAW, {"flaw": CORNER}, 0),
    (HOLDS + FAILS, {"holds": PROVED, "fails": CORNER}, 1),
    (HOLDS, {"holds": CORNER}, 2),
    (HOLDS, {}, 3),
    (HOLDS.replace("claim", "klaim"), {}, 2),
]


@pytest.mark.parametrize(("text", "what", "expected"), STATUSES)
def test_exit_statuses_are_those_of_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, what: dict[str, Outcome], expected: int
) -> None:
    path = write(tmp_path, text)
    if what:
        keep(tmp_path / "store", path, what)
    assert run(capsys, "audit", path)[0] == expected


def test_claims_and_parameters_select(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "param low: real\nclaim one: forall x in f.domain: f(x).p >= low\n" + FAILS
    path = write(tmp_path, text)
    store = Store(tmp_path / "store")
    store.keep(goals(path, ("low", "-100"))["one"], [PROVED])
    arguments = (path, "--claim", "one", "-p")
    assert run(capsys, "audit", *arguments, "low=-100")[0] == 0
    assert run(capsys, "audit", *arguments, "low=-99")[0] == 3


def test_pruning_deletes_after_the_audit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, HOLDS)
    keep(tmp_path / "store", path, {"holds": PROVED})
    status, _, err = run(capsys, "audit", path, "--prune", "1MB")
    assert (status, err.splitlines()[1]) == (0, "0 records deleted, 0 B")
    status, _, err = run(capsys, "audit", path, "--prune", "0")
    assert status == 0
    assert err.splitlines()[1].startswith("1 record deleted, ")
    assert not list((tmp_path / "store").rglob("*.proof"))
    status, _, err = run(capsys, "audit", path, "--prune", "much")
    assert status == 2
    assert "`--prune much` is not a number of bytes" in err


IMPORTED = """
import sys
from pathlib import Path
from spec_lang.cli import main
from spec_lang.store import places
store = Path(sys.argv.pop())
places.proofs = lambda: store
status = main(sys.argv[1:])
loaded = {name for name in sys.modules if name.startswith("spec_lang.backends.")}
third = {"highspy", "z3", "onnx", "rich"} & sys.modules.keys()
print(sorted(loaded - {"spec_lang.backends.base"}), sorted(third), status, file=sys.stderr)
"""


def test_an_audit_loads_no_backend(tmp_path: Path, checkout: Path) -> None:
    path = write(tmp_path, HOLDS)
    keep(tmp_path / "store", path, {"holds": PROVED})
    arguments = ["audit", str(path), "--output-format", "plain", str(tmp_path / "store")]
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED, *arguments], capture_output=True, text=True, check=True, cwd=checkout
    )
    assert done.stderr.splitlines()[-1] == "[] [] 0"
