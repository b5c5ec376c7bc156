"""Laws of the kernel's check: correct proofs are accepted, and whatever is accepted is true."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spec_lang.kernel.judge import judge
from spec_lang.kernel.proof import Examined, examine
from spec_lang.kernel.verdict import Status
from spec_lang.network.graph import Graph
from spec_lang.network.primitives import RELU, Affine, PiecewiseLinear
from spec_lang.obligations.certificate import Proof
from spec_lang.obligations.model import Axis, Frame, Goal, LinearAtom, Obligation, Region
from spec_lang.obligations.outcome import Proved
from spec_lang.store.codec import decode
from spec_lang.store.columns import BadRecord
from tests.backends.enumeration import counterexample
from tests.certificates.make import FOLDER, INCORRECT, correct, incorrect, stored
from tests.certificates.mutate import mutated
from tests.certificates.obligations import OBLIGATIONS, box
from tests.certificates.producer import Producer
from tests.graphs import exact_outputs
from tests.store.proofs import STAMP, every_byte_changed
from tests.tiny_networks import chain, dense

CORRECT = sorted((FOLDER / "correct").glob("*.proof"))
WRONG = sorted((FOLDER / "incorrect").glob("*.proof"))
# It reaches its threshold, which no bound that is rounded can tell from passing it.
EXACT_ONLY = {"strict-by-phases"}
BOTH = pytest.mark.parametrize("exact", [True, False], ids=["exact", "rounded"])


@pytest.fixture(autouse=True)
def _floats_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Proofs so small would be checked in integers anyway."""
    monkeypatch.setattr("spec_lang.kernel.proof.EXACT_PRODUCTS", 0)


def obligation_of(path: Path) -> Obligation:
    return OBLIGATIONS[path.stem.partition("-")[0]]


def name(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("key", OBLIGATIONS)
def test_the_obligations_are_as_true_as_their_names_say(key: str) -> None:
    assert (counterexample(OBLIGATIONS[key]) is not None) == key.startswith("false")


def test_the_folders_are_what_the_script_writes() -> None:
    """`python -m tests.certificates.make` writes them anew; other machines round slopes in another way."""
    for paths, made in ((CORRECT, correct()), (WRONG, incorrect())):
        assert {path.stem for path in paths} == set(made)
        for path in paths:
            result = examine(obligation_of(path), made[path.stem], exact=True)
            assert (result.evidence is not None) == (path in CORRECT), path.stem
    assert len(WRONG) == len(INCORRECT) > 40


@BOTH
@pytest.mark.parametrize("path", CORRECT, ids=name)
def test_a_correct_proof_is_accepted(path: Path, exact: bool) -> None:
    result = examine(obligation_of(path), stored(path), exact=exact)
    if exact or path.stem not in EXACT_ONLY:
        assert str(result.evidence) == ("checked" if exact else "checked-rounded")
    else:
        assert result.flaw is not None


@BOTH
@pytest.mark.parametrize("path", WRONG, ids=name)
def test_an_incorrect_proof_is_rejected(path: Path, exact: bool) -> None:
    result = examine(obligation_of(path), stored(path), exact=exact)
    assert result.evidence is None
    assert result.flaw is not None
    assert result.flaw.problem


@pytest.mark.parametrize("path", WRONG, ids=name)
def test_an_incorrect_proof_leaves_its_goal_unknown(path: Path) -> None:
    obligation = obligation_of(path)
    axes = tuple(Axis(f"x{i}") for i in range(obligation.graph.input_size))
    outputs = tuple(Axis(f"y{i}") for i in range(obligation.graph.output_size))
    goal = Goal("claim", None, (obligation,), Frame("f", "x", axes, outputs))
    verdict = judge(goal, [Proved(STAMP, stored(path))])
    assert verdict.status is Status.UNKNOWN
    assert verdict.evidence is None


@pytest.mark.parametrize("path", CORRECT, ids=name)
def test_a_record_with_a_changed_byte_is_not_even_read(path: Path) -> None:
    for changed in every_byte_changed(path.read_bytes()):
        with pytest.raises(BadRecord):
            decode(changed)


def test_what_was_examined_is_of_one_obligation() -> None:
    """A proof that was examined for one obligation is not taken for examined for another."""
    proof = stored(FOLDER / "correct" / "cuts-by-both.proof")
    examined: Examined = examine(OBLIGATIONS["cuts"], proof)
    assert examined.evidence is not None
    false = OBLIGATIONS["false"]
    goal = Goal("claim", None, (false,), Frame("f", "x", (Axis("a"), Axis("b")), (Axis("p"),) * 3))
    assert judge(goal, [Proved(STAMP, proof)], examined=[examined]).status is Status.UNKNOWN


# -- changes at random ---------------------------------------------------------------------------------


@pytest.mark.parametrize("exact", [True, False], ids=["exact", "rounded"])
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_changed_proof_is_accepted_of_true_obligations_alone(exact: bool, data: st.DataObject) -> None:
    proof = data.draw(mutated(stored(data.draw(st.sampled_from(CORRECT)))))
    key = data.draw(st.sampled_from(sorted(OBLIGATIONS)))
    result = examine(OBLIGATIONS[key], proof, exact=exact)
    assert (result.evidence is None) == (result.flaw is not None)
    if key.startswith("false"):
        assert result.evidence is None


weights = st.sampled_from([-2.0, -1.0, -0.5, 0.0, 0.25, 0.5, 1.0, 1.5, 1e-3, 40.0])


@st.composite
def networks(draw: st.DrawFn) -> Graph:
    """One or two inputs, up to three neurons in one layer or four in two, one output."""
    sizes = [draw(st.integers(1, 2)), *draw(st.sampled_from([(1,), (2,), (3,), (2, 2)])), 1]
    steps: list[Affine | PiecewiseLinear] = []
    for columns, rows in pairwise(sizes):
        matrix = [[draw(weights) for _ in range(columns)] for _ in range(rows)]
        steps += [dense(matrix, [draw(weights) for _ in range(rows)]), RELU]
    return chain(sizes[0], *steps[:-1])


@st.composite
def obligations(draw: st.DrawFn) -> Obligation:
    """The output stays below a threshold close to what it reaches at some point."""
    graph = draw(networks())
    region = Region((box(*[("-1", "1")] * graph.input_size),))
    grid = [Fraction(i, 4) for i in range(-4, 5)]
    points = [[x] for x in grid] if graph.input_size == 1 else [[x, y] for x in grid for y in grid]
    highest = max(exact_outputs(graph, point)[0] for point in points)
    above = draw(st.sampled_from([-1, 0, 1])) * draw(st.sampled_from([Fraction(1, 1000), Fraction(1)]))
    atom = LinearAtom((), ((0, Fraction(-1)),), highest + above, draw(st.booleans()))
    return Obligation(graph, region, atom)


@cache
def truth(obligation: Obligation) -> bool:
    return counterexample(obligation) is None


def accepted(obligation: Obligation, proof: Proof) -> bool:
    return any(examine(obligation, proof, exact=exact).evidence is not None for exact in (True, False))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(obligations(), st.sampled_from(["by_cuts", "by_phases", "by_both"]), st.data())
def test_what_has_a_proof_is_true_and_its_proof_proves_nothing_false(
    obligation: Obligation, how: str, data: st.DataObject
) -> None:
    proof: Proof | None = getattr(Producer(obligation, effort=6 if how == "by_cuts" else 30), how)()
    if proof is None:
        return
    assert truth(obligation)
    atom = obligation.violation
    assert isinstance(atom, LinearAtom)
    lower = atom.constant - data.draw(st.sampled_from([Fraction(1, 10**9), Fraction(1, 100), Fraction(5)]))
    other = replace(obligation, violation=replace(atom, constant=lower))
    if not truth(other):
        assert not accepted(other, proof)
        assert not accepted(other, data.draw(mutated(proof)))


def test_changed_proofs_are_of_every_kind() -> None:
    """Were all of them malformed, the laws above would say little."""
    path = FOLDER / "correct" / "phases-by-phases.proof"
    kinds: set[str] = set()

    @settings(max_examples=200, database=None, derandomize=True)
    @given(mutated(stored(path)))
    def collect(proof: Proof) -> None:
        flaw = examine(obligation_of(path), proof).flaw
        kinds.add("accepted" if flaw is None else "open" if flaw.unclosed else "malformed")

    collect()
    assert kinds == {"accepted", "open", "malformed"}
