"""What is known of a claim is not searched for again, and what is not known is never taken for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import numpy_helper

from spec_lang.engine import known as known_module
from spec_lang.engine.options import CheckOptions, Locking
from spec_lang.engine.run import check
from spec_lang.kernel.verdict import EvidenceKind, Status
from spec_lang.obligations.outcome import GaveUpReason
from spec_lang.reporters.model import Known, Report
from spec_lang.store.files import Store
from spec_lang.store.lock import NAME, Line, read_lock, write_lock
from tests.engine.fakes import PROVED, Behaviour, Fake, giving_up
from tests.engine.specs import EMPTY, FAILS, FAMILY, FLAW, HOLDS, LUCK, write
from tests.tiny_networks import perceptron

Asked = list[int]
LOCKING = Locking()
WITNESS = "claim reaches: exists x in f.domain: f(x).p >= -100\n"
TIGHT = "claim tight: forall x in f.domain: f(x).p >= -0.001\n"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Callable[[Behaviour], Asked]:
    """Puts one backend in the place of all, and counts how often it is asked."""

    def place(behaviour: Behaviour) -> Asked:
        count: Asked = []

        def counting(obligation: object, session: object) -> object:
            count.append(1)
            return behaviour(obligation, session)  # type: ignore[arg-type]

        fake = Fake(counting)  # type: ignore[arg-type]
        monkeypatch.setattr("spec_lang.engine.decide.installed_backends", lambda: (fake,))
        return count

    return place


def checked(path: Path, locking: Locking | None = LOCKING, **options: object) -> Report:
    return check([path], replace(CheckOptions(**options)), None, locking)  # type: ignore[arg-type]


def lock_of(path: Path) -> dict[str, Line]:
    return {line.claim: line for line in read_lock(path.parent / NAME).lines}


def codes(report: Report) -> list[str]:
    return [diagnostic.code for diagnostic in report.diagnostics]


# -- a line for every claim, and what it saves ----------------------------------------------------------


def test_a_run_leaves_a_line_for_every_claim_and_the_next_one_asks_nobody(
    tmp_path: Path, asked: Callable[[Behaviour], Asked]
) -> None:
    path = write(tmp_path, HOLDS, FAMILY)
    first = checked(path)
    assert first.aside == f"{tmp_path / NAME}: 5 new"
    assert set(lock_of(path)) == {"f.nnspec::holds", *(f"f.nnspec::every[{i}]" for i in range(4))}
    count = asked(giving_up(GaveUpReason.NUMERICAL))
    again = checked(path)
    assert [claim.known for claim in again] == [Known.LOCK] * 5
    assert (count, again.aside, again.count(Status.PROVED)) == ([], "", 5)
    assert again["holds"].evidence == first["holds"].evidence


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: text.replace("holds", "renamed"),
        lambda text: "# a comment\n" + text,
        lambda text: text.replace("-100", "-200/2"),
        lambda text: text.replace("forall x", "forall point").replace("f(x)", "f(point)"),
    ],
)
def test_what_means_the_same_is_known(
    tmp_path: Path, asked: Callable[[Behaviour], Asked], edit: Callable[[str], str]
) -> None:
    path = write(tmp_path, HOLDS)
    checked(path)
    path.write_text(edit(path.read_text()))
    count = asked(giving_up(GaveUpReason.NUMERICAL))
    (claim,) = checked(path)
    assert (claim.status, claim.known, count) == (Status.PROVED, Known.LOCK, [])
    assert set(lock_of(path)) == {f"f.nnspec::{claim.name}"}


def test_a_moved_file_keeps_its_lines(tmp_path: Path, asked: Callable[[Behaviour], Asked]) -> None:
    path = write(tmp_path, HOLDS)
    checked(path)
    moved = path.rename(tmp_path / "g.nnspec")
    count = asked(giving_up(GaveUpReason.NUMERICAL))
    assert checked(moved)["holds"].known is Known.LOCK
    assert (count, list(lock_of(path))) == ([], ["g.nnspec::holds"])


def test_one_weight_more_and_nothing_is_known(tmp_path: Path, asked: Callable[[Behaviour], Asked]) -> None:
    path = write(tmp_path, HOLDS, TIGHT)
    checked(path, store=tmp_path / "store")
    model = perceptron()
    weights = model.graph.initializer[0]
    array = numpy_helper.to_array(weights).copy()
    array.flat[0] = np.nextafter(array.flat[0], np.float32(9))
    weights.CopyFrom(numpy_helper.from_array(array, weights.name))
    (tmp_path / "f.onnx").write_bytes(model.SerializeToString())
    count = asked(giving_up(GaveUpReason.NUMERICAL))
    assert {claim.status for claim in checked(path, store=tmp_path / "store")} == {Status.UNKNOWN}
    assert len(count) >= 2


@pytest.mark.parametrize("edit", [("-100", "-99"), (">=", ">"), ("f.domain", "box([0, 0], [1, 0.5])")])
def test_another_claim_is_not_known(
    tmp_path: Path, asked: Callable[[Behaviour], Asked], edit: tuple[str, str]
) -> None:
    path = write(tmp_path, HOLDS)
    checked(path)
    path.write_text(path.read_text().replace(*edit))
    count = asked(giving_up(GaveUpReason.NUMERICAL))
    (claim,) = checked(path)
    assert (claim.status, claim.known) == (Status.UNKNOWN, None)
    assert count


def test_a_claim_that_is_gone_leaves_no_line_and_one_that_was_not_selected_stays(tmp_path: Path) -> None:
    path = write(tmp_path, HOLDS, FAMILY)
    checked(path)
    checked(path, claims=("holds",))
    assert len(lock_of(path)) == 5
    write(tmp_path, HOLDS)
    assert checked(path).aside.endswith(": 4 gone")
    assert list(lock_of(path)) == ["f.nnspec::holds"]


def test_a_file_with_a_mistake_loses_no_line(tmp_path: Path) -> None:
    path = write(tmp_path, HOLDS, FAMILY)
    checked(path)
    path.write_text(path.read_text() + "claim broken: forall x in nowhere: f(x).p > 0\n")
    checked(path)
    assert len(lock_of(path)) == 5


# -- what can be shown is judged again -----------------------------------------------------------------


def test_a_refutation_is_not_taken_from_a_file(tmp_path: Path, asked: Callable[[Behaviour], Asked]) -> None:
    path = write(tmp_path, FLAW)
    store = tmp_path / "store"
    first = checked(path, store=store)["flaw"]
    again = checked(path, store=store)["flaw"]
    assert (again.known, again.counterexample) == (Known.CACHE, first.counterexample)
    count = asked(giving_up(GaveUpReason.NUMERICAL))
    lost = checked(path, store=tmp_path / "empty")["flaw"]
    assert (lost.status, lost.known) == (Status.UNKNOWN, None)
    assert count


def test_a_witness_is_shown_where_it_is_stored(tmp_path: Path) -> None:
    path = write(tmp_path, WITNESS)
    first = checked(path, store=tmp_path / "store")["reaches"]
    again = checked(path, store=tmp_path / "store")["reaches"]
    assert (again.status, again.known, again.counterexample) == (
        Status.PROVED,
        Known.CACHE,
        first.counterexample,
    )
    elsewhere = checked(path)["reaches"]
    assert (elsewhere.status, elsewhere.known, elsewhere.counterexample) == (Status.PROVED, Known.LOCK, None)


def test_without_a_lock_the_kernel_checks_what_is_stored(
    tmp_path: Path, asked: Callable[[Behaviour], Asked]
) -> None:
    path = write(tmp_path, HOLDS, FLAW)
    checked(path, None, store=tmp_path / "store")
    count = asked(giving_up(GaveUpReason.NUMERICAL))
    again = checked(path, None, store=tmp_path / "store")
    assert [claim.known for claim in again] == [Known.CACHE] * 2
    assert (count, all(claim.as_expected for claim in again)) == ([], True)


def test_a_damaged_record_is_a_miss(tmp_path: Path, asked: Callable[[Behaviour], Asked]) -> None:
    path = write(tmp_path, HOLDS)
    store = tmp_path / "store"
    checked(path, None, store=store)
    (record,) = store.rglob("*.proof")
    record.write_bytes(record.read_bytes()[:-3])
    assert asked(giving_up(GaveUpReason.NUMERICAL)) == []
    (claim,) = checked(path, None, store=store)
    assert (claim.status, claim.known) == (Status.UNKNOWN, None)


def test_a_record_of_another_claim_proves_nothing(
    tmp_path: Path, asked: Callable[[Behaviour], Asked]
) -> None:
    """Somebody has put the proof of one claim in the place of another's."""
    path = write(tmp_path, HOLDS, FAILS)
    store = tmp_path / "store"
    checked(path, None, store=store)
    keys = {line.claim: line.key for line in _lines(path)}
    good, bad = (Store(store)._path(keys[f"f.nnspec::{name}"]) for name in ("holds", "fails"))
    content = good.read_bytes()
    bad.write_bytes(bytes.fromhex(keys["f.nnspec::fails"]) + content[32:])
    assert asked(giving_up(GaveUpReason.NUMERICAL)) == []
    claim = checked(path, None, store=store)["fails"]
    assert (claim.status, claim.known) == (Status.UNKNOWN, None)


def _lines(path: Path) -> tuple[Line, ...]:
    checked(path)
    return read_lock(path.parent / NAME).lines


# -- how much a line is worth ----------------------------------------------------------------------------


def test_a_backends_word_is_not_enough_where_a_check_is_asked_for(
    tmp_path: Path, asked: Callable[[Behaviour], Asked]
) -> None:
    path = write(tmp_path, HOLDS)
    count = asked(lambda _o, _s: PROVED)
    assert checked(path)["holds"].evidence is not None
    assert checked(path)["holds"].known is Known.LOCK
    assert len(count) == 1
    strict = checked(path, evidence=EvidenceKind.CHECKED)["holds"]
    assert (strict.status, strict.known) == (Status.UNKNOWN, None)


def test_an_unknown_is_asked_again_where_more_is_offered(
    tmp_path: Path, asked: Callable[[Behaviour], Asked]
) -> None:
    path = write(tmp_path, TIGHT)
    count = asked(giving_up(GaveUpReason.TIMEOUT, "too late"))
    first = checked(path, timeout=5.0)["tight"]
    assert first.reason is not None
    for seconds in (5.0, 1.0):
        again = checked(path, timeout=seconds)["tight"]
        assert (again.status, again.reason, again.known) == (Status.UNKNOWN, first.reason, Known.LOCK)
    so_far = len(count)
    for more in ({"timeout": 6.0}, {"timeout": None}, {"timeout": 5.0, "using": "fake"}):
        assert checked(path, **more)["tight"].known is None
    assert len(count) > so_far


@pytest.mark.parametrize("reason", [GaveUpReason.MEMORY, GaveUpReason.NUMERICAL, GaveUpReason.INTERRUPTED])
def test_what_may_come_out_otherwise_leaves_no_line(
    tmp_path: Path, asked: Callable[[Behaviour], Asked], reason: GaveUpReason
) -> None:
    path = write(tmp_path, TIGHT)
    asked(giving_up(reason))
    checked(path)
    assert lock_of(path) == {}


def test_a_crash_leaves_no_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, HOLDS)

    def crash(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(known_module.KEYS.__class__, "goal", crash)
    assert checked(path)["holds"].status is Status.ERROR
    assert lock_of(path) == {}


# -- `--locked` ----------------------------------------------------------------------------------------


def test_a_lock_that_has_all_claims_is_enough(tmp_path: Path) -> None:
    path = write(tmp_path, HOLDS, FLAW, EMPTY)
    checked(path)
    locked = checked(path, Locking(writes=False, locked=True))
    assert "NN411" not in codes(locked)
    assert [claim.status for claim in locked] == [Status.PROVED, Status.REFUTED, Status.VACUOUS]


def test_what_is_not_locked_is_not_decided_and_said(
    tmp_path: Path, asked: Callable[[Behaviour], Asked]
) -> None:
    path = write(tmp_path, HOLDS)
    checked(path)
    write(tmp_path, HOLDS, LUCK.replace("-100", "-50"), FAMILY)
    before = (tmp_path / NAME).read_bytes()
    count = asked(lambda _o, _s: PROVED)
    locked = checked(path, Locking(writes=False, locked=True))
    assert (count, codes(locked)) == ([], ["NN411"])
    assert "`luck`, `every[1]`, `every[2]`, `every[3]` as they are" in locked.diagnostics[0].problem
    assert locked["holds"].status is Status.PROVED
    assert (tmp_path / NAME).read_bytes() == before


def test_a_line_of_a_claim_that_is_gone_is_out_of_date(tmp_path: Path) -> None:
    path = write(tmp_path, HOLDS, FAMILY)
    checked(path)
    write(tmp_path, HOLDS)
    assert codes(checked(path, Locking(writes=False, locked=True))) == ["NN411"]


def test_locked_and_afresh_everything_is_decided_and_held_against_the_lock(
    tmp_path: Path, asked: Callable[[Behaviour], Asked]
) -> None:
    path = write(tmp_path, HOLDS)
    checked(path)
    audit = Locking(afresh=True, writes=False, locked=True)
    assert codes(checked(path, audit)) == []
    count = asked(giving_up(GaveUpReason.TIMEOUT))
    assert codes(checked(path, audit)) == ["NN411"]
    assert count


# -- laws ----------------------------------------------------------------------------------------------


def perturbed(seed: int) -> onnx.ModelProto:
    rng = np.random.default_rng(seed)
    model = perceptron()
    for tensor in model.graph.initializer:
        array = numpy_helper.to_array(tensor)
        other = (array + rng.normal(size=array.shape) * rng.choice([0, 1e-6, 1])).astype(array.dtype)
        tensor.CopyFrom(numpy_helper.from_array(other, tensor.name))
    return model


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(-4, 4)), min_size=2, max_size=4))
def test_a_run_with_a_lock_says_what_one_without_says(
    tmp_path_factory: pytest.TempPathFactory, history: list[tuple[int, int]]
) -> None:
    """Whatever was checked before, of whatever network."""
    folder = tmp_path_factory.mktemp("history")
    for seed, bound in history:
        path = write(folder, f"claim p: forall x in f.domain: f(x).p >= {bound} or f(x).q > {bound}\n")
        (folder / "f.onnx").write_bytes(perturbed(seed).SerializeToString())
        alone = checked(path, None)["p"]
        known = checked(path, store=folder / "store")["p"]
        assert (known.status, known.region) == (alone.status, alone.region)


def test_the_text_of_a_lock_depends_on_nothing_but_what_is_known(tmp_path: Path) -> None:
    path = write(tmp_path, HOLDS, FAMILY, FLAW)
    checked(path)
    text = (tmp_path / NAME).read_bytes()
    (tmp_path / NAME).write_bytes(write_lock(reversed(read_lock(tmp_path / NAME).lines)))
    checked(path, jobs=2)
    assert (tmp_path / NAME).read_bytes() == text
