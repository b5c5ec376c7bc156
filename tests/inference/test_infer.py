"""Laws of whole runs: what is written is proved again, runs repeat, and bad data are refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from spec_lang.engine import CheckOptions, check
from spec_lang.inference import state
from spec_lang.inference.infer import infer
from spec_lang.inference.model import Method
from spec_lang.inference.proving import Prover
from spec_lang.inference.subject import Refused
from spec_lang.kernel.verdict import Status
from tests.cli.running import run
from tests.inference.networks import asked, outcome_of, write_network, write_points


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_network(tmp_path, 11)
    write_points(tmp_path)
    return tmp_path


def test_every_invariant_that_is_written_is_proved_again(folder: Path) -> None:
    outcome = outcome_of(folder, methods=tuple(Method), layers="2")
    report = check([folder / "out.nnspec"], CheckOptions(timeout=None, budget=600))
    assert not report.diagnostics
    names = [row.name for row in outcome.rows if row.is_proved]
    assert names
    assert [claim.name for claim in report.claims] == names
    assert {claim.status for claim in report.claims} == {Status.PROVED}


def test_undecided_ones_are_comments_unless_they_are_kept(folder: Path) -> None:
    options = CheckOptions(timeout=None, budget=1)
    bare = outcome_of(folder, options=options)
    open_ones = [row for row in bare.rows if not row.is_proved]
    assert open_ones
    text = (folder / "out.nnspec").read_text()
    assert text.count("# undecided: ") == len(open_ones)
    assert all(f"\ninvariant {row.name} " not in text for row in open_ones)
    outcome_of(folder, options=options, keep_undecided=True)
    text = (folder / "out.nnspec").read_text()
    assert all(f"\ninvariant {row.name} " in text for row in open_ones)


def test_the_same_seed_writes_the_same_file(folder: Path) -> None:
    texts = [outcome_of(folder).text for _ in range(2)]
    assert texts[0] == texts[1]


def test_a_resumed_run_asks_nothing_that_is_known(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = outcome_of(folder)

    def refuse(*_: object) -> None:
        raise AssertionError("the engine is asked again")

    monkeypatch.setattr(Prover, "_run", refuse)
    assert outcome_of(folder, resume=True).text == first.text


def test_an_interrupted_run_keeps_what_is_decided(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from spec_lang.inference import proving  # noqa: PLC0415 - what is interrupted

    whole, calls = check, list[int]()

    def one_round(*given: object, **named: object) -> object:
        calls.append(1)
        if len(calls) > 1:
            raise proving.Interrupted
        return whole(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(proving, "check", one_round)
    outcome = outcome_of(folder)
    assert outcome.interrupted
    assert outcome.candidates
    assert (folder / "out.nnspec").read_text() == outcome.text
    monkeypatch.setattr(proving, "check", whole)
    assert not outcome_of(folder, resume=True).interrupted


def test_a_state_of_another_question_is_refused(folder: Path) -> None:
    outcome_of(folder)
    with pytest.raises(Refused) as refused:
        outcome_of(folder, resume=True, property="argmin")
    assert refused.value.diagnostics[0].code == "NN447"


def test_a_forged_state_proves_nothing_to_check(folder: Path) -> None:
    """The file that is written from it says what it says; `nnspec check` refutes it."""
    many = CheckOptions(timeout=None, budget=600)
    outcome_of(folder, methods=(Method.LAYER,), options=many)
    kept = state.path_of(folder / "out.nnspec")
    content = json.loads(kept.read_text())
    refuted = [f for f in content["findings"].values() if f["status"] == "refuted"]
    assert refuted, "the network of this test has a pattern that is pure on the data, and false"
    for finding in refuted:
        finding.update(status="proved", witness=None)
    kept.write_text(json.dumps(content))
    outcome_of(folder, methods=(Method.LAYER,), options=many, resume=True)
    report = check([folder / "out.nnspec"], CheckOptions(timeout=None, budget=600))
    assert Status.REFUTED in {claim.status for claim in report.claims}


def test_domain_and_range_of_the_data_are_said(folder: Path) -> None:
    model = str(folder / "net.onnx")
    assert "the range of the data: nothing is said" in outcome_of(folder, model=model).text
    said = outcome_of(folder, model=model, domain="[-0.5, 0.25]").text
    assert "x0 in [-0.5, 0.25], x1 in [-0.5, 0.25]" in said
    assert "the domain that the network declares" in outcome_of(folder).text


def test_a_formula_is_a_property(folder: Path) -> None:
    outcome = outcome_of(folder, property="output[0] <= output[1] + 0.25", methods=(Method.BOX,))
    proved = [row for row in outcome.rows if row.is_proved]
    assert proved
    report = check([folder / "out.nnspec"], CheckOptions(timeout=None, budget=600))
    assert {claim.status for claim in report.claims} == {Status.PROVED}


def test_no_invariant_is_implied_by_another_of_the_file(folder: Path) -> None:
    rows = [
        r.finding.candidate for r in outcome_of(folder, methods=(Method.BOX, Method.TREE)).rows if r.is_proved
    ]
    pairs = [(a, b) for a in rows for b in rows if a is not b]
    assert pairs
    assert not any(a.implied_by(b) for a, b in pairs)


def test_shares_and_volume_are_at_most_all(folder: Path) -> None:
    outcome = outcome_of(folder, methods=(Method.BOX,))
    assert all(0 <= share.decided <= share.points for share in outcome.shares)
    assert any(share.decided for share in outcome.shares)
    assert outcome.volume is not None
    assert 0 < outcome.volume <= 1


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        (np.zeros((5, 3)), "NN440"),
        (np.zeros((0, 2)), "NN440"),
        (np.array([[0.0, np.nan], [0, 1]]), "NN440"),
        (np.array([[0.0, np.inf], [0, 1]]), "NN440"),
        (np.zeros(4), "NN440"),
        (np.zeros((5, 2)), "NN441"),
    ],
)
def test_bad_data_are_refused(
    folder: Path, inputs: np.ndarray[tuple[int, ...], np.dtype[np.float64]], code: str
) -> None:
    np.savez(folder / "points.npz", inputs=inputs)
    with pytest.raises(Refused) as refused:
        infer(asked(folder))
    assert [d.code for d in refused.value.diagnostics] == [code]
    assert not (folder / "out.nnspec").exists()


def test_labels_that_disagree_are_counted(folder: Path) -> None:
    inputs = np.load(folder / "points.npz")["inputs"]
    np.savez(folder / "points.npz", inputs=inputs, labels=np.full(len(inputs), 2))
    (note,) = (d for d in outcome_of(folder).diagnostics if d.code == "NN442")
    assert not note.is_error
    assert f"of {len(inputs)} labels" in note.problem


def test_the_command_prints_a_table_and_a_document(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words: list[str | Path] = [
        f"{folder / 'net.nnspec'}::net",
        "--data",
        folder / "points.npz",
        "--property",
        "argmax",
    ]
    words += ["--output", folder / "new.nnspec", "--budget", "60", "--method", "box", "--most", "1"]
    status, out, err = run(capsys, "infer", *words, "--coverage")
    assert (status, err) == (0, "")
    assert out.startswith(f"{folder / 'new.nnspec'} is written")
    assert "points are decided" in out
    assert run(capsys, "infer", *words)[0] == 2
    status, out, _ = run(capsys, "infer", *words, "--force", "--output-format", "json")
    document = json.loads(out)
    assert status == 0
    assert {row["method"] for row in document["invariants"]} == {"box"}
    assert run(capsys, "fmt", "--check", folder / "new.nnspec")[0] == 0
    assert run(capsys, "lint", folder / "new.nnspec")[0] == 0
